"""grammar/README.md says what the code says."""

import dataclasses
import re
from pathlib import Path

import pytest

from cep.runtime.limits import Limits
from tests.documentation.generated import PAGE, refreshed


@pytest.fixture(scope="module")
def text() -> str:
    return PAGE.read_text("utf-8")


def test_the_generated_parts_are_up_to_date(text: str) -> None:
    assert refreshed(text) == text, "run: python -m tests.documentation.generated"


def test_limits_with_their_defaults(text: str) -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", text, re.MULTILINE))
    assert told == {each.name: f"{each.default:,}" for each in dataclasses.fields(Limits)}


def test_its_contents_lead_to_its_headings(text: str) -> None:
    headings = {_anchor(heading) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
    for anchor in re.findall(r"\]\(#([^)]+)\)", text):
        assert anchor in headings, anchor


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_grammar_beside_it_is_there(root: Path) -> None:
    assert (root / "grammar" / "cep.lark").is_file()

"""The JSON Schema of the YAML form takes what the reader takes, and refuses what is shaped otherwise."""

from __future__ import annotations

import textwrap
from pathlib import Path

import jsonschema
import pytest
import yaml

from cep.language import yaml_form
from cep.language.formatting.formatter import format_text
from cep.workshop.yaml_schema import yaml_schema
from tests.language.test_formatting import ROOT, SHIPPED, SHOWN

VALIDATOR = jsonschema.Draft7Validator(yaml_schema())


def wrong(text: str) -> bool:
    """Whether the schema refuses a text."""
    return not VALIDATOR.is_valid(yaml.safe_load(text))


def test_it_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(yaml_schema())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_in_yaml(path: Path) -> None:
    text = format_text(path.read_text("utf-8"), to="yaml").text
    assert text is not None
    VALIDATOR.validate(yaml.safe_load(text))


def test_the_examples() -> None:
    assert yaml_form.__doc__ is not None
    example = yaml_form.__doc__.split(".. code-block:: yaml")[1].split("The other keys")[0]
    texts = [textwrap.dedent(example), *(block.text for block in SHOWN if block.language == "yaml")]
    texts += [path.read_text("utf-8") for folder in ("rules", "examples") for path in (ROOT / folder).rglob("*.yaml")]
    for text in texts:
        # Formatted, `2026-01-01` and `string?` in braces stand in quotes, as this reader of YAML 1.1 needs them.
        formatted = format_text(text, form="yaml").text
        assert formatted is not None
        VALIDATOR.validate(yaml.safe_load(formatted))


RULE = "rules: {r: {when: A, emit: X()}}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("rules", "rule"),
        ("when", "whn"),
        ("when: A", "having: A"),
        ("when: A", "when: A, over: last 5 minutes"),
        ("when: A", "when: [A]"),
        ("when: A", "from: A, within: 5m"),
        ("when: A", "when: A, disabled: maybe"),
        ("X()", "{X: {}, Y: {}}"),
        ("X()", "[X]"),
        ("{when: A, emit: X()}", "when A"),
    ],
)
def test_what_is_refused(before: str, after: str) -> None:
    assert not wrong(RULE)
    assert wrong(RULE.replace(before, after))


@pytest.mark.parametrize(
    "text",
    [
        "events: {A: {user: string}}",
        "tables: {t: {from: a.csv}}",
        "tests: [{name: a}]",
        "tests: [{name: a, expect: {}}]",
        "tests: {a: {expect: []}}",
        "[]",
    ],
)
def test_other_shapes_are_refused(text: str) -> None:
    assert wrong(text)
    assert yaml_form.parse_yaml(text).diagnostics

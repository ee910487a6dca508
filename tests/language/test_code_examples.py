"""The examples of the codes: each wrong one tells its code alone, each right one nothing."""

from __future__ import annotations

import pytest

from cep.diagnostic_codes import CODES
from cep.diagnostic_codes.examples import EXAMPLES, Example
from cep.language.check import check
from cep.language.rule_files import RuleText, parse_rule_files

WITHOUT = {"CEP125", "CEP126", "CEP423"}
"""What takes hundreds of lines to show."""


def told(example: Example, text: str) -> set[str]:
    return {found.code for found in check(parse_rule_files([RuleText("a", text, example.form)]))[1]}


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_wrong_one_tells_the_code_alone(code: str) -> None:
    assert told(EXAMPLES[code], EXAMPLES[code].wrong) == {code}


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_right_one_tells_nothing(code: str) -> None:
    assert told(EXAMPLES[code], EXAMPLES[code].right) == set()


def test_rule_codes_have_examples() -> None:
    wanted = {code for code in CODES if code[3] in "1234" and not code.startswith("CEP49")}
    assert wanted - set(EXAMPLES) <= WITHOUT
    assert set(EXAMPLES) <= set(CODES)

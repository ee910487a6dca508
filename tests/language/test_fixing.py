"""Fixes: what is written, what is not, and that no text gets worse by them."""

from __future__ import annotations

import pytest
from hypothesis import given

from cep.diagnostics import Diagnostic, Fix, Span
from cep.language.check import check
from cep.language.fixing import fix_texts, write_fixes
from cep.language.rule_files import RuleText, parse_rule_files
from tests.language.check import known_words
from tests.language.rule_mutations import good_files, mutations


def fixed(text: str, form: str = "cep") -> str:
    [result] = fix_texts([RuleText("a", text, form)]).texts  # type: ignore[arg-type]
    return result.text


def test_only_what_is_written_is_replaced() -> None:
    text = "define failed login as A\nrule r when three faild  logins(x == 1) then `faild logins` within 1 m"
    assert fixed(text) == text


def found(*texts: RuleText) -> list[Diagnostic]:
    return check(parse_rule_files(texts))[1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("rule r when A(x = 3) emit X(x)", "rule r when A(x == 3) emit X(x)"),
        ("rule r when A then B where a.x = b.x within 1 m", "rule r when A then B where a.x == b.x within 1 m"),
        ("rule r when A(x>1&&y=2||z<>3)", "rule r when A(x>1 and y==2 or z!=3)"),
        ("rule r when A(x === 3 AND y => 2)", "rule r when A(x == 3 and y >= 2)"),
        ("rule r when A wihtin 5 minutes by user", "rule r when A within 5 minutes per user"),
        ("rule r when A per a and b", "rule r when A per a , b"),
        ('rule r when A severity "high"', "rule r when A severity high"),
        ("rule r when A severity hihg", "rule r when A severity high"),
        ("define x = A\nrule r when x", "define x as A\nrule r when x"),
        ("let n == 3\nrule r when A(x > n)", "let n = 3\nrule r when A(x > n)"),
        ("ruel r when A", "rule r when A"),
        ("define failed login as A\nrule r when faild login", "define failed login as A\nrule r when failed login"),
        ("define failed login as A\nrule r when 3 faild logins", "define failed login as A\nrule r when 3 failed logins"),
        ("event Login { x: int }\nrule r when login", "event Login { x: int }\nrule r when Login"),
        ("event A { user: int }\nrule r when A(usr > 1)", "event A { user: int }\nrule r when A(user > 1)"),
        (
            "event A { user: int }\nrule r when A as a then B where a.usr > b.x within 1 m",
            "event A { user: int }\nrule r when A as a then B where a.user > b.x within 1 m",
        ),
        ("rule r when A emit X(n = cuont())", "rule r when A emit X(n = count())"),
        ("rule r when A(lenght(x) > 3)", "rule r when A(length(x) > 3)"),
        ("rule r when A within 1 m # cep: ignore[CEP415] why", "rule r when A within 1 m"),
        ("# cep: ignore[CEP415]\nrule r when A within 1 m", "rule r when A within 1 m"),
        ("rule r when A then B # cep: ignore[CEP415, CEP220] x", "rule r when A then B # cep: ignore[CEP415] x"),
        ("rule r when A then B # cep: ignore[CEP220,CEP425]", "rule r when A then B"),
    ],
)  # fmt: skip
def test_what_is_safe(before: str, after: str) -> None:
    assert fixed(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "event A { usex: int, usey: int }\nrule r when A(user > 1)",  # two candidates
        "event Order { x: int }\nrule r when Orden",  # may be another type
        "rule r when not A(x == 3) emit",
        "define used as A\nrule r when B",  # what is unused may be misspelt elsewhere
        "event A { x: int? }\nrule r when A(not x == 1)",
        "rule r when A then B",
    ],
)
def test_what_is_left_alone(text: str) -> None:
    assert found(RuleText("a", text, "cep"))
    assert fixed(text) == text


def test_yaml() -> None:
    text = 'rules:\n  a:\n    wehn: "A(x = 3 && y = \\"q\\")"   # by hand\n    per: user and ip\n    severty: hihg\n'
    mended = text.replace("wehn", "when").replace("=", "==").replace("user and", "user ,")
    assert fixed(text, "yaml") == mended.replace("&&", "and").replace("severty: hihg", "severity: high")


def test_a_fix_shows_what_was_hidden_and_goes_on() -> None:
    text = "event A { user: int }\nrule r\n  when A(usr = 3 && user > 1)\n  wihtin 1 m\n  emit X(usr)"
    assert (
        fixed(text) == "event A { user: int }\nrule r\n  when A(user == 3 and user > 1)\n  within 1 m\n  emit X(user)"
    )


def test_a_rename_that_brings_other_errors_is_not_written() -> None:
    text = 'event A { user: string }\nrule r when A(usr > 3, x = 1)\nrule q when A(user == "a")'
    assert "usr > 3" in fixed(text)


def test_files_are_one_namespace_and_counted() -> None:
    one = RuleText("one", "define failed login as A", "cep")
    two = RuleText("two", "rule r when faild login(x = 1)", "cep")
    result = fix_texts([one, two])
    assert result.texts == (one, RuleText("two", "rule r when failed login(x == 1)", "cep"))
    assert result.counts == {"two": 2}


def test_line_ends_and_wide_characters_stay() -> None:
    assert fixed('rule r "漢字🙂"\r\n  when A(x = "é🙂" && y = 1)\r\n') == (
        'rule r "漢字🙂"\r\n  when A(x == "é🙂" and y == 1)\r\n'
    )


class TestWriting:
    @staticmethod
    def fix(start: int, end: int, text: str) -> Fix:
        return Fix(Span("a", 1, start + 1, 1, end + 1), text)

    def test_overlaps_wait(self) -> None:
        text, written = write_fixes("abcdef", [self.fix(1, 4, "X"), self.fix(3, 5, "Y"), self.fix(5, 6, "Z")])
        assert (text, len(written)) == ("aXeZ", 2)

    def test_one_finding_twice_is_one_fix(self) -> None:
        assert write_fixes("abc", [self.fix(1, 2, "X"), self.fix(1, 2, "X")])[0] == "aXc"

    def test_insertions(self) -> None:
        assert write_fixes("abc", [self.fix(0, 0, "X"), self.fix(3, 3, "Z")])[0] == "XabcZ"

    def test_over_lines(self) -> None:
        assert write_fixes("ab\ncd\nef", [Fix(Span("a", 1, 2, 3, 2), "-")])[0] == "a-f"
        assert write_fixes("ab\ncd\n", [Fix(Span("a", 1, 1, 2, 1), "")])[0] == "cd\n"


@given(known_words.files())
def test_any_text_gets_no_worse(text: str) -> None:
    _no_worse(text)


def test_mutations_get_no_worse() -> None:
    for good in good_files()[::3]:
        for mutation in list(mutations(good))[3::97]:
            _no_worse(mutation.text)


def _no_worse(text: str) -> None:
    before, after = RuleText("a", text, "cep"), RuleText("a", fixed(text), "cep")
    if before == after:
        return
    syntax_before = [d for d in found(before) if d.code.startswith("CEP1")]
    syntax_after = [d for d in found(after) if d.code.startswith("CEP1")]
    assert len(syntax_after) <= len(syntax_before)
    if not syntax_before:
        errors = [sum(d.severity == "error" for d in found(each)) for each in (before, after)]
        assert errors[1] <= errors[0]
    assert fixed(after.text) == after.text

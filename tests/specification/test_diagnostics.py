"""Section 8, and what sections 1 to 5 call an error: code, place, sentence, what to type instead; all in one run."""

from pathlib import Path

import pytest

import cep
from cep.diagnostics import Diagnostic

SCHEMA = """event Login {
  user:    string
  outcome: string in ["success", "failure"]
  country: string?
}
"""


def errors(rules: str | Path) -> list[Diagnostic]:
    """The errors of rules."""
    with pytest.raises(cep.RuleError) as caught:
        cep.Engine.from_rules(rules)
    return [each for each in caught.value.diagnostics if each.severity == "error"]


def test_an_error_has_a_code_a_place_a_sentence_and_a_hint() -> None:
    [error] = errors(SCHEMA + 'rule r when Login(outcom == "failure") emit X()')
    assert error.code == "CEP204"
    assert (error.span.line, error.span.column, error.span.end_column) == (6, 19, 25)
    assert "outcom" in error.message
    assert error.hint == "did you mean `outcome`?"


def test_ten_mistakes_are_ten_errors_each_at_its_place() -> None:
    lines = [
        'define failed login as Login(outcome == "failure")',
        'rule one when Login(outcom == "failure") emit One()',
        "rule two when three faild logins within 5 minutes emit Two()",
        'rule three when Login(outcome = "failure") emit Three()',
        "rule four when Login(user == 3) emit Four()",
        "rule five when Login then no Order emit Five()",
        "rule six when Login emit Six(upper(user))",
        "rule seven when Login emit Seven(time = user)",
        "rule eight when Login then Login emit Eight()",
        "rule nine when Login emit Nine(x = uper(user))",
        "rule ten when Login then optional Order emit Ten()",
    ]
    found = errors(SCHEMA + "\n".join(lines))
    assert [each.span.line for each in found] == list(range(7, 17))
    assert all(each.message for each in found)


def test_all_files_in_one_run(tmp_path: Path) -> None:
    (tmp_path / "b.cep").write_text("rule b when Login(uper(x) == 1) emit X()\n", "utf-8")
    (tmp_path / "a.cep").write_text("rule a when\n", "utf-8")
    (tmp_path / "c.yaml").write_text("rules:\n  c:\n    wen: A\n", "utf-8")
    assert [Path(each.span.file).name for each in errors(tmp_path)][:3] == ["a.cep", "b.cep", "c.yaml"]


@pytest.mark.parametrize(
    "rule",
    [
        'rule r when Login(outcome == "failed") emit X()',
        "rule r when Login(user > 3) emit X()",
        "rule r when Login(user + 1 == 2) emit X()",
        "rule r when login emit X()",
        "rule r when Logn emit X()",
        "rule r when Login per usr emit X()",
        "rule r when Login within emit X()",
        "rule r when Login within 5 emit X()",
        "rule r when Login emit X() severity huge",
        "rule r when Login emit X(user, user)",
        "rule r from Login over last 1 hour within 5 minutes emit X()",
        "rule r from Login over last 1 hour when cnt() > 3 emit X()",
        "rule r when Login or Order and Mail emit X()",
        "rule r when Login(user matches /(/) emit X()",
        "rule r when Login(user matches /(?=a)/) emit X()",
        "define a then b as Login",
        "define three logins as Login",
        "define a as b\ndefine b as a\nrule r when a emit X()",
        "let a = b\nlet b = a\nrule r when Login within a emit X()",
        "rule r when Login emit X()\nrule r when Login emit Y()",
    ],
)
def test_errors(rule: str) -> None:
    assert errors(SCHEMA + rule)


def test_syntax_errors_speak_of_the_language() -> None:
    [error] = errors("rule r when A then emit X()")
    assert not any(word in error.message for word in ("_", "Token", "NAME", "terminal"))


def test_a_field_that_nobody_declared_is_no_error() -> None:
    cep.Engine.from_rules("rule r when Anything(whatever == 1) emit X()")

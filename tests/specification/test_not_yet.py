"""What parses and checks and does not run yet is refused with CEP490, never run as something else."""

import pytest

import cep
from tests.specification.scenario import refusal

PATTERNS = [
    'A then B to "alerts"',
]


def emitting(pattern: str) -> str:
    """A rule of a pattern."""
    return f"rule r when {pattern} emit X()"


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns(pattern: str) -> None:
    assert set(refusal(emitting(pattern))) == {"CEP490"}


def test_the_sentence_says_what_and_where() -> None:
    with pytest.raises(cep.RuleError) as caught:
        cep.Engine.from_rules("rule r\n  when A then B\n  to alerts\n  emit X()")
    [diagnostic] = [each for each in caught.value.diagnostics if each.severity == "error"]
    assert "`to`" in diagnostic.message
    assert "does not run yet" in diagnostic.message
    assert diagnostic.span.line == 3


def test_one_such_rule_refuses_all_and_each_is_told() -> None:
    rules = """
        rule r when A emit X()
        rule s when A then B to alerts emit Y()
        rule t from A over all emit Z(n = count()) to alerts
    """
    assert refusal(rules) == ["CEP490", "CEP490"]


def test_a_disabled_rule_is_left_alone() -> None:
    rules = "rule later disabled when A then B to alerts emit X()\nrule now when A emit Y()"
    engine = cep.Engine.from_rules(rules)
    assert [d.type for d in engine.push({"type": "A", "time": "2026-01-01T00:00:00Z"})] == ["Y"]

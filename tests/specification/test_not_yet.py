"""What parses and checks and does not run yet is refused with CEP490, never run as something else."""

import pytest

import cep
from tests.specification.scenario import refusal

TABLE = 'table hosts from "hosts.csv" key host\n'

PATTERNS = [
    'A then B to "alerts"',
    "A per k at most 1 every 1 hour per l",
]

WINDOWS = [
    "over last 100 events",
    "over last 100 events partial",
    "over last 100 events within 10 minutes",
    "over every 5 minutes",
    "over 10 minutes every 1 minute",
    "over every 100 events",
    "over session of 30 minutes",
    "over session of 30 minutes up to 4 hours",
    "over each hour",
    'over each day in "Europe/Berlin"',
    "over each week",
    "over each month",
    "over all",
    "over since Reset(x > 1)",
    "when x > prev.x",
    "over last 1 hour when count() > 1 every 3",
    "over last 1 hour when count() > 1 while true every 10 minutes",
    "over last 1 hour when count() > 1 having count() > 2",
    "over last 1 hour when avg(x over last 5 events) crosses above avg(x over last 20 events)",
    "over last 1 hour when x crosses below 5",
]


def emitting(pattern: str) -> str:
    """A rule of a pattern."""
    return f"rule r when {pattern} emit X()"


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns(pattern: str) -> None:
    assert set(refusal(emitting(pattern))) == {"CEP490"}


def test_expect_from_a_table() -> None:
    rules = f"{TABLE}rule r when expect Heartbeat from hosts for 60 seconds per host emit X(host)"
    assert set(refusal(rules)) == {"CEP490"}


@pytest.mark.parametrize("window", WINDOWS)
def test_windows(window: str) -> None:
    assert set(refusal(f"rule r from A per k {window} emit X()")) == {"CEP490"}


def test_an_aggregate_with_a_window_of_its_own() -> None:
    assert set(refusal("rule r from A per k over last 1 hour emit X(v = sum(x over last 5 events))")) == {"CEP490"}


def test_window_bounds() -> None:
    rules = "rule r from A over every 5 minutes emit X(s = window.start, e = window.end)"
    assert set(refusal(rules)) == {"CEP490"}


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
        rule t from A over all emit Z(n = count())
    """
    assert refusal(rules) == ["CEP490", "CEP490"]


def test_a_disabled_rule_is_left_alone() -> None:
    rules = "rule later disabled when A then B to alerts emit X()\nrule now when A emit Y()"
    engine = cep.Engine.from_rules(rules)
    assert [d.type for d in engine.push({"type": "A", "time": "2026-01-01T00:00:00Z"})] == ["Y"]

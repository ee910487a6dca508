"""What parses and checks and does not run yet is refused with CEP490, never run as something else."""

import pytest

import cep
from tests.specification.scenario import refusal

TABLE = 'table hosts from "hosts.csv" key host\n'

PATTERNS = [
    "any(x > 1)",
    "A then immediately B",
    "A then every B",
    "A then every B+ then C",
    "A+? then B",
    "A{1,3}? then B",
    "A then optional B then C",
    "A then B? then C",
    "A then any number of B then C",
    "A then B* then C",
    "A then up to 4 B then C",
    "A then B{0,4} then C",
    "three consecutive A",
    "consecutive (A then some B then some C)",
    "three every A limit 5",
    "every A+ limit 5",
    "A+ until B then C",
    "(A then C) until B within 1 hour",
    "(three A within 5 minutes) then B",
    "A or B",
    "A and B",
    "all of (A, B, C)",
    "2 of (A, B, C)",
    "(A then B){2}",
    "A then optional (B then C) then D",
    "two (A then B)",
    "A then within 30 seconds B",
    "A then after 1 minute B",
    "A then between 1 and 5 minutes B",
    "no B for 1 minute then A",
    "A then no B for 1 minute then no C for 1 minute",
    "Tick as t0 then immediately three consecutive Tick(price > prev.price) as up",
    "A then B after match skip to next event",
    "A as a then B after match skip to first a",
    "A as a then B after match skip to last a",
    "A then B after match no skip",
    "A then B within 1 minute on timeout emit Late()",
    'A then B to "alerts"',
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


@pytest.mark.parametrize(
    "source",
    [
        "A as a join B as b on a.id == b.id within 5 minutes",
        "A as a left join B as b on a.id == b.id within 5 minutes",
        "A lookup hosts on host == hosts.host",
    ],
)
def test_joins_and_lookups(source: str) -> None:
    assert "CEP490" in refusal(f"{TABLE}rule r from {source} over last 1 hour emit X(n = count())")


def test_the_sentence_says_what_and_where() -> None:
    with pytest.raises(cep.RuleError) as caught:
        cep.Engine.from_rules("rule r\n  when A then immediately B\n  emit X()")
    [diagnostic] = [each for each in caught.value.diagnostics if each.severity == "error"]
    assert "immediately" in diagnostic.message
    assert "does not run yet" in diagnostic.message
    assert diagnostic.span.line == 2


def test_one_such_rule_refuses_all_and_each_is_told() -> None:
    rules = """
        rule r when A emit X()
        rule s when A or B emit Y()
        rule t from A as a join B as b on a.x == b.x within 1 minute over all emit Z(n = count())
    """
    assert refusal(rules) == ["CEP490", "CEP490"]


def test_a_disabled_rule_is_left_alone() -> None:
    rules = "rule later disabled when A then immediately B emit X()\nrule now when A emit Y()"
    engine = cep.Engine.from_rules(rules)
    assert [d.type for d in engine.push({"type": "A", "time": "2026-01-01T00:00:00Z"})] == ["Y"]

"""Sections 3, S10 and S11: `after match`."""

import pytest

from tests.specification.agreed import check
from tests.specification.scenario import refusal


def rule(pattern: str, strategy: str, clauses: str = "") -> str:
    return f"rule r when {pattern} after match {strategy} {clauses} emit X()"


@pytest.mark.parametrize(
    ("strategy", "matches"),
    [
        ("skip past last event", ["a1 b1 @2"]),
        ("skip to next event", ["a1 b1 @2", "a2 b1 @2"]),
        ("no skip", ["a1 b1 @2", "a2 b1 @2"]),
        ("skip to first p", ["a1 b1 @2", "a2 b1 @2"]),
        ("skip to last p", ["a1 b1 @2", "a2 b1 @2"]),
        ("skip to first q", ["a1 b1 @2"]),
        ("skip to last q", ["a1 b1 @2"]),
    ],
)
def test_two_starts_and_one_end(strategy: str, matches: list[str]) -> None:
    check(rule("A as p then B as q", strategy), "a1 a2 b1 b2", matches)


@pytest.mark.parametrize(
    ("strategy", "matches"),
    [
        ("skip past last event", ["a1 a2 a3 @2", "a4 a5 a6 @5"]),
        ("skip to next event", ["a1 a2 a3 @2", "a2 a3 a4 @3", "a3 a4 a5 @4", "a4 a5 a6 @5"]),
        ("no skip", ["a1 a2 a3 @2", "a2 a3 a4 @3", "a3 a4 a5 @4", "a4 a5 a6 @5"]),
        ("skip to last a", ["a1 a2 a3 @2", "a3 a4 a5 @4"]),
    ],
)
def test_a_count(strategy: str, matches: list[str]) -> None:
    check(rule("three A as a", strategy), "a1 a2 a3 a4 a5 a6", matches)


def test_where_the_name_is_not_bound_it_is_skip_to_next_event() -> None:
    rules = rule("A as p then optional B as q then C as r", "skip to last q")
    check(rules, "a1 a2 c", ["a1 c @2", "a2 c @2"])
    check(rules, "a1 a2 b c", ["a1 b c @3"])


def test_with_every_the_default_is_no_skip() -> None:
    check("rule r when A then every B emit X()", "a1 a2 b1 b2", ["a1 b1 @2", "a2 b1 @2", "a1 b2 @3", "a2 b2 @3"])


@pytest.mark.parametrize(
    ("strategy", "matches"),
    [
        ("skip past last event", ["a1 b1 @2", "a2 b2 @3"]),
        ("skip to next event", ["a1 b1 @2", "a2 b1 @2"]),
        ("no skip", ["a1 b1 @2", "a2 b1 @2", "a1 b2 @3", "a2 b2 @3"]),
    ],
)
def test_every_with_a_strategy(strategy: str, matches: list[str]) -> None:
    """Past last event, the reading of a2 that waits for a later b shares no event with the match and goes on."""
    check(rule("A then every B", strategy), "a1 a2 b1 b2", matches)


def test_keys_do_not_disturb_each_other() -> None:
    rules = rule("A as p then B as q", "skip to last q", "per k")
    check(rules, "a1 k=1 a2 k=2 b1 k=1 b2 k=2", ["a1 b1 @2", "a2 b2 @3"])


def test_absences_too() -> None:
    check(rule("A then B then no C for 5 seconds", "skip to next event"), "a1@0 a2@1 b@2 z@99", ["a1 b @7", "a2 b @7"])


def test_an_unknown_name() -> None:
    assert refusal(rule("A as p then B as q", "skip to first x")) == ["CEP411"]

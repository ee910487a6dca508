"""How one event follows another: relaxed, strict, ``every``, loops and their combinations, worked out by hand."""

import pytest

from tests.oracle.letters import found


def when(pattern: str, emit: str = "R(n = count())") -> str:
    return f"rule r when {pattern} emit {emit}\n"


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        ("A then immediately B", "a1 b1", ["a1 b1 @1"]),
        # An event of a type that the rule does not read is not there.
        ("A then immediately B", "a1 c1 b1", ["a1 b1 @2"]),
        ("A then immediately B", "a1 a2 b1", ["a2 b1 @2"]),
        ("A then immediately B(x > 1)", "a1 b1 x=1 b2 x=2", []),
        ("A then immediately B then C", "a1 c1 b1 c2", []),
        ("A then no D then immediately B", "a1 d1 b1 a2 b2", ["a2 b2 @4"]),
        # The types of `no` and `until` are read.
        ("A then immediately B then no D then C", "a1 d1 b1 c1", []),
        ("A+ until D then immediately B", "a1 d1 b1", []),
        ("A+ until D then immediately B", "a1 b1", ["a1 b1 @1"]),
        ("any(x == 1) as first then immediately any(x == 2) as second", "a1 x=1 b1 x=2", ["a1 b1 @1"]),
        ("any(x == 1) as first then immediately any(x == 2) as second", "a1 x=1 c1 b1 x=2", []),
        # What follows `immediately` may be a group or a choice: its first event is meant.
        ("A then immediately (B or C)", "a1 c1", ["a1 c1 @1"]),
        ("A then immediately (B then C)", "a1 b1 a2 c1", ["a1 b1 c1 @3"]),
        ("A then immediately (B then C)", "a1 a2 c1 b1 c2", []),
        ("A then immediately (optional B then C)", "a1 c1", ["a1 c1 @1"]),
        ("A then immediately (B and C) then D", "a1 c1 b1 d1", ["a1 c1 b1 d1 @3"]),
        ("A then immediately B+ then C", "a1 b1 a2 b2 c1", ["a1 b1 b2 c1 @4"]),
        ("A then immediately three consecutive B", "a1 b1 b2 b3", ["a1 b1 b2 b3 @3"]),
        # Passing over what may be empty, the link before the element that is entered counts.
        ("A then immediately optional B then C", "a1 d b1 c1", ["a1 b1 c1 @3"]),
        ("A then immediately optional B then C", "a1 a2 b1 c1", ["a1 c1 @3"]),
        ("A then optional B then immediately C", "a1 c1", ["a1 c1 @1"]),
        ("A then optional B then immediately C", "a1 a2 b1 c1", ["a1 b1 c1 @3"]),
    ],
)
def test_immediately(pattern: str, events: str, matches: list[str]) -> None:
    assert found(when(pattern), events) == matches


def test_immediately_fails_on_where() -> None:
    rules = when("A as a then immediately B as b where b.x > a.x")
    assert found(rules, "a1 x=1 b1 x=1 b2 x=2") == []
    assert found(rules, "a1 x=1 b1 x=2") == ["a1 b1 @1"]


def test_immediately_after_a_loop_that_looks_back() -> None:
    rules = when("Tick as t0 then immediately three consecutive Tick(price > prev.price) as up")
    events = "Tick1 price=5 Tick2 price=4 Tick3 price=5 Tick4 price=6 Tick5 price=7"
    assert found(rules, events) == ["Tick2 Tick3 Tick4 Tick5 @4"]
    assert found(rules, "Tick1 price=1 Tick2 price=2 Tick3 price=3 Tick4 price=3 Tick5 price=4") == []


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        ("A then every B", "a1 b1 b2", ["a1 b1 @1", "a1 b2 @2"]),
        ("A then every B", "a1 a2 b1", ["a1 b1 @2", "a2 b1 @2"]),
        ("A then every B then C", "a1 b1 b2 c1", ["a1 b1 c1 @3", "a1 b2 c1 @3"]),
        ("A then B then every C", "a1 b1 b2 c1 c2", ["a1 b1 c1 @3", "a1 b1 c2 @4"]),
        ("A then every B after match skip to next event", "a1 b1 b2", ["a1 b1 @1"]),
        ("A then every B after match skip past last event", "a1 a2 b1 b2", ["a1 b1 @2", "a2 b2 @3"]),
        # The copy that stays has skipped b1, which is then between A and b2.
        ("A then no B then every B", "a1 b1 b2", ["a1 b1 @1"]),
        ("A then within 2 seconds every B", "a1 b1 b2 b3", ["a1 b1 @1", "a1 b2 @2"]),
    ],
)
def test_every(pattern: str, events: str, matches: list[str]) -> None:
    assert found(when(f"{pattern} within 100 seconds"), events) == matches


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        # S12: {b1} {b1 b2} {b2}; at one moment the longest loop comes first.
        ("A then every B+ then C", "a1 b1 b2 c1", ["a1 b1 b2 c1 @3", "a1 b1 c1 @3", "a1 b2 c1 @3"]),
        ("A then every B+? then C", "a1 b1 b2 c1", ["a1 b2 c1 @3", "a1 b1 c1 @3", "a1 b1 b2 c1 @3"]),
        ("three every A", "a1 a2 a3 a4", ["a1 a2 a3 @2", "a1 a2 a4 @3", "a1 a3 a4 @3", "a2 a3 a4 @3"]),
        ("A then two every B", "a1 b1 b2 b3", ["a1 b1 b2 @2", "a1 b1 b3 @3", "a1 b2 b3 @3"]),
        ("every A+", "a1 a2", ["a1 @0", "a1 a2 @1", "a2 @1"]),
        ("every A+ then B", "a1 a2 b1", ["a1 a2 b1 @2", "a1 b1 @2", "a2 b1 @2"]),
        ("every A{1,2}", "a1 a2 a3", ["a1 @0", "a1 a2 @1", "a2 @1", "a1 a3 @2", "a2 a3 @2", "a3 @2"]),
        ("A then every B* then C", "a1 b1 c1", ["a1 b1 c1 @2", "a1 c1 @2"]),
        ("A then every B+ then no B for 5 seconds", "a1 b1 b2 d@20", ["a1 b1 b2 @7", "a1 b2 @7"]),
        ("A then every B+ until C", "a1 b1 b2 c1", ["a1 b1 b2 @3", "a1 b1 @3", "a1 b2 @3"]),
    ],
)
def test_loops_of_every(pattern: str, events: str, matches: list[str]) -> None:
    assert found(when(f"{pattern} within 100 seconds"), events) == matches


def test_every_loop_that_having_rejects_grows() -> None:
    rules = when("every A+ having sum(x) >= 3", emit="R(s = sum(x))")
    assert found(rules, "a1 x=1 a2 x=2 a3 x=1") == ["a1 a2 @1", "a1 a2 a3 @2", "a2 a3 @2"]


# ---- the tables of Flink's documentation, with the answers of S11 and S12 ----

SEEN = "no D(x == 9)"
"""So that the rule reads D, which never breaks anything here."""


def subsets(events: str) -> list[str]:
    """All subsets but the empty one, those that take an earlier event before those that do not."""
    first, *rest = events.split()
    others = subsets(" ".join(rest)) if rest else []
    return [*(f"{first} {other}" for other in others), first, *others]


@pytest.mark.parametrize(
    ("link", "matches"),
    [
        ("then immediately", []),
        ("then", ["a1 b1 @2"]),
        ("then every", ["a1 b1 @2", "a1 b2 @3"]),
    ],
)
def test_a_b_on_a_c_b1_b2(link: str, matches: list[str]) -> None:
    rules = when(f"A then no C(x == 9) {link} B within 100 seconds")
    assert found(rules, "a1 c1 b1 b2") == matches


@pytest.mark.parametrize(
    ("loop", "matches"),
    [
        ("B+", ["a1 b1 b2 b3 c1 @6"]),
        ("B+?", ["a1 b1 b2 b3 c1 @6"]),
        ("consecutive B+", ["a1 b1 c1 @6"]),
        ("every B+", [f"a1 {taken} c1 @6" for taken in subsets("b1 b2 b3")]),
    ],
)
def test_a_loop_c_on_a_b1_d1_b2_d2_b3_c(loop: str, matches: list[str]) -> None:
    rules = when(f"A then {SEEN} then {loop} then C within 100 seconds")
    assert found(rules, "a1 b1 d1 b2 d2 b3 c1") == matches


@pytest.mark.parametrize(
    ("loop", "matches"),
    [
        ("A+", ["c1 a1 a2 a3 a4 b1 @7"]),
        ("consecutive A+", ["c1 a1 a2 a3 b1 @7"]),
        ("every A+", [f"c1 {taken} b1 @7" for taken in subsets("a1 a2 a3 a4")]),
        ("two A", ["c1 a1 a2 b1 @7"]),
        ("two consecutive A", ["c1 a1 a2 b1 @7"]),
        ("four A", ["c1 a1 a2 a3 a4 b1 @7"]),
        ("four consecutive A", []),
    ],
)
def test_c_loop_b_on_c_d_a1_a2_a3_d_a4_b(loop: str, matches: list[str]) -> None:
    rules = when(f"C then {SEEN} then {loop} then B within 100 seconds")
    assert found(rules, "c1 d1 a1 a2 a3 d2 a4 b1") == matches


@pytest.mark.parametrize(
    ("loop", "matches"),
    [
        # Without `every` a start yields one match, and a loop at the end completes at its minimum.
        ("B+", ["a1 b1 @1"]),
        ("consecutive B+", ["a1 b1 @1"]),
        ("B{2,}", ["a1 b1 b2 @2"]),
        (
            "every B+",
            ["a1 b1 @1", "a1 b1 b2 @2", "a1 b2 @2", "a1 b1 b2 b3 @3", "a1 b1 b3 @3", "a1 b2 b3 @3", "a1 b3 @3"],
        ),
    ],
)
def test_a_loop_on_a_b1_b2_b3(loop: str, matches: list[str]) -> None:
    assert found(when(f"A then {loop} within 100 seconds"), "a1 b1 b2 b3") == matches


@pytest.mark.parametrize(
    ("strategy", "matches"),
    [
        ("no skip", ["b1 b2 b3 c1 @3", "b2 b3 c1 @3", "b3 c1 @3"]),
        ("skip to next event", ["b1 b2 b3 c1 @3", "b2 b3 c1 @3", "b3 c1 @3"]),
        ("skip past last event", ["b1 b2 b3 c1 @3"]),
        ("skip to first b", ["b1 b2 b3 c1 @3", "b2 b3 c1 @3", "b3 c1 @3"]),
        ("skip to last b", ["b1 b2 b3 c1 @3", "b3 c1 @3"]),
    ],
)
def test_loop_c_by_skip_strategy(strategy: str, matches: list[str]) -> None:
    assert found(when(f"B+ then C within 100 seconds after match {strategy}"), "b1 b2 b3 c1") == matches


@pytest.mark.parametrize(
    ("strategy", "matches"),
    [
        # `(a | b | c) (b | c) c+ d` on a b c1 c2 c3 d: `c+` reluctant in Flink's table, greedy here.
        ("no skip", ["a1 b1 c1 c2 c3 d1 @5", "b1 c1 c2 c3 d1 @5", "c1 c2 c3 d1 @5"]),
        ("skip to first m", ["a1 b1 c1 c2 c3 d1 @5", "b1 c1 c2 c3 d1 @5", "c1 c2 c3 d1 @5"]),
        ("skip to last m", ["a1 b1 c1 c2 c3 d1 @5", "b1 c1 c2 c3 d1 @5", "c1 c2 c3 d1 @5"]),
        ("skip to first c", ["a1 b1 c1 c2 c3 d1 @5", "c1 c2 c3 d1 @5"]),
        ("skip to last c", ["a1 b1 c1 c2 c3 d1 @5"]),
        ("skip past last event", ["a1 b1 c1 c2 c3 d1 @5"]),
    ],
)
def test_choices_loop_d_by_skip_strategy(strategy: str, matches: list[str]) -> None:
    pattern = "(A or B or C) as f then (B or C) as m then C+ as c then D"
    assert found(when(f"{pattern} within 100 seconds after match {strategy}"), "a1 b1 c1 c2 c3 d1") == matches


def test_skip_to_a_name_that_the_match_does_not_bind_is_skip_to_next_event() -> None:
    rules = when("A then optional X then B within 100 seconds after match skip to last x")
    assert found(rules, "a1 a2 b1") == ["a1 b1 @2", "a2 b1 @2"]
    assert found(rules, "a1 a2 x1 a3 b1") == ["a1 x1 b1 @4", "a3 b1 @4"]


def test_skip_strategies_with_every() -> None:
    rules = "A as a then every B as b within 100 seconds after match "
    events = "a1 a2 b1 b2"
    assert found(when(rules + "no skip"), events) == ["a1 b1 @2", "a2 b1 @2", "a1 b2 @3", "a2 b2 @3"]
    assert found(when(rules + "skip to next event"), events) == ["a1 b1 @2", "a2 b1 @2"]
    assert found(when(rules + "skip past last event"), events) == ["a1 b1 @2", "a2 b2 @3"]
    # Those that began at a1 or later, but before b1.
    assert found(when(rules + "skip to last b"), events) == ["a1 b1 @2"]
    assert found(when(rules + "skip to first a"), events) == ["a1 b1 @2", "a2 b1 @2", "a1 b2 @3", "a2 b2 @3"]

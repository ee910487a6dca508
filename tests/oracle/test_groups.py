"""Loops of all kinds, groups, members in any order, ``until`` and bounds on parts, worked out by hand."""

import pytest

from tests.oracle.letters import emitted, found


def when(pattern: str, emit: str = "R(n = count())") -> str:
    return f"rule r when {pattern} emit {emit}\n"


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        ("up to 2 A then B", "a1 a2 b1", ["a1 a2 b1 @2"]),
        ("up to 2 A then B", "b1", ["b1 @0"]),
        ("A{0,2} then B", "a1 a2 a3 b1", ["a1 a2 b1 @3"]),
        ("C then any number of A then B", "c1 b1", ["c1 b1 @1"]),
        ("C then A* then B", "c1 a1 a2 b1", ["c1 a1 a2 b1 @3"]),
        ("C then optional A then B", "c1 a1 b1", ["c1 a1 b1 @2"]),
        ("C then A? then B", "c1 b1 a1 b2", ["c1 b1 @1"]),
        # An event that fits several roles: greedy enters first, reluctant passes over first.
        ("C then A? then A as last", "c1 a1 a2", ["c1 a1 @1"]),
        ("C then A{2} then A as last", "c1 a1 a2 a3", ["c1 a1 a2 a3 @3"]),
        # Reluctant and greedy differ where both complete at one event.
        ("C then A+ then A+ as rest then B", "c1 a1 a2 a3 b1", ["c1 a1 a2 a3 b1 @4"]),
        ("3 or more A", "a1 a2 a3 a4 a5 a6", ["a1 a2 a3 @2", "a4 a5 a6 @5"]),
    ],
)
def test_quantifiers(pattern: str, events: str, matches: list[str]) -> None:
    assert found(when(pattern), events) == matches


@pytest.mark.parametrize(
    ("first", "count"),
    [("A+", 3), ("A+?", 1), ("A{1,2}", 2), ("A{1,2}?", 1), ("A{2,}?", 2), ("A*", 3), ("A*?", 0), ("A?", 1), ("A??", 0)],
)
def test_greedy_and_reluctant_share_the_events_of_two_loops(first: str, count: int) -> None:
    rules = when(f"C then {first} as a then A+ as rest then B", emit="R(n = count(a), m = count(rest))")
    assert emitted(rules, "c1 a1 a2 a3 a4 b1", "n", "m") == [(count, 4 - count)]


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        ("(A then B){2}", "a1 a2 b1 b2 a3 b3", ["a1 b1 a3 b3 @5"]),
        ("two (A then B) then C", "a1 b1 c1 a2 b2 c2", ["a1 b1 a2 b2 c2 @5"]),
        ("(A then B)+ then C", "a1 b1 a2 b2 c1", ["a1 b1 a2 b2 c1 @4"]),
        # A turn that is begun beyond the minimum and not finished does not bar the way out.
        ("(A then B)+ then C", "a1 b1 a2 c1", ["a1 b1 c1 @3"]),
        ("2+ (A then B) then C", "a1 b1 a2 c1", []),
        ("A then optional (B then C) then D", "a1 b1 d1", ["a1 d1 @2"]),
        ("A then optional (B then C) then D", "a1 b1 c1 d1", ["a1 b1 c1 d1 @3"]),
        ("A then any number of (B then C) then D", "a1 b1 c1 b2 d1", ["a1 b1 c1 d1 @4"]),
        ("(A then some B){2} then C", "a1 b1 b2 a2 b3 c1", ["a1 b1 b2 a2 b3 c1 @5"]),
        ("((A then B) then C)", "a1 b1 c1", ["a1 b1 c1 @2"]),
        # At the end each turn beyond the minimum is one too many.
        ("2+ (A then B)", "a1 b1 a2 b2 a3 b3", ["a1 b1 a2 b2 @3"]),
        ("A then (B or C){2} then D", "a1 b1 c1 d1", ["a1 b1 c1 d1 @3"]),
        # The absence at the end of a turn stands between it and the next, and before what follows.
        ("(A then no X){2} then C", "a1 a2 x1 c1", []),
        ("(A then no X){2} then C", "a1 a2 c1", ["a1 a2 c1 @2"]),
        ("(A then no X){2} then C", "a1 x1 a2 a3 c1", ["a2 a3 c1 @4"]),
        ("C then (no X then A){2}", "c1 a1 x1 a2", []),
        ("C then (no X then A){2}", "c1 a1 a2", ["c1 a1 a2 @2"]),
        ("C then (no X for 2 seconds then A){2}", "c1@0 a1@2 a2@3 a3@5 a4@6", ["c1 a2 a4 @6"]),
        ("(no X for 2 seconds then A){2}", "x1@0 a1@3 a2@5 a3@6", ["x1 a1 a3 @6"]),
    ],
)
def test_groups(pattern: str, events: str, matches: list[str]) -> None:
    assert found(when(f"{pattern} within 100 seconds"), events) == matches


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        ("consecutive (A then some B then some C)", "a1 b1 b2 c1", ["a1 b1 b2 c1 @3"]),
        ("consecutive (A then some B then some C)", "a1 b1 a2 c1", []),
        ("consecutive (A then some B then some C)", "a1 d1 b1 c1", ["a1 b1 c1 @3"]),
        ("D then consecutive (A then B)", "d1 d2 a1 b1", ["d1 a1 b1 @3"]),
        ("D then consecutive (A then B)", "d1 a1 d2 b1", []),
        ("D then immediately consecutive (A then B)", "d1 d2 a1 b1", ["d2 a1 b1 @3"]),
        ("two consecutive (A then B)", "a1 b1 a2 b2", ["a1 b1 a2 b2 @3"]),
        ("two consecutive (A then B) then D", "a1 b1 d1 a2 b2 d2", []),
        ("two consecutive (A then B) then D", "a1 b1 a2 b2 a3 d1", ["a1 b1 a2 b2 d1 @5"]),
        ("three consecutive A then D", "a1 a2 d1 a3 a4 a5 d2", ["a3 a4 a5 d2 @6"]),
        ("consecutive (A then optional B then C)", "a1 c1 a2 b1 c2", ["a1 c1 @1", "a2 b1 c2 @4"]),
        ("consecutive (A then (B or C) then D)", "a1 c1 d1 a2 c2 b1 d2", ["a1 c1 d1 @2"]),
        ("consecutive (A and B) then C", "a1 c1 b1 a2 c2", ["b1 a2 c2 @4"]),
    ],
)
def test_consecutive(pattern: str, events: str, matches: list[str]) -> None:
    assert found(when(f"{pattern} within 100 seconds"), events) == matches


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        ("A or B", "b1 a1", ["b1 @0", "a1 @1"]),
        ("C then (A or B) then D", "c1 b1 a1 d1", ["c1 b1 d1 @3"]),
        ("A then ((B then C) or D)", "a1 b1 d1", ["a1 d1 @2"]),
        ("A then ((B then C) or D)", "a1 b1 c1 d1", ["a1 b1 c1 @2"]),
        ("(A then B) or (A as a2 then C)", "a1 c1", ["a1 c1 @1"]),
        ("A then (three B or C) then D", "a1 b1 b2 c1 d1", ["a1 c1 d1 @4"]),
        ("A then (B+ or C) then D", "a1 b1 b2 c1 d1", ["a1 b1 b2 d1 @4"]),
        ("(A or B) then C", "a1 b1 c1", ["a1 c1 @2"]),
        ("A or (B then C)", "b1 a1 c1", ["a1 @1", "b1 c1 @2"]),
        # Both members complete at one event: written order.
        ("A then (B as x or B as y) then C", "a1 b1 c1", ["a1 b1 c1 @2"]),
    ],
)
def test_or(pattern: str, events: str, matches: list[str]) -> None:
    assert found(when(f"{pattern} within 100 seconds"), events) == matches


def test_or_prefers_the_member_written_first() -> None:
    rules = when("A then (B as x or B as y) then C", emit="R(x = x.v, y = y.v)")
    assert emitted(rules, "a1 b1 v=1 c1", "x", "y") == [(1, None)]


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        ("A and B", "b1 a1", ["b1 a1 @1"]),
        ("A and B", "a1 a2 b1 b2", ["a1 b1 @2"]),
        ("A and B then C", "b1 c1 a1 c2", ["b1 a1 c2 @3"]),
        ("all of (A, B, C)", "c1 a1 d1 b1", ["c1 a1 b1 @3"]),
        ("all of (A, B, C) then D", "c1 a1 d1 b1 d2", ["c1 a1 b1 d2 @4"]),
        ("2 of (A, B, C)", "c1 c2 a1", ["c1 a1 @2"]),
        ("2 of (A, B, C) then D", "c1 d1 b1 a1 d2", ["c1 b1 d2 @4"]),
        # A member of several steps is finished before the next one begins, and need not be entered.
        ("all of (A then B, C)", "a1 c1 b1 c2", ["a1 b1 c2 @3"]),
        ("all of (A then B, C)", "c1 a1 b1", ["c1 a1 b1 @2"]),
        ("all of (A then B, C)", "a1 c1 a2 b1", ["c1 a2 b1 @3"]),
        ("D then all of (A then B, C)", "d1 a1 c1 a2 b1", ["d1 c1 a2 b1 @4"]),
        ("D then all of (A+, B) then C", "d1 a1 a2 b1 a3 c1", ["d1 a1 a2 b1 c1 @5"]),
        ("D then all of (A+, B) then C", "d1 b1 a1 a2 c1", ["d1 b1 a1 a2 c1 @4"]),
        ("all of (A as a1, A as a2) then C", "a1 a2 c1", ["a1 a2 c1 @2"]),
        ("2 of (A, B, A as other)", "a1 a2", ["a1 a2 @1"]),
        ("(A and B){2}", "a1 b1 b2 a2", ["a1 b1 b2 a2 @3"]),
        ("A and (B or C)", "c1 a1", ["c1 a1 @1"]),
        ("(A and B) or C", "b1 c1 a1", ["c1 @1", "b1 a1 @2"]),
        # Members that may be empty count when nothing is left that must come.
        ("all of (A, optional B) then C", "a1 c1 b1", ["a1 c1 @1"]),
        ("all of (A, optional B) then C", "b1 a1 c1", ["b1 a1 c1 @2"]),
        ("all of (A, optional B) then C", "b1 c1 a1 c2", ["b1 a1 c2 @3"]),
    ],
)
def test_members_in_any_order(pattern: str, events: str, matches: list[str]) -> None:
    assert found(when(f"{pattern} within 100 seconds"), events) == matches


def test_evidence_is_in_the_order_of_the_events() -> None:
    rules = when("(A as a and B as b) then C as c", emit="R(first = first.v, last = last.v, seen = distinct(v))")
    assert emitted(rules, "b1 v=1 a1 v=2 c1 v=3", "first", "last", "seen") == [(1, 3, [1, 2, 3])]


def test_prev_is_the_event_bound_just_before_whatever_its_step() -> None:
    rules = when("(A and B) then C(v > prev.v)")
    assert found(rules, "b1 v=1 a1 v=5 c1 v=4 c2 v=6") == ["b1 a1 c2 @3"]


def test_conditions_see_all_turns_so_far() -> None:
    rules = when("(A as a then B(v == count(a) and x == first(a).x and y == a.x)){2}")
    # a.x is that of this turn, first(a).x that of the first.
    events = "a1 x=5 b1 v=2 x=5 y=5 b2 v=1 x=5 y=5 a2 x=6 b3 v=2 x=5 y=5 b4 v=2 x=5 y=6"
    assert found(rules, events) == ["a1 b2 a2 b4 @5"]


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        # The stop is offered to the next step, and an A after it is none of the loop.
        ("A+ until B then C", "a1 a2 b1 a3 c1", ["a1 a2 c1 @4"]),
        ("A+ until B(x == 1) then B as b", "a1 a2 b1 x=1", ["a1 a2 b1 @2"]),
        ("A+ until A(x == 1) then C", "a1 a2 x=1 a3 c1", ["a1 c1 @3"]),
        # Leaving is possible without the stop.
        ("A+ until B then C", "a1 a2 c1", ["a1 a2 c1 @2"]),
        # A stop before the minimum ends the reading.
        ("2+ A until B then C", "a1 b1 a2 c1", []),
        ("2+ A until B then C", "a1 b1 a2 a3 c1", ["a2 a3 c1 @4"]),
        ("D then A* until B then C", "d1 b1 a1 c1", ["d1 a1 c1 @3"]),
        # At the end: at the stop, when the loop is full, or at the deadline.
        ("A+ until B", "a1 a2 b1", ["a1 a2 @2"]),
        ("2+ A until B", "a1 b1 a2 a3 b2", ["a2 a3 @4"]),
        ("A{2,3} until B", "a1 a2 a3 a4", ["a1 a2 a3 @2"]),
        ("2 A until B", "a1 b1 a2 a3", ["a2 a3 @3"]),
        ("A+ until B", "a1@0 a2@5 d@200", ["a1 a2 @100"]),
        ("(A+ until B within 10 seconds)", "a1@0 a2@5 d@200", ["a1 a2 @10"]),
        ("C then within 20 seconds (A+ until B)", "c1@0 a1@5 d@200", ["c1 a1 @20"]),
        ("A+ until B", "a1@0 b1@100 a2@101 d@300", ["a1 @100", "a2 @201"]),
        ("A+ until (B or C)", "a1 c1", ["a1 @1"]),
        ("A+? until B", "a1 a2 b1", ["a1 a2 @2"]),
        # A group: the stop ends what is begun, and does nothing to what is complete.
        ("(A then C) until B", "a1 b1 c1", []),
        ("(A then C) until B", "a1 c1 b1", ["a1 c1 @1"]),
        ("(A then C) until B then D", "a1 b1 c1 d1 a2 c2 b2 d2", ["a2 c2 d2 @7"]),
        ("(A then optional C) until B then D", "a1 b1 c1 d1", ["a1 d1 @3"]),
        ("(A then C)+ until B then D", "a1 c1 a2 b1 c2 d1", ["a1 c1 d1 @5"]),
        ("(A+ until B){2} then C", "a1 b1 a2 c1", ["a1 a2 c1 @3"]),
        # The stop binds nothing and may begin a run.
        ("A+ until A(x == 1)", "a1 a2 x=1 a3 x=1", ["a1 @1", "a2 @2"]),
        # A closing absence behind it waits on its own.
        ("A+ until B then no C for 5 seconds", "a1@0 b1@1 a2@2 d@20", ["a1 @5", "a2 @7"]),
    ],
)
def test_until(pattern: str, events: str, matches: list[str]) -> None:
    assert found(when(f"{pattern} within 100 seconds"), events) == matches


def test_until_sees_what_is_bound() -> None:
    rules = when("A+ as a until B(x == count(a)) within 100 seconds")
    assert found(rules, "a1 b1 x=2 a2 b2 x=2") == ["a1 a2 @3"]


def test_until_with_having() -> None:
    rules = when("A+ as a until B within 100 seconds having count() >= 2")
    assert found(rules, "a1 b1 a2 a3 b2") == ["a2 a3 @4"]


@pytest.mark.parametrize(
    ("pattern", "events", "matches"),
    [
        ("(three A within 5 seconds) then B", "a1@0 a2@3 a3@6 a4@7 b1@90", ["a2 a3 a4 b1 @90"]),
        ("(A then B within 2 seconds) then C", "a1@0 b1@3 c1@4 a2@5 b2@7 c2@50", ["a2 b2 c2 @50"]),
        ("C then (A then B within 2 seconds)", "c1@0 a1@10 b1@13 b2@14", []),
        ("(A then B within 2 seconds){2}", "a1@0 b1@2 a2@9 b2@11", ["a1 b1 a2 b2 @11"]),
        ("((A then B within 2 seconds) then C within 5 seconds) then D", "a1@0 b1@2 c1@6 d1@7", []),
        ("((A then B within 2 seconds) then C within 5 seconds) then D", "a1@0 b1@2 c1@5 d1@7", ["a1 b1 c1 d1 @7"]),
        # The bound of a link holds for all of what follows, its minimum for the first of it.
        ("A then within 5 seconds (B then C)", "a1@0 b1@5 c1@6", []),
        ("A then within 5 seconds (B then C)", "a1@0 b1@4 c1@5", ["a1 b1 c1 @5"]),
        ("A then after 5 seconds (B then C)", "a1@0 b1@4 b2@5 c1@6", ["a1 b2 c1 @6"]),
        ("A then within 5 seconds 2+ B then C", "a1@0 b1@4 b2@6 c1@9", []),
        ("A then within 5 seconds B+ then C", "a1@0 b1@4 b2@6 c1@9", ["a1 b1 c1 @9"]),
        ("A+ then within 2 seconds B", "a1@0 a2@5 b1@7", ["a1 a2 b1 @7"]),
        ("A then between 2 and 3 seconds (B or C)", "a1@0 b1@1 c1@3", ["a1 c1 @3"]),
        # Counted from the deadline of an absence.
        ("A then no X for 5 seconds then within 2 seconds B", "a1@0 b1@5 b2@7", ["a1 b2 @7"]),
        ("A then no X for 5 seconds then within 2 seconds B", "a1@0 b1@8", []),
        ("A then no X for 5 seconds then after 2 seconds B", "a1@0 b1@6 b2@7", ["a1 b2 @7"]),
        ("A then no X for 5 seconds then no Y then within 2 seconds B", "a1@0 y1@5 b1@7", ["a1 b1 @7"]),
        # No step before: no bound.
        ("optional A then within 2 seconds B", "b1@50", ["b1 @50"]),
    ],
)
def test_bounds_on_parts(pattern: str, events: str, matches: list[str]) -> None:
    assert found(when(f"{pattern} within 1000 seconds"), events) == matches


def test_any_is_a_source_event_of_any_type() -> None:
    rules = "rule first when A emit X(v = 1)\nrule r when any(v == 1) as one then any(v == 1) as two emit R\n"
    assert found(rules, "a1 v=1 b1 v=2 c1 v=1") == ["a1 @0", "a1 c1 @2"]

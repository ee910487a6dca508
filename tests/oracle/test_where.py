"""When a conjunct of ``where`` is tested, in patterns that are more than sequences."""

import pytest

from tests.oracle.letters import found


@pytest.mark.parametrize(
    ("pattern", "where", "events", "matches"),
    [
        # Between members: due at whichever arrives last.
        ("A as a and B as b", "b.x > a.x", "a1 x=1 b1 x=1 b2 x=2", ["a1 b2 @2"]),
        ("A as a and B as b", "b.x > a.x", "b1 x=1 a1 x=2 a2 x=0", ["b1 a2 @2"]),
        ("(A as a and B as b) then C as c", "b.x > a.x and c.x > b.x", "b1 x=2 a1 x=1 c1 x=1 c2 x=3", ["b1 a1 c2 @3"]),
        ("2 of (A as a, B as b, C as c)", "b.x > a.x", "a1 x=2 b1 x=1 c1", ["a1 c1 @2"]),
        ("2 of (A as a, B as b, C as c)", "b.x > 1", "a1 b1 x=1 b2 x=2", ["a1 b2 @2"]),
        ("D as d then (A as a and B as b)", "a.x > d.x", "d1 x=1 a1 x=1 b1 a2 x=2", ["d1 b1 a2 @3"]),
        # A loop among the members arrives when it ends.
        ("all of (A+ as a, B as b)", "sum(a.x) >= b.x", "a1 x=1 b1 x=2 a2 x=1 b2 x=2", ["a1 a2 b2 @3"]),
        ("all of (A+ as a, B as b) then C", "sum(a.x) >= b.x", "b1 x=2 a1 x=1 c1 a2 x=1 c2", ["b1 a1 a2 c2 @4"]),
        # Its last step is in a part that is not taken: never due.
        ("A as a then (B as b or C as c)", "c.x > a.x", "a1 x=1 b1", ["a1 b1 @1"]),
        ("A as a then (B as b or C as c)", "c.x > a.x", "a1 x=1 c1 x=1 c2 x=2", ["a1 c2 @2"]),
        ("A as a then optional B as b then C", "b.x > a.x", "a1 x=1 b1 x=1 c1", ["a1 c1 @2"]),
        # An unbound step before is null.
        ("A as a then optional B as b then C as c", "c.x > b.x", "a1 c1 x=1", []),
        ("A as a then optional B as b then C as c", "c.x > (b.x ?? 0)", "a1 c1 x=1", ["a1 c1 @1"]),
        # A loop of groups: when it ends, for all its steps.
        ("(A as a then B as b){2} then C", "sum(a.x) == 3", "a1 x=1 b1 a2 x=2 b2 c1", ["a1 b1 a2 b2 c1 @4"]),
        ("(A as a then B as b){2}", "sum(a.x) == 3", "a1 x=1 b1 a2 x=1 b2 a3 x=2 b3", ["a2 b2 a3 b3 @5"]),
        ("(A as a then B as b)+ then C", "sum(b.x) >= 2", "a1 b1 x=1 c1 a2 b2 x=1 c2", ["a1 b1 a2 b2 c2 @5"]),
        # At the end of the pattern a loop that fails goes on.
        ("2+ (A as a then B as b)", "sum(b.x) >= 3", "a1 b1 x=1 a2 b2 x=1 a3 b3 x=1", ["a1 b1 a2 b2 a3 b3 @5"]),
        # One that names no step is due at the first event.
        ("A then B", "1 == 2", "a1 b1", []),
        # Under strict contiguity a failing conjunct is fatal.
        ("consecutive (A as a then B as b)", "b.x > a.x", "a1 x=1 b1 x=1 b2 x=2", []),
    ],
)
def test_where(pattern: str, where: str, events: str, matches: list[str]) -> None:
    assert found(f"rule r when {pattern} where {where} within 100 seconds emit R\n", events) == matches


def test_where_in_per_turn_conditions_fails_a_loop_of_every() -> None:
    rules = "rule r when A then every B+ as b then C where sum(b.x) == 3 within 100 seconds emit R\n"
    assert found(rules, "a1 b1 x=1 b2 x=2 b3 x=3 c1") == ["a1 b1 b2 c1 @4", "a1 b3 c1 @4"]

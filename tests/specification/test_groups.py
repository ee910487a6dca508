"""Section 3: quantified groups, optional and reluctant elements, `or`, `and`, `all of`, `N of`, `any(…)`."""

import pytest

from tests.specification.agreed import check, check_values
from tests.specification.scenario import refusal


def rule(pattern: str, clauses: str = "") -> str:
    return f"rule r when {pattern} {clauses} emit X()"


# ---- optional and empty elements ----


@pytest.mark.parametrize("optional", ["optional B", "B?", "B{0,1}", "up to 1 B"])
def test_optional(optional: str) -> None:
    check(rule(f"A then {optional} then C"), "a b c", ["a b c @2"])
    check(rule(f"A then {optional} then C"), "a c", ["a c @1"])


def test_a_greedy_optional_step_takes_what_it_can() -> None:
    check(rule("A then optional B as p then B as q"), "a b1 b2", ["a b1 @1"])
    check(rule("A then optional B as p then B as q then C"), "a b1 b2 c", ["a b1 b2 c @3"])


@pytest.mark.parametrize("loop", ["any number of B", "B*", "B{0,}"])
def test_any_number_of(loop: str) -> None:
    check(rule(f"A then {loop} then C"), "a b1 b2 c", ["a b1 b2 c @3"])
    check(rule(f"A then {loop} then C"), "a c", ["a c @1"])


@pytest.mark.parametrize("loop", ["up to 2 B", "B{0,2}"])
def test_up_to(loop: str) -> None:
    check(rule(f"A then {loop} then C"), "a b1 b2 b3 c", ["a b1 b2 c @4"])


def test_an_optional_first_step() -> None:
    """Started at b, and at a: the start at a holds b, and completes at the same event; the earlier start wins."""
    check(rule("optional A then B then C"), "a b c", ["a b c @2"])
    check(rule("optional A then B then C"), "b c", ["b c @1"])


def test_what_was_not_bound_is_null() -> None:
    rules = "rule r when A then optional B as b then C emit X(x = b.x)"
    check_values(rules, "a1 c1 a2 b x=7 c2", {"x": [None, 7]})


def test_a_loop_that_was_not_bound_is_an_empty_list() -> None:
    rules = "rule r when A then any number of B as b then C emit X(xs = b.x, n = count(b), s = sum(b.x))"
    check_values(rules, "a c", {"xs": [[]], "n": [0], "s": [0]})


# ---- reluctant ----


def test_a_reluctant_loop_takes_what_it_must() -> None:
    """Of the readings that complete at one event the shortest loop is preferred."""
    rules = "rule r when A{1,3}? as p then A+ as q then B emit X(p = count(p), q = count(q))"
    check_values(rules, "a1 a2 a3 b", {"p": [1], "q": [2]})
    greedy = "rule r when A{1,3} as p then A+ as q then B emit X(p = count(p), q = count(q))"
    check_values(greedy, "a1 a2 a3 b", {"p": [2], "q": [1]})


def test_a_reluctant_loop_before_another_type() -> None:
    """Reluctance chooses between roles of one event; an event that fits the loop alone is taken as ever."""
    check(rule("A+? as a then B"), "a1 a2 b", ["a1 a2 b @2"])


# ---- groups ----


@pytest.mark.parametrize("group", ["(A then B){2}", "two (A then B)", "exactly 2 (A then B)"])
def test_a_repeated_group(group: str) -> None:
    check(rule(f"{group} then C"), "a1 b1 a2 b2 c", ["a1 b1 a2 b2 c @4"])
    check(rule(f"{group} then C"), "a1 b1 c1 a2 b2 c2", ["a1 b1 a2 b2 c2 @5"])


def test_the_steps_of_a_repeated_group_are_lists() -> None:
    rules = "rule r when (A as a then B as b){2} emit X(xs = a.x, ys = b.x, n = count(a), f = first(b).x)"
    check_values(rules, "a x=1 b x=2 a x=3 b x=4", {"xs": [[1, 3]], "ys": [[2, 4]], "n": [2], "f": [2]})


def test_an_optional_group() -> None:
    check(rule("A then optional (B then C) then D"), "a b c d", ["a b c d @3"])
    check(rule("A then optional (B then C) then D"), "a d", ["a d @1"])
    check(rule("A then optional (B then C) then D"), "a b d", ["a d @2"])


def test_a_group_in_a_sequence_is_the_sequence() -> None:
    check(rule("A then (B then C) then D"), "a x b c d", ["a b c d @4"])


def test_a_loop_of_groups_takes_all_turns() -> None:
    check(rule("some (A then B) then C"), "a1 b1 a2 b2 c", ["a1 b1 a2 b2 c @4"])


def test_a_turn_that_is_not_complete_does_not_count() -> None:
    check(rule("some (A then B) then C"), "a1 b1 a2 c", ["a1 b1 c @3"])


# ---- or ----


def test_either() -> None:
    check(rule("A or B"), "a c b", ["a @0", "b @2"])
    check(rule("A then (B or C) then D"), "a c d", ["a c d @2"])


def test_or_binds_tighter_than_then() -> None:
    check(rule("A or B then C"), "b c", ["b c @1"])


def test_a_member_of_several_steps() -> None:
    check(rule("A then ((B then C) or D)"), "a b c", ["a b c @2"])
    check(rule("A then ((B then C) or D)"), "a b d", ["a d @2"])


def test_of_members_that_fit_at_once_the_first_written_is_preferred() -> None:
    rules = "rule r when A(x > 0) as p or A(x > 1) as q emit X(p = p.x, q = q.x)"
    check_values(rules, "a x=2", {"p": [2], "q": [None]})


def test_the_label_of_the_member() -> None:
    check_values("rule r when A as p or B as q emit X(p = p.x, q = q.x)", "b x=3", {"p": [None], "q": [3]})


# ---- and, all of, N of ----


def test_both_in_any_order() -> None:
    check(rule("A and B"), "a b", ["a b @1"])
    check(rule("A and B"), "b a", ["b a @1"])
    check(rule("A and B then C"), "b a c", ["b a c @2"])


def test_evidence_is_in_the_order_of_the_events() -> None:
    check(rule("all of (A, B, C)"), "c x a b", ["c a b @3"])


def test_all_of() -> None:
    check(rule("all of (A, B, C)"), "b a1 a2", [])
    check(rule("all of (A, B, C)"), "b a1 a2 c", ["b a1 c @3"])


def test_two_of_three_distinct_members() -> None:
    check(rule("2 of (A, B, C)"), "a1 a2 c", ["a1 c @2"])
    check(rule("2 of (A, B, C)"), "a1 a2 a3", [])


def test_members_of_several_steps_are_not_interleaved() -> None:
    check(rule("all of ((A then B), C)"), "a b c", ["a b c @2"])
    check(rule("all of ((A then B), C)"), "c a b", ["c a b @2"])
    check(rule("all of ((A then B), (C then D))"), "a c b d", [])


def test_members_know_nothing_of_each_other() -> None:
    assert refusal(rule("A as a and B(x == a.x) as b")) not in ([], ["CEP490"])


def test_where_over_members_is_tested_when_the_last_of_them_arrives() -> None:
    rules = rule("A as a and B as b", "where a.x == b.x")
    check(rules, "a x=1 b1 x=2 b2 x=1", ["a b2 @2"])
    check(rules, "b x=1 a1 x=2 a2 x=1", ["b a2 @2"])


def test_a_bound_around_all() -> None:
    check(rule("A and B", "within 5 seconds"), "b@0 a1@6 b2@7", ["a1 b2 @7"])


# ---- any ----


def test_any_type() -> None:
    check(rule("any(x > 1)"), "a x=1 b x=2 c x=3", ["b @1", "c @2"])
    check(rule("A then any(x > 1) as e"), "a x=0 q x=1 w x=2", ["a w @2"])


def test_any_does_not_take_derived_events() -> None:
    rules = "rule r when A emit X(x = 5)\nrule s when any(x > 1) as e emit Y()"
    check(rules, "a x=1", ["a @0"])


def test_under_any_every_source_event_is_the_next_one() -> None:
    check(rule("A then immediately any(x > 1) as e"), "a x=0 q x=1 w x=2", [])


# ---- refused ----


@pytest.mark.parametrize(
    "pattern",
    [
        "A or B and C",
        "3 of (A, B)",
        "optional A",
        "A then optional B",
        "(A then B) as g",
        "A or B as g then A and C as g",
    ],
)
def test_refused(pattern: str) -> None:
    assert refusal(rule(pattern)) not in ([], ["CEP490"])

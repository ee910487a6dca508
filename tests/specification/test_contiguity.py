"""Section 3: `then immediately`, `consecutive`, `then every`."""

import pytest

from tests.specification.agreed import check, check_values
from tests.specification.scenario import play, refusal


def rule(pattern: str, clauses: str = "") -> str:
    return f"rule r when {pattern} {clauses} emit X()"


# ---- then immediately ----


def test_the_very_next_event() -> None:
    check(rule("A then immediately B"), "a b", ["a b @1"])
    check(rule("A then immediately B"), "a1 a2 b", ["a2 b @2"])


def test_types_that_the_rule_does_not_read_are_not_seen() -> None:
    check(rule("A then immediately B"), "a x y b", ["a b @3"])


def test_a_type_that_it_reads_anywhere_is_seen() -> None:
    check(rule("A then immediately B then C"), "a c1 b c2", [])
    check(rule("A then immediately B then C"), "a b c", ["a b c @2"])
    check(rule("A then immediately B then no C for 5 seconds"), "a c b z@99", [])


def test_an_event_that_fails_the_condition_ends_the_run() -> None:
    check(rule("A then immediately B(x > 1)"), "a b1 x=1 b2 x=2", [])
    check(rule("A then B(x > 1)"), "a b1 x=1 b2 x=2", ["a b2 @2"])


def test_where_is_fatal_under_immediately() -> None:
    check(rule("A as a then immediately B as b", "where b.x > a.x"), "a x=1 b1 x=1 b2 x=2", [])
    check(rule("A as a then immediately B as b", "where b.x > a.x"), "a x=1 b1 x=2", ["a b1 @1"])


def test_only_the_keys_own_events_count() -> None:
    check(rule("A then immediately B", "per k"), "a1 k=1 a2 k=2 b1 k=1 b2 k=2", ["a1 b1 @2", "a2 b2 @3"])


def test_before_a_loop_only_its_first_event_is_next() -> None:
    check(rule("A then immediately 2 B as b then C"), "a b1 a2 b2 c", ["a b1 b2 c @4"])
    check(rule("A then immediately 2 B as b then C"), "a1 c1 b1 b2 c2", [])


def test_before_an_empty_element_it_counts_for_that_element_alone() -> None:
    """The link before the element that is entered counts: C is entered behind a plain `then`."""
    check(rule("A then immediately optional B then C"), "a1 a2 c", ["a1 c @2"])
    check(rule("A then optional B then immediately C"), "a1 b c", ["a1 b c @2"])
    check(rule("A then optional B then immediately C"), "a1 a2 c", ["a2 c @2"])


# ---- consecutive ----


def test_three_consecutive() -> None:
    check(rule("three consecutive A(x > 0) as a"), "a1 x=1 a2 x=1 a3 x=0 a4 x=1 a5 x=1 a6 x=1", ["a4 a5 a6 @5"])
    check(rule("three A(x > 0) as a"), "a1 x=1 a2 x=1 a3 x=0 a4 x=1", ["a1 a2 a4 @3"])


def test_a_consecutive_group() -> None:
    check(rule("consecutive (A then some B then C)"), "a b1 b2 c", ["a b1 b2 c @3"])
    check(rule("consecutive (A then some B then C)"), "a b1 a2 b2 c", ["a2 b2 c @4"])


def test_a_consecutive_group_behind_another_step_begins_anywhere() -> None:
    """Once it has begun there is no way back: a1 has taken b1, and what comes next is no C."""
    check(rule("A then consecutive (B then C)"), "a1 a2 b c", ["a1 b c @3"])
    check(rule("A then consecutive (B then C)"), "a1 b1 a2 b2 c", ["a2 b2 c @4"])


def test_what_follows_a_consecutive_loop_need_not_be_next() -> None:
    check(rule("consecutive A+ as a then B then C"), "a1 a2 c1 b c2", ["a1 a2 b c2 @4"])


def test_rising_prices() -> None:
    pattern = "Tick as t0 then immediately three consecutive Tick(price > prev.price) as up"
    rules = f"rule r when {pattern} emit X(start = t0.price, top = last(up).price)"
    check_values(
        rules,
        "Tick1 price=3 Tick2 price=2 Tick3 price=4 Tick4 price=5 Tick5 price=6",
        {"start": [2], "top": [6]},
    )


def test_repeated_groups_are_contiguous_between_their_turns_too() -> None:
    check(rule("two consecutive (A then B) then C"), "a1 b1 a2 b2 c", ["a1 b1 a2 b2 c @4"])
    check(rule("two consecutive (A then B) then C"), "a1 b1 c1 a2 b2 c2", [])
    check(rule("two (A then B) then C"), "a1 b1 c1 a2 b2 c2", ["a1 b1 a2 b2 c2 @5"])


# ---- then every ----


def test_each_later_one_completes_its_own_match() -> None:
    check(rule("A then every B"), "a b1 b2 b3", ["a b1 @1", "a b2 @2", "a b3 @3"])


def test_each_start_has_its_own() -> None:
    check(rule("A then every B"), "a1 a2 b1 b2", ["a1 b1 @2", "a2 b1 @2", "a1 b2 @3", "a2 b2 @3"])


def test_in_the_middle() -> None:
    check(rule("A then every B then C"), "a b1 b2 c", ["a b1 c @3", "a b2 c @3"])


def test_what_follows_comes_once_for_each() -> None:
    check(rule("A then every B then C"), "a b1 c1 b2 c2", ["a b1 c1 @2", "a b2 c2 @4"])


def test_with_a_strategy_of_its_own() -> None:
    check(rule("A then every B", "after match skip past last event"), "a b1 b2", ["a b1 @1"])


def test_a_strict_step_after_it() -> None:
    check(rule("A then every B then immediately C"), "a b1 b2 c", ["a b2 c @3"])


# ---- every and limit (S12) ----


def test_s12_every_loop_in_the_middle() -> None:
    check(rule("A then every B+ then C"), "a b1 b2 c", ["a b1 b2 c @3", "a b1 c @3", "a b2 c @3"])


def test_every_count() -> None:
    check(rule("two every A as a"), "a1 a2 a3", ["a1 a2 @1", "a1 a3 @2", "a2 a3 @2"])


def test_every_loop_at_the_end() -> None:
    check(
        rule("every A+ as a"),
        "a1 a2 a3",
        ["a1 @0", "a1 a2 @1", "a2 @1", "a1 a2 a3 @2", "a1 a3 @2", "a2 a3 @2", "a3 @2"],
    )


def test_a_limit_that_is_not_reached_changes_nothing() -> None:
    check(rule("two every A as a", "limit 100"), "a1 a2 a3", ["a1 a2 @1", "a1 a3 @2", "a2 a3 @2"])


def test_limit_without_every() -> None:
    assert refusal(rule("2 A as a", "limit 5")) == ["CEP410"]


# ---- refused ----


@pytest.mark.parametrize(
    "pattern",
    ["A then immediately every B", "A then every (B then C)", "A then every no B", "A or every B", "every A",
     "A then immediately no B for 5 seconds", "two every (A then B)"],
)  # fmt: skip
def test_refused(pattern: str) -> None:
    assert refusal(rule(pattern)) not in ([], ["CEP490"])


def test_what_rules_derive_does_not_come_between_what_any_reads() -> None:
    """`any(…)` means source events: a derived one of a type that another rule reads is not the very next event."""
    rules = """
        rule made when A emit Z()
        rule read when Z emit W()
        rule r when any() as a then immediately any() as b emit X()
    """
    played = play(rules, "a1 b1")
    assert [each.type for each in played.derived] == ["Z", "W", "X"]

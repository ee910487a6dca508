"""Sections 3 and S12: `until`, in the middle, at the end, on groups."""

import pytest

from tests.specification.agreed import check, check_types, check_values
from tests.specification.scenario import refusal


def rule(pattern: str, clauses: str = "") -> str:
    return f"rule r when {pattern} {clauses} emit X()"


def test_the_loop_stops_at_b_and_b_is_offered_to_the_next_step() -> None:
    check(rule("A+ until B then B"), "a1 a2 b", ["a1 a2 b @2"])
    check(rule("A+ until B then C"), "a1 b a2 c", ["a1 c @3"])


def test_without_it_the_loop_goes_on() -> None:
    check(rule("A+ then C"), "a1 b a2 c", ["a1 a2 c @3"])


def test_the_stop_is_not_part_of_the_match() -> None:
    rules = "rule r when A+ as a until B then C as c emit X(n = count(), xs = a.x)"
    check_values(rules, "a x=1 a x=2 b x=3 a x=4 c x=5", {"n": [3], "xs": [[1, 2]]})


def test_the_next_step_may_come_without_the_stop() -> None:
    check(rule("A+ until B then C"), "a1 a2 c", ["a1 a2 c @2"])


def test_a_loop_below_its_minimum_ends_the_run() -> None:
    check(rule("3 A until B then C"), "a1 a2 b a3 c", [])
    check(rule("3 A until B then C"), "a1 b a2 a3 a4 c", ["a2 a3 a4 c @5"])


def test_before_the_loop_has_begun_the_stop_means_nothing() -> None:
    check(rule("A then B+ until C then D"), "a c1 b1 c2 b2 d", ["a b1 d @5"])


def test_an_event_that_fits_both_is_the_stop() -> None:
    check(rule("A(x > 0)+ as a until A(x > 5) then C"), "a1 x=1 a2 x=9 a3 x=2 c", ["a1 c @3"])


def test_the_stop_may_look_at_what_is_bound() -> None:
    check(rule("A+ as a until B(x == first(a).x) then C"), "a1 x=1 b1 x=2 a2 b2 x=1 a3 c", ["a1 a2 c @5"])


def test_several_types_may_stop_it() -> None:
    check(rule("A+ until (B or D) then C"), "a1 d a2 c", ["a1 c @3"])


# ---- at the end ----


def test_a_closing_loop_is_complete_at_the_stop() -> None:
    check(rule("A+ until B", "within 1 minute"), "a1 a2 b", ["a1 a2 @2"])


def test_it_carries_the_time_of_the_stop() -> None:
    check(rule("A+ until B", "within 1 minute"), "a1@0 b@7", ["a1 @7"])


def test_or_at_the_deadline_of_within() -> None:
    check(rule("A+ until B", "within 10 seconds"), "a1@0 a2@4 z@99", ["a1 a2 @10"])
    check(rule("A+ until B", "within 10 seconds"), "a1@0 a2@4 b@10 z@99", ["a1 a2 @10"])


def test_what_waits_at_the_end_of_the_input_is_flushed() -> None:
    check(rule("A+ until B", "within 10 seconds"), "a1@0 a2@4", [])
    check(rule("A+ until B", "within 10 seconds"), "a1@0 a2@4", ["a1 a2 @10"], end="flush")


def test_a_full_loop_waits_no_longer() -> None:
    check(rule("2 A until B"), "a1 a2 b", ["a1 a2 @1"])
    check(rule("1 to 2 A until B", "within 1 minute"), "a1 a2 b", ["a1 a2 @1"])


def test_the_stop_below_the_minimum() -> None:
    check(rule("2+ A until B", "within 1 minute"), "a1 b a2 a3 b2", ["a2 a3 @4"])


def test_the_stop_may_start_a_run_of_its_own() -> None:
    check(rule("A(x > 0)+ as a until A(x == 5)", "within 1 minute"), "a1 x=1 a2 x=5 a3 x=5", ["a1 @1", "a2 @2"])


# ---- groups ----


def test_the_stop_ends_the_live_runs_of_a_group() -> None:
    check(rule("(A then C) until B", "within 1 hour"), "a1 b c1 a2 c2", ["a2 c2 @4"])
    check(rule("(A then C) until B", "within 1 hour"), "a1 a2 b a3 c", ["a3 c @4"])


def test_a_repeated_group() -> None:
    check(rule("(A then C)+ until B then D"), "a1 c1 a2 c2 b a3 c3 d", ["a1 c1 a2 c2 d @7"])


def test_a_turn_that_the_stop_cuts_is_not_taken() -> None:
    """It is undone like a turn that never completes: the match has the whole turns."""
    check(rule("(A then C)+ until B then D"), "a1 c1 a2 b d", ["a1 c1 d @4"])


def test_a_time_out_of_what_until_closed() -> None:
    rules = "rule r when A+ until B then C within 10 seconds emit X() on timeout emit T()"
    check_types(rules, "a1@0 b@2 z@99", ["T a1 @10"])


# ---- refused ----


@pytest.mark.parametrize(("pattern", "code"), [("A until B", "CEP417"), ("A+ until B", "CEP407")])
def test_refused(pattern: str, code: str) -> None:
    assert refusal(rule(pattern)) == [code]


# ---- in a loop around it ----


def test_the_stop_makes_a_match_before_it_begins_another_turn() -> None:
    """a3 is the stop of the first turn and could begin the second: what is complete is not kept waiting."""
    check(
        rule("(A+ as a until A(x == first(a).x)){1,2}", "within 1 minute"),
        "a1 x=1 a2 x=2 a3 x=1 a4 x=1",
        ["a1 a2 @2", "a3 @3"],
    )


def test_what_having_refuses_at_the_stop_goes_on_in_another_turn() -> None:
    clauses = "within 1 minute having count() > 2"
    check(rule("(A+ as a until A(x == first(a).x)){1,2}", clauses), "a1 x=1 a2 x=2 a3 x=1 a4 x=1", ["a1 a2 a3 @3"])
    check(rule("(A+ until B){1,2}", clauses), "a1 a2 b1 a3 b2", ["a1 a2 a3 @4"])

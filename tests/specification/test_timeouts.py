"""Section 3: `on timeout emit`."""

import pytest

from tests.specification.agreed import check_types, check_values
from tests.specification.scenario import refusal


def rule(pattern: str, clauses: str = "", timeout: str = "T()") -> str:
    return f"rule r when {pattern} {clauses} emit X() on timeout emit {timeout}"


TOLD = "T(m = matched_steps, s = missing_step, deadline = deadline)"


def test_a_partial_match_that_ran_out_of_time() -> None:
    rules = rule("A then B", "within 10 seconds")
    check_types(rules, "a1@0 z@99", ["T a1 @10"])
    check_types(rules, "a1@0 b@10 z@99", ["X a1 b @10"])
    check_types(rules, "a1@0 b@10.000001 z@99", ["T a1 @10"])


def test_what_is_readable() -> None:
    rules = "rule r when A as a then B as b then C as c within 10 seconds emit X() "
    rules += f"on timeout emit {TOLD[:-1]}, ax = a.x, bx = b.x, cx = c.x)"
    check_values(
        rules,
        "a@0 x=1 b@4 x=2 z@99",
        {"m": [["a", "b"]], "s": ["c"], "deadline": [10], "ax": [1], "bx": [2], "cx": [None]},
    )


def test_it_carries_the_time_of_the_deadline_and_fires_in_order() -> None:
    rules = rule("A then B", "within 10 seconds after match no skip")
    check_types(rules, "a1@0 a2@3 z@99", ["T a1 @10", "T a2 @13"])


def test_the_earliest_bound_that_broke() -> None:
    rules = rule("A then within 5 seconds B then C", "within 20 seconds")
    check_types(rules, "a1@0 z@99", ["T a1 @5"])
    check_types(rules, "a1@0 b@4 z@99", ["T a1 b @20"])


def test_the_bound_of_a_part() -> None:
    rules = rule("(A then B within 5 seconds) then C")
    check_types(rules, "a1@0 z@99", ["T a1 @5"])
    check_types(rules, "a1@0 b@1 z@99", [])


def test_one_start_does_not_alert_for_each_of_its_runs() -> None:
    rules = rule("A then B(x > 0) as p then B as q then C", "within 10 seconds")
    check_types(rules, "a@0 b1@1 x=1 b2@2 x=1 b3@3 x=1 z@99", ["T a b1 b2 @10"])


def test_the_skip_strategy_holds_here_too() -> None:
    """The runs of a1 and a2 both hold b."""
    check_types(rule("A then B then C", "within 10 seconds"), "a1@0 a2@1 b@2 z@99", ["T a1 b @10"])
    rules = rule("A then B then C", "within 10 seconds after match skip to next event")
    check_types(rules, "a1@0 a2@1 b@2 z@99", ["T a1 b @10", "T a2 b @11"])


def test_a_run_that_a_no_ended_does_not_time_out() -> None:
    rules = rule("A then no B then C", "within 10 seconds")
    check_types(rules, "a1@0 b@3 z@99", [])
    check_types(rules, "a1@0 z@99", ["T a1 @10"])


def test_a_run_that_immediately_ended_does_not_time_out() -> None:
    check_types(rule("A then immediately B then C", "within 10 seconds"), "a1@0 c@3 z@99", [])


def test_a_match_does_not_time_out() -> None:
    check_types(rule("A then B", "within 10 seconds"), "a1@0 b@3 z@99", ["X a1 b @3"])


def test_a_closing_absence_completes_at_its_deadline_and_does_not_time_out() -> None:
    rules = rule("A then B then no C", "within 10 seconds")
    check_types(rules, "a1@0 b@3 z@99", ["X a1 b @10"])
    check_types(rules, "a1@0 z@99", ["T a1 @10"])


def test_for_and_the_missing_steps_are_a_list() -> None:
    rules = rule("A then all of (B, C, D)", "within 10 seconds", TOLD)
    check_values(rules, "a@0 c@1 z@99", {"m": [["a", "c"]], "s": [["b", "d"]], "deadline": [10]})
    check_values(rules, "a@0 c@1 b@2 z@99", {"m": [["a", "c", "b"]], "s": ["d"]})


def test_a_loop_below_its_minimum_is_what_is_missing() -> None:
    rules = rule("3 A as a then B", "within 10 seconds", TOLD)
    check_values(rules, "a@0 a@1 z@99", {"m": [["a"]], "s": ["a"], "deadline": [10]})
    check_values(rules, "a@0 a@1 a@2 z@99", {"m": [["a"]], "s": ["b"]})


def test_an_optional_step_is_not_missing() -> None:
    rules = rule("A then optional B then C", "within 10 seconds", TOLD)
    check_values(rules, "a@0 z@99", {"m": [["a"]], "s": ["c"]})


def test_at_the_end_of_the_input_it_is_pending() -> None:
    rules = rule("A then B", "within 10 seconds")
    check_types(rules, "a1@0", [])
    check_types(rules, "a1@0", ["T a1 @10"], end="flush")


def test_per_key() -> None:
    rules = rule("A then B", "within 10 seconds per k", "T(k)")
    check_types(rules, "a1@0 k=1 a2@1 k=2 b@2 k=1 z@99 k=3", ["X a1 b @2", "T a2 @11"])


@pytest.mark.parametrize("pattern", ["A then B", "A then no B for 5 seconds then C"])
def test_a_time_out_that_never_comes(pattern: str) -> None:
    assert refusal(rule(pattern)) == ["CEP421"]

"""Section 3 and S4: absences that lead, follow each other, repeat, and stand beside loops."""

from tests.specification.agreed import check, check_values


def rule(pattern: str, clauses: str = "") -> str:
    return f"rule r when {pattern} {clauses} emit X()"


# ---- between steps ----


def test_no_with_a_time_and_then_a_step() -> None:
    """C comes after the deadline; an earlier one is skipped."""
    rules = rule("A then no B for 5 seconds then C")
    check(rules, "a@0 c1@5 c2@6", ["a c2 @6"])
    check(rules, "a@0 b@5 c@6", [])
    check(rules, "a@0 b@6 c@7", ["a c @7"])


def test_an_untimed_no_before_a_timed_one_covers_the_whole_way() -> None:
    rules = rule("A then no B then no C for 5 seconds then D")
    check(rules, "a@0 d@6", ["a d @6"])
    check(rules, "a@0 b@6 d@7", [])
    check(rules, "a@0 c@6 d@7", ["a d @7"])


def test_a_timed_no_after_a_timed_one_begins_at_its_deadline() -> None:
    rules = rule("A then no B for 5 seconds then no C for 5 seconds")
    check(rules, "a@0 c@3 z@99", ["a @10"])
    check(rules, "a@0 b@6 z@99", ["a @10"])
    check(rules, "a@0 c@8 z@99", [])
    check(rules, "a@0 b@5 z@99", [])
    check(rules, "a@0 c@10 z@99", [])


def test_an_untimed_no_after_a_timed_one_begins_at_its_deadline() -> None:
    rules = rule("A then no B for 5 seconds then no C then D")
    check(rules, "a@0 c@5 d@8", ["a d @8"])
    check(rules, "a@0 c@6 d@8", [])


def test_several_types() -> None:
    check(rule("A then no (B or C) then D"), "a1 c d1 a2 d2", ["a2 d2 @4"])


def test_behind_a_loop_a_further_turn_begins_the_zone_anew() -> None:
    check(rule("A+ then no B then C"), "a1 b c1 a2 c2", ["a1 a2 c2 @4"])


def test_in_a_repeated_group() -> None:
    check(rule("(A then no B then C){2}"), "a1 c1 a2 c2", ["a1 c1 a2 c2 @3"])
    check(rule("(A then no B then C){2}"), "a1 c1 b a2 c2", ["a1 c1 a2 c2 @4"])
    check(rule("(A then no B then C){2}"), "a1 c1 a2 b c2", [])


def test_at_the_end_of_a_turn() -> None:
    """It keeps B away until the next turn begins."""
    check(rule("(A then no B){2} then C"), "a1 a2 c", ["a1 a2 c @2"])
    check(rule("(A then no B){2} then C"), "a1 b a2 c", [])


def test_before_an_optional_element() -> None:
    check(rule("A then no B then optional C then D"), "a b d", [])
    check(rule("A then no B then optional C then D"), "a c b d", ["a c d @3"])


# ---- at the end ----


def test_a_closing_no_without_for_waits_for_within() -> None:
    rules = rule("A then C then no B", "within 10 seconds")
    check(rules, "a@0 c@4 z@99", ["a c @10"])
    check(rules, "a@0 c@4 b@10 z@99", [])
    check(rules, "a@0 c@4 b@10.000001 z@99", ["a c @10"])


def test_the_within_of_its_group_counts_too() -> None:
    rules = rule("A then (C then no B within 5 seconds)")
    check(rules, "a@0 c@4 z@99", ["a c @9"])
    check(rules, "a@0 c@4 b@9 z@99", [])


# ---- at the start ----


def test_silence_and_then_an_event() -> None:
    """Since the last B, which is part of the match."""
    rules = rule("no B for 5 seconds then A")
    check(rules, "b@0 a1@5 a2@6", ["b a2 @6"])
    check(rules, "b1@0 b2@3 a1@6 a2@9", ["b2 a2 @9"])
    check(rules, "a@9", [])


def test_each_silence_counts_once() -> None:
    check(rule("no B for 5 seconds then A"), "b@0 a1@6 a2@7", ["b a1 @6"])


def test_silence_alone() -> None:
    check(rule("no B for 5 seconds"), "b1@0 b2@3 b3@20 z@99", ["b2 @8", "b3 @25"])


def test_silence_of_either_type() -> None:
    check(rule("no (B or C) for 5 seconds"), "b@0 c@3 z@99", ["c @8"])


def test_silence_for_each_key() -> None:
    check(rule("no B for 5 seconds", "per k"), "b1@0 k=1 b2@3 k=2 b3@4 k=1 z@99 k=1", ["b2 @8", "b3 @9"])


def test_the_silent_key_is_told() -> None:
    check_values("rule r when no B for 5 seconds per k emit X(k)", "b1@0 k=1 z@99 k=2", {"k": [1]})


def test_a_reading_whose_turns_are_counted_differently_is_one_at_its_deadline_too() -> None:
    """{a1 a2} is one turn of two events or two turns of one; S12 keeps readings, not ways to count them."""
    rules = "rule r when (some every A as a then no B){1,2} within 10 seconds emit X()"
    check(rules, "a1@0 a2@1 z@99", ["a1 a2 @10", "a1 @10", "a2 @11"])
    rules += " on timeout emit T()"
    check(rules, "a1@0 a2@1 z@99", ["a1 a2 @10", "a1 @10", "a2 @11"])

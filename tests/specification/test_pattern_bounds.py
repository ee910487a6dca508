"""Section 3 and S3: bounds on steps and on parts of a pattern."""

import pytest

from tests.specification.agreed import check
from tests.specification.scenario import refusal


def rule(pattern: str, clauses: str = "") -> str:
    return f"rule r when {pattern} {clauses} emit X()"


# ---- bounds on one step ----


@pytest.mark.parametrize(("second", "matches"), [("5", ["a b @5"]), ("5.000001", [])])
def test_within_is_inclusive(second: str, matches: list[str]) -> None:
    check(rule("A then within 5 seconds B"), f"a@0 b@{second}", matches)


@pytest.mark.parametrize(("second", "matches"), [("5", ["a b @5"]), ("4.999999", [])])
def test_after_is_inclusive(second: str, matches: list[str]) -> None:
    check(rule("A then after 5 seconds B"), f"a@0 b@{second}", matches)


def test_too_early_is_skipped() -> None:
    check(rule("A then after 5 seconds B"), "a@0 b1@4 b2@6", ["a b2 @6"])


def test_between() -> None:
    rules = rule("A then between 2 and 5 seconds B")
    check(rules, "a@0 b1@1 b2@5", ["a b2 @5"])
    check(rules, "a@0 b1@1 b2@6", [])


def test_it_is_counted_from_the_last_event_of_the_step_before() -> None:
    check(rule("2 A then within 5 seconds B"), "a1@0 a2@4 b@9", ["a1 a2 b @9"])
    check(rule("A+ then within 5 seconds B"), "a1@0 a2@4 b@9", ["a1 a2 b @9"])
    check(rule("A then C then within 5 seconds B"), "a@0 c@4 b@9", ["a c b @9"])


def test_to_all_events_of_this_one() -> None:
    check(rule("A then within 5 seconds 2 B"), "a@0 b1@1 b2@6", [])
    check(rule("A then within 5 seconds 2 B"), "a@0 b1@1 b2@5", ["a b1 b2 @5"])


def test_the_minimum_is_of_the_first_event() -> None:
    check(rule("A then after 5 seconds 2 B"), "a@0 b1@4 b2@5 b3@6", ["a b2 b3 @6"])


def test_after_an_absence_it_is_counted_from_its_deadline() -> None:
    rules = rule("A then no B for 10 seconds then within 5 seconds C")
    check(rules, "a@0 c@15", ["a c @15"])
    check(rules, "a@0 c@15.000001", [])


def test_a_bound_on_a_group() -> None:
    check(rule("A then within 5 seconds (B then C)"), "a@0 b@3 c@5", ["a b c @5"])
    check(rule("A then within 5 seconds (B then C)"), "a@0 b@3 c@6", [])


def test_bounded_and_immediate() -> None:
    check(rule("A then immediately within 5 seconds B"), "a@0 b@5", ["a b @5"])
    check(rule("A then immediately within 5 seconds B"), "a@0 b@6", [])


# ---- bounds on a part ----


def test_a_part_with_its_own_bound() -> None:
    rules = rule("(three A within 5 seconds) then B")
    check(rules, "a1@0 a2@2 a3@5 b@99", ["a1 a2 a3 b @99"])
    check(rules, "a1@0 a2@2 a3@6 b@99", [])
    check(rules, "a1@0 a2@2 a3@6 a4@7 b@99", ["a2 a3 a4 b @99"])


def test_a_part_in_the_middle_is_counted_from_its_own_first_event() -> None:
    rules = rule("A then (B then C within 5 seconds) then D")
    check(rules, "a@0 b@50 c@55 d@99", ["a b c d @99"])
    check(rules, "a@0 b@50 c@56 d@99", [])


def test_a_part_inside_a_part() -> None:
    rules = rule("(A then (B then C within 2 seconds) within 10 seconds) then D")
    check(rules, "a@0 b@8 c@10 d@50", ["a b c d @50"])
    check(rules, "a@0 b@8 c@11 d@50", [])
    check(rules, "a@0 b@9 c@11 d@50", [])


def test_a_bounded_part_repeated_has_the_bound_for_each_turn() -> None:
    rules = rule("(A then B within 2 seconds){2}")
    check(rules, "a1@0 b1@2 a2@50 b2@52", ["a1 b1 a2 b2 @52"])
    check(rules, "a1@0 b1@2 a2@50 b2@53", [])


def test_the_bound_of_the_rule_holds_beside_it() -> None:
    rules = rule("(A then B within 5 seconds) then C", "within 8 seconds")
    check(rules, "a@0 b@5 c@8", ["a b c @8"])
    check(rules, "a@0 b@5 c@9", [])


# ---- refused ----


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("A then between 5 and 2 seconds B", "CEP419"),
        ("A then within 5 seconds no B", "CEP419"),
        ("(A then after 10 seconds B within 5 seconds) then C", "CEP409"),
    ],
)
def test_refused(pattern: str, code: str) -> None:
    assert code in refusal(rule(pattern))

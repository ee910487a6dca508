"""S12: loops take all that fits; an event that fits several roles fills one per match; closing loops."""

import pytest

from tests.specification.scenario import found, play

# ---- maximal loops ----


def test_a_loop_takes_every_event_until_the_next_step() -> None:
    assert found("rule r when A+ then B emit X()", "a1 a2 z a3 b") == ["a1 a2 a3 b @4"]


def test_when_the_first_events_fall_out_of_within_the_later_starts_carry_on() -> None:
    rules = "rule r when A+ then B within 5 seconds emit X()"
    assert found(rules, "a1@0 a2@3 b@7") == ["a2 b @7"]
    assert found(rules, "a1@0 a2@3 a3@5 b@8") == ["a2 a3 b @8"]


def test_a_count_carries_on_with_the_later_starts() -> None:
    assert found("rule r when three A within 5 seconds emit X()", "a1@0 a2@3 a3@6 a4@8") == ["a2 a3 a4 @8"]


def test_the_minimum_of_a_loop() -> None:
    rules = "rule r when 3+ A then B emit X()"
    assert found(rules, "a1 a2 b1 a3 b2") == ["a1 a2 a3 b2 @4"]


def test_the_maximum_of_a_loop() -> None:
    rules = "rule r when 2 to 3 A then B emit X()"
    assert found(rules, "a1 b1 a2 b2") == ["a1 a2 b2 @3"]
    assert found(rules, "a1 a2 a3 a4 b") == ["a1 a2 a3 b @4"]


def test_a_condition_on_the_event_before_in_the_match() -> None:
    rules = (
        "rule r when Tick as t0 then three Tick(price > prev.price) as up emit X(from = t0.price, to = last(up).price)"
    )
    played = play(rules, "Tick price=5 Tick price=6 Tick price=4 Tick price=7 Tick price=8")
    assert played.values("from", "to") == [(5, 8)]


# ---- events that fit several roles ----


def test_all_readings_are_kept_and_the_first_to_complete_wins() -> None:
    """e2 fits the loop and the last step. Read as the last step it completes at once."""
    rules = "rule r when E+ as l then E(x == 2) as z emit X(n = count(l), z = z.x)"
    played = play(rules, "e1 x=1 e2 x=2 e3 x=2")
    assert played.found[0] == "e1 e2 @1"
    assert played.values("n", "z")[0] == (1, 2)


def test_ties_prefer_the_longest_loop() -> None:
    rules = "rule r when E+ as l then E as m then F emit X(n = count(l), m = m.n)"
    assert play(rules, "e n=1 e n=2 e n=3 f").values("n", "m") == [(2, 3)]


def test_of_two_loops_the_first_is_the_longest() -> None:
    rules = "rule r when E+ as l then E+ as m then F emit X(l = count(l), m = count(m))"
    assert play(rules, "e e e e f").values("l", "m") == [(3, 1)]


def test_a_bounded_loop_leaves_the_rest_to_the_next() -> None:
    rules = "rule r when 1 to 2 E as l then E+ as m then F emit X(l = count(l), m = count(m))"
    assert play(rules, "e e e e f").values("l", "m") == [(2, 2)]


def test_an_event_that_fits_the_next_step_is_not_the_no_before_it() -> None:
    rules = "rule r when A then no E(x > 0) then E(x > 5) emit X()"
    assert found(rules, "a e x=9") == ["a e @1"]
    assert found(rules, "a e1 x=3 e2 x=9") == []
    assert found(rules, "a e1 x=0 e2 x=9") == ["a e2 @2"]


def test_no_event_fills_two_roles_of_one_match() -> None:
    assert found("rule r when A as p then A as q emit X()", "a1") == []
    assert found("rule r when A as p then A as q emit X()", "a1 a2") == ["a1 a2 @1"]


# ---- closing loops ----


def test_a_closing_loop_completes_at_its_minimum() -> None:
    assert found("rule r when 3+ A emit X()", "a1 a2 a3 a4 a5 a6") == ["a1 a2 a3 @2", "a4 a5 a6 @5"]


def test_a_closing_loop_after_a_step() -> None:
    assert found("rule r when A then 2+ B emit X()", "a b1 b2 b3") == ["a b1 b2 @2"]


def test_having_is_waited_for() -> None:
    rules = "rule r when 2+ A as l having sum(l.x) > 10 emit X(s = sum(l.x))"
    played = play(rules, "a1 x=1 a2 x=2 a3 x=3 a4 x=9")
    assert played.found == ["a1 a2 a3 a4 @3"]
    assert played.values("s") == [15]


def test_having_on_a_match_that_cannot_grow() -> None:
    rules = "rule r when A as a then B as b having a.x + b.x > 10 emit X()"
    assert found(rules, "a1 x=1 b1 x=2 b2 x=20") == []
    assert found(rules, "a1 x=1 b1 x=10") == ["a1 b1 @1"]


def test_a_closing_loop_within_a_bound() -> None:
    rules = "rule r when 3+ A within 5 seconds emit X()"
    assert found(rules, "a1@0 a2@1 a3@6 a4@6") == ["a2 a3 a4 @6"]
    assert found(rules, "a1@0 a2@1 a3@7 a4@13") == []


# ---- a loop, then silence ----


def test_an_event_that_fits_the_loop_restarts_the_wait() -> None:
    rules = "rule r when 3+ A as l then no A for 10 seconds emit X(n = count(l))"
    played = play(rules, "a1@0 a2@1 a3@2 a4@5 z@99")
    assert played.found == ["a1 a2 a3 a4 @15"]
    assert played.values("n") == [4]


def test_at_exactly_the_deadline_too() -> None:
    rules = "rule r when 3+ A then no A for 10 seconds emit X()"
    assert found(rules, "a1@0 a2@1 a3@2 a4@12 z@99") == ["a1 a2 a3 a4 @22"]
    assert found(rules, "a1@0 a2@1 a3@2 a4@12.000001 z@99") == ["a1 a2 a3 @12"]


def test_something_else_that_is_not_to_come_ends_it() -> None:
    rules = "rule r when 2+ A then no B for 10 seconds emit X()"
    assert found(rules, "a1@0 a2@1 b@5 z@99") == []
    assert found(rules, "a1@0 a2@1 a3@5 z@99") == ["a1 a2 a3 @15"]


# ---- at most one match per start ----


def test_a_start_yields_at_most_one_match() -> None:
    assert found("rule r when A then B emit X()", "a b1 b2") == ["a b1 @1"]


# ---- every way to write a count ----


@pytest.mark.parametrize("count", ["three A", "3 A", "exactly 3 A", "exactly three A", "A{3}"])
def test_exactly_three(count: str) -> None:
    assert found(f"rule r when {count} then B emit X()", "a1 a2 b1 a3 b2") == ["a1 a2 a3 b2 @4"]
    assert found(f"rule r when {count} then B emit X()", "a1 a2 a3 a4 b") == ["a1 a2 a3 b @4"]


@pytest.mark.parametrize("count", ["2+ A", "2 or more A", "two or more A", "at least 2 A", "at least two A", "A{2,}"])
def test_two_or_more(count: str) -> None:
    assert found(f"rule r when {count} then B emit X()", "a1 b1 a2 a3 b2") == ["a1 a2 a3 b2 @4"]


@pytest.mark.parametrize("count", ["2 to 3 A", "two to three A", "A{2,3}"])
def test_two_to_three(count: str) -> None:
    assert found(f"rule r when {count} then B emit X()", "a1 a2 a3 a4 b") == ["a1 a2 a3 b @4"]


@pytest.mark.parametrize("count", ["some A", "A+", "1+ A", "one or more A", "A{1,}"])
def test_one_or_more(count: str) -> None:
    assert found(f"rule r when {count} then B emit X()", "b1 a1 a2 b2") == ["a1 a2 b2 @3"]


@pytest.mark.parametrize(
    ("word", "number"),
    [("one", 1), ("two", 2), ("four", 4), ("five", 5), ("seven", 7), ("ten", 10), ("twelve", 12), ("twenty", 20),
     ("fifty", 50), ("hundred", 100)],
)  # fmt: skip
def test_number_words(word: str, number: int) -> None:
    played = play(f"rule r when {word} A emit X(n = count())", " ".join(["a"] * number))
    assert played.times == [str(number - 1)]
    assert played.values("n") == [number]

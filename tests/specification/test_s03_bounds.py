"""S3: bounds are inclusive, to the microsecond."""

import pytest

from tests.specification.scenario import found, play

AROUND = pytest.mark.parametrize(("last", "holds"), [("4.999999", True), ("5", True), ("5.000001", False)])


@AROUND
def test_within_holds_up_to_its_length(last: str, holds: bool) -> None:
    expected = [f"a b @{last}"] if holds else []
    assert found("rule r when A then B within 5 seconds emit X()", f"a@0 b@{last}") == expected


@AROUND
def test_within_of_a_count(last: str, holds: bool) -> None:
    expected = [f"a1 a2 a3 @{last}"] if holds else []
    assert found("rule r when three A within 5 seconds emit X()", f"a1@0 a2@1 a3@{last}") == expected


@AROUND
def test_within_of_a_count_as_a_sequence(last: str, holds: bool) -> None:
    """`having` keeps the engine from counting alone; the bound is the same."""
    expected = [f"a1 a2 a3 @{last}"] if holds else []
    rules = "rule r when three A as l within 5 seconds having count(l) == 3 emit X()"
    assert found(rules, f"a1@0 a2@1 a3@{last}") == expected


def test_within_bounds_the_whole_match() -> None:
    rules = "rule r when A then B then C within 5 seconds emit X()"
    assert found(rules, "a@0 b@3 c@5") == ["a b c @5"]
    assert found(rules, "a@0 b@3 c@5.000001") == []


def test_within_is_measured_from_the_first_event_of_a_loop() -> None:
    rules = "rule r when 2+ A then B within 5 seconds emit X()"
    assert found(rules, "a1@0 a2@3 b@5") == ["a1 a2 b @5"]
    assert found(rules, "a1@0 a2@3 b@5.000001") == []


@AROUND
def test_a_sliding_window_holds_events_from_t_minus_w_on(last: str, holds: bool) -> None:
    rules = "rule r from A over last 5 seconds when count() >= 2 emit X(n = count())"
    assert play(rules, f"a@0 a@{last}").values("n") == ([2] if holds else [])


def test_a_window_without_keys_and_bounds_in_the_middle() -> None:
    rules = "rule r from A over last 10 seconds emit X(n = count())"
    assert play(rules, "a@0 a@4 a@10 a@14 a@20 a@20.000001").values("n") == [1, 2, 3, 3, 3, 3]


@pytest.mark.parametrize(
    "length",
    ["5 seconds", "5s", "5000ms", "five seconds", "5_000 milliseconds", "grace", "(grace)", "(2 seconds + 3 seconds)"],
)
def test_ways_to_write_a_length(length: str) -> None:
    rules = f"let grace = 5s\nrule r when A then B within {length} emit X()"
    assert found(rules, "a@0 b@5") == ["a b @5"]
    assert found(rules, "a@0 b@5.000001") == []


@pytest.mark.parametrize(
    ("length", "seconds"),
    [
        ("a minute", 60),
        ("an hour", 3600),
        ("1h30m", 5400),
        ("2 days", 172_800),
        ("1 week", 604_800),
        ("five minutes", 300),
        ("1.5 minutes", 90),
    ],
)
def test_longer_lengths(length: str, seconds: int) -> None:
    rules = f"rule r when A then B within {length} emit X()"
    assert found(rules, f"a@0 b@{seconds}") == [f"a b @{seconds}"]
    assert found(rules, f"a@0 b@{seconds}.000001") == []


def test_a_constant_is_overridden() -> None:
    rules = "let grace = 5s\nrule r when A then B within grace emit X()"
    assert found(rules, "a@0 b@6", constants={"grace": "6s"}) == ["a b @6"]
    assert found(rules, "a@0 b@6") == []

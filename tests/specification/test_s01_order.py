"""S1: events are totally ordered by (event time, source, partition, position in it)."""

import pytest

import cep
from tests.specification.scenario import found, moment

A_THEN_B = "rule r when A then B emit X()"


def test_then_means_later_in_the_order() -> None:
    assert found(A_THEN_B, "a b") == ["a b @1"]
    assert found(A_THEN_B, "b a") == []


def test_equal_times_in_one_file_match_in_the_order_of_the_file() -> None:
    assert found(A_THEN_B, "a@1 b@1") == ["a b @1"]
    assert found(A_THEN_B, "b@1 a@1") == []


def test_a_count_takes_events_of_one_time() -> None:
    assert found("rule r when three A emit X()", "a1@1 a2@1 a3@1") == ["a1 a2 a3 @1"]


@pytest.mark.parametrize("arrival", [("x", "y"), ("y", "x")])
def test_at_one_time_the_source_decides(arrival: tuple[str, str]) -> None:
    """x sorts before y, so A of x is before B of y, and never the other way round."""
    assert _by_place({("x", ""): "A", ("y", ""): "B"}, [(name, "") for name in arrival]) == 1
    assert _by_place({("x", ""): "B", ("y", ""): "A"}, [(name, "") for name in arrival]) == 0


@pytest.mark.parametrize("arrival", [("0", "1"), ("1", "0")])
def test_at_one_time_in_one_source_the_partition_decides(arrival: tuple[str, str]) -> None:
    assert _by_place({("x", "0"): "A", ("x", "1"): "B"}, [("x", name) for name in arrival]) == 1
    assert _by_place({("x", "0"): "B", ("x", "1"): "A"}, [("x", name) for name in arrival]) == 0


def test_the_source_comes_before_the_partition() -> None:
    places = {("x", "9"): "A", ("y", "0"): "B"}
    assert _by_place(places, [("y", "0"), ("x", "9")]) == 1


def test_event_time_comes_before_the_source() -> None:
    engine = cep.Engine.from_rules(A_THEN_B)
    engine.open("x")
    engine.open("y")
    engine.push({"type": "B", "time": moment(2)}, source="x")
    engine.push({"type": "A", "time": moment(1)}, source="y")
    assert len(engine.finish()) == 1


def _by_place(types: dict[tuple[str, str], str], arrival: list[tuple[str, str]]) -> int:
    """How many matches of A then B there are when each place brings one event, all at one time."""
    engine = cep.Engine.from_rules(A_THEN_B)
    for source, partition in types:
        engine.open(source, partition)
    derived = []
    for source, partition in arrival:
        event = {"type": types[source, partition], "time": moment(1)}
        derived += engine.push(event, source=source, partition=partition)
    return len([*derived, *engine.finish()])

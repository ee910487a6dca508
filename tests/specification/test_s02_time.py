"""S2: event time, watermarks, lateness, release."""

import pytest

import cep
from tests.specification.scenario import ZERO_US, found, moment, play

EACH = "rule r when A emit X()"
A_THEN_B = "rule r when A then B emit X()"
ZERO_S = ZERO_US // 1_000_000


def time_of(record: dict[str, object], rules: str = EACH, **options: str) -> str:
    """The time of what one event alone derives."""
    engine = cep.Engine.from_rules(rules, **options)
    [derived] = engine.push({"type": "A", **record})
    return derived.time


# ---- where event time stands ----


def test_the_time_field_of_the_schema() -> None:
    rules = "event A { seen: timestamp } time seen\nrule r when A emit X()"
    assert time_of({"seen": moment(5), "ts": moment(1), "time": moment(2)}, rules) == moment(5)


def test_else_the_first_of_five_names_that_is_present() -> None:
    names = ["ts", "timestamp", "time", "@timestamp", "event_time"]
    for first in range(len(names)):
        record = {name: moment(names.index(name)) for name in reversed(names[first:])}
        assert time_of(record) == moment(first)


def test_a_null_is_not_present() -> None:
    assert time_of({"ts": None, "time": moment(3)}) == moment(3)


def test_else_arrival() -> None:
    engine = cep.Engine.from_rules(EACH)
    [derived] = engine.push({"type": "A"}, arrival=moment(7))
    assert derived.time == moment(7)


# ---- how it is written ----


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T01:30:00+01:30", "2026-01-01T00:00:00Z"),
        ("2025-12-31T16:00:00-08:00", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00.25Z", "2026-01-01T00:00:00.250000Z"),
        ("2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00.000001Z"),
        (ZERO_S, "2026-01-01T00:00:00Z"),
        (ZERO_S + 0.25, "2026-01-01T00:00:00.250000Z"),
        (ZERO_S * 1_000, "2026-01-01T00:00:00Z"),
        (ZERO_S * 1_000 + 7, "2026-01-01T00:00:00.007000Z"),
        (ZERO_S * 1_000_000 + 7, "2026-01-01T00:00:00.000007Z"),
        (ZERO_S * 1_000_000_000 + 7_000, "2026-01-01T00:00:00.000007Z"),
    ],
)
def test_iso_text_or_a_number_by_magnitude(written: object, read: str) -> None:
    assert time_of({"ts": written}) == read


# decisions of grammar/README.md


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (99_999_999_999, "5138-11-16T09:46:39Z"),  # seconds below 1e11
        (100_000_000_000, "1973-03-03T09:46:40Z"),  # milliseconds below 1e14
        (100_000_000_000_000, "1973-03-03T09:46:40Z"),  # microseconds below 1e17
        (100_000_000_000_000_000, "1973-03-03T09:46:40Z"),  # nanoseconds
        (-5, "1969-12-31T23:59:55Z"),
    ],
)
def test_magnitudes(written: int, read: str) -> None:
    assert time_of({"ts": written}) == read


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-01 00:00:01Z",
        "20260101T000001Z",
        "2026-01-01T00:00:01,0Z",
        "2026-01-01T01:00:01+0100",
        "2026-01-01T01:00:01+01",
        "2026-01-01t00:00:01z",
        "2026-01-01T00:00:00.9999995Z",
        "2026-01-01T00:00:01.0000004Z",
    ],
)
def test_forms_of_iso_8601(written: str) -> None:
    assert time_of({"ts": written}) == "2026-01-01T00:00:01Z"


# ---- watermarks ----


def test_the_watermark_is_the_highest_time_less_the_lateness() -> None:
    engine = cep.Engine.from_rules(EACH, lateness="10s")
    engine.push({"type": "A", "time": moment(30)})
    engine.push({"type": "A", "time": moment(25)})
    assert engine.watermark_us == ZERO_US + 20_000_000


def test_lateness_is_zero_by_default() -> None:
    engine = cep.Engine.from_rules(EACH)
    engine.push({"type": "A", "time": moment(30)})
    assert engine.watermark_us == ZERO_US + 30_000_000


def test_the_engines_is_the_minimum_over_partitions_that_are_not_idle() -> None:
    engine = cep.Engine.from_rules(EACH)
    engine.open("x")
    engine.open("y")
    engine.push({"type": "A", "time": moment(30)}, source="x")
    engine.push({"type": "A", "time": moment(20)}, source="y")
    assert engine.watermark_us == ZERO_US + 20_000_000
    engine.mark_idle("y")
    assert engine.watermark_us == ZERO_US + 30_000_000


def test_an_event_that_no_rule_reads_moves_it() -> None:
    assert found("rule r when A then no B for 5 seconds emit X()", "a@0 z@6") == ["a @5"]


# ---- release ----


def test_a_single_source_without_lateness_waits_for_nothing() -> None:
    played = play(A_THEN_B, "a@0 b@5")
    assert [len(step) for step in played.steps] == [0, 1]


def test_with_lateness_an_event_waits_until_nothing_can_sort_before_it() -> None:
    played = play(A_THEN_B, "a@0 b@5 z@14.999999 z@15", end="open", lateness="10s")
    assert [len(step) for step in played.steps] == [0, 0, 0, 1]


def test_a_partition_that_has_brought_nothing_is_waited_for() -> None:
    engine = cep.Engine.from_rules(EACH)
    engine.open("x")
    engine.open("y")
    assert engine.push({"type": "A", "time": moment(2)}, source="x") == []
    assert len(engine.push({"type": "Z", "time": moment(5)}, source="y")) == 1


def test_at_equal_times_the_partition_that_sorts_first_is_waited_for() -> None:
    engine = cep.Engine.from_rules(EACH)
    engine.open("x")
    engine.open("y")
    assert engine.push({"type": "Z", "time": moment(2)}, source="x") == []
    assert (
        engine.push({"type": "A", "time": moment(2)}, source="y") == []
    )  # x may still bring one at 2, and it sorts first
    assert len(engine.push({"type": "Z", "time": moment("2.000001")}, source="x")) == 1


def test_at_equal_times_the_partition_that_sorts_last_is_not_waited_for() -> None:
    engine = cep.Engine.from_rules(EACH)
    engine.open("x")
    engine.open("y")
    engine.push({"type": "Z", "time": moment(2)}, source="y")
    assert len(engine.push({"type": "A", "time": moment(2)}, source="x")) == 1


def test_idle_and_closed_partitions_are_not_waited_for() -> None:
    for leave in ("mark_idle", "close"):
        engine = cep.Engine.from_rules(EACH)
        engine.open("x")
        engine.open("y")
        assert engine.push({"type": "A", "time": moment(2)}, source="x") == []
        assert len(getattr(engine, leave)("y")) == 1
        assert len(engine.push({"type": "A", "time": moment(3)}, source="x")) == 1


def test_finish_releases_what_waits() -> None:
    assert found(A_THEN_B, "b@5 a@0 b@3", lateness="10s") == ["a b @3"]


# ---- late events ----


def test_an_event_behind_the_watermark_is_late_and_never_matched() -> None:
    played = play("rule r when A emit X()", "a1@10 a2@9.999999 a3@10")
    assert played.found == ["a1 @10", "a3 @10"]
    assert played.engine.counters.late == 1
    [late] = played.engine.take_late()
    assert (late.source, late.position) == ("s", 2)
    assert (late.time_us, late.watermark_us) == (ZERO_US + 9_999_999, ZERO_US + 10_000_000)
    assert played.engine.take_late() == []


def test_exactly_at_the_watermark_is_not_late() -> None:
    assert play(EACH, "z@10 a1@5 a2@4.999999", lateness="5s").found == ["a1 @5"]


def test_lateness_is_that_of_the_events_own_partition() -> None:
    engine = cep.Engine.from_rules(EACH)
    engine.open("x")
    engine.open("y")
    derived = engine.push({"type": "A", "time": moment(100)}, source="x")
    derived += engine.push({"type": "A", "time": moment(1)}, source="y")
    derived += engine.finish()
    assert [each.time for each in derived] == [moment(1), moment(100)]
    assert engine.counters.late == 0


def test_late_also_behind_what_was_released_because_its_partition_was_idle() -> None:
    engine = cep.Engine.from_rules(EACH)
    engine.open("x")
    engine.open("y")
    engine.mark_idle("y")
    assert len(engine.push({"type": "A", "time": moment(10)}, source="x")) == 1
    assert engine.push({"type": "A", "time": moment(9)}, source="y") == []
    assert engine.counters.late == 1
    engine.push({"type": "A", "time": moment(10)}, source="y")
    assert len(engine.finish()) == 1  # y sorts after x at 10
    assert engine.counters.late == 1


def test_every_event_is_counted_once() -> None:
    played = play(EACH, "a@10 z@3 z@11 a time=oops")
    assert played.engine.counters.events == 4
    assert played.engine.counters.late == 1
    assert played.engine.counters.dead_letters == 1


# ---- the future ----


def test_an_event_too_far_ahead_of_its_arrival_is_a_dead_letter_and_moves_nothing() -> None:
    engine = cep.Engine.from_rules(EACH, max_skew="60s")
    assert engine.push({"type": "A", "time": moment("60.000001")}, arrival=moment(0)) == []
    [letter] = engine.take_dead_letters()
    assert letter.code == "CEP616"
    assert len(engine.push({"type": "A", "time": moment(1)}, arrival=moment(0))) == 1
    assert engine.counters.late == 0


def test_exactly_the_skew_ahead_is_accepted() -> None:
    engine = cep.Engine.from_rules(EACH, max_skew="60s")
    assert len(engine.push({"type": "A", "time": moment(60)}, arrival=moment(0))) == 1


# ---- all at once ----


def test_when_no_partition_is_active_nothing_is_waited_for() -> None:
    """An event is released as soon as no *active* partition can bring one before it; an idle one is none."""
    engine = cep.Engine.from_rules(EACH, lateness="10s")
    assert engine.push({"type": "A", "time": moment(30)}, source="x") == []
    assert len(engine.mark_idle("x")) == 1
    assert engine.push({"type": "A", "time": moment(25)}, source="x") == []
    engine.finish()
    assert engine.counters.late == 1  # behind what was released because its partition was idle


def test_time_that_is_told_moves_the_watermark_past_a_slow_partition() -> None:
    engine = cep.Engine.from_rules(EACH)
    engine.open("x")
    engine.open("y")
    assert engine.push({"type": "A", "time": moment(5)}, source="x") == []
    assert len(engine.advance(moment(6))) == 1
    engine.push({"type": "A", "time": moment(5)}, source="y")
    assert engine.counters.late == 1

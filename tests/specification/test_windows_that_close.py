"""Section 4 and S3, S4, S5: tumbling, hopping, calendar windows, sessions and batches, each evaluated once."""

import json

import pytest

import cep
from cep.runtime.limits import Limits
from tests.specification.scenario import ZERO_US, Played, continue_with, play, second

DAY = 86_400


def at(played: Played, *fields: str) -> list[str]:
    """Times of the scenario that were emitted, as seconds."""
    shown = []
    for each in played.derived:
        for name in fields:
            us = cep.timestamps.parse_time(each.fields[name]) - ZERO_US
            shown.append(f"{us // 1_000_000}" if us % 1_000_000 == 0 else f"{us / 1_000_000:.6f}")
    return shown


# ---- tumbling ----

TUMBLING = "rule r from A per k over every 10 seconds emit X(n = count(), s = window.start, e = window.end)"


def test_a_tumbling_window_holds_its_start_and_not_its_end() -> None:
    played = play(TUMBLING, "a@0 k=1 a@9.999999 k=1 a@10 k=1 b@20.000001")
    assert played.values("n") == [2, 1]
    assert played.times == ["10", "20"]
    assert at(played, "s", "e") == ["0", "10", "10", "20"]


@pytest.mark.parametrize(("last", "closed"), [("9.999999", []), ("10", []), ("10.000001", ["10"])])
def test_it_closes_when_the_watermark_is_greater_than_its_end(last: str, closed: list[str]) -> None:
    """Events of the instant `end` come before the timers due then (S5)."""
    assert play(TUMBLING, f"a@0 k=1 b@{last}").times == closed


def test_an_event_of_the_end_is_seen_before_what_the_window_derives() -> None:
    rules = """
        rule r from A over every 10 seconds emit X()
        rule s when B then X emit AfterB()
    """
    assert play(rules, "a@0 b@10 c@11").types == ["X @10", "AfterB @10"]


def test_it_is_aligned_to_the_epoch_and_not_to_the_first_event() -> None:
    assert play(TUMBLING, "a@7 k=1 b@11").times == ["10"]


def test_before_the_epoch_too() -> None:
    engine = cep.Engine.from_rules("rule r from A over every 10 seconds emit X(s = window.start)")
    engine.push({"type": "A", "time": "1969-12-31T23:59:55Z"})
    [derived] = engine.flush()
    assert derived.fields == {"s": "1969-12-31T23:59:50Z"}


def test_keys_that_get_no_more_events_close_too_in_the_order_of_end_rule_and_key() -> None:
    rules = """
        rule r from A per k over every 10 seconds emit X(k)
        rule s from A per k over every 5 seconds emit Y(k)
    """
    played = play(rules, "a@6 k=2 a@7 k=1 a@8 k=true b@21")
    assert played.types == ["X @10"] * 3 + ["Y @10"] * 3
    assert played.values("k") == [True, 1, 2, True, 1, 2]


def test_a_window_without_events_does_not_exist() -> None:
    assert play(TUMBLING, "a@0 k=1 a@35 k=1 b@50").times == ["10", "40"]


def test_the_condition_is_asked_once_and_has_no_memory() -> None:
    rules = "rule r from A over every 10 seconds when sum(x) > 3 emit X(s = sum(x))"
    played = play(rules, "a@0 x=2 a@1 x=2 a@10 x=4 a@20 x=1 a@30 x=9 b@50")
    assert played.values("s") == [4, 4, 9]


def test_bare_names_mean_the_last_event_in_it_and_prev_the_one_before_that() -> None:
    rules = "rule r from A as a over every 10 seconds emit X(x, p = prev.x, f = first.x, l = last(a).x, m = a[1].x)"
    played = play(rules, "a@0 x=1 a@1 x=2 a@2 x=3 a@10 x=4 b@21")
    assert played.values("x", "p", "f", "l", "m") == [(3, 2, 1, 3, 2), (4, 3, 4, 4, None)]


def test_crosses_compares_with_the_window_before() -> None:
    rules = "rule r from A per k over every 10 seconds when avg(x) crosses above 5 emit X(k, v = avg(x))"
    played = play(rules, "a@0 k=1 x=9 a@10 k=1 x=5 a@11 k=2 x=6 a@40 k=1 x=6 a@50 k=1 x=7 b@70")
    assert played.values("k", "v") == [(1, 6.0)]
    assert played.times == ["50"]


def test_what_is_open_at_the_end_is_pending_and_flush_fires_it() -> None:
    played = play(TUMBLING, "a@0 k=1 a@3 k=2 a@10 k=3")
    assert played.times == []
    assert played.engine.pending() == {"r": 3}
    assert [second(each) for each in played.engine.flush()] == ["10", "10", "20"]
    assert played.engine.pending() == {}


def test_time_that_passes_closes_it() -> None:
    assert play(TUMBLING, "a@0 k=1 -> 10", end="open").times == []
    assert play(TUMBLING, "a@0 k=1 -> 10.000001", end="open").times == ["10"]


def test_a_late_event_is_in_no_window() -> None:
    played = play(TUMBLING, "a@0 k=1 b@5 a@4 k=1 b@11")
    assert played.values("n") == [1]
    assert len(played.engine.take_late()) == 1


def test_within_the_lateness_an_event_still_enters_its_window() -> None:
    played = play(TUMBLING, "a@0 k=1 b@12 a@9 k=1 b@16", lateness="5s")
    assert played.values("n") == [2]


def test_each_rule_and_key_can_be_cut_anywhere() -> None:
    played = play(TUMBLING, "a@0 k=1 a@1 k=2", end="open")
    after = cep.Engine.from_rules(TUMBLING)
    after.restore(played.engine.snapshot())
    found = continue_with(Played(after), "a@2 k=2 a@10 k=1 b@11", end="open")
    assert found.values("n") == [1, 2]


# ---- hopping ----


def test_hopping_windows_overlap_and_each_closes_at_its_end() -> None:
    rules = "rule r from A over 10 seconds every 5 seconds emit X(n = count(), s = window.start)"
    played = play(rules, "a@0 a@4.999999 a@5 a@7 b@30")
    assert played.values("n") == [2, 4, 2]
    assert played.times == ["5", "10", "15"]
    assert at(played, "s") == ["-5", "0", "5"]


def test_a_hop_that_is_no_part_of_the_length() -> None:
    """Windows [-3, 4) [0, 7) [3, 10) [6, 13): the event of 3 is in the first three, that of 6 in the last three."""
    rules = "rule r from A over 7 seconds every 3 seconds emit X(n = count())"
    played = play(rules, "a@3 a@6 b@40")
    assert played.values("n") == [1, 2, 2, 1]
    assert played.times == ["4", "7", "10", "13"]


def test_windows_shorter_than_their_distance_leave_gaps() -> None:
    rules = "rule r from A over 5 seconds every 10 seconds emit X(x, p = prev.x)"
    played = play(rules, "a@4 x=1 a@5 x=2 a@9 x=3 a@10 x=4 b@30")
    assert played.values("x", "p") == [(1, None), (4, 3)]
    assert played.times == ["5", "15"]


def test_all_hops_still_to_come_are_pending() -> None:
    played = play("rule r from A over 10 seconds every 5 seconds emit X(n = count())", "a@0 a@7")
    assert played.times == ["5"]
    assert played.engine.pending() == {"r": 2}
    assert [each.fields["n"] for each in played.engine.flush()] == [2, 1]


def test_an_event_leaves_the_aggregates_of_the_hops_to_come() -> None:
    rules = "rule r from A over 10 seconds every 5 seconds emit X(m = max(x), d = distinct(x), l = last(x))"
    played = play(rules, "a@0 x=9 a@6 x=1 a@12 x=2 b@40")
    assert played.values("m", "d", "l") == [(9, [9], 9), (9, [9, 1], 1), (2, [1, 2], 2), (2, [2], 2)]


# ---- by count ----


def test_a_batch_closes_at_its_last_event() -> None:
    rules = "rule r from A per k over every 3 events emit X(s = sum(x), a = window.start, b = window.end)"
    played = play(rules, "a@0 k=1 x=1 a@1 k=2 x=9 a@2 k=1 x=2 a@5 k=1 x=4 a@6 k=1 x=8 a@7 k=1 x=16 a@8 k=1 x=32")
    assert played.values("s") == [7, 56]
    assert played.times == ["5", "8"]
    assert at(played, "a", "b") == ["0", "5", "6", "8"]


def test_a_batch_that_is_not_full_never_closes() -> None:
    played = play("rule r from A over every 3 events emit X()", "a a", end="flush")
    assert played.times == []
    assert played.engine.pending() == {}


# ---- sessions ----

SESSION = "rule r from A per k over session of 5 seconds emit X(n = count(), s = window.start, e = window.end)"


@pytest.mark.parametrize(
    ("next_one", "counts", "ends"),
    [("4.999999", [2], ["9.999999"]), ("5", [2], ["10"]), ("5.000001", [1, 1], ["5", "10.000001"])],
)
def test_a_session_ends_when_the_gap_is_greater_than_its_length(
    next_one: str, counts: list[int], ends: list[str]
) -> None:
    played = play(SESSION, f"a@0 k=1 a@{next_one} k=1", end="flush")
    assert played.values("n") == counts
    assert played.times == ends


def test_a_session_that_goes_on_by_a_microsecond_ends_a_microsecond_later() -> None:
    played = play(SESSION, "a@0 k=1 a@0.000001 k=1 b@9")
    assert played.times == ["5.000001"]
    assert at(played, "e") == ["5.000001"]


def test_a_session_is_from_its_first_event_to_its_last_and_the_gap() -> None:
    played = play(SESSION, "a@1 k=1 a@3 k=1 b@9")
    assert at(played, "s", "e") == ["1", "8"]


def test_it_closes_once_the_watermark_is_greater() -> None:
    assert play(SESSION, "a@0 k=1 b@5").times == []
    assert play(SESSION, "a@0 k=1 b@5.000001").times == ["5"]


@pytest.mark.parametrize(
    ("fourth", "counts", "ends"),
    [("11.999999", [4], ["12"]), ("12", [4], ["12"]), ("12.000001", [3, 1], ["12", "17.000001"])],
)
def test_its_maximum_counts_from_the_first_event_and_is_inclusive(
    fourth: str, counts: list[int], ends: list[str]
) -> None:
    rules = "rule r from A over session of 5 seconds up to 12 seconds emit X(n = count())"
    played = play(rules, f"a@0 a@4 a@8 a@{fourth}", end="flush")
    assert played.values("n") == counts
    assert played.times == ends


def test_the_maximum_ends_a_session_though_the_gap_is_not_over() -> None:
    rules = "rule r from A over session of 5 seconds up to 6 seconds emit X(n = count())"
    assert play(rules, "a@0 a@4 b@6.000001", end="open").times == ["6"]


def test_sessions_of_each_key() -> None:
    played = play(SESSION, "a@0 k=1 a@1 k=2 a@4 k=1 b@20")
    assert [(key["k"], n) for key, n in zip((d.key for d in played.derived), played.values("n"), strict=True)] == [
        (2, 1),
        (1, 2),
    ]


def test_an_open_session_is_pending() -> None:
    played = play(SESSION, "a@0 k=1 a@1 k=2 a@7 k=3")
    assert played.engine.pending() == {"r": 1}
    assert [second(each) for each in played.engine.flush()] == ["12"]


# ---- calendars ----


def days(rules: str, *times: str) -> list[tuple[object, ...]]:
    """The windows of events at these times: start, end, count."""
    engine = cep.Engine.from_rules(rules)
    derived = [d for time in times for d in engine.push({"type": "A", "time": time})]
    return [tuple(d.fields.values()) for d in [*derived, *engine.flush()]]


def calendar(unit: str, zone: str | None = None) -> str:
    where = f' in "{zone}"' if zone else ""
    return f"rule r from A over each {unit}{where} emit X(s = window.start, e = window.end, n = count())"


def test_without_a_zone_it_is_utc() -> None:
    assert days(calendar("day"), "2026-03-28T00:00:00Z", "2026-03-28T23:59:59.999999Z", "2026-03-29T00:00:00Z") == [
        ("2026-03-28T00:00:00Z", "2026-03-29T00:00:00Z", 2),
        ("2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z", 1),
    ]


def test_a_day_of_23_hours() -> None:
    times = ("2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z")
    assert days(calendar("day", "Europe/Berlin"), *times) == [
        ("2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", 1),
        ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 2),
        ("2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z", 1),
    ]


def test_a_day_of_25_hours() -> None:
    times = ("2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z")
    assert days(calendar("day", "Europe/Berlin"), *times) == [
        ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 2),
        ("2026-10-25T23:00:00Z", "2026-10-26T23:00:00Z", 1),
    ]


def test_a_day_begins_at_the_change_where_midnight_is_skipped() -> None:
    """In Beirut the clock went from 00:00 to 01:00 on 2022-03-27."""
    assert days(calendar("day", "Asia/Beirut"), "2022-03-26T21:59:59Z", "2022-03-26T22:00:00Z") == [
        ("2022-03-25T22:00:00Z", "2022-03-26T22:00:00Z", 1),
        ("2022-03-26T22:00:00Z", "2022-03-27T21:00:00Z", 1),
    ]


def test_an_hour_that_the_clock_shows_twice_is_two() -> None:
    assert days(calendar("hour", "Europe/Berlin"), "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z") == [
        ("2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", 1),
        ("2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z", 1),
    ]


def test_hours_of_a_zone_that_is_not_full_hours_away() -> None:
    assert days(calendar("hour", "Asia/Kathmandu"), "2026-01-01T00:14:59Z", "2026-01-01T00:15:00Z") == [
        ("2025-12-31T23:15:00Z", "2026-01-01T00:15:00Z", 1),
        ("2026-01-01T00:15:00Z", "2026-01-01T01:15:00Z", 1),
    ]


def test_a_clock_that_is_changed_by_half_an_hour() -> None:
    """On Lord Howe it goes from 02:00 back to 01:30: an hour, half an hour, an hour."""
    times = ("2026-04-04T14:30:00Z", "2026-04-04T15:10:00Z", "2026-04-04T15:40:00Z")
    assert days(calendar("hour", "Australia/Lord_Howe"), *times) == [
        ("2026-04-04T14:00:00Z", "2026-04-04T15:00:00Z", 1),
        ("2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z", 1),
        ("2026-04-04T15:30:00Z", "2026-04-04T16:30:00Z", 1),
    ]


def test_a_week_begins_on_monday() -> None:
    assert days(calendar("week", "America/New_York"), "2026-03-02T05:00:00Z", "2026-03-09T03:59:59Z") == [
        ("2026-03-02T05:00:00Z", "2026-03-09T04:00:00Z", 2)
    ]


def test_months_of_their_own_length() -> None:
    assert days(calendar("month", "Europe/Berlin"), "2026-02-01T00:00:00Z", "2026-03-15T00:00:00Z") == [
        ("2026-01-31T23:00:00Z", "2026-02-28T23:00:00Z", 1),
        ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z", 1),
    ]


def test_at_the_ends_of_time() -> None:
    engine = cep.Engine.from_rules(calendar("month", "Asia/Tokyo"))
    engine.push({"type": "A", "time": "0001-01-01T00:00:00Z"})
    engine.push({"type": "A", "time": "9999-12-31T23:59:59Z"})
    assert [each.fields["n"] for each in engine.flush()] == [1]


# ---- limits and memory ----


def test_of_the_events_of_a_window_the_oldest_goes() -> None:
    rules = "rule r from A over every 10 seconds emit X(n = count(), s = distinct(x))"
    played = play(rules, "a@0 x=1 a@1 x=2 a@2 x=4 a@10 x=8 b@30", limits=Limits(window_events=2))
    assert played.values("n", "s") == [(2, [2, 4]), (1, [8])]
    assert [each.degraded for each in played.derived] == [True, False]
    assert played.engine.counters.limits["r", "window_events"] == 1


def test_a_batch_still_closes_where_the_limit_is_smaller() -> None:
    rules = "rule r from A over every 3 events emit X(s = sum(x), f = first.x)"
    played = play(rules, "a x=1 a x=2 a x=4 a x=8 a x=16 a x=32", limits=Limits(window_events=2))
    assert played.values("s", "f") == [(6, 2), (48, 16)]
    assert [each.degraded for each in played.derived] == [True, True]


@pytest.mark.parametrize("window", ["all", "every 1 hour", "session of 1 minute", "each day", "every 50 events"])
def test_what_aggregates_need_is_kept_and_not_each_event(window: str) -> None:
    """The numbers are whole whatever the limit; the evidence has the newest."""
    rules = f"""
        rule r from A over {window} when count() == 50
        emit X(n = count(), s = sum(x), a = avg(x), low = min(x), high = max(x), f = first(x), l = last(x), w = window.start)
    """
    events = " ".join(f"a@{n} x={(n * 7 + 3) % 50}" for n in range(50))
    played = play(rules, events, end="flush", limits=Limits(window_events=3, evidence=2))
    start = "2026-01-01T00:00:00Z"
    assert played.values("n", "s", "a", "low", "high", "f", "l", "w") == [(50, 1225, 24.5, 0, 49, 3, 46, start)]
    [derived] = played.derived
    assert [each.id for each in derived.evidence] == ["s:49", "s:50"]
    assert derived.truncated
    assert not derived.degraded
    sizes = [len(play(rules, " ".join(events.split()[: 2 * n]), end="open", limits=Limits(evidence=2)).engine.snapshot())
             for n in (10, 49)]  # fmt: skip
    assert sizes[1] < sizes[0] + 100


def test_of_the_keys_the_oldest_goes_with_its_window() -> None:
    played = play(TUMBLING, "a@0 k=1 a@1 k=2 a@2 k=3 b@11", limits=Limits(keys=2))
    assert [each.key["k"] for each in played.derived] == [2, 3]
    assert played.engine.counters.limits["r", "keys"] == 1


@pytest.mark.parametrize(
    "window", ["every 10 seconds", "10 seconds every 2 seconds", "session of 3 seconds", "each hour", "last 10 seconds"]
)
def test_when_all_windows_have_passed_nothing_is_kept(window: str) -> None:
    rules = f"rule r from A per k over {window} emit X(n = count())"
    played = play(rules, " ".join(f"a@{n / 1000:.3f} k={n}" for n in range(2_000)), end="open")
    before = len(cep.Engine.from_rules(rules).snapshot())
    assert len(played.engine.snapshot()) > 50 * before
    continue_with(played, "a@9000 k=0 b@20000 a@20001 k=1 b@40000", end="open")
    assert len(played.engine.snapshot()) < before + 1_000


def test_of_equal_extremes_the_first_is_shown() -> None:
    played = play("rule r from A over all emit X(l = min(x), h = max(x))", "a x=1.0 a x=1 a x=1.0")
    assert [json.dumps(each.fields) for each in played.derived] == ['{"l": 1.0, "h": 1.0}'] * 3


# ---- what is refused ----


def test_there_is_nothing_to_count_in_a_window_that_closes() -> None:
    with pytest.raises(cep.RuleError) as caught:
        cep.Engine.from_rules("rule r from A over every 5 minutes when count() > 3 every 3 emit X()")
    assert [each.code for each in caught.value.diagnostics] == ["CEP412"]

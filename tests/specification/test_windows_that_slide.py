"""Section 4, S3 and S10: windows by time, by count, running ones, each event by itself; when they fire; `crosses`."""

import pytest

import cep
from cep.runtime.limits import Limits
from tests.specification.scenario import Played, continue_with, play, push_batches, records, refusal

# ---- by time ----


@pytest.mark.parametrize(("later", "count"), [("9.999999", 2), ("10", 2), ("10.000001", 1)])
def test_over_last_holds_events_no_older_than_its_length(later: str, count: int) -> None:
    played = play("rule r from A over last 10 seconds emit X(n = count())", f"a@0 a@{later}")
    assert played.values("n") == [1, count]


def test_the_bounds_of_a_window_by_time() -> None:
    rules = "rule r from A over last 10 seconds emit X(s = window.start, e = window.end)"
    assert play(rules, "a@15").values("s", "e") == [("2026-01-01T00:00:05Z", "2026-01-01T00:00:15Z")]


# ---- by count ----


def test_by_count_it_is_evaluated_once_full() -> None:
    rules = "rule r from A per k over last 3 events emit X(k, n = count(), s = sum(x), f = window.start)"
    played = play(rules, "a k=1 x=1 a k=1 x=2 a k=2 x=9 a k=1 x=4 a k=1 x=8")
    assert played.values("k", "n", "s") == [(1, 3, 7), (1, 3, 14)]
    assert played.values("f") == ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"]


def test_partial_evaluates_from_the_first_event() -> None:
    rules = "rule r from A over last 3 events partial emit X(n = count(), s = sum(x))"
    assert play(rules, "a x=1 a x=2 a x=4 a x=8").values("n", "s") == [(1, 1), (2, 3), (3, 7), (3, 14)]


@pytest.mark.parametrize(("third", "times"), [("10", ["10"]), ("10.000001", [])])
def test_both_bounds_are_full_only_in_time(third: str, times: list[str]) -> None:
    rules = "rule r from A over last 3 events within 10 seconds emit X()"
    assert play(rules, f"a@0 a@5 a@{third}").times == times


def test_both_bounds_partial() -> None:
    rules = "rule r from A over last 3 events within 10 seconds partial emit X(n = count())"
    assert play(rules, "a@0 a@1 a@2 a@3 a@12.5").values("n") == [1, 2, 3, 3, 2]


def test_by_count_it_fires_on_rising_while_the_condition_stays_true_from_event_to_event() -> None:
    """Before the fourth event the window holds 6 6 6: still true. Then 6 6 0 is true, 6 0 0 is not."""
    rules = "rule r from A over last 3 events when sum(x) > 10 emit X()"
    assert play(rules, "a x=6 a x=6 a x=6 a x=6 a x=0 a x=0 a x=6 a x=6").times == ["2", "7"]


def test_a_burst_that_is_over_rearms_both_bounds() -> None:
    """A window that is not full is not true: before the event of 12 only those of 2 and 3 are in time."""
    rules = "rule r from A over last 3 events within 10 seconds when count() == 3 emit X()"
    assert play(rules, "a@0 a@1 a@2 a@3 a@20 a@21 a@22 a@23").times == ["2", "22"]
    assert play(rules, "a@0 a@1 a@2 a@3 a@12").times == ["2", "12"]


# ---- all and since ----


def test_over_all_never_forgets() -> None:
    rules = "rule r from A per k over all when sum(x) >= 10 emit X(k, s = sum(x), n = count())"
    played = play(rules, "a@0 k=1 x=4 a@1 k=2 x=9 a@90000 k=1 x=6 a@90001 k=1 x=1 a@90002 k=1 x=-5 a@90003 k=1 x=9")
    assert played.values("k", "s", "n") == [(1, 10, 2), (1, 15, 5)]


def test_since_counts_from_the_last_reset_on() -> None:
    rules = "rule r from A over since Reset(hard) emit X(n = count(), s = window.start)"
    played = play(rules, "a@0 a@1 Reset@2 hard=false a@3 Reset@4 hard=true a@5 a@6")
    assert played.values("n") == [1, 2, 3, 1, 2]
    assert [each[-3:] for each in played.values("s")] == ["00Z", "00Z", "00Z", "04Z", "04Z"]


def test_a_reset_of_the_input_is_in_the_window() -> None:
    rules = "rule r from A or Reset over since Reset emit X(n = count(), s = sum(x))"
    assert play(rules, "a x=1 a x=2 Reset x=4 a x=8").values("n", "s") == [(1, 1), (2, 3), (1, 4), (2, 12)]


def test_a_reset_is_one_of_its_key() -> None:
    rules = "rule r from A per k over since Reset emit X(k, n = count())"
    played = play(rules, "a k=1 a k=2 Reset k=1 a k=1 a k=2 Reset a k=1")
    assert played.values("k", "n") == [(1, 1), (2, 1), (1, 1), (2, 2), (1, 2)]
    assert played.engine.counters.null_keys["r"] == 1


def test_a_reset_rearms() -> None:
    rules = "rule r from A over since Reset when count() >= 2 emit X()"
    assert play(rules, "a a a Reset a a a").times == ["1", "5"]


def test_what_another_rule_derives_can_reset() -> None:
    rules = """
        rule low from A over since Full emit X(n = count())
        rule full from X when n >= 3 emit Full()
    """
    assert "CEP413" in refusal(rules)
    rules = """
        rule mark when B(x > 1) emit Mark()
        rule low from A over since Mark emit X(n = count())
    """
    assert [d.fields["n"] for d in play(rules, "a a b x=1 a b x=2 a").derived if d.type == "X"] == [1, 2, 3, 1]


# ---- each event by itself ----


def test_without_over_each_event_is_looked_at_by_itself() -> None:
    """The window without the event is empty, so each event may fire."""
    assert play("rule r from A when x > 1 emit X(x)", "a x=1 a x=2 a x=3").values("x") == [2, 3]


def test_prev_is_the_event_of_the_key_before() -> None:
    rules = "rule r from Login per user when this.x > prev.x emit X(user, x, p = prev.x)"
    played = play(rules, "Login user=1 x=1 Login user=2 x=5 Login user=1 x=2 Login user=1 x=3 Login user=2 x=4")
    assert played.values("user", "x", "p") == [(1, 2, 1), (1, 3, 2)]


def test_impossible_travel() -> None:
    rules = (
        "rule r from Login per user when speed_kmh(prev, this) > 900 emit X(user, kmh = round(speed_kmh(prev, this)))"
    )
    berlin, york = "lat=52.52 lon=13.405", "lat=40.713 lon=-74.006"
    events = f"Login@0 user=1 {berlin} Login@3600 user=1 {york} Login@90000 user=1 {berlin} Login@90001 user=2 {york}"
    assert play(rules, events).values("user", "kmh") == [(1, 6385)]


def test_prev_may_lie_before_the_window() -> None:
    rules = "rule r from A over last 5 seconds when x > prev.x every time emit X(x, p = prev.x, n = count())"
    assert play(rules, "a@0 x=1 a@100 x=2 a@101 x=3").values("x", "p", "n") == [(2, 1, 1), (3, 2, 2)]


def test_where_looks_at_the_event_that_entered_before() -> None:
    rules = "rule r from A where x > prev.x or prev.x is null emit X(x)"
    assert play(rules, "a x=3 a x=1 a x=2 a x=4").values("x") == [3, 4]


# ---- positions ----


def test_events_of_the_window_by_position() -> None:
    rules = """
        rule r from A as a over last 3 events partial
        emit X(f = a[0].x, l = a[-1].x, m = a[1].x, none = a[5].x, first = first(a).x, last = last.x)
    """
    assert play(rules, "a x=1 a x=2 a x=3 a x=4").values("f", "l", "m", "none", "first", "last") == [
        (1, 1, None, None, 1, 1),
        (1, 2, 2, None, 1, 2),
        (1, 3, 2, None, 1, 3),
        (2, 4, 3, None, 2, 4),
    ]


# ---- firing ----


def test_every_third_time_and_counts_anew() -> None:
    rules = "rule r from A per k over last 1 hour when x > 1 every 3 emit X(k)"
    played = play(rules, "a x=2 k=1 a x=2 k=1 a x=1 k=1 a x=2 k=2 a x=2 k=1 a x=2 k=1 a x=2 k=1 a x=2 k=1")
    assert played.times == ["4", "7"]
    assert played.values("k") == [1, 1]


def test_every_n_counts_on_over_an_empty_window() -> None:
    rules = "rule r from A over last 1 second when count() > 0 every 3 emit X()"
    assert play(rules, "a@0 a@100 a@200 a@300").times == ["200"]


@pytest.mark.parametrize(
    ("third", "times"), [("10.999999", ["1"]), ("11", ["1", "11"]), ("11.000001", ["1", "11.000001"])]
)
def test_while_true_fires_again_after_that_long(third: str, times: list[str]) -> None:
    rules = "rule r from A over last 1 hour when x > 1 while true every 10 seconds emit X()"
    assert play(rules, f"a@0 x=1 a@1 x=2 a@5 x=2 a@7 x=1 a@{third} x=2").times == times


def test_while_true_outlives_the_window() -> None:
    rules = "rule r from A over last 1 second when x > 1 while true every 10 seconds emit X()"
    assert play(rules, "a@0 x=2 a@5 x=2 a@9 x=2 a@10 x=2").times == ["0", "10"]


def test_having_must_be_true_too() -> None:
    rules = "rule r from A over last 1 hour when x > 1 having count() >= 3 emit X(n = count())"
    assert play(rules, "a x=2 a x=2 a x=2 a x=2 a x=1 a x=2").values("n") == [3, 6]


def test_having_alone_filters_each_evaluation() -> None:
    rules = "rule r from A over last 1 hour having count() >= 2 emit X(n = count())"
    assert play(rules, "a a a").values("n") == [2, 3]


# ---- crosses ----


def test_crosses_compares_with_the_evaluation_before_and_is_never_true_at_the_first() -> None:
    rules = "rule r from A when x crosses above 5 emit X(x)"
    assert play(rules, "a x=9 a x=5 a x=6 a x=7 a x=5 a x=8").values("x") == [6, 8]


def test_crosses_below() -> None:
    rules = "rule r from A when x crosses below y emit X(x)"
    assert play(rules, "a x=1 y=5 a x=5 y=5 a x=4 y=5 a x=3 y=1 a x=2 y=9").values("x") == [4, 2]


def test_a_null_is_no_crossing() -> None:
    rules = "rule r from A when x crosses above 5 emit X(x)"
    assert play(rules, "a x=1 a a x=6 a x=1 a x=7").values("x") == [7]


def test_each_key_crosses_by_itself_and_remembers_over_an_empty_window() -> None:
    rules = "rule r from A per k over last 1 second when sum(x) crosses above 5 emit X(k)"
    played = play(rules, "a@0 k=1 x=1 a@1 k=2 x=9 a@1000 k=1 x=6 a@1001 k=2 x=9")
    assert played.values("k") == [1]


def test_a_crossing_fires_each_time() -> None:
    rules = "rule r from A over last 1 hour when last(x) crosses above 5 emit X(x)"
    assert play(rules, "a x=1 a x=6 a x=1 a x=6").values("x") == [6, 6]


def test_not_crossing_at_the_first_evaluation() -> None:
    assert play("rule r from A when not x crosses above 5 emit X(x)", "a x=6 a x=7").values("x") == [6, 7]


# ---- windows of an aggregate's own ----


def test_moving_averages_that_cross() -> None:
    """Of 1 1 1 4 the last two have 2.5 and the last three 2; before, both had 1."""
    rules = """
        rule r from Tick per s over last 1 hour
        when avg(x over last 2 events) crosses above avg(x over last 3 events)
        emit X(x, short = avg(x over last 2 events))
    """
    ticks = " ".join(f"Tick s=1 x={x}" for x in (1, 1, 1, 4, 1, 1, 1, 7))
    assert play(rules, ticks).values("x", "short") == [(4, 2.5), (7, 4.0)]


def test_it_is_null_until_its_window_is_full() -> None:
    rules = "rule r from A emit X(f = sum(x over last 2 events), p = sum(x over last 2 events partial))"
    assert play(rules, "a x=1 a x=2 a x=4").values("f", "p") == [(None, 1), (3, 3), (6, 6)]


def test_it_may_be_longer_or_shorter_than_that_of_the_rule() -> None:
    rules = "rule r from A over last 5 seconds emit X(a = sum(x), b = sum(x over last 50 seconds), c = max(x over all))"
    assert play(rules, "a@0 x=9 a@10 x=1 a@60 x=2").values("a", "b", "c") == [(9, 9, 9), (1, 10, 9), (2, 3, 9)]


def test_the_day_so_far() -> None:
    rules = (
        "rule r from A emit X(s = sum(x over each day), t = sum(x over every 1 hour), b = sum(x over every 2 events))"
    )
    played = play(rules, "a@0 x=1 a@3599 x=2 a@3600 x=4 a@86400 x=8")
    assert played.values("s", "t", "b") == [(1, 1, 1), (3, 3, 3), (7, 4, 4), (8, 8, 12)]


def test_the_session_so_far() -> None:
    rules = "rule r from A emit X(n = count(true over session of 5 seconds))"
    assert play(rules, "a@0 a@5 a@10.000001 a@11").values("n") == [1, 2, 1, 2]


def test_since_a_reset_of_its_own() -> None:
    rules = "rule r from A over last 1 hour emit X(n = count(), m = sum(x over since Reset))"
    assert play(rules, "a x=1 a x=2 Reset a x=4").values("n", "m") == [(1, 1), (2, 3), (3, 4)]


def test_in_a_window_that_closes_it_is_that_of_the_last_event() -> None:
    rules = "rule r from A over every 10 seconds emit X(s = sum(x), o = sum(x over last 2 events))"
    assert play(rules, "a@0 x=1 a@8 x=2 a@9 x=4 a@10 x=8 b@21").values("s", "o") == [(7, 6), (8, 12)]


def test_a_hopping_window_of_its_own_has_no_single_value() -> None:
    assert refusal("rule r from A over last 1 hour emit X(s = sum(x over 10 minutes every 1 minute))") == ["CEP308"]


def test_crosses_has_no_meaning_inside_a_lambda() -> None:
    assert refusal("rule r from A over last 1 hour when any(xs, v -> v crosses above 3) emit X()") == ["CEP308"]


# ---- several types ----


def test_several_types_share_a_window() -> None:
    rules = "rule r from A(x > 0) or B as q over last 3 events emit X(q.x, s = sum(q.x))"
    assert play(rules, "a x=1 a x=0 b x=2 c x=9 b x=4 a x=8").values("x", "s") == [(4, 7), (8, 14)]


# ---- at most … per ----


def test_at_most_counts_by_keys_of_its_own() -> None:
    rules = "rule r from A per k over last 1 hour emit X(k) at most 1 every 10 seconds per l"
    played = play(rules, "a@0 k=1 l=1 a@1 k=2 l=1 a@2 k=3 l=2 a@3 k=4 a@4 k=5 a@10 k=6 l=1")
    assert played.values("k") == [1, 3, 4, 6]
    assert played.engine.counters.held_back["r"] == 2


def test_at_most_of_a_pattern_reads_its_last_event() -> None:
    rules = "rule r when A as a then B as b emit X(a.x) at most 1 every 1 hour per l = (A.no, B.l)"
    assert play(rules, "a x=1 no=1 b l=7 a x=2 no=2 b l=7 a x=3 no=1 b l=8").values("x") == [1, 3]


def test_at_most_knows_the_type_of_an_event_decoded_from_a_line_and_after_a_restart() -> None:
    """The deadlines of 6 and 7 read their keys from events of type B that the snapshot held."""
    rules = """
        event A { time: timestamp, k: int, l: int? }
        event B { time: timestamp, k: int, m: int? }
        rule r when A or B as q then no C for 5 seconds per k emit X(k) at most 1 every 1 hour per l = (A.l, B.m)
    """.replace("A or B as q", "(A or B) as q")
    engine = cep.Engine.from_rules(rules)
    derived = push_batches(engine, records("a@0 k=1 l=7 b@1 k=2 m=7 b@2 k=3 m=8"), 3)
    after = cep.Engine.from_rules(rules)
    after.restore(engine.snapshot())
    derived += after.flush()
    assert [each.fields["k"] for each in derived] == [1, 3]


def test_a_list_counts_by_nothing() -> None:
    played = play("rule r from A emit X() at most 1 every 1 hour per l", "a l=[1] a l=1")
    assert played.times == ["1"]
    assert len(played.engine.take_dead_letters()) == 1


# ---- state ----

EVERY_FORM = [
    "over last 3 seconds when sum(x) > 3",
    "over last 2 events when sum(x) > 3",
    "over last 3 events within 3 seconds partial when sum(x) > 3 every 2",
    "over all when sum(x) crosses above 9",
    "over since B when x > prev.x while true every 3 seconds",
    "when sum(x over last 2 events) crosses above max(x over every 4 seconds)",
    "over every 4 seconds when sum(x) crosses above 3 or x < prev.x",
    "over 4 seconds every 3 seconds when sum(x over since B) > 3",
    "over every 3 events",
    "over session of 1 second up to 3 seconds",
    "over each day",
]


@pytest.mark.parametrize("window", EVERY_FORM)
def test_a_restart_at_any_event_changes_nothing(window: str) -> None:
    rules = f"rule r from A per k {window} emit X(x, p = prev.x, s = sum(x over last 2 events partial))"
    parts = [f"a@{n // 2} k={n % 3} x={n * 7 % 5}" + (f" b@{n // 2} k=1" if n % 5 == 4 else "") for n in range(24)]
    whole = play(rules, " ".join(parts), end="flush").derived
    for cut in range(len(parts) + 1):
        before = play(rules, " ".join(parts[:cut]), end="open")
        engine = cep.Engine.from_rules(rules)
        engine.restore(before.engine.snapshot())
        rest = continue_with(Played(engine), " ".join(parts[cut:]), end="flush")
        assert [d.to_json() for d in [*before.derived, *rest.derived]] == [d.to_json() for d in whole]


def test_a_limit_on_the_events_of_an_own_window() -> None:
    rules = "rule r from A emit X(s = sum(x over last 9 seconds))"
    played = play(rules, "a x=1 a x=2 a x=4", limits=Limits(window_events=2))
    assert played.values("s") == [1, 3, 6]
    assert [each.degraded for each in played.derived] == [False, False, True]


def test_a_window_is_whole_again_once_what_was_lost_would_have_expired() -> None:
    rules = "rule r from A over last 3 seconds emit X(n = count())"
    played = play(rules, "a@0 a@1 a@2 a@5 a@8", limits=Limits(window_events=2))
    assert played.values("n") == [1, 2, 2, 2, 2]
    assert [each.degraded for each in played.derived] == [False, False, True, False, False]

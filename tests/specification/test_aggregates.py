"""Section 4: the aggregates, over windows, over matches and over steps; values worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

import cep
from tests.specification.scenario import play, refusal

STREAM = "a1@0 x=1 y=2 u=p a2@2 x=3 y=1 u=q a3@4 x=2 y=6 u=p"
"""Three events two seconds apart."""

CASES: list[tuple[str, Any]] = [
    ("count()", 3),
    ("count(x > 1)", 2),
    ("sum(x)", 6),
    ("avg(x)", 2.0),
    ("min(x)", 1),
    ("max(x)", 3),
    ("range(x)", 2),
    ("variance(x)", 1.0),
    ("stddev(y)", 7**0.5),
    ("median(x)", 2.0),
    ("percentile(x, 75)", 2.5),
    ("percentile(x, 0)", 1.0),
    ("percentile(x, 100)", 3.0),
    ("distinct(u)", ["p", "q"]),
    ("count_distinct(u)", 2),
    ("approx_count_distinct(u)", 2),
    ("first(x)", 1),
    ("last(x)", 2),
    ("nth(x, 1)", 3),
    ("nth(x, -3)", 1),
    ("nth(x, 3)", None),
    ("collect(x)", [1, 3, 2]),
    ("top(u, 1)", [{"value": "p", "count": 2}]),
    ("top(u, 5)", [{"value": "p", "count": 2}, {"value": "q", "count": 1}]),
    ("top(x, 2)", [{"value": 1, "count": 1}, {"value": 2, "count": 1}]),
    ("top(u, 2, sum(x))", [{"value": "p", "count": 2, "sum": 3}, {"value": "q", "count": 1, "sum": 3}]),
    ("top(u, 1, min(y))", [{"value": "p", "count": 2, "min": 2}]),
    ("top(u, 1, max(x))", [{"value": "q", "count": 1, "max": 3}]),
    ("arg_max(u, x)", "q"),
    ("arg_min(x, y)", 3),
    ("zscore(x)", 0.0),
    ("slope(x)", 0.25),
    ("correlation(x, y)", -1 / (2 * 7**0.5)),
    ("ewma(x, 2 seconds)", (2 + 3 / 2 + 1 / 4) / (1 + 1 / 2 + 1 / 4)),
]
FILTERED: list[tuple[str, Any]] = [
    ("sum(x where y > 1)", 3),
    ("range(x where y < 6)", 2),
    ("median(x where y > 1)", 1.5),
    ("percentile(x, 50 where y > 1)", 1.5),
    ("nth(x, 0 where y < 2)", 3),
    ("collect(x where y > 1)", [1, 2]),
    ("top(u, 1 where y == 1)", [{"value": "q", "count": 1}]),
    ("top(u, 2, sum(x where y > 2))", [{"value": "p", "count": 2, "sum": 2}, {"value": "q", "count": 1, "sum": 0}]),
    ("arg_max(u, x where u == 'p')", "p"),
    ("variance(x where y > 1)", 0.5),
    ("slope(x where u == 'p')", 0.25),
    ("correlation(x, y where u == 'p')", 1.0),
    ("ewma(x, 2s where u == 'p')", (2 + 1 / 4) / (1 + 1 / 4)),
    ("zscore(x where u == 'p')", 0.5**0.5),
]


def last_value(rules: str, events: str) -> Any:
    return play(rules, events).values("v")[-1]


@pytest.mark.parametrize(("aggregate", "value"), [*CASES, *FILTERED])
def test_over_a_window(aggregate: str, value: Any) -> None:
    found = last_value(f"rule r from A over last 10 seconds emit X(v = {aggregate})", STREAM)
    assert found == pytest.approx(value, rel=1e-11) if isinstance(value, float) else found == value


@pytest.mark.parametrize(("aggregate", "value"), [*CASES, *FILTERED])
def test_over_a_match(aggregate: str, value: Any) -> None:
    found = last_value(f"rule r when three A within 1 minute emit X(v = {aggregate})", STREAM)
    assert found == pytest.approx(value, rel=1e-11) if isinstance(value, float) else found == value


@pytest.mark.parametrize(
    ("aggregate", "value"),
    [
        ("percentile(l.x, 75)", 2.5),
        ("stddev(l.y)", 7**0.5),
        ("arg_max(l.u, l.x)", "q"),
        ("top(l.u, 1, sum(l.y))", [{"value": "p", "count": 2, "sum": 8}]),
        ("top(l.u, 1, count())", [{"value": "p", "count": 2}]),
        ("slope(l.x)", 0.25),
        ("rate(l)", 0.5),
        ("rate(l.x > 1)", 0.5),
        ("collect(l.x where l.y > 1)", [1, 2]),
    ],
)
def test_over_a_step_and_in_having(aggregate: str, value: Any) -> None:
    steps = f"{STREAM} b@5 x=9 y=9"
    rule = "rule r when three A as l then B within 1 minute"
    found = last_value(f"{rule} emit X(v = {aggregate})", steps)
    assert found == pytest.approx(value, rel=1e-11) if isinstance(value, float) else found == value
    if isinstance(value, float):
        assert play(f"{rule} having {aggregate} > {value - 0.1} emit X()", steps).times == ["5"]
        assert play(f"{rule} having {aggregate} > {value + 0.1} emit X()", steps).times == []


def test_in_a_condition_of_a_later_step() -> None:
    rule = "rule r when three A as l then B(x > percentile(l.x, 95)) within 1 minute emit X(v = x)"
    assert play(rule.replace("v = x", "v = b.x"), f"{STREAM} b1@5 x=2 b2@6 x=3").values("v") == [3]


def test_in_when_of_a_window() -> None:
    rule = "rule r from A over last 10 seconds when zscore(x) > 1.2 emit X(v = x)"
    assert play(rule, "a1@0 x=1 a2@1 x=1 a3@2 x=1 a4@3 x=9").values("v") == [9]


def test_a_rate_is_by_the_length_of_the_window_and_in_a_match_by_the_time_it_took() -> None:
    assert play("rule r from A over last 10 seconds emit X(v = rate())", STREAM).values("v") == [0.1, 0.2, 0.3]
    assert play("rule r when three A within 10 seconds emit X(v = rate())", STREAM).values("v") == [0.5]
    assert play("rule r when A emit X(v = rate())", "a1").values("v") == [None]


@pytest.mark.parametrize(
    "aggregate",
    [
        "avg(z)", "min(z)", "max(z)", "range(z)", "stddev(z)", "variance(z)", "median(z)", "percentile(z, 5)", "first(z)",
        "last(z)", "nth(z, 0)", "arg_max(z, x)", "arg_max(x, z)", "arg_min(z, z)", "rate(z > 1)", "ewma(z, 1s)", "zscore(z)",
        "slope(z)", "correlation(z, x)", "approx_percentile(z, 5)",
    ],
)  # fmt: skip
def test_of_nothing_is_null(aggregate: str) -> None:
    assert last_value(f"rule r from A over last 10 seconds emit X(v = {aggregate})", STREAM) is None
    assert last_value(f"rule r when three A within 10 seconds emit X(v = {aggregate})", STREAM) is None


@pytest.mark.parametrize("aggregate", ["collect(z)", "top(z, 2)", "distinct(z)"])
def test_a_list_of_nothing_is_empty(aggregate: str) -> None:
    assert last_value(f"rule r from A over last 10 seconds emit X(v = {aggregate})", STREAM) == []


def test_events_without_one_of_two_values_do_not_count() -> None:
    events = "a1@0 x=1 y=1 a2@1 x=9 a3@2 y=9 a4@3 x=3 y=3"
    rule = "rule r from A over last 1 minute emit X(v = correlation(x, y), w = arg_max(x, y))"
    assert play(rule, events).values("v", "w")[-1] == (1.0, 3)


def test_durations_and_times_stay_what_they_are() -> None:
    schema = "event A { d: duration\n t: timestamp }\n"
    rule = """rule r from A over last 1 hour
      emit X(m = median(d), p = percentile(d, 50), s = stddev(d), r = range(t), t = avg(t))"""
    fields = play(schema + rule, "a1@0 d=1s t=2026-01-01T00:00:00Z a2@1 d=2s t=2026-01-01T00:01:00Z").derived[-1].fields
    assert fields == {
        "m": "1s500ms",
        "p": "1s500ms",
        "s": "707ms107us",
        "r": "1m",
        "t": "2026-01-01T00:00:30Z",
    }


def test_decimals_are_exact() -> None:
    schema = "event A { x: decimal }\n"
    rule = "rule r from A over last 1 hour emit X(m = median(x), p = percentile(x, 25), r = range(x), s = sum(x))"
    fields = play(schema + rule, "a1@0 x=0.1 a2@1 x=0.3").derived[-1].fields
    assert [fields[name] for name in "mprs"] == ["0.2", "0.150", "0.2", "0.4"]


@pytest.mark.parametrize(
    ("aggregate", "code"),
    [
        ("percentile(x, 101)", "CEP307"),
        ("percentile(x)", "CEP306"),
        ("percentile(x, y)", "CEP312"),
        ("top(x, 0)", "CEP307"),
        ("top(x, 3, x)", "CEP307"),
        ("top(x, 3, distinct(y))", "CEP307"),
        ("ewma(x, 5)", "CEP307"),
        ("ewma(x, 0 seconds)", "CEP307"),
        ("nth(x, 1.5)", "CEP307"),
        ("sum(max(x))", "CEP309"),
    ],
)
def test_what_is_refused(aggregate: str, code: str) -> None:
    assert refusal(f"rule r from A over last 1 hour emit X(v = {aggregate})") == [code]


def test_top_ranks_by_its_own_events() -> None:
    rule = "rule r when 2+ A as a then 2+ B as b then C within 1 minute emit X(v = top(a.x, 2, sum(b.y)))"
    assert refusal(rule) == ["CEP308"]


def test_a_snapshot_holds_what_the_aggregates_need() -> None:
    rule = "rule r from A over last 10 seconds emit X(p = percentile(x, 75), e = ewma(x, 2s), t = top(u, 2, sum(x)))"
    whole = play(rule, f"{STREAM} a4@11 x=7 y=1 u=q")
    first = cep.Engine.from_rules(rule)
    second = cep.Engine.from_rules(rule)
    records = [
        {"type": "A", "time": f"2026-01-01T00:00:{second:02}Z", "x": x, "u": u}
        for second, x, u in ((0, 1, "p"), (2, 3, "q"), (4, 2, "p"), (11, 7, "q"))
    ]
    for record in records[:2]:
        first.push(record, source="s")
    second.restore(first.snapshot())
    found = [each.fields for record in records[2:] for each in second.push(record, source="s")]
    assert found == [each.fields for each in whole.derived[2:]]

"""Random rules that share a window that slides, over events with declared fields, and streams with hard numbers.

Neighbouring rules differ in their condition and in what they emit, now and then in more, so that they cannot share. The
numbers are such that exact sums need care: of very different size, negative, zero, beyond 64 bits when added up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from cep.timestamps import SECOND_US, format_time
from tests.properties.generate_expressions import often
from tests.properties.generate_rules import MOST_EVENTS, ZERO_US, Record, Scenario, offset_us

SCHEMA = """
event A { k: string, x: float, y: int?, z: float?, n: any, ts: timestamp } time ts
"""
FLOATS = [0.1, 0.2, 0.3, 1.0, 2.5, -1.5, 0.0, 1e16, 1.0, 1e-12, 2.0**-40, 5e-324, 2.0**905, 1e300, -1e300, 0.7, 3.0]
PLAIN = [0.1, 0.25, 0.5, 0.7, 1.0, 1.1, 2.0, 3.3]
INTS = [0, 1, 2, 3, 5, -4, 2**62, -(2**62), 2**63 - 1]
CONDITIONS = [
    "sum(x) > {c}", "sum(x) >= {c}", "{c} < sum(x)", "sum(x) < {c}", "not sum(x) <= {c}", "sum(x) <= 0.30000000000000004",
    "sum(x) >= 0.6", "sum(z) > {c}", "sum(y) > {n}", "sum(y) <= {n}", "sum(y) == {n}", "sum(x) == {c}", "count() >= {n}",
    "count() < 4", "{n} <= count()", "count() != {n}", "avg(x) > {c}", "avg(y) >= {n}", "avg(z) < {c}", "max(x) > {c}",
    "min(z) <= {c}", "x > avg(x)", "12 / y > {n}", "count(x > 1) >= {n}", "sum(x where y > 1) > {c}",
    "percentile(x, 75) > {c}", "stddev(x) < 2", "sum(n) > {n}", "first(x) < last(x)", "w[0].x <= x", "sum(x + y) > {c}",
    "count(z is not null) >= {n}", "count_distinct(x) > 1", "avg(x) between 0.2 and {c}", "sum(x) + sum(y) > {c}", "k == \"a\"",
]  # fmt: skip
FIELDS = [
    "sum(x)", "count()", "avg(x)", "sum(y)", "avg(y)", "sum(z)", "avg(z)", "max(x)", "min(y)", "stddev(x)", "sum(n)",
    "avg(n)", "median(x)", "distinct(y)", "count(y > 1)", "rate()", "ewma(x, 3 seconds)", "last(z)", "sum(x where y > 1)",
    "x", "first.x", "12 / y", "variance(z)", "top(x, 2)",
]  # fmt: skip
WINDOWS = ["last {s}s", "last {s}s", "last {n} events", "last {n} events partial", "last {n} events within {s}s"]
WINDOWS += ["last {n} events within {s}s partial"]


@st.composite
def shared_windows(draw: st.DrawFn) -> Scenario:
    """One to five rules and a stream."""
    plain = often(draw, 50)
    window = draw(st.sampled_from(WINDOWS)).format(s=draw(st.integers(1, 6)), n=draw(st.integers(1, 5)))
    keys = draw(st.sampled_from(["  per k\n", "  per k\n", "", "  per k, y?\n"]))
    source = draw(st.sampled_from(["A", "A", "A(x > 0.1)"]))
    rules = [SCHEMA]
    for number in range(draw(st.integers(1, 5))):
        own = window if often(draw, 90) else f"last {draw(st.integers(1, 5))}s"
        rules.append(f"rule r{number}\n  from {source} as w\n{keys}  over {own}\n{_rest(draw, number, plain)}")
    return Scenario("\n".join(rules), draw(streams(plain)))


def _rest(draw: st.DrawFn, number: int, plain: bool) -> str:
    lines = []
    if often(draw, 90):
        conditions = [_condition(draw, plain) for _ in range(draw(st.sampled_from([1, 1, 2, 3])))]
        joined = draw(st.sampled_from([" and ", " and ", " or "])).join(conditions)
        lines.append(f"  when {joined}{draw(st.sampled_from(['', '', '', ' every time', ' every 2']))}")
    if often(draw, 15):
        lines.append(f"  having {_condition(draw, plain)}")
    fields = draw(st.lists(st.sampled_from(FIELDS), max_size=3))
    shown = ["k = last.k", *(f"f{place} = {each}" for place, each in enumerate(fields))]
    lines.append(f"  emit R{number}({', '.join(shown)})")
    if often(draw, 15):
        lines.append(f"  at most 1 every {draw(st.integers(1, 9))}s")
    return "\n".join(lines) + "\n"


def _condition(draw: st.DrawFn, plain: bool) -> str:
    constant = draw(st.sampled_from(PLAIN if plain else [*PLAIN, 0.0, -0.5, 1e16, 5, 2]))
    return draw(st.sampled_from(CONDITIONS)).format(c=constant, n=draw(st.integers(0, 6)))


@st.composite
def streams(draw: st.DrawFn, plain: bool) -> list[Record]:
    """Events nearly always in the order of time."""
    steps = draw(st.sampled_from([(0, 1, 1, 2), (0, 0, 1), (1, 2, 3, 5), (0, 1, 4, 9)]))
    keys = draw(st.sampled_from([("a",), ("a", "b"), ("a", "a", "b", "")]))
    at_us = 0
    events: list[Record] = []
    for _ in range(draw(st.integers(1, MOST_EVENTS))):
        at_us += draw(st.sampled_from(steps)) * SECOND_US
        event: Record = {"type": "A", "ts": format_time(ZERO_US + at_us + offset_us(draw, not plain))}
        event["k"] = draw(st.sampled_from(keys))
        event["x"] = draw(st.sampled_from(PLAIN if plain else FLOATS))
        event["y"] = draw(st.sampled_from([1, 2, 3] if plain else [*INTS, None, 1, 2]))
        event["z"] = draw(st.sampled_from(PLAIN if plain else [*FLOATS, None, None, 2.0]))
        event["n"] = draw(st.sampled_from([1, 2.5, "x", None, True, [1], {"a": 1}]))
        events.append(event)
    return events


def small(scenario: Scenario) -> Scenario:
    """The same with numbers whose sums stay within int64, and their squares within float64.

    An aggregate beyond that fails the whole evaluation in the engine, in the oracle only where it is read.
    """
    events = [
        {**e, "y": _below(e["y"], 2**60, 7), "x": _below(e["x"], 1e20, 1e6), "z": _below(e["z"], 1e20, 1e6)}
        for e in scenario.events
    ]
    return replace(scenario, events=events)


def _below(value: Any, limit: float, instead: float) -> Any:
    return value if value is None or abs(value) < limit else instead

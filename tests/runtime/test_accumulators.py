"""Accumulators against the definitions: after any adding and removing, the same to the bit."""

import math
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.functions import EvaluationError
from cep.language.checked import Aggregate
from cep.language.rule_files import load_rules
from cep.plan.generate.aggregates import definition
from cep.plan.plan import AggregatePlan
from cep.runtime.operators.accumulators import ACCUMULATORS, Accumulator, make_accumulator


def plan_of(text: str) -> AggregatePlan:
    """The plan of an aggregate as rules write it."""
    [rule] = load_rules(f"rule r from A over last 1 minute emit X(v = {text})").rules
    aggregate = rule.emit.fields[0].value
    assert isinstance(aggregate, Aggregate)
    return AggregatePlan.of(aggregate)


ODD_FLOATS = st.sampled_from(
    [
        0.0,
        -0.0,
        5e-324,
        -5e-324,
        2.2e-308,
        1e-300,
        2**-28,
        -(2**-28),
        math.nextafter(2**-28, 0),
        1e16,
        -1e16,
        1.0,
        0.1,
        1e308,
        -1e308,
        1.7976931348623157e308,
        2.0**900,
        -(2.0**900),
        math.nextafter(2.0**900, 0),
        2.0**53,
    ]
)
FLOATS = st.one_of(ODD_FLOATS, st.floats(allow_nan=False, allow_infinity=False))
INTS = st.one_of(st.integers(-5, 5), st.integers(-(2**63), 2**63 - 1))
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=4) | (
    st.sampled_from([Decimal("1.10"), Decimal("-0.00"), Decimal("1E+3"), Decimal("1E-50"), Decimal("0E+7")])
)
WRONG = st.sampled_from(
    [
        None,
        True,
        False,
        "",
        "a",
        "b",
        [1],
        [1.0, None],
        {"a": True},
        {"a": 1},
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        Decimal("1E+7000"),
        10**30,
    ]
)
COLUMNS = st.sampled_from(
    [
        FLOATS,
        INTS,
        DECIMALS,
        FLOATS | INTS,
        INTS | DECIMALS,
        FLOATS | INTS | DECIMALS | WRONG,
        WRONG | st.integers(0, 2),
    ]
).flatmap(lambda values: st.lists(st.tuples(values, st.integers(0, 2)), max_size=20))
"""Values, and how many leave before each comes."""
TIMES = st.integers(0, 3).map(lambda steps: (0, 1, 400_000, 10**9)[steps])
SECOND_US = 1_000_000

PLANS: dict[str, AggregatePlan] = {
    "count": plan_of("count(x > 0)"),
    "nth": plan_of("nth(x, 1)"),
    "nth from the end": plan_of("nth(x, -2)"),
    "percentile": plan_of("percentile(x, 95)"),
    "percentile 12.5": plan_of("percentile(x, 12.5)"),
    "percentile 0": plan_of("percentile(x, 0)"),
    "top": plan_of("top(x, 2)"),
    "top by sum": plan_of("top(x, 2, sum(y))"),
    "top by filtered": plan_of("top(x, 3, avg(y where y > 0))"),
    "top by count": plan_of("top(x, 3, count(y > 0))"),
    "arg_max": plan_of("arg_max(x, y)"),
    "arg_min": plan_of("arg_min(x, y)"),
    "rate": plan_of("rate()"),
    "ewma": plan_of("ewma(x, 1 second)"),
    "ewma of a moment": plan_of("ewma(x, 3ms)"),
    "slope": plan_of("slope(x)"),
    "correlation": plan_of("correlation(x, y)"),
    "approx_percentile": plan_of("approx_percentile(x, 50)"),
}
PLANS |= {name: plan_of(f"{name}(x)") for name in ACCUMULATORS if name not in PLANS}


def read(aggregate: Any) -> Any:
    """The value as text, which shows every bit, or the failure."""
    try:
        return repr(aggregate())
    except EvaluationError as error:
        return error.reason


def row_of(plan: AggregatePlan, x: Any, y: Any, time_us: int) -> Any:
    """What the aggregate takes from an event, here without its filter."""
    if plan.rank is not None:
        return [x, True if plan.rank.function == "count" else y]
    if plan.record.columns == 1:
        return time_us if plan.record.times else x
    if plan.function == "count":
        return True
    return [x, time_us if plan.record.times else y]


@dataclass
class Event:
    x: Any
    y: Any
    time_us: int
    leaving: int


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    column = draw(COLUMNS)
    other = draw(st.sampled_from([INTS, FLOATS, DECIMALS, FLOATS | INTS | DECIMALS | WRONG]))
    time_us = draw(st.sampled_from([0, 1_767_225_600_000_000]))
    events = []
    for x, leaving in column:
        time_us += draw(TIMES)
        events.append(Event(x, draw(other), time_us, leaving))
    return events


@pytest.mark.parametrize("name", PLANS)
@given(events=streams())
def test_sliding_is_recomputing(name: str, events: list[Event]) -> None:
    plan = PLANS[name]
    accumulator = make_accumulator(plan)
    window: deque[Any] = deque()
    define = definition(plan)

    def check() -> None:
        assert read(accumulator.value) == read(lambda: define(list(window)))

    for event in events:
        for _ in range(min(event.leaving, len(window))):
            accumulator.remove(window.popleft())
        row = row_of(plan, event.x, event.y, event.time_us)
        if not refuses(accumulator, row):
            window.append(row)
        check()
    while window:
        accumulator.remove(window.popleft())
        check()


def refuses(accumulator: Accumulator, row: Any) -> bool:
    """Adds a row; whether it was refused (a number beyond what the sketch of percentiles holds)."""
    try:
        accumulator.add(row)
    except EvaluationError:
        return True
    return False


@pytest.mark.parametrize("name", PLANS)
@given(events=streams(), cuts=st.lists(st.integers(0, 20), max_size=3))
def test_merging_is_recomputing(name: str, events: list[Event], cuts: list[int]) -> None:
    plan = PLANS[name]
    merged = make_accumulator(plan)
    rows = []
    places = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    for start, end in pairwise(places):
        pane = make_accumulator(plan)
        for event in events[start:end]:
            row = row_of(plan, event.x, event.y, event.time_us)
            if not refuses(pane, row):
                rows.append(row)
        before = read(pane.value)
        merged.merge(pane)
        assert read(pane.value) == before
        assert read(merged.value) == read(lambda: definition(plan)(rows))
    if events:
        last = row_of(plan, events[-1].x, events[-1].y, events[-1].time_us)
        if not refuses(merged, last):
            assert read(merged.value) == read(lambda: definition(plan)([*rows, last]))


def test_a_rate_in_a_window_of_a_length() -> None:
    rates = make_accumulator(PLANS["rate"], 10 * SECOND_US)
    assert rates.value() is None
    for time_us in (0, 1, 2):
        rates.add(time_us)
    assert rates.value() == 0.3
    rates.remove(0)
    assert rates.value() == 0.2


@pytest.mark.parametrize("name", PLANS)
def test_an_empty_window_leaves_nothing_behind(name: str) -> None:
    plan = PLANS[name]
    values = [0.1, 1e-300, 5, Decimal("1.5"), "a", [1, 2], None, True] * 200
    rows = [row_of(plan, value, 1 + place, 10**15 + place) for place, value in enumerate(values)]
    used = make_accumulator(plan)
    for _ in range(3):
        for row in rows:
            used.add(row)
        for row in rows:
            used.remove(row)
    fresh = make_accumulator(plan)
    assert read(used.value) == read(fresh.value)
    assert size_of(used) < size_of(fresh) + 100


def size_of(accumulator: Accumulator) -> int:
    """How much its state holds, in the bytes of its text."""
    slots = [name for each in type(accumulator).__mro__ for name in getattr(each, "__slots__", ())]
    return sum(len(repr(getattr(accumulator, name))) for name in slots if name != "_measure")


def test_what_no_float_can_keep() -> None:
    total = ACCUMULATORS["sum"]()
    for value in (1e16, 1.0, -1e16):
        total.add(value)
    assert total.value() == 1.0
    total.remove(1e16)
    assert total.value() == -1e16 + 1
    total.remove(1.0)
    total.remove(-1e16)
    assert repr(total.value()) == "0"


def test_a_failure_passes_when_its_cause_has_left() -> None:
    total = ACCUMULATORS["sum"]()
    total.add(2**63 - 1)
    total.add(1)
    with pytest.raises(EvaluationError, match="64 bits"):
        total.value()
    total.remove(2**63 - 1)
    assert total.value() == 1


def test_distinct_follows_the_first_that_is_left() -> None:
    found = ACCUMULATORS["distinct"]()
    for value in ["a", "b", "a", 1, 1.0, True]:
        found.add(value)
    assert repr(found.value()) == "['a', 'b', 1, True]"
    found.remove("a")
    assert repr(found.value()) == "['b', 'a', 1, True]"
    for value in ("b", "a", 1):
        found.remove(value)
    assert repr(found.value()) == "[1.0, True]"
    found.value().append("mine")
    assert repr(found.value()) == "[1.0, True]"


def test_distinct_in_a_long_window() -> None:
    found = ACCUMULATORS["distinct"]()
    values = [i * i % 97 for i in range(5_000)]
    for i, value in enumerate(values):
        found.add(value)
        if i >= 300:
            found.remove(values[i - 300])
        if i % 50 == 0:
            assert found.value() == list(dict.fromkeys(values[max(0, i - 299) : i + 1]))


def test_nothing_is_counted_that_could_not_be_added() -> None:
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    for name in ("distinct", "count_distinct"):
        found = ACCUMULATORS[name]()
        found.add("a")
        with pytest.raises(EvaluationError, match="nested too deeply"):
            found.add(deep)
        found.remove("a")
        assert found.value() in ([], 0)

"""Accumulators against the definitions: after any adding and removing, the same to the bit."""

import math
import pickle
from collections import deque
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.functions import AGGREGATES, EvaluationError
from cep.runtime.operators.accumulators import ACCUMULATORS

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


def read(aggregate: Any) -> Any:
    """The value as text, which shows every bit, or the failure."""
    try:
        return repr(aggregate())
    except EvaluationError as error:
        return error.reason


def definition(name: str, values: list[Any]) -> Any:
    over_values = AGGREGATES[name].over_values
    assert over_values is not None
    return over_values(values)


@pytest.mark.parametrize("name", ACCUMULATORS)
@given(column=COLUMNS)
def test_sliding_is_recomputing(name: str, column: list[tuple[Any, int]]) -> None:
    accumulator = ACCUMULATORS[name]()
    window: deque[Any] = deque()
    for value, leaving in column:
        for _ in range(min(leaving, len(window))):
            accumulator.remove(window.popleft())
        accumulator.add(value)
        window.append(value)
        assert read(accumulator.value) == read(lambda: definition(name, list(window)))
    while window:
        accumulator.remove(window.popleft())
        assert read(accumulator.value) == read(lambda: definition(name, list(window)))


@pytest.mark.parametrize("name", ACCUMULATORS)
def test_an_empty_window_leaves_nothing_behind(name: str) -> None:
    values = [0.1, 1e-300, 5, Decimal("1.5"), "a", [1, 2], None, True] * 200
    used = ACCUMULATORS[name]()
    for _ in range(3):
        for value in values:
            used.add(value)
        for value in values:
            used.remove(value)
    assert read(used.value) == read(ACCUMULATORS[name]().value)
    assert len(pickle.dumps(used)) < len(pickle.dumps(ACCUMULATORS[name]())) + 60


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

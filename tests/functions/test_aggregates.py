"""The definitions of the aggregates: what is skipped, what is exact, how ties are broken."""

import statistics
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cep.functions import AGGREGATES, EvaluationError
from cep.functions.definitions import whole_us
from cep.functions.sketches import ERROR, stable_bytes

FLOATS = st.lists(st.floats(allow_nan=False, allow_infinity=False))
NUMBERS = st.lists(st.one_of(st.integers(-(10**15), 10**15), st.floats(-1e15, 1e15)), min_size=2, max_size=12)
SKIPPED: Sequence[Any] = [None, True, [1], {"a": 1}, float("nan"), float("inf"), Decimal("NaN"), Decimal("1E+9999")]


def over(name: str, *columns: Any) -> Any:
    definition = AGGREGATES[name].over_values
    assert definition is not None
    return definition(*columns)


@pytest.mark.parametrize("name", ["sum", "avg", "min", "max", "range", "median", "variance", "stddev", "zscore"])
def test_what_is_no_number_is_skipped(name: str) -> None:
    expected = over(name, [1, 4, 2])
    mixed = [1, *SKIPPED, 4, "text", *SKIPPED, 2, *SKIPPED]
    assert over(name, mixed) == expected


@pytest.mark.parametrize("name", [name for name, record in AGGREGATES.items() if not record.times])
@pytest.mark.parametrize("values", [[], [None, None]])
def test_of_nothing(name: str, values: list[None]) -> None:
    record = AGGREGATES[name]
    further = [5 if parameter.constant else values for parameter in record.parameters[1:] if parameter.required]
    found = over(name, values, *further)
    assert found == (list(record.empty) if isinstance(record.empty, tuple) else record.empty)


@given(FLOATS)
def test_a_sum_of_floats_is_rounded_once(values: list[float]) -> None:
    try:
        expected = float(sum(map(Fraction, values), Fraction(0))) if values else 0
    except OverflowError:
        with pytest.raises(EvaluationError, match="too large"):
            over("sum", values)
    else:
        assert repr(over("sum", values)) == repr(expected)


def test_sums() -> None:
    assert over("sum", [1e16, 1.0, -1e16]) == 1.0
    assert repr(over("sum", [1, 2])) == "3"
    assert repr(over("sum", [1, 2.0])) == "3.0"
    assert repr(over("sum", [-0.0])) == "0.0"
    assert repr(over("sum", [2**53, 1, 1.0])) == repr(float(2**53 + 2))
    assert repr(over("sum", [Decimal("1.10"), 2])) == "Decimal('3.10')"
    assert repr(over("sum", [Decimal("1.10"), Decimal("-1.100")])) == "Decimal('0.000')"
    assert repr(over("sum", [Decimal("0.1"), 0.5])) == "0.6"
    assert over("sum", [1e308, 1e308, -1e308, -1e308]) == 0.0


@pytest.mark.parametrize("values", [[2**63 - 1, 1], [1e308, 1e308], [Decimal("1E+400"), 1.0]])
def test_sums_that_do_not_fit(values: list[Any]) -> None:
    with pytest.raises(EvaluationError):
        over("sum", values)


def test_means() -> None:
    assert repr(over("avg", [2, 2])) == "2.0"
    assert over("avg", [1e308, 1e308]) == 1e308
    assert repr(over("avg", [Decimal("1.00"), 2])) == "Decimal('1.50')"
    assert str(over("avg", [Decimal(1), 0, 0])) == "0." + "3" * 34
    assert over("avg", [2**62, 2**62, 2**62 + 3]) == 2.0**62


def test_extremes() -> None:
    assert repr(over("min", [1.0, 1])) == "1.0"
    assert repr(over("max", [1, 1.0])) == "1"
    assert over("max", ["zebra", 5, "ant"]) == 5
    assert over("max", ["zebra", True, "ant"]) == "zebra"
    assert over("range", ["a", "b"]) is None


def test_distinct_values() -> None:
    values = [1, "1", 1.0, True, Decimal(1), None, [1, {"a": 2}], [1.0, {"a": 2.0}], [True]]
    assert repr(over("distinct", values)) == repr([1, "1", True, [1, {"a": 2}], [True]])
    assert over("count_distinct", values) == 5


def test_places() -> None:
    values = [None, "a", None, "b"]
    assert [over("nth", values, n) for n in (0, 1, 2, -1, -2, -3)] == ["a", "b", None, "b", "a", None]
    assert over("nth", values, 1.0) is None
    assert over("first", values) == "a"
    assert over("last", [*values, None]) == "b"
    assert over("collect", values) == ["a", "b"]


@given(NUMBERS, st.integers(0, 100))
def test_percentiles_are_those_of_numpy(values: list[Any], p: int) -> None:
    expected = float(numpy.percentile(numpy.array(values, dtype=float), p))
    assert over("percentile", values, p) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_percentiles() -> None:
    assert over("percentile", [5], 95) == 5.0
    assert over("percentile", [1, 2], 0) == 1.0
    assert over("percentile", [1, 2], 100.0) == 2.0
    assert over("percentile", [Decimal("1.5"), Decimal("2.5")], 50) == Decimal("2.0")
    with pytest.raises(EvaluationError, match="between 0 and 100"):
        over("percentile", [1], 101)


@given(NUMBERS)
def test_statistics_are_those_of_python(values: list[Any]) -> None:
    exact = [Fraction(value) for value in values]
    assert over("variance", values) == float(statistics.variance(exact))
    assert over("stddev", values) == pytest.approx(float(statistics.stdev(exact)), rel=1e-14)
    assert over("median", values) == float(statistics.median(exact))
    assert over("avg", values) == float(statistics.mean(exact))


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(-1000, 1000)), min_size=2, max_size=12))
def test_lines_are_those_of_python(rows: list[tuple[int, int]]) -> None:
    values = [value for _, value in rows]
    times_s = [sum(step for step, _ in rows[: i + 1]) for i in range(len(rows))]
    assume(len(set(values)) > 1)
    fitted = statistics.linear_regression(times_s, values)
    assert over("slope", values, [time * 1_000_000 for time in times_s]) == pytest.approx(fitted.slope, abs=1e-9)
    found = over("correlation", values, times_s)
    assert -1 <= found <= 1
    assert found == pytest.approx(statistics.correlation(values, times_s), abs=1e-9)


def test_where_there_is_no_line() -> None:
    assert over("slope", [1], [0]) is None
    assert over("slope", [1, 2], [5, 5]) is None
    assert over("correlation", [1, 1], [1, 2]) is None
    assert over("correlation", [1, None, 3], [1, 2, 3]) == 1.0
    assert over("zscore", [2, 2, 2]) is None
    assert over("variance", [1]) is None
    assert over("rate", [5]) is None


def test_ranks() -> None:
    assert over("top", ["b", "a", "c", "a", "b", None], 2) == [
        {"value": "a", "count": 2},
        {"value": "b", "count": 2},
    ]
    assert over("top", [2, "a", 10, True], 9) == [{"value": v, "count": 1} for v in (True, 2, 10, "a")]
    assert over("arg_max", ["a", "b", "c"], [1, 5, 5.0]) == "b"
    assert over("arg_min", ["a", "b"], [None, 2]) == "b"
    assert over("arg_max", ["a"], [None]) is None
    assert over("arg_max", ["a", "b"], [True, 1]) == "b"


def test_ewma() -> None:
    assert over("ewma", [4.0, None, 7], [0, 5, 10], 10) == 6.0
    assert over("ewma", [1, 2], [7, 7], 10) == 1.5
    assert over("ewma", [], [], 10) is None


@given(st.lists(st.tuples(st.integers(0, 500), st.floats(-1e6, 1e6)), min_size=1, max_size=12), st.integers(1, 300))
def test_ewma_weighs_by_age(rows: list[tuple[int, float]], half_life_us: int) -> None:
    """As pandas has it: ``ewm(halflife=…, times=…).mean()``, adjusted."""
    times = [1_767_225_600_000_000 + sum(step for step, _ in rows[: i + 1]) for i in range(len(rows))]
    weights = [0.5 ** ((times[-1] - time) / half_life_us) for time in times]
    expected = sum(w * x for w, (_, x) in zip(weights, rows, strict=True)) / sum(weights)
    assert over("ewma", [x for _, x in rows], times, half_life_us) == pytest.approx(expected, rel=1e-9, abs=1e-5)


def test_what_is_very_old_has_no_weight() -> None:
    assert over("ewma", [1e300, 1], [0, 64 * 10], 10) != 1.0
    assert over("ewma", [1e300, 1], [0, 65 * 10], 10) == 1.0


@pytest.mark.parametrize("many", [0, 1, 2, 50, 1_000, 5_000, 20_000, 100_000])
def test_about_how_many_different_values(many: int) -> None:
    found = over("approx_count_distinct", [f"user{number}" for number in range(many)] * 2)
    assert found == pytest.approx(many, rel=0.05)
    assert found == many or many > 50


def test_equal_values_count_once_approximately_too() -> None:
    values = [1, 1.0, Decimal("1.00"), "1", True, [1, {"b": 1, "a": 2}], [1.0, {"a": 2, "b": True}], {"a": None}, 0.5]
    assert over("approx_count_distinct", values) == over("count_distinct", values) == 7
    assert stable_bytes(Decimal("0.1")) != stable_bytes(0.1)
    assert stable_bytes(["ab", "c"]) != stable_bytes(["a", "bc"])


@given(st.lists(st.floats(-1e9, 1e9) | st.integers(-(2**62), 2**62), min_size=1), st.sampled_from([0, 1, 50, 95, 100]))
def test_approximate_percentiles_are_within_their_error(values: list[Any], p: int) -> None:
    lower = sorted(values)[(len(values) - 1) * p // 100]
    assert over("approx_percentile", values, p) == pytest.approx(lower, rel=ERROR * 1.0001, abs=1e-300)


def test_a_percentile_that_a_sketch_cannot_hold() -> None:
    with pytest.raises(EvaluationError, match="beyond 1e308"):
        over("approx_percentile", [1.5e308], 50)


def test_microseconds_are_whole() -> None:
    assert whole_us(None) is None
    assert [whole_us(value) for value in (0.5, 1.5, 2.4)] == [0, 2, 2]

"""Aggregates: one value from many events. Core layer.

``over_values`` of each record is its definition, over the values of the events in their order; the accumulators of
the runtime give the same, to the bit. Nulls and values of a type that the aggregate cannot use are skipped. Results of
arithmetic are exact and rounded once. Where the argument is a duration or a timestamp the mean and its kin are floats
of microseconds, which :func:`whole_us` rounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from cep.functions.exact import (
    decimal_between,
    exact_fraction,
    exact_mean,
    exact_sum,
    is_decimal,
    nearest_float,
    numbers,
    usable,
)
from cep.functions.operators import subtract
from cep.functions.records import (
    NUMBER,
    QUANTITY,
    AggregateExample,
    AggregateRecord,
    EvaluationError,
    ParameterRecord,
    first_type,
)
from cep.functions.values import kind, same_key
from cep.timestamps import SECOND_US
from cep.types import ANY, BOOL, DURATION, FLOAT, INT, STRING, TIMESTAMP, Type, list_of


def count(values: Sequence[Any]) -> int:
    """How many are not null."""
    return sum(value is not None for value in values)


def total(values: Sequence[Any]) -> Any:
    """The exact sum; 0 of nothing."""
    return exact_sum(numbers(values))


def mean(values: Sequence[Any]) -> Any:
    """The exact mean, rounded once."""
    usable_values = numbers(values)
    return exact_mean(usable_values) if usable_values else None


def comparable(values: Sequence[Any]) -> list[Any]:
    """The numbers among the values, or where there are none the texts."""
    return numbers(values) or [value for value in values if isinstance(value, str)]


def smallest(values: Sequence[Any]) -> Any:
    """The first of the smallest."""
    return min(comparable(values), default=None)


def largest(values: Sequence[Any]) -> Any:
    """The first of the largest."""
    return max(comparable(values), default=None)


def spread(values: Sequence[Any]) -> Any:
    """The largest number less the smallest."""
    found = numbers(values)
    return subtract(max(found), min(found)) if found else None


def distinct(values: Sequence[Any]) -> list[Any]:
    """The first of each group of equal values."""
    found: dict[Any, Any] = {}
    for value in values:
        if value is not None:
            found.setdefault(same_key(value), value)
    return list(found.values())


def count_distinct(values: Sequence[Any]) -> int:
    """How many different values."""
    return len({same_key(value) for value in values if value is not None})


def collect(values: Sequence[Any]) -> list[Any]:
    """All that are not null."""
    return [value for value in values if value is not None]


def nth(values: Sequence[Any], n: Any) -> Any:
    """The one at a place among those that are not null."""
    found = collect(values)
    if n.__class__ is not int or not -len(found) <= n < len(found):
        return None
    return found[n]


def first(values: Sequence[Any]) -> Any:
    """The first that is not null."""
    return nth(values, 0)


def last(values: Sequence[Any]) -> Any:
    """The last that is not null."""
    return nth(values, -1)


def percentile(values: Sequence[Any], p: Any) -> Any:
    """The value below which ``p`` percent lie, between neighbours in proportion."""
    if not usable(p):
        return None
    if not 0 <= p <= 100:
        raise EvaluationError(f"percentile {p}, which is not between 0 and 100")
    found = sorted(numbers(values))
    if not found:
        return None
    place = Fraction(p) * (len(found) - 1) / 100
    low = math.floor(place)
    below, above = found[low], found[min(low + 1, len(found) - 1)]
    if is_decimal(found):
        return decimal_between(Decimal(below), Decimal(above), place - low)
    return nearest_float(Fraction(below) + (Fraction(above) - Fraction(below)) * (place - low))


def median(values: Sequence[Any]) -> Any:
    """The middle one, or the mean of the two in the middle."""
    found = sorted(numbers(values))
    if not found:
        return None
    half = len(found) // 2
    middle = found[half : half + 1] if len(found) % 2 else found[half - 1 : half + 1]
    return exact_mean(middle)


def variance(values: Sequence[Any]) -> float | None:
    """The sample variance, from exact sums."""
    found = numbers(values)
    return nearest_float(_variance(found)) if len(found) > 1 else None


def stddev(values: Sequence[Any]) -> float | None:
    """The square root of the sample variance."""
    squared = variance(values)
    return None if squared is None else math.sqrt(squared)


def zscore(values: Sequence[Any]) -> float | None:
    """How many standard deviations the last number lies above the mean."""
    found = numbers(values)
    deviation = stddev(found)
    if not deviation:
        return None
    return nearest_float(Fraction(found[-1]) - exact_fraction(found) / len(found)) / deviation


def slope(values: Sequence[Any], times_us: Sequence[int]) -> float | None:
    """The least-squares slope over event time, per second."""
    pairs = [(t, v) for v, t in zip(values, times_us, strict=True) if usable(v)]
    found = _regression([t for t, _ in pairs], [v for _, v in pairs])
    return None if found is None or found[1] == 0 else nearest_float(found[0] * SECOND_US / found[1])


def correlation(values: Sequence[Any], others: Sequence[Any]) -> float | None:
    """Pearson's coefficient over the events that have both."""
    pairs = [(v, o) for v, o in zip(values, others, strict=True) if usable(v) and usable(o)]
    found = _regression([v for v, _ in pairs], [o for _, o in pairs])
    if found is None or not found[1] or not found[2]:
        return None
    together, left, right = found
    size = math.sqrt(nearest_float(together * together / (left * right)))
    return math.copysign(min(1.0, size), together)


def arg_max(values: Sequence[Any], by: Sequence[Any]) -> Any:
    """The value of the first event at which ``by`` is largest."""
    return _at_extreme(values, by, largest)


def arg_min(values: Sequence[Any], by: Sequence[Any]) -> Any:
    """The value of the first event at which ``by`` is smallest."""
    return _at_extreme(values, by, smallest)


def top(values: Sequence[Any], n: Any) -> list[dict[str, Any]] | None:
    """The ``n`` most frequent values with their counts; ties by value."""
    if n.__class__ is not int:
        return None
    groups: dict[Any, list[Any]] = {}
    for value in collect(values):
        groups.setdefault(same_key(value), [value, 0])[1] += 1
    ranked = sorted(groups.values(), key=lambda group: (-group[1], *_rank(group[0])))
    return [{"value": value, "count": times} for value, times in ranked[: max(n, 0)]]


def ewma(values: Sequence[Any], times_us: Sequence[int], half_life_us: Any) -> float | None:
    """The mean in which the weight of the past halves every half-life."""
    if half_life_us.__class__ is not int or half_life_us <= 0:
        raise EvaluationError("ewma with a half-life that is not positive")
    level: float | None = None
    before_us = 0
    for value, time_us in zip(values, times_us, strict=True):
        if usable(value):
            kept = 0.5 ** ((time_us - before_us) / half_life_us)
            level = float(value) if level is None else kept * level + (1 - kept) * float(value)
            before_us = time_us
    return level


def rate(times_us: Sequence[int]) -> float | None:
    """Events after the first by the seconds since it."""
    if len(times_us) < 2 or times_us[-1] == times_us[0]:
        return None
    return (len(times_us) - 1) * SECOND_US / (times_us[-1] - times_us[0])


def whole_us(value: float | None) -> int | None:
    """A float of microseconds as a duration or time: to the nearest, half to even."""
    return None if value is None else round(value)


def _variance(found: Sequence[Any]) -> Fraction:
    amount = len(found)
    squares = exact_fraction([Fraction(value) ** 2 for value in found])
    return (squares * amount - exact_fraction(found) ** 2) / (amount * (amount - 1))


def _regression(xs: Sequence[Any], ys: Sequence[Any]) -> tuple[Fraction, Fraction, Fraction] | None:
    """The exact sums of products of deviations: x·y, x·x, y·y; null below two pairs."""
    if len(xs) < 2:
        return None
    left, right = list(map(Fraction, xs)), list(map(Fraction, ys))
    mean_x, mean_y = exact_fraction(left) / len(left), exact_fraction(right) / len(right)
    dx, dy = [x - mean_x for x in left], [y - mean_y for y in right]
    return _products(dx, dy), _products(dx, dx), _products(dy, dy)


def _products(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    return exact_fraction([a * b for a, b in zip(left, right, strict=True)])


def _at_extreme(values: Sequence[Any], by: Sequence[Any], extreme: Callable[[Sequence[Any]], Any]) -> Any:
    wanted = extreme(by)
    if wanted is None:
        return None
    place = next(i for i, found in enumerate(by) if kind(found) == kind(wanted) and found == wanted)
    return values[place]


def _rank(value: Any) -> tuple[str, Any]:
    """Values of different kinds sort by kind; lists and maps by their text."""
    name = kind(value)
    return (name, value) if name in ("number", "text", "bool") else (name, repr(value))


def _mean_type(types: Sequence[Type]) -> Type:
    given = first_type(types)
    return given if given.name in ("decimal", "duration", "timestamp", "any") else FLOAT


def _float_type(types: Sequence[Type]) -> Type:
    return DURATION if first_type(types).name in ("duration", "timestamp") else FLOAT


def _range_type(types: Sequence[Type]) -> Type:
    given = first_type(types)
    return DURATION if given.name == "timestamp" else given


def _list_type(types: Sequence[Type]) -> Type:
    return list_of(first_type(types))


_MEASURE = (*QUANTITY, TIMESTAMP)
_X = ParameterRecord("x", (ANY,), "the value at each event")
_SUMMAND = ParameterRecord("x", QUANTITY, "the number at each event")
_NUMBER = ParameterRecord("x", NUMBER, "the number at each event")
_MEASURED = ParameterRecord("x", _MEASURE, "the number, duration or time at each event")
_ORDERED = ParameterRecord("x", (*_MEASURE, STRING), "the number, time or text at each event")
_BY = ParameterRecord("y", (*_MEASURE, STRING), "what ranks the events")

AGGREGATES: dict[str, AggregateRecord] = {
    "count": AggregateRecord(
        "count", (ParameterRecord("condition", (BOOL,), "which events count", None),), INT,
        "How many events there are, or for how many the condition is true.",
        (AggregateExample("count()", ([True, True, True],), 3),), count, empty=0,
    ),
    "sum": AggregateRecord(
        "sum", (_SUMMAND,), first_type,
        "The sum, exact and rounded once: ints give an int, decimals and ints a decimal. 0 of "
        "nothing. Fails when it does not fit.",
        (
            AggregateExample("sum(amount)", ([1, None, 2],), 3),
            AggregateExample("sum(amount)", ([1e16, 1.0, -1e16],), 1.0),
            AggregateExample("sum(amount)", ([],), 0),
        ), total, empty=0,
    ),
    "avg": AggregateRecord(
        "avg", (_MEASURED,), _mean_type, "The mean, exact and rounded once.",
        (AggregateExample("avg(amount)", ([1, 2, None],), 1.5),), mean,
    ),
    "min": AggregateRecord(
        "min", (_ORDERED,), first_type,
        "The smallest number, time or text. Where numbers and text are mixed the text is skipped.",
        (
            AggregateExample("min(amount)", ([3, None, 1.5],), 1.5),
            AggregateExample("min(user)", (["bob", "ann"],), "ann"),
        ), smallest,
    ),
    "max": AggregateRecord(
        "max", (_ORDERED,), first_type,
        "The largest number, time or text. Where numbers and text are mixed the text is skipped.",
        (AggregateExample("max(amount)", ([3, None, 1.5],), 3),), largest,
    ),
    "range": AggregateRecord(
        "range", (_MEASURED,), _range_type, "The largest less the smallest.",
        (AggregateExample("range(amount)", ([3, 10, 4],), 7),), spread,
    ),
    "stddev": AggregateRecord(
        "stddev", (_MEASURED,), _float_type,
        "The standard deviation of a sample (n − 1). Null below two values.",
        (AggregateExample("stddev(amount)", ([2, 4, 4, 4, 5, 5, 7, 9, 5],), 2.0),), stddev,
    ),
    "variance": AggregateRecord(
        "variance", (_NUMBER,), FLOAT, "The variance of a sample (n − 1). Null below two values.",
        (AggregateExample("variance(amount)", ([1, 2, 3, 4],), 5 / 3),), variance,
    ),
    "median": AggregateRecord(
        "median", (_MEASURED,), _mean_type,
        "The value in the middle, or the mean of the two in the middle.",
        (
            AggregateExample("median(ms)", ([5, 1, 3],), 3.0),
            AggregateExample("median(ms)", ([1, 2],), 1.5),
        ), median,
    ),
    "percentile": AggregateRecord(
        "percentile",
        (_MEASURED, ParameterRecord("p", NUMBER, "percent, 0 to 100", constant=True)), _mean_type,
        "The value that `p` percent of the values do not exceed; between two neighbours in "
        "proportion.",
        (AggregateExample("percentile(ms, 95)", ([10, 20, 30, 40, 50],), 48.0, (95,)),), percentile,
    ),
    "distinct": AggregateRecord(
        "distinct", (_X,), _list_type,
        "The different values, in the order of their first appearance. 1 and 1.0 are the same.",
        (AggregateExample("distinct(ip)", (["b", "a", None, "b"],), ["b", "a"]),), distinct, empty=(),
    ),
    "count_distinct": AggregateRecord(
        "count_distinct", (_X,), INT, "How many different values there are.",
        (AggregateExample("count_distinct(ip)", (["b", "a", None, "b"],), 2),), count_distinct,
        empty=0,
    ),
    "first": AggregateRecord(
        "first", (_X,), first_type, "The first value that is not null.",
        (AggregateExample("first(ip)", ([None, "a", "b"],), "a"),), first,
    ),
    "last": AggregateRecord(
        "last", (_X,), first_type, "The last value that is not null.",
        (AggregateExample("last(ip)", (["a", "b", None],), "b"),), last,
    ),
    "nth": AggregateRecord(
        "nth", (_X, ParameterRecord("n", (INT,), "from 0; negative from the end", constant=True)),
        first_type, "The value at a place among those that are not null; null outside.",
        (
            AggregateExample("nth(ip, 1)", (["a", None, "b"],), "b", (1,)),
            AggregateExample("nth(ip, -3)", (["a", "b"],), None, (-3,)),
        ), nth,
    ),
    "collect": AggregateRecord(
        "collect", (_X,), _list_type, "All values that are not null, in the order of the events.",
        (AggregateExample("collect(ip)", (["a", None, "a"],), ["a", "a"]),), collect, empty=(),
    ),
    "top": AggregateRecord(
        "top",
        (
            _X, ParameterRecord("n", (INT,), "how many", constant=True),
            ParameterRecord("rank", NUMBER, "an aggregate to rank by; null: the count", None),
        ), list_of(Type("map", ANY)),
        "The `n` most frequent values, as maps of `value` and `count`; ties by value.",
        (
            AggregateExample("top(ip, 1)", (["a", "b", "b"],), [{"value": "b", "count": 2}], (1,)),
        ), top, empty=(),
    ),
    "arg_max": AggregateRecord(
        "arg_max", (_X, _BY), first_type, "The `x` of the first event at which `y` is largest.",
        (AggregateExample("arg_max(user, amount)", (["ann", "bob"], [5, 9]), "bob"),), arg_max,
    ),
    "arg_min": AggregateRecord(
        "arg_min", (_X, _BY), first_type, "The `x` of the first event at which `y` is smallest.",
        (AggregateExample("arg_min(user, amount)", (["ann", "bob"], [5, 9]), "ann"),), arg_min,
    ),
    "rate": AggregateRecord(
        "rate", (), FLOAT,
        "Events per second: those after the first by the time since it. Null below two events, and "
        "when all have the same time.",
        (AggregateExample("rate()", ([0, SECOND_US, 2 * SECOND_US],), 1.0),), rate, times=True,
    ),
    "ewma": AggregateRecord(
        "ewma", (_NUMBER, ParameterRecord("half_life", (DURATION,), "positive", constant=True)),
        FLOAT,
        "The exponentially weighted mean: the weight of what was before halves every `half_life`.",
        (
            AggregateExample("ewma(x, 1 minute)", ([0.0, 8.0], [0, 60 * SECOND_US]), 4.0,
                             (60 * SECOND_US,)),
        ), ewma, times=True,
    ),
    "zscore": AggregateRecord(
        "zscore", (_NUMBER,), FLOAT,
        "How many standard deviations the last value lies above the mean of all. Null when they "
        "are all equal.",
        (AggregateExample("zscore(amount)", ([1, 2, 3],), 1.0),), zscore,
    ),
    "slope": AggregateRecord(
        "slope", (_NUMBER,), FLOAT,
        "The slope of the straight line that fits best over event time, per second.",
        (AggregateExample("slope(x)", ([1, 2, 3], [0, SECOND_US, 2 * SECOND_US]), 1.0),), slope,
        times=True,
    ),
    "correlation": AggregateRecord(
        "correlation", (_NUMBER, ParameterRecord("y", NUMBER, "the other number")), FLOAT,
        "Pearson's correlation of two numbers over the events that have both, -1 to 1.",
        (AggregateExample("correlation(x, y)", ([1, 2, 3], [2, 4, 6]), 1.0),), correlation,
    ),
}  # fmt: skip

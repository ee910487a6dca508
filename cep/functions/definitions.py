"""What each aggregate is: a function over all values of the events, in their order. Core layer.

Nothing here is incremental. The accumulators of the runtime are held against these functions, to the bit, and matches
of patterns are aggregated by them. Nulls, and values of a type that the aggregate cannot use, are skipped. Results of
arithmetic are exact and rounded once.

An aggregate of two columns looks at the events that have both. Its columns come without the others; see
:meth:`cep.functions.records.AggregateRecord.over_rows`.
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
from cep.functions.records import EvaluationError
from cep.functions.values import is_number, kind, same_key
from cep.timestamps import SECOND_US


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
    below, above = found[low], found[math.ceil(place)]
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
    if is_decimal(found):
        return exact_mean([Decimal(value) for value in middle])
    return nearest_float(exact_fraction(middle) / len(middle))


def variance(values: Sequence[Any]) -> float | None:
    """The sample variance, from exact sums."""
    found = numbers(values)
    return nearest_float(_variance(found)) if len(found) > 1 else None


def stddev(values: Sequence[Any]) -> float | None:
    """The square root of the sample variance."""
    squared = variance(values)
    return None if squared is None else math.sqrt(squared)


def slope(values: Sequence[Any], times_us: Sequence[int]) -> float | None:
    """The least-squares slope over event time, per second."""
    pairs = [(t, v) for v, t in zip(values, times_us, strict=True) if usable(v)]
    found = _regression([t for t, _ in pairs], [v for _, v in pairs])
    return None if found is None or found[1] == 0 else nearest_float(found[0] * SECOND_US / found[1])


def zscore(values: Sequence[Any]) -> float | None:
    """How many standard deviations the last number lies above the mean; null where they are all equal."""
    found = numbers(values)
    deviation = stddev(found)
    if not deviation:
        return None
    return quotient(nearest_float(Fraction(found[-1]) - exact_fraction(found) / len(found)), deviation)


def quotient(a: float, b: float) -> float:
    """``a / b``.

    Raises:
        EvaluationError: it is too large for a float.
    """
    result = a / b
    if math.isinf(result):
        raise EvaluationError("the result is too large for a float")
    return result


def correlation(values: Sequence[Any], others: Sequence[Any]) -> float | None:
    """Pearson's coefficient over the events that have two numbers; null where one of them is always the same."""
    pairs = [(v, o) for v, o in zip(values, others, strict=True) if usable(v) and usable(o)]
    found = _regression([v for v, _ in pairs], [o for _, o in pairs])
    if found is None or not found[1] or not found[2]:
        return None
    together, left, right = found
    size = math.sqrt(nearest_float(together * together / (left * right)))
    return min(1.0, size) if together > 0 else 0.0 - min(1.0, size)


def arg_max(values: Sequence[Any], by: Sequence[Any]) -> Any:
    """The value of the first event at which ``by`` is largest."""
    return _at_extreme(values, by, largest)


def arg_min(values: Sequence[Any], by: Sequence[Any]) -> Any:
    """The value of the first event at which ``by`` is smallest."""
    return _at_extreme(values, by, smallest)


def top(values: Sequence[Any], n: int) -> list[dict[str, Any]]:
    """The ``n`` most frequent values with their counts; ties by value."""
    groups: dict[Any, list[Any]] = {}
    for value in collect(values):
        groups.setdefault(same_key(value), [value, 0])[1] += 1
    ranked = sorted(groups.values(), key=lambda group: (-group[1], *value_order(group[0])))
    return [{"value": value, "count": times} for value, times in ranked[:n]]


def top_by(
    rows: Sequence[Sequence[Any]], n: int, name: str, measure: Callable[[Sequence[Any]], Any]
) -> list[dict[str, Any]]:
    """The ``n`` values whose rows have the largest ``measure``, which is called ``name``; ties by value.

    A row is a value and what the measure takes from that event. Values without a number to rank by come last.
    """
    groups: dict[Any, tuple[Any, list[Any]]] = {}
    for value, taken in rows:
        if value is not None:
            groups.setdefault(same_key(value), (value, []))[1].append(taken)
    measured = [(value, len(taken), measure(taken)) for value, taken in groups.values()]
    return ranked_by(measured, n, name)


def ranked_by(measured: Sequence[tuple[Any, int, Any]], n: int, name: str) -> list[dict[str, Any]]:
    """The first ``n`` of values with count and measure: the largest measure first, ties by value."""
    ordered = sorted(measured, key=lambda each: value_order(each[0]))
    first = sorted((each for each in ordered if is_number(each[2])), key=lambda each: each[2], reverse=True)
    rest = [each for each in ordered if not is_number(each[2])]
    return [{"value": value, "count": count} | {name: size} for value, count, size in (*first, *rest)[:n]]


def value_order(value: Any) -> tuple[str, Any]:
    """By what values that tie are ordered: by kind, then numbers and texts as usual, the others by their text."""
    name = kind(value)
    if name == "number" and not is_number(value):
        return "no number", str(value)
    return (name, value) if name in ("number", "text", "bool") else (name, repr(value))


def ewma(values: Sequence[Any], times_us: Sequence[int], half_life_us: int) -> float | None:
    """The mean in which a number's weight halves with every half-life by which it is older than the last.

    Weights are those of :func:`weight`; numbers more than :data:`EWMA_HALVES` halvings before the last count nothing.
    """
    pairs = [(Fraction(v), *weight(t, half_life_us)) for v, t in zip(values, times_us, strict=True) if usable(v)]
    if not pairs:
        return None
    newest = pairs[-1][1]
    kept = [(v, half, share) for v, half, share in pairs if newest - half <= EWMA_HALVES]
    weights = [Fraction(share) * Fraction(2) ** (half - newest) for _, half, share in kept]
    total = sum((v * w for (v, _, _), w in zip(kept, weights, strict=True)), Fraction(0))
    return nearest_float(total / sum(weights))


EWMA_HALVES = 64
"""After so many half-lives a number's weight, 2^-64, is below what a float can tell."""

_SHARE_BITS = 40


def weight(time_us: int, half_life_us: int) -> tuple[int, int]:
    """The weight of an event as ``share`` · 2^``halves``, up to a factor that is the same for all: (halves, share).

    ``share`` is a whole number of 40 bits, so that sums of weighted numbers are exact.
    """
    halves, rest_us = divmod(time_us, half_life_us)
    return halves, round(2.0 ** (_SHARE_BITS + rest_us / half_life_us))


def rate(times_us: Sequence[int], length_us: int | None = None) -> float | None:
    """Events per second: by the length of the window; without one, those after the first by the time since it.

    Null of nothing.
    """
    if not times_us:
        return None
    if length_us is not None:
        return len(times_us) * SECOND_US / length_us
    if len(times_us) < 2 or times_us[-1] == times_us[0]:
        return None
    return (len(times_us) - 1) * SECOND_US / (times_us[-1] - times_us[0])


def whole_us(value: float | None) -> int | None:
    """A float of microseconds as a duration or time: to the nearest, half to even."""
    return None if value is None else round(value)


def _at_extreme(values: Sequence[Any], by: Sequence[Any], extreme: Callable[[Sequence[Any]], Any]) -> Any:
    wanted = extreme(by)
    if wanted is None:
        return None
    place = next(i for i, found in enumerate(by) if kind(found) == kind(wanted) and found == wanted)
    return values[place]


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

"""Aggregates by definition: from the values of all events, in plain fractions.

Part of the oracle (see :mod:`tests.oracle.patterns`); shares no code with the engine.

The definition (section 4, S6):

1. Nulls are skipped. Of two values per event, the events count that have both.
2. ``count`` and ``sum`` of nothing are 0; ``count_distinct`` is 0, lists are empty; the others are null.
3. Aggregates of numbers skip what is no number. Results are exact and rounded to a float once; ``sum`` of ints is an
   int. ``min``, ``max`` and what ``arg_min`` and ``arg_max`` go by are numbers, or texts where there is no number; of
   equal ones the first.
4. ``variance`` and ``stddev`` are those of a sample (n - 1), null below two numbers. ``zscore`` is (last - mean) /
   ``stddev``, null where that is 0.
5. ``percentile(x, p)`` is at the place p/100 * (n - 1) of the numbers in order, in proportion between two neighbours;
   ``median`` is ``percentile(x, 50)``.
6. ``nth`` counts from 0, negative from the end; null outside.
7. ``top`` lists values with how often they occur, most frequent first, ties by value (bool, list, map, number, text;
   numbers and texts among themselves as usual). With a rank the value of the rank is listed too, and is the order.
8. ``rate``: events by the seconds of the window; in a match those after the first by the seconds since it.
9. ``ewma(x, h)``: weights 2^(t/h) by event time t: the fraction of the exponent gives a factor of 40 bits, its whole
   part a shift. More than 64 shifts before the newest number nothing counts.
10. ``slope`` is the least-squares slope over event time per second, ``correlation`` that of Pearson; null where it does
    not exist.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from tests.oracle.values import EvaluationFailure, Unsupported, Value, kind, same


def aggregate(
    function: str,
    columns: Sequence[Sequence[Value]],
    constants: Sequence[Value] = (),
    length_us: int | None = None,
) -> Value:
    """An aggregate. ``columns`` hold one value per event; event times come last for those that look at them.

    Raises:
        EvaluationFailure: the result is too large.
    """
    rows = [row for row in zip(*columns, strict=True) if None not in row]
    values = [row[0] for row in rows]
    others = [row[-1] for row in rows]
    match function:
        case "count":
            return len(values)
        case "count_distinct":
            return len(distinct(values))
        case "distinct":
            return distinct(values)
        case "collect":
            return values
        case "first" | "last":
            return _place(values, 0 if function == "first" else -1)
        case "nth":
            return _place(values, constants[0])
        case "min" | "max":
            found = _extreme(function, values)
            return None if found is None else values[found]
        case "arg_min" | "arg_max":
            found = _extreme(function.removeprefix("arg_"), others)
            return None if found is None else values[found]
        case "top":
            return top([(value, None) for value in values], constants[0], None, len)
        case "rate":
            return _rate(values, length_us)
        case "slope" | "correlation":
            return _line(function, [row for row in rows if _is_number(row[0]) and _is_number(row[1])])
        case "ewma":
            return _ewma([row for row in rows if _is_number(row[0])], constants[0])
    return _of_numbers(function, [value for value in values if _is_number(value)], constants)


def top(
    rows: Sequence[tuple[Value, Value]],
    n: int,
    name: str | None,
    measure: Callable[[list[Value]], Value],
) -> list[Value]:
    """The list that ``top`` gives; ``measure`` ranks a value by what was taken from its events."""
    found = []
    for value in distinct([value for value, _ in rows if value is not None]):
        taken = [each for other, each in rows if other is not None and same(other, value)]
        found.append((value, len(taken), measure(taken)))
    found.sort(key=lambda each: (kind(each[0]), _in_kind(each[0])))
    found.sort(key=lambda each: -Fraction(each[2]) if _is_number(each[2]) else Fraction(10**400))
    listed = []
    for value, times, size in found[:n]:
        entry = {"value": value, "count": times}
        if name is not None:
            entry[name] = size
        listed.append(entry)
    return listed


def distinct(values: Sequence[Value]) -> list[Value]:
    """The first of each group of equal values."""
    found: list[Value] = []
    for value in values:
        if not any(same(value, other) for other in found):
            found.append(value)
    return found


def rounded(number: Fraction | int) -> float:
    """The nearest float.

    Raises:
        EvaluationFailure: it is too large.
    """
    try:
        return float(number)
    except OverflowError as error:
        raise EvaluationFailure(str(error)) from error


def _in_kind(value: Value) -> Value:
    return value if kind(value) in ("number", "text", "bool") else json.dumps(value)


def _is_number(value: Value) -> bool:
    return kind(value) == "number" and math.isfinite(value)


def _place(values: Sequence[Value], n: int) -> Value:
    return values[n] if -len(values) <= n < len(values) else None


def _extreme(which: str, values: Sequence[Value]) -> int | None:
    """The place of the first of the smallest or largest."""
    wanted = "number" if any(_is_number(value) for value in values) else "text"
    best: int | None = None
    for place, value in enumerate(values):
        if kind(value) == wanted and (
            best is None or (value < values[best] if which == "min" else value > values[best])
        ):
            best = place
    return best


def _of_numbers(function: str, found: list[Value], constants: Sequence[Value]) -> Value:
    exact = [Fraction(value) for value in found]
    if function == "sum":
        whole = all(isinstance(value, int) for value in found)
        if whole and not -(2**63) <= sum(found) < 2**63:
            raise EvaluationFailure("the sum does not fit 64 bits")
        return sum(found) if whole else rounded(sum(exact))
    if not found:
        return None
    mean = sum(exact) / len(exact)
    deviations = sum((value - mean) ** 2 for value in exact)
    match function:
        case "avg":
            return rounded(mean)
        case "range":
            return max(found) - min(found)
        case "median":
            return _percentile(exact, 50)
        case "percentile":
            return _percentile(exact, constants[0])
        case "variance" | "stddev" | "zscore" if len(found) < 2:
            return None
        case "variance":
            return rounded(deviations / (len(found) - 1))
        case "stddev":
            return math.sqrt(rounded(deviations / (len(found) - 1)))
        case "zscore":
            deviation = math.sqrt(rounded(deviations / (len(found) - 1)))
            return rounded(exact[-1] - mean) / deviation if deviation else None
    raise Unsupported(function)


def _percentile(exact: list[Fraction], p: Value) -> float:
    ordered = sorted(exact)
    place = Fraction(p) / 100 * (len(ordered) - 1)
    before, after = ordered[math.floor(place)], ordered[math.ceil(place)]
    share = place - math.floor(place)
    return rounded(before * (1 - share) + after * share)


def _rate(times_us: Sequence[int], length_us: int | None) -> float | None:
    if not times_us:
        return None
    if length_us is not None:
        return rounded(Fraction(len(times_us) * 1_000_000, length_us))
    lasting_us = times_us[-1] - times_us[0]
    return rounded(Fraction((len(times_us) - 1) * 1_000_000, lasting_us)) if lasting_us else None


def _ewma(rows: Sequence[Sequence[Value]], half_life_us: int) -> float | None:
    if not rows:
        return None
    newest = rows[-1][1] // half_life_us
    above, below = Fraction(0), Fraction(0)
    for value, time_us in rows:
        shifts = time_us // half_life_us - newest
        if shifts >= -64:
            factor = round(2.0 ** (40 + time_us % half_life_us / half_life_us))
            weight = factor * Fraction(2) ** shifts
            above += Fraction(value) * weight
            below += weight
    return rounded(above / below)


def _line(function: str, rows: Sequence[Sequence[Value]]) -> float | None:
    if len(rows) < 2:
        return None
    xs, ys = [Fraction(row[0]) for row in rows], [Fraction(row[1]) for row in rows]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    xy = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True))
    xx, yy = sum((a - x) ** 2 for a in xs), sum((b - y) ** 2 for b in ys)
    if function == "slope":
        return rounded(xy / yy * 1_000_000) if yy else None
    if not xx or not yy:
        return None
    size = min(1.0, math.sqrt(rounded(xy * xy / (xx * yy))))
    return size if xy > 0 else 0.0 - size

"""Median and percentile: the numbers of the window in order. Runtime layer.

Up to some ten thousand numbers a plain list is kept in order: moving memory is quicker than looking for the right part
of a :class:`SortedList`, which only pays above (measured: 0.6 against 1.4 µs for one in and one out at 1,000 numbers,
2.6 and 2.8 at 16,000, 28 and 4 at 200,000).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from decimal import Decimal
from fractions import Fraction
from typing import Any

from cep.functions.exact import decimal_between, exact_mean, nearest_ratio, usable
from cep.runtime.operators.accumulators.accumulator import Accumulator

_LONG = 16_384
_SHORT = 4_096


class OrderedAccumulator(Accumulator):
    """The numbers in order; of equal ones the older before the newer, as sorting them anew would have it."""

    __slots__ = ("_decimals", "_floats", "_values")

    is_compact = False

    def __init__(self) -> None:
        self._values: Any = []
        self._decimals = 0
        self._floats = 0

    def add(self, value: Any) -> None:
        if not usable(value):
            return
        self._note(value, 1)
        values = self._values
        if values.__class__ is list:
            insort(values, value)
            if len(values) > _LONG:
                from sortedcontainers import SortedList

                self._values = SortedList(values)
        else:
            values.add(value)

    def remove(self, value: Any) -> None:
        if not usable(value):
            return
        self._note(value, -1)
        values = self._values
        if values.__class__ is list:
            del values[bisect_left(values, value)]
        else:
            values.remove(value)
            if len(values) < _SHORT:
                self._values = list(values)

    def merge(self, other: OrderedAccumulator) -> None:
        merged = sorted([*self._values, *other._values])
        self._values = []
        self._decimals += other._decimals
        self._floats += other._floats
        if len(merged) > _LONG:
            from sortedcontainers import SortedList

            self._values = SortedList(merged)
        else:
            self._values = merged

    def _note(self, value: Any, sign: int) -> None:
        if isinstance(value, float):
            self._floats += sign
        elif isinstance(value, Decimal):
            self._decimals += sign

    @property
    def _is_decimal(self) -> bool:
        return self._decimals > 0 and not self._floats


class PercentileAccumulator(OrderedAccumulator):
    """``percentile``: between two neighbours in proportion."""

    __slots__ = ("_above", "_below")

    def __init__(self, p: Any) -> None:
        super().__init__()
        share = Fraction(p) / 100
        self._above, self._below = share.numerator, share.denominator

    def value(self) -> Any:
        values = self._values
        if not values:
            return None
        place, rest = divmod(self._above * (len(values) - 1), self._below)
        low = values[place]
        high = values[place + 1] if rest else low
        if self._is_decimal:
            return decimal_between(Decimal(low), Decimal(high), Fraction(rest, self._below))
        if low.__class__ is float and low == high:
            return low + 0.0
        a, b = low.as_integer_ratio()
        c, d = high.as_integer_ratio()
        return nearest_ratio(a * d * (self._below - rest) + c * b * rest, b * d * self._below)


class MedianAccumulator(OrderedAccumulator):
    """``median``: the one in the middle, or the mean of two."""

    __slots__ = ()

    def value(self) -> Any:
        values = self._values
        if not values:
            return None
        half = len(values) // 2
        high = values[half]
        low = high if len(values) % 2 else values[half - 1]
        if self._is_decimal:
            return exact_mean([Decimal(high)] if len(values) % 2 else [Decimal(low), Decimal(high)])
        if low.__class__ is float and low == high:
            return low + 0.0
        a, b = low.as_integer_ratio()
        c, d = high.as_integer_ratio()
        return nearest_ratio(a * d + c * b, 2 * b * d)

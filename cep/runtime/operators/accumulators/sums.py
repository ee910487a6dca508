"""Count, sum and mean. Runtime layer.

Sums are kept without rounding: floats as ints scaled by a power of two, Decimals with all their digits.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Self

from cep.functions.exact import EXACT, decimal_mean, nearest_float, nearest_ratio, usable, with_places
from cep.functions.values import checked_int
from cep.runtime.operators.accumulators.accumulator import Accumulator

_SCALE_BITS = 80
_SCALE = 2.0**_SCALE_BITS
_DIVISOR = 1 << _SCALE_BITS
_SMALLEST = 2.0**-28
_LARGEST = 2.0**900
_FINEST_BITS = 1_074


SCALE, SMALLEST, LARGEST = _SCALE, _SMALLEST, _LARGEST
"""A float from ``SMALLEST`` to below ``LARGEST``, times ``SCALE``, is a whole number."""


def scaled(value: float) -> int | None:
    """The float times :data:`SCALE`, exactly; null where that is not known to be a whole number."""
    if _SMALLEST <= value < _LARGEST or -_LARGEST < value <= -_SMALLEST:
        return int(value * _SCALE)
    return 0 if value == 0.0 else None


class SumAccumulator(Accumulator):
    """``sum``: exact.

    A float between 2^-28 and 2^900 is a multiple of 2^-80, so that its product with 2^80 is exact and whole. The few
    others are kept apart, as multiples of 2^-1074, which every float is.
    """

    __slots__ = ("_decimals", "_fine", "_fines", "_floats", "_int", "_ints", "_places", "_scaled", "_total")

    def __init__(self) -> None:
        self._int = 0
        self._scaled = 0
        self._fine = 0
        self._total = Decimal(0)
        self._ints = self._floats = self._fines = self._decimals = 0
        self._places: dict[int, int] = {}

    @classmethod
    def holding(cls, total: int, count: int, is_scaled: bool) -> Self:
        """One of ``count`` floats, of which ``total`` is the sum of what :func:`scaled` gives, or of as many ints."""
        made = cls()
        if is_scaled:
            made._scaled, made._floats = total, count
        else:
            made._int, made._ints = total, count
        return made

    @property
    def count(self) -> int:
        """How many numbers are in it."""
        return self._ints + self._floats + self._decimals

    def add(self, value: Any) -> None:
        name = value.__class__
        if name is float:
            if _SMALLEST <= value < _LARGEST or -_LARGEST < value <= -_SMALLEST:
                self._scaled += int(value * _SCALE)
                self._floats += 1
            else:
                self._change_fine(value, 1)
        elif name is int:
            self._int += value
            self._ints += 1
        elif name is not str and value is not None and usable(value):
            self._change_other(value, 1)

    def remove(self, value: Any) -> None:
        name = value.__class__
        if name is float:
            if _SMALLEST <= value < _LARGEST or -_LARGEST < value <= -_SMALLEST:
                self._scaled -= int(value * _SCALE)
                self._floats -= 1
            else:
                self._change_fine(value, -1)
        elif name is int:
            self._int -= value
            self._ints -= 1
        elif name is not str and value is not None and usable(value):
            self._change_other(value, -1)

    def merge(self, other: SumAccumulator) -> None:
        self._int += other._int
        self._scaled += other._scaled
        self._fine += other._fine
        self._total = EXACT.add(self._total, other._total)
        self._ints += other._ints
        self._floats += other._floats
        self._fines += other._fines
        self._decimals += other._decimals
        for places, count in other._places.items():
            self._places[places] = self._places.get(places, 0) + count

    def value(self) -> Any:
        if self._decimals:
            return nearest_float(self._fraction()) if self._floats else self._decimal()
        if not self._floats:
            return checked_int(self._int)
        if self._fines or self._ints:
            return self._over(1)
        try:
            return self._scaled / _DIVISOR
        except OverflowError:
            return self._over(1)

    def _change_fine(self, value: float, sign: int) -> None:
        if value == 0.0:
            self._floats += sign
        elif value - value == 0.0:
            numerator, denominator = value.as_integer_ratio()
            self._fine += sign * (numerator << (_FINEST_BITS + 1 - denominator.bit_length()))
            self._fines += sign
            self._floats += sign

    def _change_other(self, value: Any, sign: int) -> None:
        """A Decimal, or a number of a class that extends int or float."""
        if isinstance(value, Decimal):
            self._total = EXACT.add(self._total, value if sign > 0 else -value)
            self._decimals += sign
            places = -int(value.as_tuple().exponent)
            left = self._places.pop(places, 0) + sign
            if left:
                self._places[places] = left
        else:
            plain = float(value) if isinstance(value, float) else int(value)
            SumAccumulator.add(self, plain) if sign > 0 else SumAccumulator.remove(self, plain)

    def _over(self, count: int) -> float:
        """The sum of ints and floats by ``count``, rounded once."""
        numerator = self._scaled + (self._int << _SCALE_BITS)
        if not self._fines:
            return nearest_ratio(numerator, count << _SCALE_BITS)
        numerator = (numerator << (_FINEST_BITS - _SCALE_BITS)) + self._fine
        return nearest_ratio(numerator, count << _FINEST_BITS)

    def _decimal(self) -> Decimal:
        total = EXACT.add(self._total, Decimal(self._int)) if self._ints else self._total
        return with_places(total, max(0, *self._places))

    def _fraction(self) -> Fraction:
        numerator = self._scaled + (self._int << _SCALE_BITS)
        fine = Fraction(self._fine, 1 << _FINEST_BITS)
        return Fraction(numerator, 1 << _SCALE_BITS) + fine + Fraction(self._total)


class AvgAccumulator(SumAccumulator):
    """``avg``: the exact sum by the count, rounded once."""

    __slots__ = ()

    def value(self) -> Any:
        count = self._ints + self._floats + self._decimals
        if not count:
            return None
        if self._decimals:
            if self._floats:
                return nearest_float(self._fraction() / count)
            return decimal_mean(self._decimal(), count)
        return self._over(count)


class CountAccumulator(Accumulator):
    """``count``: those that are not null. Without an argument the operator adds ``true`` for each event."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def add(self, value: Any) -> None:
        if value is not None:
            self._count += 1

    def remove(self, value: Any) -> None:
        if value is not None:
            self._count -= 1

    def merge(self, other: CountAccumulator) -> None:
        self._count += other._count

    def value(self) -> int:
        return self._count

"""Variance, standard deviation, z-score, slope and correlation: from exact sums of products. Runtime layer.

Numbers are scaled by 2^80: an int for ints and for floats from 2^-28 to 2^900, else (Decimals, tiny and huge floats) a
fraction. So sums of squares are exact too, removing undoes adding, and a result is rounded once.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from cep.functions.definitions import quotient
from cep.functions.exact import nearest_float, nearest_ratio, usable
from cep.runtime.operators.accumulators.accumulator import Accumulator
from cep.timestamps import SECOND_US

Exact = int | Fraction

SCALE_BITS = 80
_SCALE = 2.0**SCALE_BITS
_SMALLEST = 2.0**-28
_LARGEST = 2.0**900


def scaled(value: Any) -> Exact | None:
    """A number times 2^80; null for what an aggregate of numbers skips."""
    name = value.__class__
    if name is float:
        if _SMALLEST <= value < _LARGEST or -_LARGEST < value <= -_SMALLEST:
            return int(value * _SCALE)
        if value == 0.0:
            return 0
    elif name is int:
        return int(value) << SCALE_BITS
    if not usable(value):
        return None
    exact = Fraction(value) * (1 << SCALE_BITS)
    return exact.numerator if exact.denominator == 1 else exact


def nearest(numerator: Exact, denominator: Exact) -> float:
    """The float nearest to a quotient.

    Raises:
        EvaluationError: it is too large.
    """
    if numerator.__class__ is int and denominator.__class__ is int:
        return nearest_ratio(numerator, denominator)
    return nearest_float(Fraction(numerator) / Fraction(denominator))


class VarianceAccumulator(Accumulator):
    """``variance`` of a sample."""

    __slots__ = ("_count", "_squares", "_sum")

    def __init__(self) -> None:
        self._count = 0
        self._sum: Exact = 0
        self._squares: Exact = 0

    def add(self, value: Any) -> None:
        number = scaled(value)
        if number is not None:
            self._count += 1
            self._sum += number
            self._squares += number * number

    def remove(self, value: Any) -> None:
        number = scaled(value)
        if number is None:
            return
        self._count -= 1
        if self._count:
            self._sum -= number
            self._squares -= number * number
        else:
            self._sum = self._squares = 0

    def merge(self, other: VarianceAccumulator) -> None:
        self._count += other._count
        self._sum += other._sum
        self._squares += other._squares

    def value(self) -> float | None:
        count = self._count
        if count < 2:
            return None
        above = self._squares * count - self._sum * self._sum
        return nearest(above, count * (count - 1) << 2 * SCALE_BITS)


class StddevAccumulator(VarianceAccumulator):
    """``stddev``: the square root of the variance of a sample."""

    __slots__ = ()

    def value(self) -> float | None:
        squared = super().value()
        return None if squared is None else math.sqrt(squared)


class ZscoreAccumulator(StddevAccumulator):
    """``zscore`` of the newest number. Values leave oldest first, so that it stays until none is left."""

    __slots__ = ("_newest",)

    def __init__(self) -> None:
        super().__init__()
        self._newest: Exact = 0

    def add(self, value: Any) -> None:
        number = scaled(value)
        if number is not None:
            self._newest = number
            super().add(value)

    def remove(self, value: Any) -> None:
        super().remove(value)
        if not self._count:
            self._newest = 0

    def merge(self, other: VarianceAccumulator) -> None:
        super().merge(other)
        if isinstance(other, ZscoreAccumulator) and other._count:
            self._newest = other._newest

    def value(self) -> float | None:
        deviation = super().value()
        if not deviation:
            return None
        above = self._newest * self._count - self._sum
        return quotient(nearest(above, self._count << SCALE_BITS), deviation)


class PairAccumulator(Accumulator):
    """The sums over pairs of numbers that ``slope`` and ``correlation`` need. A value is ``[x, y]``."""

    __slots__ = ("_count", "_x", "_xx", "_xy", "_y", "_yy")

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._count = 0
        self._x: Exact = 0
        self._y: Exact = 0
        self._xx: Exact = 0
        self._xy: Exact = 0
        self._yy: Exact = 0

    def add(self, value: Any) -> None:
        if value is None:
            return
        x, y = scaled(value[0]), scaled(value[1])
        if x is None or y is None:
            return
        self._count += 1
        self._x += x
        self._y += y
        self._xx += x * x
        self._xy += x * y
        self._yy += y * y

    def remove(self, value: Any) -> None:
        if value is None:
            return
        x, y = scaled(value[0]), scaled(value[1])
        if x is None or y is None:
            return
        self._count -= 1
        if not self._count:
            self._clear()
            return
        self._x -= x
        self._y -= y
        self._xx -= x * x
        self._xy -= x * y
        self._yy -= y * y

    def merge(self, other: PairAccumulator) -> None:
        self._count += other._count
        self._x += other._x
        self._y += other._y
        self._xx += other._xx
        self._xy += other._xy
        self._yy += other._yy

    def _together(self) -> Exact:
        return self._xy * self._count - self._x * self._y

    def _spread_of_x(self) -> Exact:
        return self._xx * self._count - self._x * self._x

    def _spread_of_y(self) -> Exact:
        return self._yy * self._count - self._y * self._y


class SlopeAccumulator(PairAccumulator):
    """``slope`` per second. A value is ``[x, time_us]``."""

    __slots__ = ()

    def value(self) -> float | None:
        spread = self._spread_of_y()
        return nearest(self._together() * SECOND_US, spread) if spread else None


class CorrelationAccumulator(PairAccumulator):
    """``correlation`` of two numbers."""

    __slots__ = ()

    def value(self) -> float | None:
        left, right = self._spread_of_x(), self._spread_of_y()
        if not left or not right:
            return None
        together = self._together()
        size = min(1.0, math.sqrt(nearest(together * together, left * right)))
        return size if together > 0 else 0.0 - size

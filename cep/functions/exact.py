"""Sums without rounding. Core layer.

A sum is kept as a fraction (where all are ints as an int, where all are Decimals and ints as a Decimal) and rounded
once, when it is read: neither the order of adding nor what has been added and removed since shows in the result.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from typing import Any

from cep.functions.records import EvaluationError
from cep.functions.values import checked_int, kind

EXACT = Context(prec=13_000, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact, InvalidOperation])
"""Decimal arithmetic that never rounds, for numbers that :func:`usable` lets pass."""

_QUOTIENT = Context(prec=34)
_LARGEST_EXPONENT = 6_144


def usable(value: Any) -> bool:
    """Whether an aggregate of numbers takes the value: no null, text, bool, infinity, NaN, nor a monstrous Decimal."""
    name = value.__class__
    if name is int:
        return True
    if name is float:
        return value - value == 0.0  # type: ignore[no-any-return]
    if kind(value) != "number":
        return False
    if isinstance(value, Decimal):
        return (
            value.is_finite()
            and abs(value.adjusted()) <= _LARGEST_EXPONENT
            and (-int(value.as_tuple().exponent) <= _LARGEST_EXPONENT)
        )
    return bool(value - value == 0)


def numbers(values: Iterable[Any]) -> list[Any]:
    """Those values that an aggregate of numbers takes."""
    return [value for value in values if usable(value)]


def exact_sum(values: Sequence[Any]) -> Any:
    """The sum of usable numbers: an int of ints, a Decimal of Decimals and ints, else the nearest float.

    A sum of Decimals has as many digits after the point as the longest of them. A float zero is positive.

    Raises:
        EvaluationError: it does not fit an int of 64 bits or a float.
    """
    classes = {value.__class__ for value in values}
    if all(issubclass(found, int) for found in classes):
        return checked_int(sum(values))
    if classes == {float}:
        try:
            return math.fsum(values) + 0.0
        except OverflowError:
            return nearest_float(exact_fraction(values))
    if any(isinstance(value, float) for value in values):
        return nearest_float(exact_fraction(values))
    total = Decimal(0)
    places = 0
    for value in values:
        number = Decimal(value)
        total = EXACT.add(total, number)
        places = max(places, -int(number.as_tuple().exponent))
    return with_places(total, places)


def exact_fraction(values: Sequence[Any]) -> Fraction:
    """The sum of usable numbers as a fraction."""
    return sum(map(Fraction, values), Fraction(0))


def exact_mean(values: Sequence[Any]) -> Any:
    """The mean of at least one usable number: the nearest float, or a Decimal of 34 digits for Decimals and ints."""
    if is_decimal(values):
        return _QUOTIENT.divide(exact_sum(values), Decimal(len(values)))
    return nearest_float(exact_fraction(values) / len(values))


def is_decimal(values: Sequence[Any]) -> bool:
    """Whether the result over these numbers is a Decimal: at least one is, and no float is among them."""
    return any(isinstance(value, Decimal) for value in values) and not any(isinstance(value, float) for value in values)


def nearest_float(value: Fraction) -> float:
    """The float nearest to a fraction, half to even; zero is positive.

    Raises:
        EvaluationError: it is too large.
    """
    return nearest_ratio(value.numerator, value.denominator)


def nearest_ratio(numerator: int, denominator: int) -> float:
    """The float nearest to a quotient of ints, half to even.

    Raises:
        EvaluationError: it is too large.
    """
    try:
        return numerator / denominator
    except OverflowError:
        raise EvaluationError("the result is too large for a float") from None


def with_places(value: Decimal, places: int) -> Decimal:
    """An exact Decimal written with ``places`` digits after the point; zero is positive."""
    return EXACT.quantize(EXACT.add(value, Decimal(0)), Decimal(1).scaleb(-places, EXACT))


def decimal_mean(total: Decimal, count: int) -> Decimal:
    """The quotient of an exact Decimal sum, to 34 digits."""
    return _QUOTIENT.divide(total, Decimal(count))


def decimal_between(low: Decimal, high: Decimal, share: Fraction) -> Decimal:
    """``low`` plus a share (0 to 1) of the way to ``high``, to 34 digits."""
    part = _QUOTIENT.divide(Decimal(share.numerator), Decimal(share.denominator))
    return _QUOTIENT.add(low, _QUOTIENT.multiply(_QUOTIENT.subtract(high, low), part))

"""Functions over numbers. Core layer. Results are exact or rounded once; none is infinite or NaN."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from cep.functions.records import (
    NUMBER,
    QUANTITY,
    EvaluationError,
    Example,
    FunctionRecord,
    ParameterRecord,
    common_number,
    first_type,
)
from cep.functions.values import checked_float, checked_int, is_number
from cep.types import FLOAT, INT, Type

_WIDE = Context(prec=800, rounding=ROUND_HALF_UP)
_DIGITS = 30


def absolute(x: Any) -> Any:
    """Without its sign."""
    return checked(abs(x)) if is_number(x) else None


def round_number(x: Any, digits: Any = None) -> Any:
    """To the nearest, halves away from zero, judged by the exact value of ``x``."""
    if not is_number(x) or not (digits is None or digits.__class__ is int):
        return None
    places = digits or 0
    if abs(places) > _DIGITS:
        raise EvaluationError(f"round to {places} digits; the limit is {_DIGITS}")
    if x.__class__ is int and places >= 0:
        return x
    try:
        rounded = Decimal(x).quantize(Decimal(1).scaleb(-places), context=_WIDE)
    except InvalidOperation:
        raise EvaluationError("round of a number that is too large") from None
    if digits is None or x.__class__ is int:
        return checked_int(int(rounded))
    return rounded if isinstance(x, Decimal) else float(rounded)


def floor(x: Any) -> int | None:
    """The largest int that is not above."""
    return _whole(math.floor, x)


def ceil(x: Any) -> int | None:
    """The smallest int that is not below."""
    return _whole(math.ceil, x)


def sqrt(x: Any) -> float | None:
    """The square root."""
    if not is_number(x):
        return None
    if x < 0:
        raise EvaluationError(f"the square root of {x}, which is negative")
    return checked_float(math.sqrt(x))


def log(x: Any, base: Any = None) -> float | None:
    """The logarithm, natural without a base."""
    if not is_number(x) or not (base is None or is_number(base)):
        return None
    if x <= 0:
        raise EvaluationError(f"the logarithm of {x}, which is not positive")
    if base is None:
        return checked_float(math.log(x))
    if base <= 0 or base == 1:
        raise EvaluationError(f"a logarithm to the base {base}")
    if base == 2:
        return checked_float(math.log2(x))
    return checked_float(math.log10(x) if base == 10 else math.log(x) / math.log(base))


def exp(x: Any) -> float | None:
    """The exponential function."""
    if not is_number(x):
        return None
    try:
        return checked_float(math.exp(x))
    except OverflowError:
        raise EvaluationError(f"exp({x}) is too large for a float") from None


def clamp(x: Any, low: Any, high: Any) -> Any:
    """The nearest value between the bounds."""
    if not (is_number(x) and is_number(low) and is_number(high)):
        return None
    if low > high:
        raise EvaluationError(f"clamp between {low} and {high}, which is below it")
    return low if x < low else high if x > high else x


def checked(value: Any) -> Any:
    """A number that fits: an int of 64 bits, a finite float, any Decimal.

    Raises:
        EvaluationError: it does not.
    """
    if value.__class__ is int:
        return checked_int(value)
    return checked_float(value) if value.__class__ is float else value


def _whole(operation: Callable[[Any], int], x: Any) -> int | None:
    if not is_number(x):
        return None
    if abs(x) > 1 << 64:
        raise EvaluationError("the result does not fit an int of 64 bits")
    return checked_int(operation(x))


def _rounded(types: Sequence[Type]) -> Type:
    if len(types) < 2 or types[1].name == "null" or types[0].name == "int":
        return INT
    return first_type(types)


_X = ParameterRecord("x", NUMBER, "the number")

NUMBER_FUNCTIONS: dict[str, FunctionRecord] = {
    "abs": FunctionRecord(
        "abs", "number", (ParameterRecord("x", QUANTITY, "the number"),), first_type,
        "The number, or the duration, without its sign.",
        (Example("abs(-3)", (-3,), 3), Example("abs(2.5)", (2.5,), 2.5)), absolute,
    ),
    "round": FunctionRecord(
        "round", "number",
        (_X, ParameterRecord("digits", (INT,), "after the point, -30 to 30; null: an int", None)),
        _rounded,
        "The nearest int, or with `digits` the nearest number with so many digits after the point "
        "(before it, when negative). Halves go away from zero; the exact value of a float counts, "
        "so that 2.675, which is a little less, goes to 2.67.",
        (
            Example("round(2.5)", (2.5, None), 3), Example("round(-2.5)", (-2.5, None), -3),
            Example("round(3.14159, 2)", (3.14159, 2), 3.14),
            Example("round(1234, -2)", (1234, -2), 1200),
        ), round_number,
    ),
    "floor": FunctionRecord(
        "floor", "number", (_X,), INT, "The largest int that is not above the number.",
        (Example("floor(2.7)", (2.7,), 2), Example("floor(-2.1)", (-2.1,), -3)), floor,
    ),
    "ceil": FunctionRecord(
        "ceil", "number", (_X,), INT, "The smallest int that is not below the number.",
        (Example("ceil(2.1)", (2.1,), 3),), ceil,
    ),
    "sqrt": FunctionRecord(
        "sqrt", "number", (_X,), FLOAT, "The square root. Fails below zero.",
        (Example("sqrt(9)", (9,), 3.0),), sqrt,
    ),
    "log": FunctionRecord(
        "log", "number",
        (_X, ParameterRecord("base", NUMBER, "positive, not 1; null for the natural one", None)),
        FLOAT, "The logarithm, natural unless a base is given. Fails at zero and below.",
        (Example("log(1)", (1, None), 0.0), Example("log(1000, 10)", (1000, 10), 3.0)), log,
    ),
    "exp": FunctionRecord(
        "exp", "number", (_X,), FLOAT, "e to the power of the number. Fails above 709.7.",
        (Example("exp(0)", (0,), 1.0),), exp,
    ),
    "clamp": FunctionRecord(
        "clamp", "number",
        (
            ParameterRecord("x", QUANTITY, "the number"),
            ParameterRecord("low", QUANTITY, "the smallest result"),
            ParameterRecord("high", QUANTITY, "the largest result, not below `low`"),
        ), common_number,
        "The number, or the nearer bound where it is outside. Fails when `low` is above `high`.",
        (Example("clamp(120, 0, 100)", (120, 0, 100), 100),), clamp,
    ),
}  # fmt: skip

"""Run-time values: which kind each is, how it reads as text, when two are the same. Core layer.

Fields without a schema may hold anything that JSON can (and Python applications a little more). A value's *kind*
decides what may be compared with what: ``number`` (int, float, Decimal), ``text``, ``bool``, ``list``, ``map``,
``null``. A bool is not a number.
"""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal
from typing import Any

import msgspec

from cep.functions.records import EvaluationError

TEXT_LIMIT = 1 << 20
"""How many characters a text made by an expression may have."""

INT_MIN = -(1 << 63)
INT_MAX = (1 << 63) - 1

NUMBERS = frozenset({int, float, Decimal})
"""The classes of numbers. ``value.__class__ in NUMBERS`` is the quick test; it leaves bool out."""

_KINDS: dict[type, str] = {
    int: "number",
    float: "number",
    Decimal: "number",
    str: "text",
    bool: "bool",
    list: "list",
    tuple: "list",
    dict: "map",
    type(None): "null",
}
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def kind(value: object) -> str:
    """``number text bool list map null``, or ``other``. A subclass has the kind of what it extends."""
    found = _KINDS.get(value.__class__)
    if found is None:
        found = next((_KINDS[base] for base in value.__class__.__mro__ if base in _KINDS), "other")
        _KINDS[value.__class__] = found
    return found


def is_number(value: Any) -> bool:
    """An int, float or Decimal; no bool, no NaN and no infinity."""
    if value.__class__ is int:
        return True
    if kind(value) != "number":
        return False
    return value.is_finite() if isinstance(value, Decimal) else value - value == 0


def as_text(value: object) -> str:
    """The text of a value: ``true``, ``null``, ``1.5``; lists and maps as JSON.

    Raises:
        EvaluationError: longer than a megabyte of characters, or nested too deeply.
    """
    if value.__class__ is str:
        return value
    name = kind(value)
    if name in ("list", "map"):
        return checked_text(_json(value))
    if name == "bool":
        return "true" if value else "false"
    return "null" if value is None else str(value)


def _json(value: object) -> str:
    try:
        return _ENCODER.encode(value).decode()
    except (RecursionError, TypeError, OverflowError, ValueError) as error:
        raise EvaluationError(f"a {kind(value)} cannot be written as text: {error}") from None


def checked_text(text: str) -> str:
    """The text itself.

    Raises:
        EvaluationError: it has more than a megabyte of characters.
    """
    check_size(len(text))
    return text


def check_size(size: int) -> None:
    """Refuses a text of ``size`` characters that would be too long, before it is made.

    Raises:
        EvaluationError: more than a megabyte of characters.
    """
    if size > TEXT_LIMIT:
        raise EvaluationError(f"a text of {size:,} characters; the limit is {TEXT_LIMIT:,}")


def checked_int(value: int) -> int:
    """The int itself.

    Raises:
        EvaluationError: it does not fit 64 bits.
    """
    if INT_MIN <= value <= INT_MAX:
        return value
    raise EvaluationError("the result does not fit an int of 64 bits")


def checked_float(value: float) -> float:
    """The float itself.

    Raises:
        EvaluationError: it is infinite or no number.
    """
    if value - value == 0.0:
        return value
    raise EvaluationError("the result is too large for a float")


def same_key(value: Any) -> Hashable:
    """A key that is equal for equal values: 1, 1.0 and Decimal(1) are one, true is another, lists compare deeply.

    Raises:
        EvaluationError: lists and maps nested hundreds deep.
    """
    name = value.__class__
    if name is str or name is int or (name is float and value == value):
        return value  # type: ignore[no-any-return]
    try:
        return _deep_key(value)
    except RecursionError:
        raise EvaluationError(f"a {kind(value)} is nested too deeply to be compared") from None


def _deep_key(value: Any) -> Hashable:
    match kind(value):
        case "bool":
            return ("bool", value)
        case "list":
            return ("list", tuple(map(_deep_key, value)))
        case "map":
            return ("map", frozenset((key, _deep_key(item)) for key, item in value.items()))
        case "number" if not is_number(value):
            return ("other", str(value).lower())
        case "other":
            return ("other", repr(value))
        case _:
            return value  # type: ignore[no-any-return]

"""Functions between types. Core layer. What cannot be converted becomes null."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from cep.durations import format_duration
from cep.functions.records import (
    NUMBER,
    TEXT,
    Example,
    FunctionRecord,
    ParameterRecord,
)
from cep.functions.values import as_text, checked_int, is_number
from cep.timestamps import format_time
from cep.types import ANY, BOOL, DURATION, FLOAT, INT, STRING, TIMESTAMP, Type

_NUMBER_TEXT = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?\s*", re.ASCII)
_INT_TEXT = re.compile(r"\s*[+-]?\d{1,400}\s*", re.ASCII)


def to_int(x: Any) -> int | None:
    """Cut towards zero."""
    if x.__class__ is int:
        return x
    if x.__class__ is bool:
        return int(x)
    if isinstance(x, str):
        if _INT_TEXT.fullmatch(x):
            return checked_int(int(x))
        x = to_float(x)
    if not is_number(x):
        return None
    return checked_int(int(x)) if abs(x) < 1e20 else checked_int(1 << 64)


def to_float(x: Any) -> float | None:
    """The nearest float."""
    if isinstance(x, str):
        if not _NUMBER_TEXT.fullmatch(x):
            return None
    elif x.__class__ is not bool and not is_number(x):
        return None
    value = float(x)
    return value if math.isfinite(value) else None


def to_string(x: Any) -> str | None:
    """The text of a value."""
    return None if x is None else as_text(x)


def to_bool(x: Any) -> bool | None:
    """``true`` and ``false`` in any case, numbers by whether they are zero."""
    if x.__class__ is bool:
        return x
    if isinstance(x, str):
        return {"true": True, "false": False}.get(x.strip().lower())
    return bool(x) if is_number(x) else None


def _unless_text(result: Type) -> Callable[[Sequence[Type]], Type]:
    """Text may not be convertible: the result is optional."""
    return lambda types: result.or_null() if not types or types[0].name in ("string", "ip") else result


_SCALAR = (*TEXT, *NUMBER, BOOL)

CONVERSION_FUNCTIONS: dict[str, FunctionRecord] = {
    "int": FunctionRecord(
        "int", "conversion",
        (ParameterRecord("x", (*_SCALAR, DURATION, TIMESTAMP), "a number, text or bool"),),
        _unless_text(INT),
        "An int: numbers are cut towards zero, text is read, true is 1; durations and times are "
        "microseconds. Null for text that is no number; fails beyond 64 bits.",
        (
            Example("int(2.9)", (2.9,), 2), Example('int("42")', ("42",), 42),
            Example('int("many")', ("many",), None),
        ), to_int,
    ),
    "float": FunctionRecord(
        "float", "conversion",
        (ParameterRecord("x", (*_SCALAR, DURATION), "a number, text or bool"),), _unless_text(FLOAT),
        "A float. Null for text that is no number.",
        (
            Example('float("1.5e3")', ("1.5e3",), 1500.0), Example("float(2)", (2,), 2.0),
            Example('float("nan")', ("nan",), None),
        ), to_float,
    ),
    "string": FunctionRecord(
        "string", "conversion", (ParameterRecord("x", (ANY,), "anything"),), STRING,
        "The value as text: times in ISO 8601, durations as `1h30m`, lists and maps as JSON. A time "
        "or duration in an untyped field is a number.",
        (
            Example("string(1.5)", (1.5,), "1.5"), Example("string(true)", (True,), "true"),
            Example('string([1, "a"])', ([1, "a"],), '[1,"a"]'),
        ), to_string,
        prepare={"timestamp": format_time, "duration": format_duration},
    ),
    "bool": FunctionRecord(
        "bool", "conversion", (ParameterRecord("x", _SCALAR, "a bool, text or number"),),
        _unless_text(BOOL),
        "A bool: the text `true` or `false` in any case, a number by whether it is not zero. Null "
        "for other text.",
        (
            Example('bool("TRUE")', ("TRUE",), True), Example("bool(0)", (0,), False),
            Example('bool("yes")', ("yes",), None),
        ), to_bool,
    ),
}  # fmt: skip

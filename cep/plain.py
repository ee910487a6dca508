"""Values that an event can hold. Core layer.

What applications hand over may be anything; what the engine keeps, compares and writes are JSON values and decimals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from cep.types import INT64_MAX, INT64_MIN

_MOST_LEVELS = 256


class Unfit(ValueError):
    """A value that no event can hold: a CEP6xx code and a reason."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


def plain_value(value: Any, level: int = 0) -> Any:
    """The value as the engine keeps it: text, int, float, bool, null, decimal, and lists and maps of those.

    Times become ISO text, tuples lists, other mappings dicts, and subclasses (enums, numpy floats) what they extend.

    Raises:
        Unfit: CEP601, half of a surrogate pair; CEP604, nested too deeply; CEP605, an int outside 64 bits (inside lists
            and maps it may have any size) or a float that is no number; CEP617, something else.
    """
    kind = value.__class__
    if kind is str:
        return value if value.isascii() else _text(value)
    if value is None or kind is bool:
        return value
    if isinstance(value, int):
        if level == 0 and not INT64_MIN <= value <= INT64_MAX:
            raise Unfit("CEP605", "an int does not fit 64 bits")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Unfit("CEP605", f"{value} is no number")
        return float(value)
    if level >= _MOST_LEVELS:
        raise Unfit("CEP604", f"the record is nested more than {_MOST_LEVELS} levels deep")
    return _compound(value, level)


def _compound(value: Any, level: int) -> Any:
    if isinstance(value, list | tuple):
        return [plain_value(item, level + 1) for item in value]
    if isinstance(value, Mapping):
        return {_name(name): plain_value(item, level + 1) for name, item in value.items()}
    if isinstance(value, str):
        return _text(str.__str__(value))
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal) and value.is_finite():
        return value
    raise Unfit("CEP617", f"no event can hold {type(value).__name__}")


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise Unfit("CEP617", f"the name of a field is text, not {type(name).__name__}")
    return _text(name)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unfit("CEP601", "half of a surrogate pair in a text") from None
    return value

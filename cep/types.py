"""The types of the rule language. Core layer: imports nothing of ours."""

from __future__ import annotations

from dataclasses import dataclass, replace

SCALARS = frozenset(
    {"string", "int", "float", "decimal", "bool", "timestamp", "duration", "ip", "regex", "null", "any"}
)
NUMBERS = frozenset({"int", "float", "decimal"})

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1
MAX_DIGITS = 40
"""Longer numbers are not even converted: they cannot fit."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type: ``string int float decimal bool timestamp duration ip list map any``, and ``null``, ``regex``, ``event``.

    ``item`` is the element type of a list or the value type of a map. ``optional`` values may be null. ``any`` is
    checked at run time only; whether it is null is never known.
    """

    name: str
    item: Type | None = None
    optional: bool = False

    def __str__(self) -> str:
        inner = f"<{self.item}>" if self.item is not None else ""
        return f"{self.name}{inner}{'?' if self.optional else ''}"

    def or_null(self) -> Type:
        """The same, optional."""
        return self if self.optional or self.name in ("any", "null") else replace(self, optional=True)

    def not_null(self) -> Type:
        """The same, not optional."""
        return replace(self, optional=False) if self.optional else self


STRING = Type("string")
INT = Type("int")
FLOAT = Type("float")
DECIMAL = Type("decimal")
BOOL = Type("bool")
TIMESTAMP = Type("timestamp")
"""At run time an ``int``: microseconds since 1970-01-01T00:00:00Z."""
DURATION = Type("duration")
"""At run time an ``int``: microseconds, may be negative."""
IP = Type("ip")
"""At run time a ``str``."""
REGEX = Type("regex")
NULL = Type("null")
ANY = Type("any")
EVENT = Type("event")
"""A whole event, only as an argument of functions such as ``time`` and ``speed_kmh``."""


def list_of(item: Type) -> Type:
    """The type of a list of ``item``."""
    return Type("list", item)

"""The oracle's events and values: what is equal, what is comparable, what is one key.

Part of the oracle (see :mod:`tests.oracle.patterns`). Null is ``None``; *unknown* is null too. Values are those of
JSON: text, bool, int, float, list, map. A bool is no number; an int and a float that are numerically equal are equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

Value: TypeAlias = Any
"""``None``, ``bool``, ``int``, ``float``, ``str``, ``list`` or ``dict``."""

Order: TypeAlias = tuple[Any, ...]
"""Where something stands in the order of all that happens; only ever compared."""


class Unsupported(Exception):
    """The oracle does not define this (yet): the test that met it says nothing."""


class EvaluationFailure(Exception):
    """An expression failed on this data, as in a division by zero (S15)."""


@dataclass(frozen=True)
class OracleEvent:
    """An event. ``order`` is (source, partition, position) for what goes in; the oracle puts its own order in its place.

    ``fields`` do not hold the type. ``derived`` marks what a rule emitted.
    """

    type: str
    time_us: int
    fields: dict[str, Value] = field(default_factory=dict)
    id: str = ""
    order: Order = ()
    derived: bool = False


@dataclass(frozen=True)
class JoinedOracleEvent(OracleEvent):
    """What a rule that joins or looks up evaluates as one event.

    ``parts`` has the event or the row (as an event without a time) for each input and table, null where there is none;
    ``keys`` the values of the rule's keys; ``rank`` where it stands among those that came to be by the same event.
    Its fields are those of the event that completed it.
    """

    parts: Mapping[str, OracleEvent | None] = field(default_factory=dict)
    keys: Mapping[str, Value] = field(default_factory=dict)
    rank: Order = ()


def kind(value: Value) -> str:
    """Values of unlike kinds are never compared: ``1 == "1"`` and ``1 == true`` are unknown."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (list, tuple)):
        return "list"
    if isinstance(value, dict):
        return "map"
    raise TypeError(f"{value!r} is no value of the language")


def same(left: Value, right: Value) -> bool:
    """Whether two values are one: for ``distinct``, keys and the items of lists. Unlike kinds are not."""
    if kind(left) != kind(right):
        return False
    match kind(left):
        case "list":
            return len(left) == len(right) and all(map(same, left, right))
        case "map":
            return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
        case _:
            return bool(left == right)


def identity(value: Value) -> Order:
    """Two values are one key exactly where these are equal. They also sort: null, bool, number, text, list, map."""
    match kind(value):
        case "null":
            return (0,)
        case "bool":
            return (1, value)
        case "number":
            return (2, Fraction(value))
        case "text":
            return (3, value)
        case "list":
            return (4, tuple(identity(item) for item in value))
        case _:
            return (5, tuple(sorted((name, identity(item)) for name, item in value.items())))

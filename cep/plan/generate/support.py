"""Small functions that generated code calls. Plan layer.

Not operators of the language (those are in :mod:`cep.functions.operators`) but of how events and keys are held.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cep.event import Event
from cep.functions import operators
from cep.functions.records import EvaluationError


class BoolKey:
    """A bool as a key: Python's ``True == 1`` would merge it with a number."""

    __slots__ = ("value",)

    def __init__(self, value: bool) -> None:
        self.value = value

    def __hash__(self) -> int:
        return 2 + self.value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BoolKey) and other.value is self.value

    def __repr__(self) -> str:
        return f"BoolKey({self.value})"


def canonical_key(value: Any) -> Any:
    """A key value such that two are equal in Python exactly when they are equal in the language.

    Text stays, integral floats become ints, bools are kept apart from numbers.

    Raises:
        EvaluationError: a list or a map is no key.
    """
    kind = value.__class__
    if kind is float:
        return int(value) if value.is_integer() else value
    if kind is bool:
        return BoolKey(value)
    if kind is list or kind is dict:
        raise EvaluationError("a list or a map cannot be a key")
    return value


def key_value(value: Any) -> Any:
    """The value that a canonical key stands for."""
    return value.value if value.__class__ is BoolKey else value


def key_order(key: Any) -> tuple[tuple[int, Any], ...]:
    """What keys are sorted by: null, then bools, numbers and texts, each in their own order."""
    parts = key if isinstance(key, tuple) else (key,)
    return tuple([_part_order(part) for part in parts])


def _part_order(part: Any) -> tuple[int, Any]:
    if part is None:
        return 0, 0
    if isinstance(part, BoolKey):
        return 1, part.value
    return (3, part) if isinstance(part, str) else (2, part)


def key_text(key: Any) -> str:
    """A text for ids: different for different keys, the same on every machine."""
    parts = key if isinstance(key, tuple) else (key,)
    return "".join(_part_text(part) for part in parts)


def _part_text(part: Any) -> str:
    if part is None:
        return "n;"
    if isinstance(part, str):
        return f"s{len(part)}:{part}"
    if isinstance(part, BoolKey):
        return f"b{part.value};"
    return f"f{part!r};" if isinstance(part, float) else f"i{part!r};"


class Bound(list[list[Event]]):
    """The events bound per step. ``taken`` are all of them in their order.

    The rest is set where a run has timed out: ``matched_steps`` are the names of the steps that bound something,
    ``missing_step`` the name of the one it waited for (a list where there were several), ``deadline`` in microseconds.
    """

    __slots__ = ("deadline", "matched_steps", "missing_step", "taken")

    def __init__(self, steps: int) -> None:
        super().__init__([[] for _ in range(steps)])
        self.taken: list[Event] = []
        self.matched_steps: list[str] | None = None
        self.missing_step: str | list[str] | None = None
        self.deadline: int | None = None


def previous_event(bound: Bound) -> Event | None:
    """The event bound last, null at the first."""
    return bound.taken[-1] if bound.taken else None


def role_of(joined: Any, number: int) -> Any:
    """The event or row in a role of a joined event; null where there is no joined event."""
    return None if joined is None else joined.roles[number]


def bound_events(bound: Bound) -> list[Event]:
    """All events bound so far, in order."""
    return bound.taken


def event_at(events: Sequence[Event], index: Any) -> Event | None:
    """The event at a position, from 0, negative from the end; null outside or where the index is no int."""
    if index.__class__ is not int or not -len(events) <= index < len(events):
        return None
    return events[index]


def member(target: Any, key: Any) -> Any:
    """``target.key`` and ``target[key]``: a map by text, a list by position; null where there is no such thing."""
    if target.__class__ is dict:
        return target.get(key) if key.__class__ is str else None
    if target.__class__ is list and key.__class__ is int and -len(target) <= key < len(target):
        return target[key]
    return None


def was_on_this_side(before: tuple[Any, Any] | None, above: bool) -> bool | None:
    """Whether the sides of `crosses above` (or below) were not yet beyond at the previous evaluation.

    False where there was none.
    """
    if before is None:
        return False
    left, right = before
    return operators.less_equal(left, right) if above else operators.greater_equal(left, right)


def not_(value: Any) -> bool | None:
    """``not`` as a value: null stays null, and so does what is no bool."""
    return (not value) if value.__class__ is bool else None

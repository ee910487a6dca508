"""State as plain data: events by number, keys, so that it can be written as msgpack. Runtime layer.

Many runs hold the same event. A snapshot keeps each once, in a table, and a restored run shares it again: the skip
strategy asks whether two runs hold the same event, and it asks by identity.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from cep.event import Event, Origin
from cep.plan.generate.support import BoolKey
from cep.projection import Projection
from cep.runtime.joined import JoinedEvent
from cep.types import INT64_MAX, INT64_MIN

DERIVED = Origin("cep")
"""The origin of events that rules emit."""

_DECIMAL, _INT = 1, 2
_JOINED = 4
"""How many items the row of a joined event has."""


class EventTable:
    """The events of a snapshot.

    Saving: :meth:`number` for each event that state holds, then :meth:`rows`. Restoring: give ``rows`` to
    :meth:`load`, then :meth:`event` by number.
    """

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self._numbers: dict[int, int] = {}
        self._events: list[Event] = []

    def number(self, event: Event) -> int:
        """The event's place in the table."""
        number = self._numbers.get(id(event))
        if number is None:
            if isinstance(event, JoinedEvent):
                for part in event.events:
                    self.number(part)
            number = self._numbers[id(event)] = len(self._events)
            self._events.append(event)
        return number

    def event(self, number: int) -> Event:
        """The event at a place."""
        return self._events[number]

    def rows(self) -> list[list[Any]]:
        """The events as plain data."""
        return [self._row(event) for event in self._events]

    def _row(self, event: Event) -> list[Any]:
        if isinstance(event, JoinedEvent):
            return self._joined_row(event)
        fields = {
            name: pack_value(value)
            for name, attribute in self._projection.attributes.items()
            if (value := getattr(event, attribute, msgspec.UNSET)) is not msgspec.UNSET
        }
        kind = self._projection.kind_of_class(event.__class__)
        if kind is not None:
            fields[self._projection.type_fields[0]] = kind
        origin = event.origin
        where = [origin.source, origin.partition] if origin is not None else None
        return [event.time_us, where, event.position, event.id, pack_value(event.raw), fields]

    def _joined_row(self, joined: JoinedEvent) -> list[Any]:
        """The parts of a joined event: events by number, they come before it; rows of tables as maps."""
        parts = [
            self._numbers[id(part)] if isinstance(part, Event) else part if part is None else pack_value(part)
            for part in joined.roles
        ]
        completing = next(n for n, part in enumerate(joined.roles) if getattr(part, "about", None) is joined.about)
        return [joined.time_us, parts, completing, pack_key(joined.key)]

    def load(self, rows: list[list[Any]], origins: dict[tuple[str, str], Origin]) -> None:
        """Take over what :meth:`rows` gave. ``origins`` are shared among the events and are added to."""
        for row in rows:
            if len(row) == _JOINED:
                self._events.append(self._joined(*row))
                continue
            time_us, where, position, identity, raw, fields = row
            event = self._projection.make({name: unpack_value(value) for name, value in fields.items()})
            event.time_us = time_us
            origin = None if where is None else _origin(where[0], where[1], origins)
            event.about = (origin, position, identity, unpack_value(raw))
            self._events.append(event)

    def _joined(self, time_us: int, parts: list[Any], completing: int, key: Any) -> JoinedEvent:
        roles = tuple([self._events[part] if part.__class__ is int else unpack_value(part) for part in parts])
        return JoinedEvent(time_us, roles[completing].about, roles, unpack_key(key))


def _origin(source: str, partition: str, origins: dict[tuple[str, str], Origin]) -> Origin:
    if source == DERIVED.source and not partition:
        return DERIVED
    if (source, partition) not in origins:
        origins[source, partition] = Origin(source, partition)
    return origins[source, partition]


def pack_value(value: Any) -> Any:
    """JSON values as they are; decimals and ints outside 64 bits as marked texts."""
    kind = value.__class__
    if kind is list:
        return [pack_value(v) for v in value]
    if kind is dict:
        return {name: pack_value(v) for name, v in value.items()}
    if kind is int and not INT64_MIN <= value <= INT64_MAX:
        return msgspec.msgpack.Ext(_INT, str(value).encode())
    if kind is Decimal:
        return msgspec.msgpack.Ext(_DECIMAL, str(value).encode())
    return value


def unpack_value(value: Any) -> Any:
    """What :func:`pack_value` was given."""
    if isinstance(value, msgspec.msgpack.Ext):
        text = bytes(value.data).decode()
        return Decimal(text) if value.code == _DECIMAL else int(text)
    if isinstance(value, list):
        return [unpack_value(v) for v in value]
    if isinstance(value, dict):
        return {name: unpack_value(v) for name, v in value.items()}
    return value


def pack_key(key: Any) -> Any:
    """A key as plain data: a list for a tuple, a map for a bool."""
    if isinstance(key, tuple):
        return [pack_key(part) for part in key]
    return {"bool": key.value} if isinstance(key, BoolKey) else pack_value(key)


def unpack_key(packed: Any) -> Any:
    """The key again."""
    if isinstance(packed, list):
        return tuple(unpack_key(part) for part in packed)
    return BoolKey(packed["bool"]) if isinstance(packed, dict) else unpack_value(packed)

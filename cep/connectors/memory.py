"""A source and a sink in memory, for applications and tests. Connectors layer.

An element that is no mapping, or holds what no event can hold, becomes a dead letter.
Class T: what the sink holds is gone with the process, together with the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from cep.connectors.jsonl import Typing
from cep.connectors.protocols import Partition, SourceOptions
from cep.event import Batch, DeadLetter, DerivedEvent, Event
from cep.plain import Unfit
from cep.projection import Projection


class MemorySource:
    """Events from an iterable of mappings; their positions count from 1. A generator can be read once."""

    def __init__(
        self,
        events: Iterable[Mapping[str, Any]],
        name: str = "memory",
        *,
        batch_size: int = 1_000,
        options: SourceOptions | None = None,
    ) -> None:
        self.name = name
        self._events = events
        self._batch_size = batch_size
        self._options = options or SourceOptions()

    def partitions(self, projection: Projection) -> list[Partition]:
        events = iter(self._events)
        return [MemoryPartition(events, self.name, projection, self._options, self._batch_size)]


class MemoryPartition:
    """The one partition of a :class:`MemorySource`."""

    live = False
    size = None
    position = 0

    def __init__(
        self,
        events: Iterator[Mapping[str, Any]],
        source: str,
        projection: Projection,
        options: SourceOptions,
        batch_size: int,
    ) -> None:
        self.source = source
        self.partition = ""
        self._events = events
        self._projection = projection
        self._clock = options.clock
        self._batch_size = batch_size
        self._next = 1
        self._typing = Typing(projection, options.type_name) if options.type_name else None

    def next_batch(self) -> Batch | None:
        taken = list(islice(self._events, self._batch_size))
        if not taken:
            return None
        events: list[Event] = []
        positions: list[int] = []
        records: list[Mapping[str, Any]] = []
        dead: list[DeadLetter] = []
        for position, record in enumerate(taken, self._next):
            if not isinstance(record, Mapping):
                reason = f"the record is not a mapping but {type(record).__name__}"
                dead.append(DeadLetter("CEP606", reason, self.source, self.partition, position))
                continue
            try:
                events.append(self._projection.take(record))
            except Unfit as unfit:
                raw = as_json(record)
                letter = DeadLetter(unfit.code, unfit.reason, self.source, "", position, raw, len(raw or b""))
                dead.append(letter)
                continue
            positions.append(position)
            records.append(record)
        self._next += len(taken)
        if self._typing is not None:
            self._typing.name(events)
        return Batch(
            self.source,
            self.partition,
            events,
            positions,
            lambda index: as_json(records[index]),
            dead,
            self._clock(),
        )

    def close(self) -> None:
        """Forgets the events that were not read."""
        self._events = iter(())


def as_json(record: Mapping[str, Any]) -> bytes | None:
    """The record as JSON; null where a value of it has no JSON form."""
    try:
        return msgspec.json.encode(dict(record), enc_hook=str)
    except (TypeError, ValueError, RecursionError):
        return None


class MemorySink:
    """Keeps derived events in ``events``, in order."""

    def __init__(self) -> None:
        self.events: list[DerivedEvent] = []

    def write(self, derived: Sequence[DerivedEvent]) -> None:
        self.events.extend(derived)

    def flush(self) -> None:
        """Nothing to hand over."""

    def close(self) -> None:
        """Nothing to let go; the events stay."""

"""What a source and a sink are, for ours and for those of third parties.

Connectors layer: imports the core only. A source has partitions, each an ordered stream of events that knows its own
place; a sink takes derived events. A third party provides a factory under the entry point group ``cep.sources`` or
``cep.sinks``, named after the scheme it serves (``kafka`` for ``kafka://broker/topic``).

Invariant: what a partition yields depends on its bytes alone, never on how they were cut into chunks. The same bytes
give the same events, positions and dead letters.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from cep.event import Batch, DerivedEvent
from cep.projection import Projection

CHUNK_BYTES = 128 * 1024
"""How much is read at a time. Larger chunks fall out of the processor's cache and are slower to decode."""

MAX_LINE_BYTES = 1024 * 1024
"""The longest record; a longer one is cut while it is read and becomes a dead letter."""


def wall_clock() -> int:
    """Microseconds since the epoch, UTC."""
    return time.time_ns() // 1000


@runtime_checkable
class Partition(Protocol):
    """An ordered stream of events. Made by :meth:`Source.partitions`, read to its end or closed before.

    It opens what it reads at the first ``next_batch``, so that many partitions may be made at once.
    """

    @property
    def source(self) -> str:
        """The name that starts the ids of its events: ``logins.jsonl``."""

    @property
    def partition(self) -> str:
        """Which of the source's partitions; empty where a source has one."""

    @property
    def live(self) -> bool:
        """Whether it grows while it is read. Its ``next_batch`` may wait, and may return a batch with no events."""

    @property
    def size(self) -> int | None:
        """Bytes in all, as they lie on disk; null where that is not known."""

    @property
    def position(self) -> int:
        """Bytes read so far, as they lie on disk; between 0 and ``size``."""

    def next_batch(self) -> Batch | None:
        """The next events in order, possibly none; null when the partition has ended."""

    def close(self) -> None:
        """Gives up what is open. May be called more than once."""


@runtime_checkable
class Source(Protocol):
    """Where events come from."""

    @property
    def name(self) -> str:
        """What it is called in messages, usually as it was given."""

    def partitions(self, projection: Projection) -> list[Partition]:
        """Its partitions in a fixed order, decoding what ``projection`` asks for."""


@runtime_checkable
class Sink(Protocol):
    """Where derived events go. ``write`` any number of times, ``flush`` when the caller wants them seen, ``close``."""

    def write(self, derived: Sequence[DerivedEvent]) -> None:
        """Takes derived events, in order.

        Raises:
            ReaderGone: whoever reads the output has stopped reading.
        """

    def flush(self) -> None:
        """Hands over what ``write`` still holds."""

    def close(self) -> None:
        """Flushes and lets go. May be called more than once."""


class ReaderGone(BrokenPipeError):
    """The reader of an output went away, as in ``cep run … | head``: end the run quietly, it is no error."""


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What ``open_source`` passes to a source.

    ``type_name`` is the type of events that name none. ``csv_text`` names the CSV columns whose values stay text, or is
    true for all. ``wait_s`` is how long a live partition waits before it returns a batch without events; null waits for
    ever. ``clock`` gives the time of arrival in microseconds.
    """

    type_name: str | None = None
    csv_text: bool | Collection[str] = False
    chunk_bytes: int = CHUNK_BYTES
    max_line_bytes: int = MAX_LINE_BYTES
    wait_s: float | None = None
    clock: Callable[[], int] = wall_clock


Format = Literal["json", "cloudevents"]


@dataclass(frozen=True, slots=True)
class SinkOptions:
    """What ``open_sink`` passes to a sink. ``eager`` asks it to hand over each ``write`` at once."""

    format: Format = "json"
    eager: bool = False


SourceFactory = Callable[[str, SourceOptions], Source]
"""Makes a source of the text that was given, scheme included."""

SinkFactory = Callable[[str, SinkOptions], Sink]
"""Makes a sink of the text that was given, scheme included."""

"""Partitions, their watermarks, and the order in which events are released (S1, S2). Runtime layer.

A partition's watermark is its highest event time less its lateness. An event is released as soon as no active partition
can still bring one that sorts before it, by (event time, source, partition, position). Whether an event is late is
decided by its own partition's sequence alone, so that interleaving changes nothing.
"""

from __future__ import annotations

from heapq import heappop, heappush

from cep.event import Event, Origin
from cep.types import INT64_MAX, INT64_MIN

BEFORE_ALL = INT64_MIN
AFTER_ALL = INT64_MAX
_LAST_ORIGIN = ("\U0010ffff", "\U0010ffff")


class Partition:
    """One partition of a source as the engine knows it."""

    __slots__ = ("closed", "highest_us", "idle", "lateness_us", "origin", "position")

    def __init__(self, origin: Origin, lateness_us: int) -> None:
        self.origin = origin
        self.lateness_us = lateness_us
        self.highest_us = BEFORE_ALL
        self.position = 0
        self.idle = False
        self.closed = False

    @property
    def watermark_us(self) -> int:
        """Behind it this partition's events are late. ``BEFORE_ALL`` until the first event."""
        return BEFORE_ALL if self.highest_us == BEFORE_ALL else self.highest_us - self.lateness_us

    @property
    def active(self) -> bool:
        """Whether others wait for it."""
        return not self.idle and not self.closed


Released = tuple[int, tuple[str, str], int, int, Event, str, int]
"""Event time, origin, position, arrival number, event, type, mask."""


class ReorderBuffer:
    """Events that have arrived and whose turn has not come."""

    def __init__(self) -> None:
        self._heap: list[Released] = []
        self._arrivals = 0

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, event: Event, event_type: str, mask: int) -> None:
        """Keep an event until :meth:`release` gives it."""
        self._arrivals += 1
        entry = (event.time_us, event.origin.order, event.position, self._arrivals, event, event_type, mask)
        heappush(self._heap, entry)

    def release(self, barrier: tuple[int, tuple[str, str]]) -> Released | None:
        """The first event, if it sorts no later than the barrier."""
        if self._heap and self._heap[0][:2] <= barrier:
            return heappop(self._heap)
        return None

    def first(self) -> Released:
        """The first event, whatever the barrier."""
        return heappop(self._heap)

    def waiting(self) -> list[Released]:
        """What is held, in order."""
        return sorted(self._heap)


def barrier(partitions: list[Partition], floor_us: int) -> tuple[int, tuple[str, str]]:
    """What may be released: all that sorts no later than this.

    An active partition can still bring an event at its watermark; of its own events at that time those already here
    come first, by position. ``floor_us`` is what time was advanced to. Without active partitions nothing is waited for.
    """
    active = [(p.watermark_us, p.origin.order) for p in partitions if p.active]
    return max(min(active), (floor_us, ("", ""))) if active else (AFTER_ALL, _LAST_ORIGIN)

"""Timers in the order of S5: time, rule, key, start. Runtime layer.

A timer that is no longer wanted stays in the heap and is ignored when its turn comes: the run knows its own deadline.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any, Protocol

from cep.plan.generate.support import key_order


class Waiting(Protocol):
    """A run that waits for a deadline."""

    alive: bool
    deadline_us: int | None
    key: Any

    @property
    def serial(self) -> int:
        """Which start it is of."""


class Timers:
    """Deadlines of runs, earliest first."""

    __slots__ = ("_count", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, tuple[tuple[int, Any], ...], int, int, Waiting]] = []
        self._count = 0

    def set(self, deadline_us: int, rule_number: int, run: Waiting) -> None:
        """Wake the run once the watermark is greater than the deadline."""
        self._count += 1
        heappush(self._heap, (deadline_us, rule_number, key_order(run.key), run.serial, self._count, run))

    def next_us(self) -> int | None:
        """The earliest deadline, which may no longer be wanted."""
        return self._heap[0][0] if self._heap else None

    def due(self, before_us: int) -> tuple[int, int, Waiting] | None:
        """Remove and give the first wanted timer with a deadline before that time: (deadline, rule, run)."""
        heap = self._heap
        while heap and heap[0][0] < before_us:
            deadline_us, rule_number, _, _, _, run = heappop(heap)
            if run.alive and run.deadline_us == deadline_us:
                return deadline_us, rule_number, run
        return None

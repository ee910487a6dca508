"""Timers in the order of S5: time, rule, key, start. Runtime layer.

A timer that is no longer wanted stays in the heap and is ignored when its turn comes: the run knows its own deadline.
Such timers never are more than those that are wanted, and some: a sweep when there are twice as many as after the last.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
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


class Postponing(Waiting, Protocol):
    """A run whose deadline mostly moves on. ``timer_us`` is that of its timer, which :class:`Timers` sets."""

    timer_us: int | None


_FIRST_SWEEP = 4_096


class Timers:
    """Deadlines of runs, earliest first."""

    __slots__ = ("_count", "_heap", "_room")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, tuple[tuple[int, Any], ...], int, int, Waiting]] = []
        self._count = 0
        self._room = _FIRST_SWEEP

    def postpone(self, deadline_us: int, rule_number: int, run: Postponing) -> None:
        """As :meth:`set`. A run that has a timer before the deadline gets its next one when that one goes off."""
        if run.timer_us is None or run.timer_us > deadline_us:
            run.timer_us = deadline_us
            self.set(deadline_us, rule_number, run)

    def set(self, deadline_us: int, rule_number: int, run: Waiting) -> None:
        """Wake the run once the watermark is greater than the deadline."""
        self._count += 1
        if len(self._heap) >= self._room:
            self._heap = [entry for entry in self._heap if _is_wanted(entry[0], entry[5])]
            heapify(self._heap)
            self._room = max(_FIRST_SWEEP, 2 * len(self._heap))
        heappush(self._heap, (deadline_us, rule_number, key_order(run.key), run.serial, self._count, run))

    def next_us(self) -> int | None:
        """The earliest deadline, which may no longer be wanted."""
        return self._heap[0][0] if self._heap else None

    def due(self, before_us: int) -> tuple[int, int, Waiting] | None:
        """Remove and give the first wanted timer with a deadline before that time: (deadline, rule, run)."""
        heap = self._heap
        while heap and heap[0][0] < before_us:
            deadline_us, rule_number, _, _, _, run = heappop(heap)
            postponed = getattr(run, "timer_us", None) == deadline_us
            if postponed:
                run.timer_us = None  # type: ignore[attr-defined]
            if not run.alive or run.deadline_us is None:
                continue
            if run.deadline_us == deadline_us:
                return deadline_us, rule_number, run
            if postponed:
                self.postpone(run.deadline_us, rule_number, run)  # type: ignore[arg-type]
        return None


def _is_wanted(deadline_us: int, run: Waiting) -> bool:
    if not run.alive:
        return False
    return run.deadline_us == deadline_us or getattr(run, "timer_us", None) == deadline_us

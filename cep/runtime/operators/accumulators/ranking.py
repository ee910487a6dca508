"""``top``: the values that are most frequent, or for which another aggregate is largest. Runtime layer."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any

from cep.functions.definitions import ranked_by, value_order
from cep.functions.values import same_key
from cep.runtime.operators.accumulators.accumulator import Accumulator

_PLAIN = frozenset({str, int, bool})
"""Equal values of one of these classes cannot be told apart."""


class Group:
    """Equal values. ``shown`` is the oldest of them: 1 where 1.0 came later. ``measure`` is what they are ranked by."""

    __slots__ = ("_runs", "count", "measure")

    def __init__(self, measure: Accumulator | None = None) -> None:
        self.count = 0
        self.measure = measure
        self._runs: deque[list[Any]] = deque()

    @property
    def shown(self) -> Any:
        return self._runs[0][0]

    def enter(self, value: Any, times: int = 1) -> None:
        self.count += times
        runs = self._runs
        if runs and value.__class__ in _PLAIN and runs[-1][0].__class__ is value.__class__:
            runs[-1][1] += times
        else:
            runs.append([value, times])

    def leave(self) -> None:
        self.count -= 1
        self._runs[0][1] -= 1
        if not self._runs[0][1]:
            self._runs.popleft()

    def take_in(self, other: Group) -> None:
        for value, times in other._runs:
            self.enter(value, times)
        if self.measure is not None:
            self.measure.merge(other.measure)


class TopAccumulator(Accumulator):
    """``top(x, n)``."""

    __slots__ = ("_groups", "_n")

    is_compact = False

    def __init__(self, n: int) -> None:
        self._groups: dict[Hashable, Group] = {}
        self._n = n

    def add(self, value: Any) -> None:
        if value is not None:
            self._group(value).enter(value)

    def _group(self, value: Any) -> Group:
        key = same_key(value)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = self._begin()
        return group

    def _begin(self) -> Group:
        return Group()

    def remove(self, value: Any) -> None:
        if value is None:
            return
        key = same_key(value)
        group = self._groups[key]
        group.leave()
        if not group.count:
            del self._groups[key]

    def merge(self, other: TopAccumulator) -> None:
        for key, group in other._groups.items():
            own = self._groups.get(key)
            if own is None:
                own = self._groups[key] = self._begin()
            own.take_in(group)

    def value(self) -> list[dict[str, Any]]:
        groups = heapq.nsmallest(self._n, self._groups.values(), key=lambda g: (-g.count, *value_order(g.shown)))
        return [{"value": group.shown, "count": group.count} for group in groups]


class TopByAccumulator(TopAccumulator):
    """``top(x, n, sum(y))``. A value is ``[x, what the rank takes]``; ``measure`` makes an accumulator of the rank."""

    __slots__ = ("_measure", "_name")

    def __init__(self, n: int, name: str, measure: Callable[[], Accumulator]) -> None:
        super().__init__(n)
        self._name = name
        self._measure = measure

    def _begin(self) -> Group:
        return Group(self._measure())

    def add(self, value: Any) -> None:
        if value is None or value[0] is None:
            return
        group = self._group(value[0])
        assert group.measure is not None
        group.enter(value[0])
        if value[1] is not None:
            group.measure.add(value[1])

    def remove(self, value: Any) -> None:
        if value is None or value[0] is None:
            return
        group = self._groups[same_key(value[0])]
        if group.measure is not None and value[1] is not None:
            group.measure.remove(value[1])
        super().remove(value[0])

    def value(self) -> list[dict[str, Any]]:
        measured = [(g.shown, g.count, g.measure.value()) for g in self._groups.values() if g.measure is not None]
        return ranked_by(measured, self._n, self._name)

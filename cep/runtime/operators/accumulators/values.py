"""Values of the events: the different ones, all, the first, the last, one by its place. Runtime layer."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Any

from cep.functions.values import same_key
from cep.runtime.operators.accumulators.accumulator import Accumulator


class CountDistinctAccumulator(Accumulator):
    """``count_distinct``: a count for each different value."""

    __slots__ = ("_groups",)

    is_compact = False

    def __init__(self) -> None:
        self._groups: dict[Hashable, list[Any]] = {}

    def add(self, value: Any) -> None:
        if value is None:
            return
        key = same_key(value)
        group = self._groups.get(key)
        if group is None:
            self._groups[key] = [value, 1]
        else:
            group[1] += 1

    def remove(self, value: Any) -> None:
        if value is None:
            return
        key = same_key(value)
        group = self._groups[key]
        group[1] -= 1
        if not group[1]:
            del self._groups[key]

    def merge(self, other: CountDistinctAccumulator) -> None:
        for key, (value, count) in other._groups.items():
            self._groups.setdefault(key, [value, 0])[1] += count

    def value(self) -> int:
        return len(self._groups)


class DistinctAccumulator(Accumulator):
    """``distinct``: in the order of first appearance among what is in the window.

    All values are held, each with the number of the next that is equal, so that when the first of its kind leaves the
    next takes its place. Numbers count from 1 since the start; ``_base`` is the number of ``_values[0]``.
    """

    __slots__ = ("_base", "_first", "_gone", "_last", "_next", "_order", "_values")

    is_compact = False

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._values: list[Any] = []
        self._next: list[int] = []
        self._base = 1
        self._gone = 0
        self._first: dict[Hashable, int] = {}
        self._last: dict[Hashable, int] = {}
        self._order: list[Any] | None = []

    def add(self, value: Any) -> None:
        if value is None:
            return
        key = same_key(value)
        number = self._base + len(self._values)
        before = self._last.get(key)
        if before is None:
            self._first[key] = number
            if self._order is not None:
                self._order.append(value)
        else:
            self._next[before - self._base] = number
        self._last[key] = number
        self._values.append(value)
        self._next.append(0)

    def remove(self, value: Any) -> None:
        if value is None:
            return
        key = same_key(value)
        following = self._next[self._gone]
        if following:
            self._first[key] = following
        else:
            del self._first[key], self._last[key]
            if not self._first:
                self._clear()
                return
        self._order = None
        self._gone += 1
        if self._gone > 256 and self._gone * 2 > len(self._values):
            self._compact()

    def merge(self, other: DistinctAccumulator) -> None:
        for value in other.value():
            self.add(value)

    def value(self) -> list[Any]:
        if self._order is None:
            base = self._base
            self._order = [self._values[number - base] for number in sorted(self._first.values())]
        return list(self._order)

    def _compact(self) -> None:
        del self._values[: self._gone], self._next[: self._gone]
        self._base += self._gone
        self._gone = 0


class CollectAccumulator(Accumulator):
    """``collect``: all that are not null."""

    __slots__ = ("_values",)

    is_compact = False

    def __init__(self) -> None:
        self._values: deque[Any] = deque()

    def add(self, value: Any) -> None:
        if value is not None:
            self._values.append(value)

    def remove(self, value: Any) -> None:
        if value is not None:
            self._values.popleft()

    def merge(self, other: CollectAccumulator) -> None:
        self._values.extend(other._values)

    def value(self) -> Any:
        return list(self._values)


class NthAccumulator(CollectAccumulator):
    """``nth``: by place among those that are not null, from 0, negative from the end."""

    __slots__ = ("_n",)

    def __init__(self, n: int) -> None:
        super().__init__()
        self._n = n

    def value(self) -> Any:
        values, n = self._values, self._n
        return values[n] if -len(values) <= n < len(values) else None


class FirstAccumulator(CollectAccumulator):
    """``first``: the oldest that is not null."""

    __slots__ = ()

    def value(self) -> Any:
        return self._values[0] if self._values else None


class LastAccumulator(Accumulator):
    """``last``: the newest that is not null. Values leave oldest first, so that one and a count are enough."""

    __slots__ = ("_count", "_newest")

    def __init__(self) -> None:
        self._count = 0
        self._newest: Any = None

    def add(self, value: Any) -> None:
        if value is not None:
            self._newest = value
            self._count += 1

    def remove(self, value: Any) -> None:
        if value is not None:
            self._count -= 1
            if not self._count:
                self._newest = None

    def merge(self, other: LastAccumulator) -> None:
        if other._count:
            self._newest = other._newest
            self._count += other._count

    def value(self) -> Any:
        return self._newest

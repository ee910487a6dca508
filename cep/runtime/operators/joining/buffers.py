"""What the two sides of a join hold while partners may still come. Runtime layer."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from cep.runtime.joined import JoinedEvent


class Held(Protocol):
    """Something with a time. What is added comes in the order of time."""

    @property
    def time_us(self) -> Any:
        """Event time, microseconds."""


T = TypeVar("T", bound=Held)


class Earlier:
    """What was joined so far, on the left of a join.

    Of a `left join` it waits (a timer, see :class:`cep.runtime.timers.Waiting`) for its first partner until
    ``deadline_us``, and goes on without one then: ``alive`` while it waits.
    """

    __slots__ = ("alive", "deadline_us", "joined", "key", "serial", "stage", "time_us")

    def __init__(self, joined: JoinedEvent, stage: int, serial: int, deadline_us: int | None) -> None:
        self.joined = joined
        self.stage = stage
        self.serial = serial
        self.deadline_us = deadline_us
        self.alive = deadline_us is not None
        self.key: Any = joined.key
        self.time_us: int = joined.time_us


class Side(Generic[T]):
    """Events of one side by what they are joined on, oldest first, each until it is older than ``within_us``.

    Under null stands what can find no partner and waits to go on without one.
    """

    __slots__ = ("_by_key", "_order", "_within_us")

    def __init__(self, within_us: int) -> None:
        self._within_us = within_us
        self._by_key: dict[Hashable, deque[T]] = {}
        self._order: deque[tuple[Hashable, T]] = deque()

    def __len__(self) -> int:
        return len(self._order)

    def entries(self) -> Iterator[tuple[Any, T]]:
        """All that is held, oldest first, with what it is joined on."""
        return iter(self._order)

    def __iter__(self) -> Iterator[T]:
        return (held for _, held in self._order)

    @property
    def oldest_us(self) -> int | None:
        """The time of the oldest; null where there is none."""
        return self._order[0][1].time_us if self._order else None

    def add(self, key: Hashable, held: T) -> None:
        """Keep it."""
        self._order.append((key, held))
        bucket = self._by_key.get(key)
        if bucket is None:
            bucket = self._by_key[key] = deque()
        bucket.append(held)

    def find(self, key: Hashable) -> tuple[T, ...] | deque[T]:
        """Those with this key, oldest first."""
        return self._by_key.get(key, ())

    def expire(self, now_us: int) -> None:
        """Let go what no partner of that time or later can reach."""
        oldest_us = now_us - self._within_us
        while self._order and self._order[0][1].time_us < oldest_us:
            self.drop()

    def drop(self) -> T:
        """Let go the oldest, and give it."""
        key, held = self._order.popleft()
        bucket = self._by_key[key]
        bucket.popleft()
        if not bucket:
            del self._by_key[key]
        return held

"""The live runs of a rule over all its keys, and the limit on them (S13). Runtime layer.

Nothing is kept in order before the limit is hit for the first time; from then on a heap of the keys by their oldest
start tells which start goes next. An entry may be older than what its key still has: it is put right when its turn
comes, so that keys need not report what becomes of their runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heapify, heappop, heappush
from typing import Any, Protocol


class Dropping(Protocol):
    """The state of one key, as far as the limit goes."""

    def oldest_start(self) -> int | None:
        """The number of its oldest start, or one that is older than that; null where it has none."""


class RuleRuns:
    """How many runs of a rule are alive. ``alive`` is kept by who makes and ends them.

    ``limit`` is how many there may be; ``until_sweep``: after so many starts that are dropped, what has expired is
    forgotten over all keys.
    """

    __slots__ = ("_keys", "alive", "limit", "until_sweep")

    def __init__(self, limit: int) -> None:
        self.alive = 0
        self.limit = limit
        self._keys: list[tuple[int, Any]] | None = None
        self.until_sweep = 0

    def begun(self, serial: int, key: Any) -> None:
        """A key has runs that had none; its oldest start is the one with this number."""
        if self._keys is not None:
            heappush(self._keys, (serial, key))

    def bound(self, states: Mapping[Any, Dropping], sweep: Callable[[], None], drop: Callable[[Any], bool]) -> int:
        """Drop the oldest starts until there are no more runs than the limit; how many starts went.

        ``sweep`` forgets what has expired, over all keys: called once for as many starts as an eighth of the limit.
        ``drop`` drops the oldest start of a key, unless it turns out to have expired, and tells whether it did.
        """
        dropped = 0
        if self.until_sweep <= 0:
            sweep()
            self.until_sweep = self.limit // 8
        while self.alive > self.limit:
            key = self._oldest(states)
            if key is None:
                break
            if drop(key):
                dropped += 1
                self.until_sweep -= 1
            state = states.get(key)
            serial = None if state is None else state.oldest_start()
            if serial is not None:
                self.begun(serial, key)
        return dropped

    def _oldest(self, states: Mapping[Any, Dropping]) -> Any:
        """The key with the oldest start; it is no longer in the heap."""
        keys = self._keys
        if keys is None or len(keys) > 2 * len(states) + 64:
            found = [(serial, key) for key, state in states.items() if (serial := state.oldest_start()) is not None]
            heapify(found)
            keys = self._keys = found
        while keys:
            serial, key = heappop(keys)
            state = states.get(key)
            now = None if state is None else state.oldest_start()
            if now == serial:
                return key
            if now is not None:
                heappush(keys, (now, key))
        return None

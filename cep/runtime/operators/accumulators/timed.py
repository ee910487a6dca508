"""Aggregates that look at event time: rate and exponentially weighted mean. Runtime layer."""

from __future__ import annotations

from collections import deque
from typing import Any

from cep.functions.definitions import EWMA_HALVES, rate, weight
from cep.runtime.operators.accumulators.accumulator import Accumulator
from cep.runtime.operators.accumulators.statistics import SCALE_BITS, Exact, nearest, scaled
from cep.timestamps import SECOND_US


class RateAccumulator(Accumulator):
    """``rate`` in a window whose length is a time: events by that. A value is an event time."""

    __slots__ = ("_count", "_length_us")

    def __init__(self, length_us: int) -> None:
        self._count = 0
        self._length_us = length_us

    def add(self, value: Any) -> None:
        if value is not None:
            self._count += 1

    def remove(self, value: Any) -> None:
        if value is not None:
            self._count -= 1

    def merge(self, other: RateAccumulator) -> None:
        self._count += other._count

    def value(self) -> float | None:
        return self._count * SECOND_US / self._length_us if self._count else None


class SpanRateAccumulator(Accumulator):
    """``rate`` in other windows: events after the first by the time since it. A value is an event time."""

    __slots__ = ("_times_us",)

    is_compact = False

    def __init__(self) -> None:
        self._times_us: deque[int] = deque()

    def add(self, value: Any) -> None:
        if value is not None:
            self._times_us.append(value)

    def remove(self, value: Any) -> None:
        if value is not None:
            self._times_us.popleft()

    def merge(self, other: SpanRateAccumulator) -> None:
        self._times_us.extend(other._times_us)

    def value(self) -> float | None:
        return rate(self._times_us)


class EwmaAccumulator(Accumulator):
    """``ewma``: exact sums for each halving of the weight, of which the newest 65 count. A value is ``[x, time_us]``.

    ``_halves`` maps a halving to [sum of weighted numbers, sum of weights, how many], oldest first.
    """

    __slots__ = ("_half_life_us", "_halves")

    def __init__(self, half_life_us: int) -> None:
        self._half_life_us = half_life_us
        self._halves: dict[int, list[Any]] = {}

    def add(self, value: Any) -> None:
        number = None if value is None else scaled(value[0])
        if number is None:
            return
        half, share = weight(value[1], self._half_life_us)
        self._put(half, number * share, share, 1)

    def remove(self, value: Any) -> None:
        number = None if value is None else scaled(value[0])
        if number is None:
            return
        half, share = weight(value[1], self._half_life_us)
        held = self._halves.get(half)
        if held is None:
            return  # so old that it counted no longer
        held[0] -= number * share
        held[1] -= share
        held[2] -= 1
        if not held[2]:
            del self._halves[half]

    def _put(self, half: int, weighted: Exact, weights: int, count: int) -> None:
        halves = self._halves
        held = halves.get(half)
        if held is None:
            halves[half] = [weighted, weights, count]
            while next(iter(halves)) < half - EWMA_HALVES:
                del halves[next(iter(halves))]
        else:
            held[0] += weighted
            held[1] += weights
            held[2] += count

    def merge(self, other: EwmaAccumulator) -> None:
        for half, (weighted, weights, count) in other._halves.items():
            self._put(half, weighted, weights, count)

    def value(self) -> float | None:
        if not self._halves:
            return None
        oldest = next(iter(self._halves))
        total: Exact = 0
        weights = 0
        for half, (weighted, of_half, _) in self._halves.items():
            total += weighted * (1 << (half - oldest))
            weights += of_half << (half - oldest)
        return nearest(total, weights << SCALE_BITS)

"""Approximate aggregates that slide. Runtime layer. The sketches are those of :mod:`cep.functions.sketches`.

A register of a HyperLogLog knows only its largest rank, which cannot be taken out again. So each register keeps the
ranks that may still become its largest when older values have left (Chabchoub, Hébrail, Sliding HyperLogLog, 2010):
about ln of the number of values per register, and the estimate is that of the values in the window, to the bit.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from typing import Any

from cep.functions.exact import usable
from cep.functions.sketches import (
    RANKS,
    REGISTERS,
    Bucket,
    bucket_of,
    estimate,
    percentile_of,
    register_and_rank,
)
from cep.runtime.operators.accumulators.accumulator import Accumulator


class ApproxCountDistinctAccumulator(Accumulator):
    """``approx_count_distinct``. Registers hold (rank, place) with falling ranks; the histogram counts the first."""

    __slots__ = ("_entered", "_histogram", "_left", "_registers")

    def __init__(self) -> None:
        self._entered = 0
        self._left = 0
        self._registers: dict[int, deque[tuple[int, int]]] = {}
        self._histogram = [REGISTERS] + [0] * (RANKS - 1)

    def add(self, value: Any) -> None:
        if value is None:
            return
        register, rank = register_and_rank(value)
        self._push(register, rank)
        self._entered += 1

    def _push(self, register: int, rank: int) -> None:
        ranks = self._registers.get(register)
        if ranks is None:
            ranks = self._registers[register] = deque()
        largest = ranks[0][0] if ranks else 0
        while ranks and ranks[-1][0] <= rank:
            ranks.pop()
        ranks.append((rank, self._entered))
        if rank > largest:
            self._histogram[largest] -= 1
            self._histogram[rank] += 1

    def remove(self, value: Any) -> None:
        if value is None:
            return
        register, _ = register_and_rank(value)
        ranks = self._registers[register]
        if ranks[0][1] == self._left:
            self._histogram[ranks.popleft()[0]] -= 1
            self._histogram[ranks[0][0] if ranks else 0] += 1
            if not ranks:
                del self._registers[register]
        self._left += 1

    def merge(self, other: ApproxCountDistinctAccumulator) -> None:
        for register, ranks in other._registers.items():
            for rank, _ in ranks:
                self._push(register, rank)
        self._entered += other._entered - other._left

    def value(self) -> int:
        return estimate(self._histogram)


class ApproxPercentileAccumulator(Accumulator):
    """``approx_percentile``. ``_buckets`` are those that hold a number, in order."""

    __slots__ = ("_buckets", "_counts", "_p", "_total")

    def __init__(self, p: Any) -> None:
        self._p = p
        self._total = 0
        self._counts: dict[Bucket, int] = {}
        self._buckets: list[Bucket] = []

    def add(self, value: Any) -> None:
        if usable(value):
            self._put(bucket_of(value), 1)

    def _put(self, bucket: Bucket, count: int) -> None:
        before = self._counts.get(bucket)
        if before is None:
            insort(self._buckets, bucket)
            self._counts[bucket] = count
        else:
            self._counts[bucket] = before + count
        self._total += count

    def remove(self, value: Any) -> None:
        if not usable(value):
            return
        bucket = bucket_of(value)
        self._total -= 1
        self._counts[bucket] -= 1
        if not self._counts[bucket]:
            del self._counts[bucket]
            del self._buckets[bisect_left(self._buckets, bucket)]

    def merge(self, other: ApproxPercentileAccumulator) -> None:
        for bucket, count in other._counts.items():
            self._put(bucket, count)

    def value(self) -> float | None:
        return percentile_of(self._buckets, self._counts, self._total, self._p)

"""Smallest, largest, range, and the value where another is smallest or largest. Runtime layer.

Only values that may still become the extreme are held: each is more extreme than all that came later.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from typing import Any

from cep.functions.exact import usable
from cep.functions.operators import subtract
from cep.runtime.operators.accumulators.accumulator import Accumulator


class _Candidates:
    """The values that may still become the extreme: each is more extreme than, or equal to, all that came later."""

    __slots__ = ("places", "values")

    def __init__(self) -> None:
        self.values: deque[Any] = deque()
        self.places: deque[int] = deque()

    def leave(self, place: int) -> None:
        if self.places and self.places[0] == place:
            self.places.popleft()
            self.values.popleft()


class ExtremeAccumulator(Accumulator):
    """What ``min`` and ``max`` share: numbers, and in a second row the texts that count where there is no number."""

    __slots__ = ("_entered", "_left", "_numbers", "_texts")

    is_compact = False

    def __init__(self) -> None:
        self._entered = 0
        self._left = 0
        self._numbers = _Candidates()
        self._texts = _Candidates()

    @staticmethod
    @abstractmethod
    def _push(candidates: _Candidates, place: int, value: Any) -> None: ...

    def add(self, value: Any) -> None:
        if usable(value):
            self._push(self._numbers, self._entered, value)
        elif isinstance(value, str):
            self._push(self._texts, self._entered, value)
        self._entered += 1

    def remove(self, value: Any) -> None:
        place = self._left
        self._left = place + 1
        self._numbers.leave(place)
        if isinstance(value, str):
            self._texts.leave(place)

    def merge(self, other: ExtremeAccumulator) -> None:
        for own, others in ((self._numbers, other._numbers), (self._texts, other._texts)):
            for value in others.values:
                self._push(own, self._entered, value)
        self._entered += other._entered

    def number(self) -> Any:
        """The extreme of the numbers alone."""
        return self._numbers.values[0] if self._numbers.values else None

    def value(self) -> Any:
        if self._numbers.values:
            return self._numbers.values[0]
        return self._texts.values[0] if self._texts.values else None


class MinAccumulator(ExtremeAccumulator):
    """``min``: of equal ones the first."""

    __slots__ = ()

    @staticmethod
    def _push(candidates: _Candidates, place: int, value: Any) -> None:
        values, places = candidates.values, candidates.places
        while values and values[-1] > value:
            values.pop()
            places.pop()
        values.append(value)
        places.append(place)


class MaxAccumulator(ExtremeAccumulator):
    """``max``: of equal ones the first."""

    __slots__ = ()

    @staticmethod
    def _push(candidates: _Candidates, place: int, value: Any) -> None:
        values, places = candidates.values, candidates.places
        while values and values[-1] < value:
            values.pop()
            places.pop()
        values.append(value)
        places.append(place)


class RangeAccumulator(Accumulator):
    """``range``: the largest number less the smallest."""

    __slots__ = ("_max", "_min")

    is_compact = False

    def __init__(self) -> None:
        self._min = MinAccumulator()
        self._max = MaxAccumulator()

    def add(self, value: Any) -> None:
        self._min.add(value)
        self._max.add(value)

    def remove(self, value: Any) -> None:
        self._min.remove(value)
        self._max.remove(value)

    def merge(self, other: RangeAccumulator) -> None:
        self._min.merge(other._min)
        self._max.merge(other._max)

    def value(self) -> Any:
        return subtract(self._max.number(), self._min.number())


class ArgExtremeAccumulator(Accumulator):
    """What ``arg_min`` and ``arg_max`` share. A value is ``[x, y]``; a row with a null does not count.

    Candidates are (y, x, place), those with a number for y apart from those with a text.
    """

    __slots__ = ("_entered", "_left", "_numbers", "_texts")

    is_compact = False

    def __init__(self) -> None:
        self._entered = 0
        self._left = 0
        self._numbers: deque[tuple[Any, Any, int]] = deque()
        self._texts: deque[tuple[Any, Any, int]] = deque()

    @staticmethod
    @abstractmethod
    def _beats(later: Any, earlier: Any) -> bool: ...

    def add(self, value: Any) -> None:
        if value is not None and value[0] is not None:
            by = value[1]
            if usable(by):
                self._push(self._numbers, (by, value[0], self._entered))
            elif isinstance(by, str):
                self._push(self._texts, (by, value[0], self._entered))
        self._entered += 1

    def _push(self, candidates: deque[tuple[Any, Any, int]], new: tuple[Any, Any, int]) -> None:
        while candidates and self._beats(new[0], candidates[-1][0]):
            candidates.pop()
        candidates.append(new)

    def remove(self, value: Any) -> None:
        for candidates in (self._numbers, self._texts):
            if candidates and candidates[0][2] == self._left:
                candidates.popleft()
        self._left += 1

    def merge(self, other: ArgExtremeAccumulator) -> None:
        for own, others in ((self._numbers, other._numbers), (self._texts, other._texts)):
            for by, value, _ in others:
                self._push(own, (by, value, self._entered))
        self._entered += other._entered

    def value(self) -> Any:
        candidates = self._numbers or self._texts
        return candidates[0][1] if candidates else None


class ArgMinAccumulator(ArgExtremeAccumulator):
    """``arg_min``: of equal ones the first."""

    __slots__ = ()

    @staticmethod
    def _beats(later: Any, earlier: Any) -> bool:
        return bool(later < earlier)


class ArgMaxAccumulator(ArgExtremeAccumulator):
    """``arg_max``: of equal ones the first."""

    __slots__ = ()

    @staticmethod
    def _beats(later: Any, earlier: Any) -> bool:
        return bool(later > earlier)

"""Aggregates of a window that slides: each value enters once and leaves once. Runtime layer.

Invariant: after any adding and removing, :meth:`Accumulator.value` is, to the bit, what the aggregate's definition
(``over_values`` in :data:`cep.functions.AGGREGATES`) gives over the values that remain. Sums are therefore kept without
rounding: floats as ints scaled by a power of two, Decimals with all their digits.

Values leave in the order in which they came. Cost per value is constant, amortised; that of ``value()`` is constant
except for ``distinct`` and ``collect``, whose result has that length.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Hashable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from cep.functions.exact import (
    EXACT,
    decimal_mean,
    nearest_float,
    nearest_ratio,
    usable,
    with_places,
)
from cep.functions.operators import subtract
from cep.functions.values import checked_int, same_key


class Accumulator(ABC):
    """One aggregate of one window of one key. Made empty by the window's operator.

    Every value that was added is removed at most once, in the order of adding, as the same value. Nulls and values that
    the aggregate skips come and go like all others. What :meth:`value` returns is the caller's own.
    """

    __slots__ = ()

    @abstractmethod
    def add(self, value: Any) -> None:
        """The value of the event that enters.

        Raises:
            EvaluationError: by ``distinct`` and ``count_distinct``, a value nested too deeply; nothing is added then.
        """

    @abstractmethod
    def remove(self, value: Any) -> None:
        """The value of the oldest event, which leaves."""

    @abstractmethod
    def value(self) -> Any:
        """The aggregate of what is in the window.

        Raises:
            EvaluationError: the result does not fit an int of 64 bits or a float.
        """


# ---- sums ----

_SCALE_BITS = 80
_SCALE = 2.0**_SCALE_BITS
_SMALLEST = 2.0**-28
_LARGEST = 2.0**900
_FINEST_BITS = 1_074


class SumAccumulator(Accumulator):
    """``sum``: exact.

    A float between 2^-28 and 2^900 is a multiple of 2^-80, so that its product with 2^80 is exact and whole. The few
    others are kept apart, as multiples of 2^-1074, which every float is.
    """

    __slots__ = ("_decimals", "_fine", "_fines", "_floats", "_int", "_ints", "_places", "_scaled", "_total")

    def __init__(self) -> None:
        self._int = 0
        self._scaled = 0
        self._fine = 0
        self._total = Decimal(0)
        self._ints = self._floats = self._fines = self._decimals = 0
        self._places: dict[int, int] = {}

    def add(self, value: Any) -> None:
        name = value.__class__
        if name is float:
            if _SMALLEST <= value < _LARGEST or -_LARGEST < value <= -_SMALLEST:
                self._scaled += int(value * _SCALE)
                self._floats += 1
            else:
                self._change_fine(value, 1)
        elif name is int:
            self._int += value
            self._ints += 1
        elif name is not str and value is not None and usable(value):
            self._change_other(value, 1)

    def remove(self, value: Any) -> None:
        name = value.__class__
        if name is float:
            if _SMALLEST <= value < _LARGEST or -_LARGEST < value <= -_SMALLEST:
                self._scaled -= int(value * _SCALE)
                self._floats -= 1
            else:
                self._change_fine(value, -1)
        elif name is int:
            self._int -= value
            self._ints -= 1
        elif name is not str and value is not None and usable(value):
            self._change_other(value, -1)

    def value(self) -> Any:
        if self._decimals:
            return nearest_float(self._fraction()) if self._floats else self._decimal()
        if not self._floats:
            return checked_int(self._int)
        return self._over(1)

    def _change_fine(self, value: float, sign: int) -> None:
        if value == 0.0:
            self._floats += sign
        elif value - value == 0.0:
            numerator, denominator = value.as_integer_ratio()
            self._fine += sign * (numerator << (_FINEST_BITS + 1 - denominator.bit_length()))
            self._fines += sign
            self._floats += sign

    def _change_other(self, value: Any, sign: int) -> None:
        """A Decimal, or a number of a class that extends int or float."""
        if isinstance(value, Decimal):
            self._total = EXACT.add(self._total, value if sign > 0 else -value)
            self._decimals += sign
            places = -int(value.as_tuple().exponent)
            left = self._places.pop(places, 0) + sign
            if left:
                self._places[places] = left
        else:
            plain = float(value) if isinstance(value, float) else int(value)
            SumAccumulator.add(self, plain) if sign > 0 else SumAccumulator.remove(self, plain)

    def _over(self, count: int) -> float:
        """The sum of ints and floats by ``count``, rounded once."""
        numerator = self._scaled + (self._int << _SCALE_BITS)
        if not self._fines:
            return nearest_ratio(numerator, count << _SCALE_BITS)
        numerator = (numerator << (_FINEST_BITS - _SCALE_BITS)) + self._fine
        return nearest_ratio(numerator, count << _FINEST_BITS)

    def _decimal(self) -> Decimal:
        total = EXACT.add(self._total, Decimal(self._int)) if self._ints else self._total
        return with_places(total, max(0, *self._places))

    def _fraction(self) -> Fraction:
        numerator = self._scaled + (self._int << _SCALE_BITS)
        fine = Fraction(self._fine, 1 << _FINEST_BITS)
        return Fraction(numerator, 1 << _SCALE_BITS) + fine + Fraction(self._total)


class AvgAccumulator(SumAccumulator):
    """``avg``: the exact sum by the count, rounded once."""

    __slots__ = ()

    def value(self) -> Any:
        count = self._ints + self._floats + self._decimals
        if not count:
            return None
        if self._decimals:
            if self._floats:
                return nearest_float(self._fraction() / count)
            return decimal_mean(self._decimal(), count)
        return self._over(count)


class CountAccumulator(Accumulator):
    """``count``: those that are not null. Without an argument the operator adds ``true`` for each event."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def add(self, value: Any) -> None:
        if value is not None:
            self._count += 1

    def remove(self, value: Any) -> None:
        if value is not None:
            self._count -= 1

    def value(self) -> int:
        return self._count


# ---- extremes ----


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

    def __init__(self) -> None:
        self._min = MinAccumulator()
        self._max = MaxAccumulator()

    def add(self, value: Any) -> None:
        self._min.add(value)
        self._max.add(value)

    def remove(self, value: Any) -> None:
        self._min.remove(value)
        self._max.remove(value)

    def value(self) -> Any:
        return subtract(self._max.number(), self._min.number())


# ---- values ----


class CountDistinctAccumulator(Accumulator):
    """``count_distinct``: a count for each different value."""

    __slots__ = ("_groups",)

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

    def value(self) -> int:
        return len(self._groups)


class DistinctAccumulator(Accumulator):
    """``distinct``: in the order of first appearance among what is in the window.

    All values are held, each with the number of the next that is equal, so that when the first of its kind leaves the
    next takes its place. Numbers count from 1 since the start; ``_base`` is the number of ``_values[0]``.
    """

    __slots__ = ("_base", "_first", "_gone", "_last", "_next", "_order", "_values")

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

    def __init__(self) -> None:
        self._values: deque[Any] = deque()

    def add(self, value: Any) -> None:
        if value is not None:
            self._values.append(value)

    def remove(self, value: Any) -> None:
        if value is not None:
            self._values.popleft()

    def value(self) -> Any:
        return list(self._values)


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

    def value(self) -> Any:
        return self._newest


ACCUMULATORS: dict[str, type[Accumulator]] = {
    "count": CountAccumulator,
    "sum": SumAccumulator,
    "avg": AvgAccumulator,
    "min": MinAccumulator,
    "max": MaxAccumulator,
    "range": RangeAccumulator,
    "count_distinct": CountDistinctAccumulator,
    "distinct": DistinctAccumulator,
    "first": FirstAccumulator,
    "last": LastAccumulator,
    "collect": CollectAccumulator,
}

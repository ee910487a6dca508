"""Aggregates of windows out of which nothing goes before all goes: their state does not grow with the events.

Runtime layer. Where a rule needs no more than these (:data:`RUNNING`), its window keeps the newest events for the
evidence and no others, so that neither memory nor the limit `window_events` bounds what it counts. Their state is their
slots, as plain data.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from cep.functions.exact import usable
from cep.runtime.operators.accumulators import ACCUMULATORS, Accumulator
from cep.runtime.state import pack_value, unpack_value


class RunningAccumulator(Accumulator):
    """What these share: nothing is ever removed."""

    __slots__ = ()

    def remove(self, value: Any) -> None:
        raise AssertionError("nothing goes out of a window that only grows")

    def merge(self, other: Any) -> None:
        raise AssertionError("a window that only grows is one piece")


class RunningExtreme(RunningAccumulator):
    """``min`` and ``max``: of equal ones the first; texts count where there is no number."""

    __slots__ = ("_number", "_text")

    def __init__(self) -> None:
        self._number: Any = None
        self._text: str | None = None

    @staticmethod
    @abstractmethod
    def _is_further(value: Any, than: Any) -> bool:
        """Whether it is the better one of two that can be compared."""

    def add(self, value: Any) -> None:
        if usable(value):
            if self._number is None or self._is_further(value, self._number):
                self._number = value
        elif isinstance(value, str) and (self._text is None or self._is_further(value, self._text)):
            self._text = value

    def value(self) -> Any:
        return self._text if self._number is None else self._number


class RunningMin(RunningExtreme):
    """``min``."""

    __slots__ = ()

    @staticmethod
    def _is_further(value: Any, than: Any) -> bool:
        return bool(value < than)


class RunningMax(RunningExtreme):
    """``max``."""

    __slots__ = ()

    @staticmethod
    def _is_further(value: Any, than: Any) -> bool:
        return bool(value > than)


class RunningFirst(RunningAccumulator):
    """``first``."""

    __slots__ = ("_value",)

    def __init__(self) -> None:
        self._value: Any = None

    def add(self, value: Any) -> None:
        if self._value is None:
            self._value = value

    def value(self) -> Any:
        return self._value


RUNNING: dict[str, Callable[[], Accumulator]] = {
    **{name: ACCUMULATORS[name] for name in ("count", "sum", "avg", "last")},
    "min": RunningMin,
    "max": RunningMax,
    "first": RunningFirst,
}
"""By the aggregate's name; the same names as :data:`cep.plan.windows.RUNNING_AGGREGATES`."""


def pack_accumulator(accumulator: Accumulator) -> list[Any]:
    """The state of one of :data:`RUNNING`, plain data."""
    return [pack_value(getattr(accumulator, slot)) for slot in _slots(accumulator)]


def unpack_accumulator(packed: list[Any], accumulator: Accumulator) -> None:
    """Give a new accumulator the state that :func:`pack_accumulator` told."""
    for slot, value in zip(_slots(accumulator), packed, strict=True):
        setattr(accumulator, slot, unpack_value(value))


def _slots(accumulator: Accumulator) -> list[str]:
    return [slot for made in type(accumulator).__mro__ for slot in getattr(made, "__slots__", ())]

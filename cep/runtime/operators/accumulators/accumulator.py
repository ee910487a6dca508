"""What all accumulators have in common. Runtime layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar


class Accumulator(ABC):
    """One aggregate of one window of one key. Made empty by the window's operator.

    A value is what the aggregate takes from an event (:attr:`cep.plan.plan.AggregatePlan.taken`). Every value that was
    added is removed at most once, in the order of adding, as the same value. Nulls and values that the aggregate skips
    come and go like all others. What :meth:`value` returns is the caller's own.

    ``is_compact``: the state does not grow with the values, so that :meth:`merge` costs the same whatever the other
    holds. The others hold values, or a count for each different one, and merging goes through these.
    """

    __slots__ = ()

    is_compact: ClassVar[bool] = True

    @abstractmethod
    def add(self, value: Any) -> None:
        """The value of the event that enters.

        Raises:
            EvaluationError: by aggregates that tell values apart, a value nested too deeply; nothing is added then.
        """

    @abstractmethod
    def remove(self, value: Any) -> None:
        """The value of the oldest event, which leaves."""

    @abstractmethod
    def merge(self, other: Any) -> None:
        """Takes in what another accumulator of the same aggregate holds, all of it later than what is here.

        The other stays as it is. Nothing may be removed afterwards from this one; values may still be added, and
        others merged.
        """

    @abstractmethod
    def value(self) -> Any:
        """The aggregate of what is in the window.

        Raises:
            EvaluationError: the result does not fit an int of 64 bits or a float.
        """

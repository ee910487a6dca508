"""Operators that hold runs per key, and many of them at one event. Runtime layer.

Rules that read one key of an event share its value. Of those that the event cannot begin a run of, only the ones that
have runs of that key are called at all: what a rule costs that an event is of no use to is one look into a dictionary.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from cep.event import Event
from cep.functions.records import EvaluationError
from cep.plan.generate.functions import KeyFunction
from cep.runtime.emitter import Derived
from cep.runtime.operators.operator import Operator, Output, Receiver

Taker = Callable[[Event, int, Any], Output]
"""Takes an event with its mask and its key, which is not null."""


class KeyedOperator(Operator):
    """An operator to which an event matters only if it begins a run or its key has one.

    ``states`` are those of the keys that have runs; the dictionary stays the same one.
    """

    states: dict[Any, Any]

    @abstractmethod
    def taker(self, event_type: str) -> Taker:
        """The function that takes events of this type."""

    @abstractmethod
    def begins(self, event_type: str) -> int:
        """The bits of a mask with one of which an event of the type may begin a run."""

    def receiver(self, event_type: str) -> Receiver:
        """See :class:`Operator`."""
        return self.receiver_of(event_type, self.taker(event_type))

    def receiver_of(self, event_type: str, take: Taker) -> Receiver:
        """The receiver that finds the key for what takes the event."""
        key_of = self.compile_key(event_type)
        begins = self.begins(event_type)
        states = self.states

        def receive(event: Event, mask: int) -> Output:
            key = self.key_of(key_of, event)
            if key is None or not (mask & begins or key in states):
                return None
            return take(event, mask, key)

        return receive

    def key_paths(self, event_type: str) -> tuple[object, ...]:
        """What the key of such an event is made of: operators for which this is equal have equal keys."""
        return tuple([(key.by_type.get(event_type, key.path), key.optional) for key in self.rule.keys])


class Member:
    """An operator and what it has for events of one type. ``take`` is null where ``receive`` must be called."""

    __slots__ = ("begins", "key_paths", "operator", "reads", "receive", "take")

    def __init__(self, operator: Operator, event_type: str) -> None:
        self.operator = operator
        self.reads = operator.rule.reads[event_type]
        self.take: Taker | None = None
        self.begins = 0
        self.key_paths: object = operator
        # One whose receiver does more than find the key is called by itself.
        if isinstance(operator, KeyedOperator) and type(operator).receiver is KeyedOperator.receiver:
            self.take = operator.taker(event_type)
            self.receive = operator.receiver_of(event_type, self.take)
            self.begins = operator.begins(event_type)
            self.key_paths = operator.key_paths(event_type)
        else:
            self.receive = operator.receiver(event_type)

    def only_if(self, wanted: Callable[[Event], bool]) -> Member:
        """The same, for those events only; it is called by itself then."""
        receive = self.receive
        self.receive = lambda event, mask: receive(event, mask) if wanted(event) else None
        self.take, self.key_paths = None, self.operator
        return self


def fused(members: Sequence[Member], event_type: str, mask: int) -> Iterator[Receiver]:
    """Receivers for events of this type and mask that do what those of the members do, one after the other."""
    for _, neighbours in groupby(members, key=lambda member: member.key_paths):
        together = list(neighbours)
        if len(together) == 1 or together[0].take is None:
            yield from [member.receive for member in together]
        else:
            yield _receiver_of_many(together, together[0].operator.compile_key(event_type), mask)


def _receiver_of_many(members: Sequence[Member], key_of: KeyFunction, mask: int) -> Receiver:
    first = members[0].operator
    around = first.around
    names = [member.operator.rule.name for member in members]
    called = [
        (bool(mask & member.begins), member.operator.states, member.take)
        for member in members
        if isinstance(member.operator, KeyedOperator) and member.take is not None
    ]

    def receive(event: Event, mask: int) -> Output:
        try:
            key = key_of(event)
        except EvaluationError as error:
            for name in names:
                around.report(name, event, error)
            return None
        if key is None:
            for name in names:
                around.counters.null_keys[name] += 1
            return None
        found: list[Derived] | None = None
        for begins, states, take in called:
            if begins or key in states:
                derived = take(event, mask, key)
                if derived is not None:
                    some = derived if isinstance(derived, list) else [derived]
                    found = some if found is None else [*found, *some]
        return found

    return receive

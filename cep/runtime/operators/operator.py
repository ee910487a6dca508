"""What all operators share: the event types they read, keys, errors in the data, sweeping. Runtime layer.

An operator runs one rule. The graph calls the receiver of an event's type, and later, perhaps, :meth:`Operator.fire`.
State lives per key and can be snapshot between any two events.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cep.event import Event
from cep.functions.records import EvaluationError
from cep.plan.automaton import Fit
from cep.plan.generate.functions import Condition, ExpressionCompiler, KeyFunction
from cep.plan.generate.inlined import Inlined
from cep.plan.generate.scope import Scope
from cep.plan.plan import RulePlan
from cep.runtime.emitter import Derived, Emitter, Roles
from cep.runtime.limits import Counters, Limits
from cep.runtime.state import EventTable
from cep.runtime.tables import TableChange, Tables
from cep.runtime.timers import Timers, Waiting
from cep.runtime.watermark import AFTER_ALL

Report = Callable[[str, Event, EvaluationError], None]
"""Told of a failed expression: rule, event, error (S15)."""

Output = Derived | list[Derived] | None
"""What an operator derives at one event or deadline."""

Receiver = Callable[[Event, int], Output]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What operators are built with: made once by the graph."""

    compiler: ExpressionCompiler
    limits: Limits
    counters: Counters
    timers: Timers
    report: Report
    tables: Tables
    attributes: Mapping[str, str]
    """The attributes that hold the fields of events, by name."""


CompiledFit = tuple[int, "Condition | None"]
"""A bit of the mask and the condition tied to earlier steps; bit 0 where the type does not fit at all."""

NO_FIT: CompiledFit = (0, None)


_FIRST_ROOM = 1_024


class Operator(ABC):
    """One rule running. ``room``: the number of keys at which :meth:`make_room` must be called.

    ``tables`` names the tables of which it wants to be told (:meth:`begin`, :meth:`table_changed`).
    """

    tables: tuple[str, ...] = ()
    speaks = True
    """Whether it has a receiver; false where that of another operator takes its events for it."""

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings) -> None:
        self.rule = rule
        self.emitter = emitter
        self.around = around
        self.limits = around.limits
        self.counters = around.counters
        self.room = min(_FIRST_ROOM, around.limits.keys)
        self.degraded_until_us: int | None = None

    # ---- to be provided ----

    @abstractmethod
    def receiver(self, event_type: str) -> Receiver:
        """The function that takes events of this type, with their mask."""

    def inlined(self, event_type: str) -> Inlined | None:
        """What the generated loop does itself with events of this type; null where it is to call the receiver."""
        return None

    def fire(self, run: Waiting, deadline_us: int) -> Output:
        """A deadline has passed."""
        raise AssertionError(f"{self.rule.name} sets no timers")

    def pending(self) -> list[Waiting]:
        """The runs that would fire if time went on without further events, in the order of their deadlines."""
        return []

    def begin(self, time_us: int) -> None:
        """The first event is about to be released; ``time_us`` is its time. Only for operators with ``tables``."""
        raise AssertionError(f"{self.rule.name} asks for no tables")

    def table_changed(self, change: TableChange) -> None:
        """One of its ``tables`` has other keys from ``change.at_us`` on, before any event or timer of that time."""
        raise AssertionError(f"{self.rule.name} asks for no tables")

    @abstractmethod
    def expire(self, now_us: int) -> None:
        """Forget what is out of every bound at this time."""

    @abstractmethod
    def snapshot(self, table: EventTable) -> Any:
        """The state as plain data, events by their number in the table."""

    @abstractmethod
    def restore(self, state: Any, table: EventTable) -> None:
        """Take over what :meth:`snapshot` gave."""

    # ---- shared ----

    def compile_fit(self, fit: Fit | None, scope: Scope) -> CompiledFit:
        """The bit and the tie of one role for one event type."""
        if fit is None:
            return NO_FIT
        tie = self.around.compiler.condition(fit.ties, scope) if fit.ties else None
        return 1 << fit.bit, tie

    def compile_key(self, event_type: str) -> KeyFunction:
        """The key function of a type."""
        return self.around.compiler.key(self.rule.keys, event_type)

    def key_of(self, function: KeyFunction, event: Event) -> Any:
        """The event's key; null where it takes no part, which is counted."""
        try:
            key = function(event)
        except EvaluationError as error:
            self.around.report(self.rule.name, event, error)
            return None
        if key is None:
            self.counters.null_keys[self.rule.name] += 1
        return key

    def holds(self, condition: Condition, bound: Any, event: Event, key: Any, events: Any = None) -> bool:
        """The condition; one that fails on this data does not hold and is reported."""
        try:
            return condition(bound, event, key, events)
        except EvaluationError as error:
            self.around.report(self.rule.name, event, error)
            return False

    def emit(
        self,
        bound: Any,
        event: Event,
        key: Any,
        events: Sequence[Event],
        roles: Roles,
        time_us: int,
        awaited: str | None = None,
        degraded: bool = False,
        emitter: Emitter | None = None,
    ) -> Derived | None:
        """The derived event; null where `at most` holds it back or the emit clause fails on this data.

        ``emitter``: another than that of the rule's `emit`.
        """
        try:
            return (emitter or self.emitter).emit(bound, event, key, events, roles, time_us, awaited, degraded)
        except EvaluationError as error:
            self.around.report(self.rule.name, event, error)
            return None

    def make_room(self, states: dict[Any, Any], now_us: int, span_us: int | None) -> Any:
        """Called before a new key once there are :attr:`room`: forget what has expired, at the limit the oldest key.

        Gives the state that was dropped, or null. What the rule derives within ``span_us`` after that (null: ever
        after) is degraded, since the dropped key may come back. The next call comes when there are twice as many keys
        as live now, so the cost is a constant per key, and what is kept is at most twice what lives.
        """
        self.expire(now_us)
        dropped = None
        if len(states) >= self.limits.keys:
            self.count_limit("keys")
            self.degraded_until_us = AFTER_ALL if span_us is None else now_us + span_us
            dropped = states.pop(next(iter(states)))
        self.room = min(self.limits.keys, max(_FIRST_ROOM, 2 * len(states)))
        return dropped

    def dropped_from_rule(self, starts: int, now_us: int, span_us: int | None) -> None:
        """So many starts were dropped because the rule has too many runs, over all its keys.

        What the rule derives within ``span_us`` after that (null: ever after) is degraded: a key that has no runs left
        does not remember that it lost some.
        """
        self.counters.limits[self.rule.name, "runs_per_rule"] += starts
        self.degraded_until_us = AFTER_ALL if span_us is None else now_us + span_us

    def is_degraded(self, time_us: int) -> bool:
        """Whether a key was dropped that may matter at this time."""
        return self.degraded_until_us is not None and time_us <= self.degraded_until_us

    def count_limit(self, name: str) -> None:
        """A limit dropped something."""
        self.counters.limits[self.rule.name, name] += 1


def roles_of(labels: Iterable[str], bound: Sequence[Sequence[Event]]) -> Roles:
    """Labels of the steps with their events."""
    return list(zip(labels, bound, strict=True))

"""Rules that join or look up: what comes before the window. Runtime layer.

The rule's window is an operator like any other, to which joined events are handed instead of those that came in. What
concerns the window alone (timers, resets) passes through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from cep.event import Event
from cep.functions.records import EvaluationError
from cep.plan.generate.functions import ExpressionCompiler, KeyFunction
from cep.plan.generate.scope import Scope
from cep.plan.plan import LookupPlan, RulePlan
from cep.runtime.emitter import Emitter
from cep.runtime.joined import JoinedEvent
from cep.runtime.operators.lookup import Find, find_row
from cep.runtime.operators.operator import Operator, Output, Receiver, Surroundings
from cep.runtime.state import EventTable
from cep.runtime.timers import Waiting

MakeWindow = Callable[[RulePlan, Emitter, Surroundings], Operator]


class EnrichingOperator(Operator):
    """A rule that looks up rows for the events of one input. It has no state of its own."""

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings, make: MakeWindow) -> None:
        assert rule.join is not None
        self._window = make(
            rule, emitter, window_surroundings(around, cast(ExpressionCompiler, _KeyOfFirst(around.compiler)))
        )
        super().__init__(rule, emitter, around)
        lookups = [stage for stage in rule.join.stages if isinstance(stage, LookupPlan)]
        scope = Scope(over_window=True)
        self._finds: list[tuple[Find, bool]] = [
            (find_row(plan, scope, around, rule.name), plan.of_event) for plan in lookups
        ]

    @property
    def degraded_until_us(self) -> int | None:
        """That of the window."""
        return self._window.degraded_until_us

    @degraded_until_us.setter
    def degraded_until_us(self, time_us: int | None) -> None:
        self._window.degraded_until_us = time_us

    def receiver(self, event_type: str) -> Receiver:
        """See :class:`Operator`."""
        assert self.rule.join is not None
        fit = self.rule.join.roles[0].fits.get(event_type)
        receive_joined = self._window.receiver(event_type)
        if fit is None:
            return receive_joined
        bit = 1 << fit.bit
        if len(self._finds) == 1 and self._finds[0][1]:
            find = self._finds[0][0]

            def receive_one(event: Event, mask: int) -> Output:
                if not mask & bit:
                    return receive_joined(event, mask)
                return receive_joined(JoinedEvent(event.time_us, event.about, (event, find(event))), mask)

            return receive_one

        def receive(event: Event, mask: int) -> Output:
            if not mask & bit:
                return receive_joined(event, mask)
            joined = JoinedEvent(event.time_us, event.about, (event,))
            for find, of_event in self._finds:
                joined.roles = (*joined.roles, find(event if of_event else joined))
            return receive_joined(joined, mask)

        return receive

    def fire(self, run: Waiting, deadline_us: int) -> Output:
        """See :class:`Operator`."""
        return self._window.fire(run, deadline_us)

    def pending(self) -> list[Waiting]:
        """See :class:`Operator`."""
        return self._window.pending()

    def expire(self, now_us: int) -> None:
        """See :class:`Operator`."""
        self._window.expire(now_us)

    def snapshot(self, table: EventTable) -> Any:
        """See :class:`Operator`."""
        return self._window.snapshot(table)

    def restore(self, state: Any, table: EventTable) -> None:
        """See :class:`Operator`."""
        self._window.restore(state, table)


def window_surroundings(around: Surroundings, compiler: ExpressionCompiler) -> Surroundings:
    """What the window of a rule that joins is built with: another reading of keys, and reports about real events."""

    def report(rule: str, event: Event, error: EvaluationError) -> None:
        around.report(rule, completing(event), error)

    return replace(around, compiler=compiler, report=report)


def completing(event: Event) -> Event:
    """The event that completed a joined event; an event itself."""
    if not isinstance(event, JoinedEvent):
        return event
    return next(part for part in event.events if part.about is event.about)


class _KeyOfFirst:
    """A compiler whose keys are those of the event in the first role."""

    def __init__(self, compiler: ExpressionCompiler) -> None:
        self._compiler = compiler

    def __getattr__(self, name: str) -> Any:
        return getattr(self._compiler, name)

    def key(self, keys: Any, event_type: str) -> KeyFunction:
        key_of = self._compiler.key(keys, event_type)

        def key_of_first(event: Event) -> Any:
            return key_of(event.roles[0] if event.__class__ is JoinedEvent else event)

        return key_of_first

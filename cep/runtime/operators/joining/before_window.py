"""What comes before the window of a rule that joins or looks up. Runtime layer.

The rule's window is an operator like any other, to which joined events are handed instead of those that came in. What
concerns the window alone (its timers, its keys) passes through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from cep.event import Event
from cep.functions.records import EvaluationError
from cep.plan.generate.functions import ExpressionCompiler, KeyFunction
from cep.plan.plan import JoinPlan, RulePlan
from cep.runtime.emitter import Emitter
from cep.runtime.joined import JoinedEvent, completing
from cep.runtime.operators.operator import Operator, Output, Surroundings
from cep.runtime.state import EventTable
from cep.runtime.timers import Waiting

MakeWindow = Callable[[RulePlan, Emitter, Surroundings], Operator]
"""Makes the operator of the rule's window."""


class BeforeWindow(Operator):
    """A rule whose events are joined before they enter its window; ``window`` is the operator of that."""

    def __init__(
        self, rule: RulePlan, emitter: Emitter, around: Surroundings, make: MakeWindow, of_window: RulePlan
    ) -> None:
        assert rule.join is not None
        self.join: JoinPlan = rule.join
        self.window = make(of_window, emitter, _surroundings(around))
        super().__init__(rule, emitter, around)

    @property
    def degraded_until_us(self) -> int | None:
        """That of the window."""
        return self.window.degraded_until_us

    @degraded_until_us.setter
    def degraded_until_us(self, time_us: int | None) -> None:
        self.window.degraded_until_us = time_us

    def fire(self, run: Waiting, deadline_us: int) -> Output:
        """See :class:`Operator`."""
        return self.window.fire(run, deadline_us)

    def pending(self) -> list[Waiting]:
        """See :class:`Operator`."""
        return self.window.pending()

    def expire(self, now_us: int) -> None:
        """See :class:`Operator`."""
        self.window.expire(now_us)

    def snapshot(self, table: EventTable) -> Any:
        """See :class:`Operator`."""
        return self.window.snapshot(table)

    def restore(self, state: Any, table: EventTable) -> None:
        """See :class:`Operator`."""
        self.window.restore(state, table)


def _surroundings(around: Surroundings) -> Surroundings:
    """What the window is built with: keys of joined events, and reports about the events that completed them."""

    def report(rule: str, event: Event, error: EvaluationError) -> None:
        around.report(rule, completing(event), error)

    return replace(around, compiler=cast(ExpressionCompiler, _KeysOfJoined(around.compiler)), report=report)


class _KeysOfJoined:
    """A compiler whose keys are those of joined events; for a type of the input that of the event in the first role."""

    def __init__(self, compiler: ExpressionCompiler) -> None:
        self._compiler = compiler

    def __getattr__(self, name: str) -> Any:
        return getattr(self._compiler, name)

    def key(self, keys: Any, event_type: str) -> KeyFunction:
        if event_type == JOINED:
            return _key_of_joined
        key_of = self._compiler.key(keys, event_type)

        def key_of_first(event: Event) -> Any:
            return key_of(event.roles[0] if event.__class__ is JoinedEvent else event)

        return key_of_first


JOINED = "\N{INVISIBLE SEPARATOR}joined"
"""The type that joined events have for the window, where they are of no type of the input."""


def _key_of_joined(event: Event) -> Any:
    assert isinstance(event, JoinedEvent)
    return event.key

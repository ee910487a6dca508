"""The operator graph: which operators read which event, breadth first through what rules emit (S8). Runtime layer.

An event enters with its mask. The operators whose rules look at one of its bits are called in rule order; what they
emit is offered to the rules that read it before anything else happens.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from cep.event import DerivedEvent, Event
from cep.functions.records import EvaluationError
from cep.plan.generate.functions import ExpressionCompiler, Reader
from cep.plan.plan import PatternPlan, Plan, RulePlan, WindowPlan
from cep.projection import Projection
from cep.runtime.emitter import Derived, Emitter
from cep.runtime.limits import Counters, Limits
from cep.runtime.operators.closing import CLOSING
from cep.runtime.operators.counting import CountOperator
from cep.runtime.operators.operator import Operator, Receiver, Report, Surroundings
from cep.runtime.operators.sequence import SequenceOperator
from cep.runtime.operators.sliding import SlidingOperator
from cep.runtime.state import EventTable
from cep.runtime.timers import Timers

_ROUTES_KEPT = 4_096


class Graph:
    """All operators of a plan."""

    def __init__(
        self,
        plan: Plan,
        compiler: ExpressionCompiler,
        projection: Projection,
        limits: Limits,
        report: Report,
        specialised: bool = True,
    ) -> None:
        self._later: deque[Derived] = deque()
        self.counters = Counters()
        self.timers = Timers()
        self._type_attribute = projection.attributes[projection.type_fields[0]]
        around = Surroundings(compiler, limits, self.counters, self.timers, report)
        self.operators: list[Operator] = []
        for rule in plan.rules:
            emitter = Emitter(rule, compiler, projection, limits, self.counters, rule.emit.type in plan.types)
            self.operators.append(_operator(rule, emitter, around, specialised))
        self._receivers = {
            event_type: [
                (operator.rule.reads[event_type], operator.receiver(event_type))
                for operator in self.operators
                if event_type in operator.rule.reads
            ]
            for event_type in plan.types
        }
        self.maskers = {name: Masker(compiler, plan, name, report) for name in plan.types}
        self.routes: dict[str, dict[int, tuple[Receiver, ...]]] = {name: {} for name in plan.types}
        """By type and mask, filled by :meth:`route`."""

    def route(self, event_type: str, mask: int) -> tuple[Receiver, ...]:
        """The operators that look at one of the bits, in rule order."""
        known = self.routes[event_type]
        found = known.get(mask)
        if found is None:
            found = tuple(receive for reads, receive in self._receivers[event_type] if reads & mask)
            if len(known) < _ROUTES_KEPT:
                known[mask] = found
        return found

    def deliver(self, event: Event, event_type: str, mask: int, out: list[DerivedEvent]) -> None:
        """Offer a source event to its operators, and all that follows from it."""
        self._offer(event, event_type, mask, out)
        if self._later:
            self.follow(out)

    def _offer(self, event: Event, event_type: str, mask: int, out: list[DerivedEvent]) -> None:
        for receive in self.route(event_type, mask):
            derived = receive(event, mask)
            if derived is not None:
                self.emitted(derived, out)

    def emitted(self, derived: Derived, out: list[DerivedEvent]) -> None:
        """What a receiver gave, for who calls receivers without :meth:`deliver`; :meth:`follow` must come after."""
        out.append(derived.public)
        if derived.event is not None:
            self._later.append(derived)

    def follow(self, out: list[DerivedEvent]) -> None:
        """Offer what was emitted to the rules that read it, breadth first, until nothing more follows."""
        later = self._later
        while later:
            event = later.popleft().event
            assert event is not None
            event_type = getattr(event, self._type_attribute)
            mask = self.maskers[event_type](event)
            if mask:
                self._offer(event, event_type, mask, out)

    def fire_until(self, before_us: int, out: list[DerivedEvent]) -> None:
        """Fire the timers with a deadline before that time, in the order of S5, and all that follows from each."""
        while (due := self.timers.due(before_us)) is not None:
            deadline_us, rule_number, run = due
            derived = self.operators[rule_number].fire(run, deadline_us)
            if derived is not None:
                self.emitted(derived, out)
                self.follow(out)

    def pending(self) -> Mapping[str, int]:
        """How many absences each rule still waits for, or how many of its windows are open."""
        counts = {operator.rule.name: len(operator.pending()) for operator in self.operators}
        return {name: count for name, count in counts.items() if count}

    def snapshot(self, table: EventTable) -> list[Any]:
        """The state of all operators."""
        return [
            [
                operator.rule.name,
                operator.degraded_until_us,
                operator.snapshot(table),
                operator.emitter.snapshot(),
            ]
            for operator in self.operators
        ]

    def restore(self, state: list[Any], table: EventTable) -> None:
        """Take over what :meth:`snapshot` gave."""
        for operator, (_, degraded_until_us, operator_state, emitted) in zip(self.operators, state, strict=True):
            operator.degraded_until_us = degraded_until_us
            operator.restore(operator_state, table)
            operator.emitter.restore(emitted)


class Masker:
    """The mask of a derived event; a condition that fails on it does not hold and is reported."""

    def __init__(self, compiler: ExpressionCompiler, plan: Plan, event_type: str, report: Report) -> None:
        self._plan = plan.types[event_type]
        self._mask: Reader | None = None
        self._conditions: list[Reader] | None = None
        self._compiler = compiler
        self._report = report

    def __call__(self, event: Event) -> int:
        if self._mask is None:
            self._mask = self._compiler.masker(self._plan)
        try:
            return self._mask(event)
        except EvaluationError:
            return self.one_by_one(event)

    def one_by_one(self, event: Event) -> int:
        """The mask from the conditions one by one, each failure told to the rules that have it."""
        if self._conditions is None:
            self._conditions = self._compiler.conditions(self._plan)
        mask = 0
        for bit, condition in enumerate(self._conditions):
            try:
                mask |= condition(event) << bit
            except EvaluationError as error:
                for rule in self._plan.owners[bit]:
                    self._report(rule, event, error)
        return mask


def _operator(rule: RulePlan, emitter: Emitter, around: Surroundings, specialised: bool) -> Operator:
    if isinstance(rule.operator, WindowPlan):
        closing = CLOSING.get(type(rule.operator.window))
        return SlidingOperator(rule, emitter, around) if closing is None else closing(rule, emitter, around)
    assert isinstance(rule.operator, PatternPlan)
    if specialised and rule.operator.counts_only:
        return CountOperator(rule, emitter, around)
    return SequenceOperator(rule, emitter, around)

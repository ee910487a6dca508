"""The operator graph: which operators read which event, breadth first through what rules emit (S8). Runtime layer.

An event enters with its mask. The operators whose rules look at one of its bits are called in rule order; what they
emit is offered to the rules that read it before anything else happens.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from functools import partial
from typing import Any

from cep.event import DerivedEvent, Event
from cep.functions.records import EvaluationError
from cep.plan.catalogue import ANY_TYPE
from cep.plan.generate.functions import ExpressionCompiler, Reader
from cep.plan.generate.inlined import Inlined
from cep.plan.kept import enriched_window, kept_windows, paned_window
from cep.plan.loop_then_step import is_loop_then_step
from cep.plan.pattern_planner import by_name
from cep.plan.plan import PatternPlan, Plan, RulePlan, WindowPlan
from cep.projection import Projection
from cep.runtime.emitter import Derived, Emitter
from cep.runtime.limits import Counters, Limits
from cep.runtime.operators.closing import CLOSING
from cep.runtime.operators.counting import CountOperator
from cep.runtime.operators.joining.enriching import EnrichingOperator
from cep.runtime.operators.joining.operator import JoinOperator
from cep.runtime.operators.kept import Kept
from cep.runtime.operators.keyed import Member, fused
from cep.runtime.operators.loop_then_step import LoopThenStepOperator
from cep.runtime.operators.operator import Operator, Output, Receiver, Report, Surroundings
from cep.runtime.operators.panes import PaneOperator
from cep.runtime.operators.pattern import PatternOperator
from cep.runtime.operators.shared import SharedOperator
from cep.runtime.operators.sliding import SlidingOperator
from cep.runtime.operators.waiting import WaitingOperator
from cep.runtime.state import DERIVED, EventTable
from cep.runtime.tables import TABLES, PendingChange, Tables
from cep.runtime.timers import Timers, Waiting

_ROUTES_KEPT = 4_096

Variants = Mapping[type[Operator], Callable[..., Operator]]
"""What is made in the place of an operator of a class: one that also tells what it does, for `cep why`."""


class Graph:
    """All operators of a plan. ``stops``: the first failure ends the run."""

    def __init__(
        self,
        plan: Plan,
        compiler: ExpressionCompiler,
        projection: Projection,
        limits: Limits,
        report: Report,
        specialised: bool = True,
        zone: tzinfo | None = None,
        stops: bool = False,
        variants: Variants | None = None,
    ) -> None:
        self._later: deque[Derived] = deque()
        self._stops = stops
        self.counters = Counters()
        self.timers = Timers()
        self.tables = Tables(plan.tables, self.timers, zone)
        self.begun_us: int | None = None
        """The time of the first event that was released; only looked for where rules read tables."""
        self.awaits_begin = bool(plan.tables)
        self._type_attribute = projection.attributes[projection.type_fields[0]]
        around = Surroundings(compiler, limits, self.counters, self.timers, report, self.tables, projection.attributes)
        self.operators: list[Operator] = []
        kept = _kept(plan, around) if specialised else {}
        for rule in plan.rules:
            emitter = _emitter(rule, plan, projection, around)
            shared = kept.get(rule.number)
            if shared is not None:
                self.operators.append(shared.join(rule, emitter))
            else:
                made = _operator(rule, emitter, plan, projection, around, specialised, variants or {})
                self.operators.append(made)
        self._members = {
            event_type: [
                _member(operator, event_type)
                for operator in self.operators
                if event_type in operator.rule.reads and operator.speaks
            ]
            for event_type in plan.types
        }
        self.maskers = {name: Masker(compiler, plan, name, report) for name in plan.types}
        self.routes: dict[str, dict[int, tuple[Receiver, ...]]] = {name: {} for name in plan.types}
        """By type and mask, filled by :meth:`route`."""

    def route(self, event_type: str, mask: int) -> tuple[Receiver, ...]:
        """The operators that look at one of the bits, in rule order."""
        known = self.routes.get(event_type)
        if known is None:
            event_type = ANY_TYPE
            known = self.routes[event_type]
        found = known.get(mask)
        if found is None:
            concerned = [member for member in self._members[event_type] if member.reads & mask]
            if self._stops:  # where a rule fails, what those before it derived is wanted
                found = tuple([member.receive for member in concerned])
            else:
                found = tuple(fused(concerned, event_type, mask))
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

    def emitted(self, derived: Output, out: list[DerivedEvent]) -> None:
        """What a receiver gave, for who calls receivers without :meth:`deliver`; :meth:`follow` must come after."""
        if derived is None:
            return
        for each in derived if isinstance(derived, list) else (derived,):
            out.append(each.public)
            if each.event is not None:
                self._later.append(each)

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
            if rule_number == TABLES:
                self._change_table(run)
                continue
            derived = self.operators[rule_number].fire(run, deadline_us)
            if derived is not None:
                self.emitted(derived, out)
                self.follow(out)

    def begin(self, time_us: int) -> None:
        """The first event is about to be released. Called once, and only where :attr:`awaits_begin`."""
        self.begun_us = time_us
        self.awaits_begin = False
        for operator in self.operators:
            if operator.tables:
                operator.begin(time_us)

    def _change_table(self, change: Waiting) -> None:
        assert isinstance(change, PendingChange)
        changed = self.tables.apply(change)
        for operator in self.operators:
            if changed.table in operator.tables:
                operator.table_changed(changed)

    def inlined(self, event_types: Iterable[str]) -> dict[str, list[Inlined]]:
        """For the generated loop: the operators of each type, where all that read it can be inlined."""
        found = {}
        for event_type in event_types:
            readers = [operator for operator in self.operators if event_type in operator.rule.reads]
            inlined = [_inlined(operator, event_type) for operator in readers]
            if readers and None not in inlined:
                found[event_type] = [each for each in inlined if each is not None]
        return found

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


def _member(operator: Operator, event_type: str) -> Member:
    """The operator's receiver; one that reads the type through `any(…)` alone is not shown what rules derive."""
    member = Member(operator, event_type)
    plan = operator.rule.operator
    if isinstance(plan, PatternPlan) and not by_name(plan, event_type):
        return member.only_if(lambda event: event.about[0] is not DERIVED)
    return member


def _inlined(operator: Operator, event_type: str) -> Inlined | None:
    plan = operator.rule.operator
    shown_all = not isinstance(plan, PatternPlan) or by_name(plan, event_type)
    return operator.inlined(event_type) if shown_all else None


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


def _emitter(rule: RulePlan, plan: Plan, projection: Projection, around: Surroundings) -> Emitter:
    feeds_rules = rule.emit.type in plan.types
    return Emitter(rule, around.compiler, projection, around.limits, around.counters, feeds_rules)


def _kept(plan: Plan, around: Surroundings) -> dict[int, Kept]:
    """The windows that rules share, by the numbers of the rules."""
    if not hasattr(around.compiler, "sliding"):
        return {}
    found: dict[int, Kept] = {}
    for window in kept_windows(plan.rules):
        found |= dict.fromkeys([rule.number for rule in window.rules], Kept(window, around))
    return found


def _operator(
    rule: RulePlan,
    emitter: Emitter,
    plan: Plan,
    projection: Projection,
    around: Surroundings,
    specialised: bool,
    variants: Variants,
) -> Operator:
    pattern = rule.operator
    if rule.join is not None:
        kind = JoinOperator if rule.join.joins else EnrichingOperator
        in_line = specialised and not rule.join.joins and hasattr(around.compiler, "sliding")
        make = partial(_enriched if in_line else _window_operator, variants=variants)
        return variants.get(kind, kind)(rule, emitter, around, make)
    if isinstance(pattern, WindowPlan):
        paned = paned_window(rule) if specialised and hasattr(around.compiler, "panes") else None
        if paned is not None:
            return PaneOperator(rule, emitter, around, paned)
        return _window_operator(rule, emitter, around, variants)
    if specialised and pattern.counts_only:
        return CountOperator(rule, emitter, around)
    # A loop that could be full before the readings of its key are too many goes the general way.
    if (
        specialised
        and is_loop_then_step(pattern, plan.types)
        and around.limits.loop_events > around.limits.runs_per_key
    ):
        return LoopThenStepOperator(rule, emitter, around)
    if specialised and pattern.shareable:
        return SharedOperator(rule, emitter, around)
    if specialised and pattern.waits_together:
        return WaitingOperator(rule, emitter, around)
    timeouts = None
    if pattern.on_timeout is not None:
        late = dataclasses.replace(rule, emit=pattern.on_timeout, fingerprint=f"{rule.fingerprint} on timeout")
        timeouts = _emitter(late, plan, projection, around)
        timeouts.share_allowance(emitter)
    return variants.get(PatternOperator, PatternOperator)(rule, emitter, around, timeouts)


def _enriched(rule: RulePlan, emitter: Emitter, around: Surroundings, variants: Variants) -> Operator:
    window = enriched_window(rule)
    if window is None:
        return _window_operator(rule, emitter, around, variants)
    return Kept(window, around).join(rule, emitter)


def _window_operator(rule: RulePlan, emitter: Emitter, around: Surroundings, variants: Variants) -> Operator:
    assert isinstance(rule.operator, WindowPlan)
    kind: type[Operator] = CLOSING.get(type(rule.operator.window), SlidingOperator)
    return variants.get(kind, kind)(rule, emitter, around)

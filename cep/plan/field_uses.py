"""Which fields of which event type a rule reads. Plan layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from cep.functions import FUNCTIONS
from cep.language.checked import (
    Aggregate,
    Call,
    Candidate,
    EventReference,
    EventValue,
    Expression,
    Field,
    Role,
    StepEvent,
    StepEventAt,
    StepValues,
)
from cep.plan.pattern_planner import watch_fits
from cep.plan.plan import LookupPlan, PatternPlan, Plan, RulePlan, WindowPlan


@dataclass(frozen=True, slots=True)
class FieldUse:
    """A field that a rule reads from events of one of these types; of several where only the match will tell which."""

    types: frozenset[str]
    name: str


def field_uses(plan: Plan, rule: RulePlan) -> frozenset[FieldUse]:
    """What a rule reads: narrower than ``TypePlan.fields``, which lists what is decoded."""
    found = set(_Uses(rule).of_rule(plan))
    for kind in rule.reads:
        own = rule.at_most.keys if rule.at_most is not None else None
        for key in (*rule.keys, *(own or ())):
            found.add(FieldUse(frozenset({kind}), str(key.by_type.get(kind, key.path)[0])))
    return frozenset(found)


class _Uses:
    """Walks the expressions of a rule with the types that each reference may mean."""

    def __init__(self, rule: RulePlan) -> None:
        self._rule = rule
        operator = rule.operator
        steps = operator.steps if isinstance(operator, PatternPlan) else ()
        self._steps = {step.name: frozenset(step.fits) for step in steps}
        roles = rule.join.roles if rule.join is not None else ()
        self._roles = [frozenset(role.fits) for role in roles]
        self._all = (
            frozenset(operator.fits) if isinstance(operator, WindowPlan) else frozenset().union(*self._steps.values())
        )

    def of_rule(self, plan: Plan) -> Iterator[FieldUse]:
        operator = self._rule.operator
        groups = [operator.fits] if isinstance(operator, WindowPlan) else [step.fits for step in operator.steps]
        groups += [each.fits for each in self._rule.join.roles[1:]] if self._rule.join is not None else []
        if isinstance(operator, WindowPlan):
            groups += [group.resets for group in operator.groups]
        shown: list[Expression | None] = [*self._rule.emit.values]
        if isinstance(operator, WindowPlan):
            shown += [operator.when, operator.having]
            for aggregate in operator.aggregates:
                shown += [aggregate.argument, aggregate.where, *aggregate.parameters]
        else:
            groups += [fits for _, fits in watch_fits(operator.automaton)]
            shown += [operator.having, *(due.condition for group in operator.ends for due in group)]
            shown += [due.condition for step in operator.steps for due in step.joint]
            shown += operator.on_timeout.values if operator.on_timeout is not None else ()
        for fits in groups:
            for kind, fit in fits.items():
                for part in (plan.types[kind].conditions[fit.bit], *fit.ties):
                    yield from self._below(part, frozenset({kind}))
        for stage in self._rule.join.stages if self._rule.join is not None else ():
            if isinstance(stage, LookupPlan):
                shown += [*stage.values, *stage.rest]
            else:
                shown += [*stage.earlier, *stage.rest]
                for part in stage.own:
                    yield from self._below(part, self._roles[stage.role])
        for expression in shown:
            yield from self._below(expression, self._all)

    def _below(self, node: Any, candidate: frozenset[str]) -> Iterator[FieldUse]:
        if isinstance(node, Field):
            yield FieldUse(self._meant(node.event, candidate), node.name)
        elif isinstance(node, StepValues):
            yield FieldUse(self._steps[node.step], node.name)
        elif isinstance(node, Aggregate):
            ranged = self._all if node.step is None else self._steps.get(node.step, self._all)
            for part in (node.argument, node.where, *node.parameters):
                yield from self._below(part, ranged)
            return
        elif isinstance(node, Call):
            for argument in node.arguments:
                if isinstance(argument, EventValue):
                    meant = self._meant(argument.event, candidate)
                    yield from (FieldUse(meant, name) for name in FUNCTIONS[node.function].event_fields)
        if isinstance(node, tuple):
            for item in node:
                yield from self._below(item, candidate)
        elif is_dataclass(node):
            for each in fields(node):
                if each.name not in ("span", "type"):
                    yield from self._below(getattr(node, each.name), candidate)

    def _meant(self, event: EventReference, candidate: frozenset[str]) -> frozenset[str]:
        if isinstance(event, Candidate):
            return candidate
        if isinstance(event, Role):
            return self._roles[event.number]
        if isinstance(event, StepEvent | StepEventAt):
            return self._steps.get(event.step, self._all)
        return self._all

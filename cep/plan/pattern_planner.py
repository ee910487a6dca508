"""Patterns to steps. Plan layer.

``A then no B then three C`` becomes two steps, the second with a forbidden role before it; a closing ``no`` becomes a
wait. Reads the pattern that :mod:`cep.plan.unsupported` has let pass.
"""

from __future__ import annotations

from cep.language.checked import Absence, CheckedRule, Expression, Loop, PatternNode, Step
from cep.plan.catalogue import Catalogue
from cep.plan.plan import Forbidden, PatternPlan, StepPlan, WaitPlan
from cep.plan.walk import elements, event_fields, step_fields


def plan_pattern(rule: CheckedRule, catalogue: Catalogue) -> PatternPlan:
    """The plan of a rule over a pattern."""
    assert rule.pattern is not None
    parts = elements(rule.pattern)
    if len(parts) == 1 and isinstance(parts[0], Absence):
        return _silence(parts[0], rule, catalogue)
    steps: list[StepPlan] = []
    forbidden: list[Forbidden] = []
    quiet_us: int | None = None
    wait: WaitPlan | None = None
    for number, part in enumerate(parts):
        if not isinstance(part, Absence):
            steps.append(_step(part, rule, catalogue, tuple(forbidden), quiet_us, first=not steps))
            forbidden, quiet_us = [], None
        elif number == len(parts) - 1:
            role = _forbidden(part, catalogue)
            wait = WaitPlan(role, part.duration_us, None if part.duration_us is not None else rule.within_us)
        else:
            forbidden.append(_forbidden(part, catalogue))
            quiet_us = part.duration_us
    _note_fields(rule, steps, wait, catalogue)
    return PatternPlan(tuple(steps), rule.within_us, wait, rule.having)


def _silence(part: Absence, rule: CheckedRule, catalogue: Catalogue) -> PatternPlan:
    """``no B for D`` alone: each B starts a wait for the next one."""
    assert isinstance(part.element, Step)
    start = StepPlan(part.element.name, part.element.label, catalogue.fits(part.element, _unplaced(rule)))
    wait = WaitPlan(_forbidden(part, catalogue), part.duration_us, None)
    _note_fields(rule, [start], wait, catalogue)
    return PatternPlan((start,), None, wait, rule.having)


def _step(
    part: PatternNode,
    rule: CheckedRule,
    catalogue: Catalogue,
    forbidden: tuple[Forbidden, ...],
    quiet_us: int | None,
    first: bool,
) -> StepPlan:
    loop = part if isinstance(part, Loop) else Loop(part, 1, 1)
    step = loop.element
    assert isinstance(step, Step)
    looping = isinstance(part, Loop)
    where = tuple(c.expression for c in rule.where if c.last == step.name)
    ties = (*(_unplaced(rule) if first else ()), *(() if looping else where))
    fits = catalogue.fits(step, ties)
    at_end = where if looping else ()
    return StepPlan(step.name, step.label, fits, loop.minimum, loop.maximum, at_end, forbidden, quiet_us)


def _unplaced(rule: CheckedRule) -> tuple[Expression, ...]:
    return tuple(c.expression for c in rule.where if c.last is None)


def _forbidden(part: Absence, catalogue: Catalogue) -> Forbidden:
    assert isinstance(part.element, Step)
    return Forbidden(part.element.label, catalogue.fits(part.element))


def _note_fields(rule: CheckedRule, steps: list[StepPlan], wait: WaitPlan | None, catalogue: Catalogue) -> None:
    """Every field that an expression of the rule reads is read from every type of its steps: it costs a default.

    What it reads from a named step, or in a rule over one type, is expected of that type.
    """
    late = [c.expression for c in rule.where] + [f.value for f in rule.emit.fields]
    if rule.having is not None:
        late.append(rule.having)
    forbidden = [f for step in steps for f in step.forbidden] + ([wait.forbidden] if wait is not None else [])
    roles: list[StepPlan | Forbidden] = [*steps, *forbidden]
    for role in roles:
        for fit in role.fits.values():
            late.extend(fit.ties)
    names = sorted({name for expression in late for name in event_fields(expression)})
    types = sorted({event_type for step in steps for event_type in step.fits})
    for step in steps:
        of_step = sorted({name for expression in late for name in step_fields(expression, step.name)})
        for event_type in step.fits:
            catalogue.expect_names(event_type, names if len(types) == 1 else of_step)
            catalogue.read_names(event_type, names)

"""Equalities that tie a step to what was bound before: what is waited for, and what brings it. Plan layer."""

from __future__ import annotations

from collections.abc import Iterable

from cep.language.checked import (
    Aggregate,
    Binary,
    Candidate,
    Constant,
    Expression,
    Lambda,
    StepEvent,
    StepEventAt,
    StepValues,
)
from cep.plan.automaton import Place
from cep.plan.plan import PatternPlan
from cep.plan.walk import walk

Sides = tuple[Expression, dict[str, tuple[int, Expression]]]
"""What is waited for, and by event type the step and what the event brings."""


def sides(plan: PatternPlan, place: Place) -> Sides | None:
    """What is waited for at a place, and by event type what brings it; null where the runs must be looked at."""
    if not place.edges or place.stops or place.watches or any(edge.strict for edge in place.edges):
        return None
    waited: Expression | None = None
    brought: dict[str, tuple[int, Expression]] = {}
    for edge in place.edges:
        step = plan.steps[edge.target]
        for kind, fit in step.fits.items():
            found = _equality(fit.ties, None if step.loops else step.name)
            if found is None or (waited is not None and found[0] != waited):
                return None
            waited = found[0]
            if brought.setdefault(kind, (edge.target, found[1]))[1] != found[1]:
                return None
    return None if waited is None else (waited, brought)


def _equality(ties: Iterable[Expression], own: str | None) -> tuple[Expression, Expression] | None:
    """The first tie that equates what is bound with what the event brings, as these two."""
    for tie in ties:
        if isinstance(tie, Binary) and tie.operator == "==":
            sides = {_looks_at(tie.left, own): tie.left, _looks_at(tie.right, own): tie.right}
            if set(sides) == {"bound", "event"}:
                return sides["bound"], sides["event"]
    return None


def _looks_at(expression: Expression, own: str | None) -> str:
    """``bound``, ``event``, or anything else for what is neither alone."""
    found: set[str] = set()
    for node in walk(expression):
        if isinstance(node, Aggregate | Lambda):
            return "mixed"
        if isinstance(node, Candidate) or (isinstance(node, StepEvent) and node.step == own):
            found.add("event")
        elif isinstance(node, StepEvent | StepEventAt | StepValues):
            found.add("bound")
    if isinstance(expression, Constant) or len(found) != 1:
        return "mixed"
    return found.pop()

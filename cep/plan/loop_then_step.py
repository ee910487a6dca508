"""Which patterns are `3+ A then B` and no more: a loop without an end, and one event that is never of the loop."""

from __future__ import annotations

from collections.abc import Mapping

from cep.language.checked import Binary, Candidate, Constant, Expression, Field
from cep.plan.automaton import Edge, Finish
from cep.plan.plan import PatternPlan, TypePlan


def is_loop_then_step(pattern: PatternPlan, types: Mapping[str, TypePlan]) -> bool:
    """Whether at each event that fits the step the match is all events of the loop that are in time, if enough.

    So it is where readings differ in their starts alone, the match uses up what it holds, and no event fits both steps.
    """
    if not pattern.shareable or pattern.every or pattern.limit is not None or pattern.skip.strategy != "past_last":
        return False
    if len(pattern.steps) != 2 or pattern.automaton.watches:
        return False
    loop, step = pattern.steps
    if not loop.loops or loop.optional or loop.hidden or loop.maximum is not None or (step.loops or step.optional):
        return False
    if any(fit.source_only for fit in [*loop.fits.values(), *step.fits.values()]):
        return False
    return _is_plain(pattern) and all(
        _never_both(types[name].conditions[loop.fits[name].bit], types[name].conditions[step.fits[name].bit])
        for name in loop.fits.keys() & step.fits.keys()
    )


def _is_plain(pattern: PatternPlan) -> bool:
    """Whether the automaton goes from the loop to itself and to the step, in this order of preference."""
    automaton = pattern.automaton
    turns = tuple(range(len(automaton.registers)))
    if len(automaton.start) != 1 or len(turns) != 1 or set(automaton.places) != {0, 1}:
        return False
    begin, loop, step = automaton.start[0], automaton.places[0], automaton.places[1]
    edges = (Edge(0, again=0), Edge(1, full=turns, resets=((0, 0),)))
    begins = begin == Edge(0, resets=((0, 1),))
    at_last = step.finish == Finish() and not step.edges and not step.stops
    return begins and loop.edges == edges and loop.finish is None and not loop.stops and at_last


def _never_both(one: Expression | None, other: Expression | None) -> bool:
    """Whether no event meets both conditions, since a field would have to be two texts."""
    first, second = _texts(one), _texts(other)
    return any(first[field] != second[field] for field in first.keys() & second.keys())


def _texts(condition: Expression | None) -> dict[str, str]:
    """The texts that fields of the event must be."""
    parts = [] if condition is None else conjuncts(condition)
    return dict(equal for part in parts if (equal := compared_text(part)) is not None)


def conjuncts(condition: Expression) -> list[Expression]:
    """The parts that must all be true, in the order written."""
    if isinstance(condition, Binary) and condition.operator == "and":
        return [*conjuncts(condition.left), *conjuncts(condition.right)]
    return [condition]


def compared_text(condition: Expression) -> tuple[str, str] | None:
    """The field of the event and the text for a condition such as `outcome == "failure"`; null for any other."""
    if not isinstance(condition, Binary) or condition.operator != "==":
        return None
    field, text = condition.left, condition.right
    if not isinstance(field, Field) or not isinstance(field.event, Candidate) or not isinstance(text, Constant):
        return None
    return (field.name, text.value) if text.value.__class__ is str else None

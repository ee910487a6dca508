"""Patterns to steps and an automaton. Plan layer.

Numbers the steps, decides for each conjunct of ``where`` when it is due, and has the automaton built. Reads the
pattern that :mod:`cep.plan.unsupported` has let pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cep.language import checked as c
from cep.plan.automaton import Automaton, Fit
from cep.plan.automaton_builder import AutomatonBuilder, binding_steps, leading_events, single_event, single_steps
from cep.plan.catalogue import Catalogue
from cep.plan.plan import Due, ExpectPlan, PatternPlan, SkipPlan, StepPlan
from cep.plan.walk import event_fields, step_fields


@dataclass(slots=True)
class _Spot:
    """Where a step stands: the loops of more than one turn around it, outermost first, and the members it is in."""

    loops: tuple[c.Loop, ...] = ()
    optional: bool = False
    members: tuple[tuple[int, int], ...] = ()
    quantity: tuple[int, int | None] = (1, 1)


@dataclass(slots=True)
class _Where:
    """When the conjuncts of ``where`` are due: with a step, jointly, or when a loop ends."""

    at_step: dict[str, list[c.Expression]] = field(default_factory=dict)
    joint: dict[str, list[Due]] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    groups: list[list[Due]] = field(default_factory=list)
    unplaced: list[c.Expression] = field(default_factory=list)


def plan_pattern(rule: c.CheckedRule, catalogue: Catalogue) -> PatternPlan:
    """The plan of a rule over a pattern."""
    assert rule.pattern is not None
    pattern = rule.pattern
    leading = leading_events(pattern)
    bound = [*leading, *binding_steps(pattern)]
    hidden = list(_hidden_steps(pattern))
    numbers = {step.name: number for number, step in enumerate([*bound, *hidden])}
    spots = {step.name: _Spot(optional=not _is_first(pattern, step)) for step in leading}
    spots |= dict(_spots(pattern, _Spot()))
    where = _due(rule, spots, numbers)
    watched: dict[str, Mapping[str, Fit]] = {}

    def fits(step: c.Step) -> Mapping[str, Fit]:
        if step.name not in watched:
            watched[step.name] = catalogue.fits(step)
        return watched[step.name]

    # The first steps are not known before the automaton is, and it needs no more of the steps than their numbers.
    automaton = AutomatonBuilder(numbers, fits, where.ends, [step.name for step in leading]).build(pattern)
    starts = {edge.target for edge in automaton.start}
    steps: list[StepPlan] = []
    for step in bound:
        ties = where.at_step.get(step.name, [])
        if numbers[step.name] in starts:
            ties = [*where.unplaced, *ties]
        spot = spots[step.name]
        least, most = spot.quantity
        joint = tuple(where.joint.get(step.name, ()))
        loops = bool(spot.loops)
        steps.append(
            StepPlan(step.name, step.label, catalogue.fits(step, ties), least, most, joint, loops, spot.optional)
        )
    steps += [StepPlan(s.name, s.label, fits(s), loops=True, optional=True, hidden=True) for s in hidden]
    plan = PatternPlan(
        tuple(steps),
        automaton,
        rule.within_us,
        rule.having,
        tuple(tuple(group) for group in where.groups),
        _skip(rule, numbers),
        _has_every(pattern),
        rule.limit,
        expected=_expected(pattern, numbers, where),
        written=rule.pattern,
    )
    _note_fields(rule, plan, catalogue)
    return plan


def _is_first(node: c.PatternNode, step: c.Step) -> bool:
    """Whether every match begins with the event of a leading absence."""
    match node:
        case c.Absence():
            return single_steps(node.element) == [step]
        case c.Sequence():
            return _is_first(node.first, step)
        case c.Loop() | c.Consecutive() | c.Bounded() | c.Until():
            return not isinstance(node, c.Loop) and _is_first(node.element, step)
    return False


def watch_fits(automaton: Automaton) -> Iterator[tuple[str, Mapping[str, Fit]]]:
    """What each single event that matters by its absence, or closes a loop, must satisfy, with its label."""
    for watch in automaton.watches:
        yield watch.label, watch.fits
        if watch.inner is not None:
            yield from watch_fits(watch.inner)
    for place in automaton.places.values():
        for stop in place.stops:
            yield stop.label, stop.fits


def by_name(plan: PatternPlan, event_type: str) -> bool:
    """Whether the pattern names the type: what it reads through `any(…)` alone are events of sources."""
    fits = [*(step.fits for step in plan.steps), *(fits for _, fits in watch_fits(plan.automaton))]
    return any(event_type in each and not each[event_type].source_only for each in fits)


def is_strict(automaton: Automaton) -> bool:
    """Whether an event that fits nothing can end a reading."""
    edges = [edge for place in automaton.places.values() for edge in place.edges]
    return any(edge.strict for edge in edges) or any(
        watch.inner is not None and is_strict(watch.inner) for watch in automaton.watches
    )


def _expected(pattern: c.PatternNode, numbers: Mapping[str, int], where: _Where) -> ExpectPlan | None:
    """What each key of a table is expected to do from the start."""
    first = pattern.first if isinstance(pattern, c.Sequence) else pattern
    if not isinstance(first, c.Expectation):
        return None
    name = first.element.name
    return ExpectPlan(first.table, numbers[name], (*where.unplaced, *where.at_step.get(name, ())))


def _skip(rule: c.CheckedRule, numbers: Mapping[str, int]) -> SkipPlan:
    assert rule.pattern is not None
    if rule.after_match is None:
        return SkipPlan("no_skip" if _has_every(rule.pattern) else "past_last")
    step = rule.after_match.step
    return SkipPlan(rule.after_match.strategy, None if step is None else numbers[step])


# ---- where the steps stand ----


def _parts(node: c.PatternNode) -> Iterator[c.PatternNode]:
    yield node
    match node:
        case c.Loop() | c.Consecutive() | c.Bounded() | c.Absence() | c.Expectation():
            yield from _parts(node.element)
        case c.Until():
            yield from (*_parts(node.element), *_parts(node.stop))
        case c.Choice() | c.SomeOf():
            for member in node.members:
                yield from _parts(member)
        case c.Sequence():
            yield from _parts(node.first)
            for link in node.links:
                yield from _parts(link.element)


def _hidden_steps(pattern: c.PatternNode) -> Iterator[c.Step]:
    """The steps of groups that must stay away, whose events their conditions may name."""
    for part in _parts(pattern):
        if isinstance(part, c.Absence) and single_event(part.element) is None:
            yield from (step for step in _parts(part.element) if isinstance(step, c.Step))


def _has_every(pattern: c.PatternNode) -> bool:
    return any(
        (isinstance(part, c.Loop) and part.mode == "every")
        or (isinstance(part, c.Sequence) and any(link.contiguity == "every" for link in part.links))
        for part in _parts(pattern)
    )


def _spots(node: c.PatternNode, spot: _Spot) -> Iterator[tuple[str, _Spot]]:
    match node:
        case c.Step():
            yield node.name, spot
        case c.Loop():
            optional = spot.optional or node.minimum == 0
            loops = spot.loops if node.maximum == 1 else (*spot.loops, node)
            quantity = (node.minimum, node.maximum) if isinstance(node.element, c.Step) else (1, 1)
            yield from _spots(node.element, _Spot(loops, optional, spot.members, quantity))
        case c.Consecutive() | c.Bounded() | c.Until():
            yield from _spots(node.element, spot)
        case c.Choice():
            for member in node.members:
                yield from _spots(member, _Spot(spot.loops, True, spot.members))
        case c.SomeOf():
            optional = spot.optional or node.count < len(node.members)
            for bit, member in enumerate(node.members):
                yield from _spots(member, _Spot(spot.loops, optional, (*spot.members, (id(node), bit))))
        case c.Sequence():
            yield from _spots(node.first, spot)
            for link in node.links:
                yield from _spots(link.element, spot)


# ---- where ----


def _due(rule: c.CheckedRule, spots: Mapping[str, _Spot], numbers: Mapping[str, int]) -> _Where:
    where = _Where()
    for conjunct in rule.where:
        if conjunct.last is None:
            where.unplaced.append(conjunct.expression)
            continue
        together = _in_any_order(conjunct, spots)
        for name in together or [conjunct.last]:
            others = tuple(sorted(numbers[other] for other in together if other != name))
            if spots[name].loops:  # never due where the loop ends without it
                others = tuple(sorted({*others, numbers[name]}))
            _place(where, Due(conjunct.expression, others), name, spots)
    return where


def _place(where: _Where, due: Due, name: str, spots: Mapping[str, _Spot]) -> None:
    loops = spots[name].loops
    if not loops:
        if due.others:
            where.joint.setdefault(name, []).append(due)
        else:
            where.at_step.setdefault(name, []).append(due.condition)
        return
    inside = [step.name for step in binding_steps(loops[0])]
    known = next((where.ends[step] for step in inside if step in where.ends), None)
    if known is None:
        known = len(where.groups)
        where.groups.append([])
        where.ends[name] = known
    where.groups[known].append(due)


def _in_any_order(conjunct: c.Conjunct, spots: Mapping[str, _Spot]) -> Sequence[str]:
    """The steps of the conjunct that stand in other members of one `and`, of which any may come last."""
    assert conjunct.last is not None
    for some_of, bit in spots[conjunct.last].members:
        inside = [n for n in conjunct.steps if any(member[0] == some_of for member in spots[n].members)]
        if any((some_of, bit) not in spots[name].members for name in inside):
            return sorted(inside)
    return []


# ---- fields ----


def _note_fields(rule: c.CheckedRule, plan: PatternPlan, catalogue: Catalogue) -> None:
    """Every field that an expression of the rule reads is read from every type of its steps: it costs a default.

    What it reads from a named step, or in a rule over one type, is expected of that type.
    """
    late = [each.expression for each in rule.where] + [f.value for f in rule.emit.fields]
    if rule.having is not None:
        late.append(rule.having)
    if rule.on_timeout is not None:
        late += [f.value for f in rule.on_timeout.fields]
    fits = [step.fits for step in plan.steps] + [role for _, role in watch_fits(plan.automaton)]
    for by_type in fits:
        for fit in by_type.values():
            late.extend(fit.ties)
    names = sorted({name for expression in late for name in event_fields(expression)})
    types = sorted({event_type for step in plan.bound for event_type in step.fits})
    for step in plan.bound:
        of_step = sorted({name for expression in late for name in step_fields(expression, step.name)})
        for event_type in step.fits:
            catalogue.expect_names(event_type, names if len(types) == 1 else of_step)
            catalogue.read_names(event_type, names)

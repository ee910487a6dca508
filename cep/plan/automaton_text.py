"""The automata of patterns in words, for ``cep explain``. Plan layer."""

from __future__ import annotations

from collections.abc import Iterator

from cep.durations import duration_text
from cep.plan.automaton import Automaton, Edge, Finish, Place
from cep.plan.english.wording import listed
from cep.plan.plan import PatternPlan, StepPlan


def automaton_rows(pattern: PatternPlan) -> Iterator[str]:
    """The automaton, a row for each way, in the order of preference."""
    automaton = pattern.automaton
    for edge in automaton.start:
        yield f"start → {_edge(pattern.steps, automaton, edge, None)}"
    for number, place in automaton.places.items():
        name = pattern.steps[number].name
        for edge in place.edges:
            yield f"{name} → {_edge(pattern.steps, automaton, edge, number)}"
        if place.finish is not None:
            yield f"{name} → match{_told(list(_finish(automaton, place, place.finish)))}"
        for stop in place.stops:
            yield f"{name}: `{stop.label}` closes the loop, or ends the run where it is not complete"
    if pattern.within_us is not None:
        yield f"all within {duration_text(pattern.within_us)} of the first event"


def edge_text(pattern: PatternPlan, edge: Edge, source: int | None) -> str:
    """What an edge of the automaton asks for; empty where that is only an event that fits."""
    return ", ".join(dict.fromkeys(_edge_parts(pattern.automaton, edge, source)))


def finish_text(automaton: Automaton, place: Place) -> str:
    """What completes a match at a place; empty where being there does."""
    return "" if place.finish is None else ", ".join(dict.fromkeys(_finish(automaton, place, place.finish)))


def _told(parts: list[str]) -> str:
    return f": {', '.join(parts)}" if parts else ""


def _edge(steps: tuple[StepPlan, ...], automaton: Automaton, edge: Edge, source: int | None) -> str:
    return steps[edge.target].name + _told(list(_edge_parts(automaton, edge, source)))


def _edge_parts(automaton: Automaton, edge: Edge, source: int | None) -> Iterator[str]:
    registers = automaton.registers
    if edge.again is not None:
        loop = registers[edge.again]
        yield "again" if loop.maximum is None else f"again, up to {loop.maximum} times"
    yield from (_full(automaton, number) for number in edge.full)
    yield from ("a member not yet done" for _ in edge.members)
    if edge.strict:
        yield "the very next event"
    if edge.closed:
        yield "not closed"
    yield from _watches(automaton, edge.watches)
    if edge.quiet_us is not None:
        yield f"more than {duration_text(edge.quiet_us)} later"
    if edge.minimum_us:
        yield f"at least {duration_text(edge.minimum_us)} later"
    for opening in edge.opens:
        yield f"up to {duration_text(opening.length_us)} for {registers[opening.register].name}"
    if edge.limits:
        yield "in the time of " + listed([registers[number].name for number in edge.limits], "and")
    if edge.ends:
        yield "the conditions on the loop hold"
    if source is not None and (edge.stays or edge.stays_beyond):
        yield "the run without it lives on"


def _full(automaton: Automaton, number: int) -> str:
    register = automaton.registers[number]
    if register.kind == "turns":
        return f"after at least {register.minimum}"
    return f"after {register.count} members"


def _watches(automaton: Automaton, bits: int) -> Iterator[str]:
    for number, watch in enumerate(automaton.watches):
        if bits >> number & 1:
            stays = "" if watch.until_us is None else f" for {duration_text(watch.until_us - watch.after_us)}"
            yield f"no `{watch.label}`{stays}"


def _finish(automaton: Automaton, place: Place, finish: Finish) -> Iterator[str]:
    yield from (_full(automaton, number) for number in finish.full)
    yield from _watches(automaton, finish.watches)
    if finish.when == "after_last":
        yield f"{duration_text(finish.after_us)} after the last event"
    elif finish.when == "limit":
        yield "when the time is up"
    elif finish.when == "until":
        yield "when the loop is closed or the time is up"
    if finish.ends:
        yield "the conditions on the loop hold"
    if finish.goes_on:
        yield "and goes on"

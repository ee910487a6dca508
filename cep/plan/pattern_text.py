"""Patterns and their automata in words, for ``cep explain``. Plan layer."""

from __future__ import annotations

from collections.abc import Iterator

from cep.durations import duration_text
from cep.language import checked as c
from cep.language.words import number_word, quoted
from cep.plan.automaton import Automaton, Edge, Finish, Place
from cep.plan.plan import PatternPlan, StepPlan


def listed(items: list[str], word: str) -> str:
    """``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}" if items else ""


def ordinal_count(minimum: int, maximum: int | None) -> str:
    """``three``, ``two to five``, ``one or more``, ``up to four``."""
    if maximum is None:
        return f"{number_word(minimum)} or more" if minimum else "any number of"
    if minimum == maximum:
        return number_word(minimum)
    return f"{number_word(minimum)} to {number_word(maximum)}" if minimum else f"up to {number_word(maximum)}"


# ---- the pattern ----


def pattern_phrase(node: c.PatternNode) -> str:
    """The pattern as a phrase that follows "waits for"."""
    match node:
        case c.Step():
            return f"`{node.label}`{_meant_by(node)}"
        case c.Loop():
            return _loop_phrase(node)
        case c.Sequence():
            return _sequence_phrase(node)
        case c.Consecutive():
            return f"({pattern_phrase(node.element)}) with no other event in between"
        case c.Choice():
            return f"either {listed([_grouped(member) for member in node.members], 'or')}"
        case c.SomeOf():
            members = listed([_grouped(member) for member in node.members], "and")
            if node.count == len(node.members):
                return f"{members} in any order"
            return f"{number_word(node.count)} of {members}, in any order"
        case c.Until():
            return f"{_grouped(node.element)} until {pattern_phrase(node.stop)}"
        case c.Bounded():
            return f"({pattern_phrase(node.element)} within {duration_text(node.within_us)})"
        case c.Absence():
            stays = "" if node.duration_us is None else f" for {duration_text(node.duration_us)}"
            return f"no {_grouped(node.element)}{stays}"
        case c.Expectation():
            length = duration_text(node.duration_us)
            return f"no {pattern_phrase(node.element)} for {length}, for each key of `{node.table}` from the start"


def _grouped(node: c.PatternNode) -> str:
    text = pattern_phrase(node)
    return text if isinstance(node, c.Step | c.Bounded) else f"({text})"


def _loop_phrase(node: c.Loop) -> str:
    if node.maximum == 1:
        text = f"an optional {_grouped(node.element)}"
    elif isinstance(node.element, c.Step):
        text = f"{ordinal_count(node.minimum, node.maximum)} {pattern_phrase(node.element)}"
    else:
        text = f"{_grouped(node.element)} {ordinal_count(node.minimum, node.maximum)} times"
    if node.mode == "consecutive":
        text += " with no other event in between"
    elif node.mode == "every":
        text += " in every combination"
    return text if node.greedy else f"{text}, as few as possible"


def _sequence_phrase(node: c.Sequence) -> str:
    text = pattern_phrase(node.first)
    for number, link in enumerate(node.links, 1):
        closing = number == len(node.links) and isinstance(link.element, c.Absence)
        text += ", after which " if closing else ", then "
        if link.contiguity == "strict":
            text += "immediately "
        elif link.contiguity == "every":
            text += "every "
        phrase = pattern_phrase(link.element)
        text += f"{phrase} may come" if closing else f"{phrase}{_bounds(link)}"
    return text


def _bounds(link: c.Link) -> str:
    if link.minimum_us and link.maximum_us is not None:
        return f" between {duration_text(link.minimum_us)} and {duration_text(link.maximum_us)} later"
    if link.minimum_us:
        return f" at least {duration_text(link.minimum_us)} later"
    return "" if link.maximum_us is None else f" within {duration_text(link.maximum_us)}"


def _meant_by(step: c.Step) -> str:
    """The event types behind a name that says nothing about them; empty where the label is the type or a phrase."""
    plain = step.label.replace("_", "").lower()
    kinds = list(dict.fromkeys(a.type for a in step.alternatives))
    if step.label != step.name or any(kind is None or kind.lower() == plain for kind in kinds):
        return ""
    return f" ({listed([quoted(kind) for kind in kinds if kind is not None], 'or')})"


# ---- the automaton ----


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

"""What a pattern waits for, as a noun phrase. Plan layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cep.durations import duration_text
from cep.language import checked as c
from cep.plan.english import events
from cep.plan.english.wording import counted, listed, quantity


def phrase(node: c.PatternNode) -> str:
    """The pattern behind "waits for" or a colon."""
    match node:
        case c.Step():
            return events.single(node)
        case c.Loop():
            return _loop(node)
        case c.Sequence():
            return _sequence(node)
        case c.Consecutive():
            return f"({phrase(node.element)}), with no other event in between"
        case c.Choice():
            return f"either {listed([grouped(member) for member in node.members], 'or')}"
        case c.SomeOf():
            return _some_of(node)
        case c.Until(element=c.Loop()):
            return f"{grouped(node.element)}, up to {grouped(node.stop)} that closes it and is no part of it"
        case c.Until():
            return f"{grouped(node.element)}, unless {grouped(node.stop)} comes before it is complete"
        case c.Bounded():
            return f"({phrase(node.element)}, all within {duration_text(node.within_us)}, inclusive)"
        case c.Absence():
            return absence(node)
        case c.Expectation():
            return f"a silence of {duration_text(node.duration_us)} without {events.single(node.element)}"


def absence(node: c.Absence) -> str:
    """``no B``, or ``a silence of 5 minutes without a B``."""
    if node.duration_us is None:
        return f"no {without_article(node.element)}"
    return f"{duration_text(node.duration_us)} without {grouped(node.element)}"


def without_article(node: c.PatternNode) -> str:
    """What must stay away, behind `no`."""
    if isinstance(node, c.Step):
        return events.bare(node)
    if isinstance(node, c.Choice) and is_one_event(node):
        return listed([without_article(member) for member in node.members], "or")
    return f"match of {grouped(node)}"


def grouped(node: c.PatternNode) -> str:
    """The phrase, in parentheses where it is more than one element."""
    text = phrase(node)
    single = isinstance(node, (c.Step, c.Bounded)) or (isinstance(node, c.Loop) and isinstance(node.element, c.Step))
    return text if single else f"({text})"


def _loop(node: c.Loop) -> str:
    least, most = node.minimum, node.maximum
    if (least, most) == (1, 1):
        return phrase(node.element)
    if (least, most) == (0, 1):
        text = f"optionally {grouped(node.element)}"
    elif isinstance(node.element, c.Step):
        text = _many_events(node, node.element)
    elif is_one_event(node.element):
        consecutive = "consecutive " * (node.mode == "consecutive")
        text = f"{quantity(least, most)} {consecutive}events, each {phrase(node.element)}"
    else:
        text = f"{quantity(least, most)} rounds of {grouped(node.element)}"
        text += ", with no other event in between" * (node.mode == "consecutive")
    return text if node.greedy else f"{text}, as few as possible"


def _many_events(node: c.Loop, step: c.Step) -> str:
    amount = quantity(node.minimum, node.maximum)
    if node.mode == "consecutive":
        amount += " consecutive"
    many = f"{amount} {events.plural(step)}"
    if node.mode == "every":
        return f"every combination of {many}"
    return many


def _some_of(node: c.SomeOf) -> str:
    members = listed([grouped(member) for member in node.members], "and")
    if node.count == len(node.members):
        return f"{members}, in any order"
    return f"any {counted(node.count)} of these, in any order: {members}"


def _sequence(node: c.Sequence) -> str:
    text = phrase(node.first)
    if isinstance(node.first, c.Absence):
        text += " (counted from the last one)"
    waiting: list[c.Absence] = [node.first] if isinstance(node.first, c.Absence) else []
    for link in node.links:
        if isinstance(link.element, c.Absence):
            text += _then_absence(link.element, last=link is node.links[-1])
            waiting = [link.element]
            continue
        text += _then(link, waiting)
        waiting = []
    return text


def _then_absence(node: c.Absence, last: bool) -> str:
    if node.duration_us is not None:
        return f", then {duration_text(node.duration_us)} without {grouped(node.element)}"
    if last:
        return f", and after that no {without_article(node.element)}"
    return f", then, with no {without_article(node.element)} in between"


def _then(link: c.Link, waiting: Sequence[c.Absence]) -> str:
    behind = waiting[0] if waiting else None
    bounds = step_bounds(link)
    what = phrase(link.element)
    if link.contiguity == "every" and isinstance(link.element, c.Step):
        what = f"every {events.bare(link.element)} that comes, each for a match of its own"
    if link.contiguity == "strict":
        return f", immediately followed{f', {bounds},' if bounds else ''} by {what}"
    if behind is not None and behind.duration_us is None:
        return f", {f'{bounds}, ' if bounds else ''}{what}"
    if behind is not None:
        since = f"{bounds}, counted from the end of that time" if bounds else "after the end of that time"
        return f", then, {since}, {what}"
    return f", then{f', {bounds},' if bounds else ''} {what}"


def step_bounds(link: c.Link) -> str:
    """``within 30 seconds (inclusive)``: counted from the step before; empty without bounds."""
    if link.minimum_us and link.maximum_us is not None:
        return f"{duration_text(link.minimum_us)} to {duration_text(link.maximum_us)} later (inclusive)"
    if link.minimum_us:
        return f"no sooner than {duration_text(link.minimum_us)} later"
    return "" if link.maximum_us is None else f"within {duration_text(link.maximum_us)} (inclusive)"


# ---- what a pattern holds ----


def is_one_event(node: c.PatternNode) -> bool:
    """Whether it takes one event, of one kind or another."""
    return isinstance(node, c.Step) or (
        isinstance(node, c.Choice) and all(is_one_event(member) for member in node.members)
    )


def parts(node: c.PatternNode) -> Iterator[c.PatternNode]:
    """The pattern and everything in it that can bind events; what must stay away is not looked into."""
    yield node
    match node:
        case c.Loop() | c.Consecutive() | c.Bounded() | c.Until() | c.Expectation():
            yield from parts(node.element)
        case c.Choice() | c.SomeOf():
            for member in node.members:
                yield from parts(member)
        case c.Sequence():
            yield from parts(node.first)
            for link in node.links:
                yield from parts(link.element)


def loop_of(node: c.PatternNode) -> tuple[c.Loop, c.Step] | None:
    """A pattern that is one loop of one event, and that event."""
    if isinstance(node, c.Loop) and isinstance(node.element, c.Step):
        return node, node.element
    if isinstance(node, c.Consecutive) and isinstance(node.element, c.Loop):
        return loop_of(node.element)
    return None


def closing(node: c.PatternNode) -> c.PatternNode:
    """The element with which a pattern ends."""
    match node:
        case c.Sequence():
            return closing(node.links[-1].element)
        case c.Bounded() | c.Consecutive():
            return closing(node.element)
    return node


def before_closing(node: c.PatternNode) -> c.PatternNode | None:
    """What comes before the closing element, also where that ends a group; null where nothing does."""
    match node:
        case c.Bounded() | c.Consecutive():
            return before_closing(node.element)
        case c.Sequence():
            *rest, last = node.links
            inner = before_closing(last.element)
            links = (*rest, *([replace(last, element=inner)] if inner is not None else []))
            return c.Sequence(node.first, links) if links else node.first
    return None


def closing_bound(node: c.PatternNode) -> c.Bounded | None:
    """The innermost part with a bound of its own that the closing element ends."""
    match node:
        case c.Sequence():
            return closing_bound(node.links[-1].element)
        case c.Consecutive():
            return closing_bound(node.element)
        case c.Bounded():
            return closing_bound(node.element) or node
    return None

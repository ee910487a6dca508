"""What a pattern must not be, and what bounds it: refusals over its normal form. Language layer.

Each function looks at one thing that LANGUAGE section 3 refuses. They are called one after the other; what makes a
later question meaningless ends the matter.
"""

from __future__ import annotations

from collections.abc import Iterator

from cep.diagnostics import Span
from cep.durations import duration_text
from cep.language.checked import (
    Absence,
    Bounded,
    Choice,
    Consecutive,
    Expectation,
    Loop,
    PatternNode,
    Sequence,
    SomeOf,
    Step,
    Until,
)
from cep.language.report import Report


def check_bounds(report: Report, pattern: PatternNode, within_us: int | None, within_span: Span, limited: bool) -> None:
    """Reports all that has no meaning in a pattern, and a pattern that nothing bounds."""
    if isinstance(pattern, Absence) and not _can_lead(report, pattern):
        return
    if can_be_empty(pattern):
        message = "this pattern can match nothing"
        report.error("CEP405", message, pattern.span, "make one of its parts necessary: `some A`")
        return
    before = report.error_count
    for absence in [] if isinstance(pattern, Absence) else _leading_absences(pattern):
        _can_lead(report, absence)
    _check_loops(report, pattern)
    _check_closing(report, pattern, within_us is not None)
    for node in _all(pattern):
        if isinstance(node, Absence):
            _check_closing(report, node.element, True)
    _check_minimum(report, pattern, within_us, within_span)
    sound = report.error_count == before
    if sound and within_us is None and not limited and not _is_bounded(pattern):
        message = "nothing bounds this pattern: what it waits for may never come, and is kept"
        report.warning("CEP415", message, pattern.span, "add `within`, such as `within 1 hour`")


def _can_lead(report: Report, absence: Absence) -> bool:
    """Whether it may be the first thing in a pattern: silence since the last event of a kind."""
    if absence.duration_us is None:
        message = "nothing says since when this event is to stay away"
        hint = "write `no … for 30 minutes`, or put the event before it that starts the wait"
        report.error("CEP403", message, absence.span, hint)
        return False
    members = absence.element.members if isinstance(absence.element, Choice) else (absence.element,)
    if not all(isinstance(member, Step) for member in members):
        message = "at the start of a pattern silence is counted from the last event, and here several make one"
        hint = "write one event behind `no`, or put the event before it that starts the wait"
        report.error("CEP401", message, absence.span, hint)
        return False
    return True


# ---- emptiness ----


def can_be_empty(node: PatternNode, *, waiting: bool = False) -> bool:
    """Whether it matches without any event and, unless ``waiting``, without waiting."""
    match node:
        case Loop():
            return node.minimum == 0 or can_be_empty(node.element, waiting=waiting)
        case Sequence():
            parts = (node.first, *(link.element for link in node.links))
            return all(can_be_empty(part, waiting=waiting) for part in parts)
        case Choice():
            return any(can_be_empty(member, waiting=waiting) for member in node.members)
        case SomeOf():
            return sum(can_be_empty(member, waiting=waiting) for member in node.members) >= node.count
        case Until() | Bounded() | Consecutive():
            return can_be_empty(node.element, waiting=waiting)
        case Absence():
            return waiting or node.duration_us is None
    return False


def _check_loops(report: Report, node: PatternNode) -> None:
    message = ""
    if isinstance(node, Loop) and can_be_empty(node.element, waiting=True):
        message = "what is repeated here can match nothing"
    if isinstance(node, Absence) and can_be_empty(node.element):
        message = "what is to stay away here can match nothing"
    if message:
        report.error("CEP405", message, node.span, "make one of its parts necessary: `some A`")
        return
    for child in children_of(node):
        _check_loops(report, child)


def children_of(node: PatternNode) -> Iterator[PatternNode]:
    """The elements directly inside an element of a pattern."""
    match node:
        case Loop() | Consecutive() | Bounded() | Absence() | Until():
            yield node.element
        case Choice() | SomeOf():
            yield from node.members
        case Sequence():
            yield node.first
            for link in node.links:
                yield link.element


def _leading_absences(node: PatternNode) -> Iterator[Absence]:
    """Absences before which no event can have come."""
    match node:
        case Absence():
            yield node
        case Loop() | Consecutive() | Bounded() | Until():
            yield from _leading_absences(node.element)
        case Choice() | SomeOf():
            for member in node.members:
                if not isinstance(member, Absence):  # reported: `no` inside `or`
                    yield from _leading_absences(member)
        case Sequence():
            yield from _leading_absences(node.first)
            before = node.first
            for link in node.links:
                if not can_be_empty(before):
                    return
                yield from _leading_absences(link.element)
                before = link.element


# ---- the end of the pattern ----


def _check_closing(report: Report, node: PatternNode, bounded: bool) -> None:
    """``bounded``: a ``within`` is around it, of the rule or of a group that ends with the pattern."""
    match node:
        case Bounded():
            _check_closing(report, node.element, True)
        case Sequence():
            last = node.links[-1].element
            if not isinstance(last, Absence) and can_be_empty(last):
                message = "the match is complete without this last step, so it never takes an event"
                report.error("CEP404", message, last.span, "leave it out, or let an event follow it")
                return
            _check_closing(report, last, bounded or node.links[-1].maximum_us is not None)
        case Consecutive():
            _check_closing(report, node.element, bounded)
        case Loop():
            _check_closing(report, node.element, bounded)
        case Choice() | SomeOf():
            for member in node.members:
                if not isinstance(member, Absence):
                    _check_closing(report, member, bounded)
        case Absence():
            if node.duration_us is None and not bounded:
                message = "nothing says until when this event is to stay away"
                hint = "write `no … for 30 minutes`, or give the rule a `within`"
                report.error("CEP406", message, node.span, hint)
        case Until():
            loop = node.element
            while isinstance(loop, Bounded | Consecutive):
                loop = loop.element
            if isinstance(loop, Loop) and loop.maximum != loop.minimum and not bounded:
                message = "nothing ends this loop if what it waits for never comes"
                report.error("CEP407", message, node.span, "give the rule a `within`")


# ---- lengths of time ----


def _least_us(node: PatternNode, closing: bool) -> int:
    """The time from its first to its last event at least, waits between included; a closing wait does not count."""
    match node:
        case Loop():
            return node.minimum * _least_us(node.element, closing) if node.minimum else 0
        case Sequence():
            if isinstance(node.first, Absence | Expectation):
                total = node.first.duration_us or 0
            else:
                total = _least_us(node.first, False)
            for index, link in enumerate(node.links):
                last = closing and index == len(node.links) - 1
                total += link.minimum_us or 0
                if isinstance(link.element, Absence):
                    total += 0 if last else link.element.duration_us or 0
                else:
                    total += _least_us(link.element, last)
            return total
        case Choice():
            return min(_least_us(member, closing) for member in node.members)
        case SomeOf():
            return sorted(_least_us(member, closing) for member in node.members)[node.count - 1]
        case Until() | Bounded() | Consecutive():
            return _least_us(node.element, closing)
    return 0


def _check_minimum(report: Report, pattern: PatternNode, within_us: int | None, within_span: Span) -> None:
    least = _least_us(pattern, True)
    if within_us is not None and least > within_us:
        _too_short(report, within_us, least, within_span)
        return
    for node in _all(pattern):
        if isinstance(node, Bounded) and _least_us(node.element, True) > node.within_us:
            _too_short(report, node.within_us, _least_us(node.element, True), node.span)
        if isinstance(node, Sequence):
            for link in node.links:
                inner = _least_us(link.element, True)
                if link.maximum_us is not None and inner > link.maximum_us:
                    _too_short(report, link.maximum_us, inner, link.span)


def _too_short(report: Report, within_us: int, least_us: int, span: Span) -> None:
    message = (
        f"within {duration_text(within_us)} this can never be complete: "
        f"its steps take at least {duration_text(least_us)}"
    )
    report.error("CEP409", message, span, f"write a longer time: `within {duration_text(2 * least_us)}`")


def _all(node: PatternNode) -> Iterator[PatternNode]:
    yield node
    for child in children_of(node):
        yield from _all(child)


# ---- what bounds it ----


def _is_bounded(node: PatternNode) -> bool:
    """Whether every wait for a further event ends at a time."""
    match node:
        case Step() | Absence() | Expectation() | Bounded():
            return True
        case Loop():
            once = node.maximum == 1
            strict = node.mode == "consecutive" and node.maximum is not None
            return _is_bounded(node.element) and (once or strict)
        case Until() | Consecutive():
            return isinstance(node, Until) or _is_bounded(node.element)
        case Choice():
            return all(_is_bounded(member) for member in node.members)
        case SomeOf():
            return node.count == 1 and all(_is_bounded(member) for member in node.members)
    awaited = (
        link.maximum_us is not None or link.contiguity == "strict" or _waits_itself(link.element) for link in node.links
    )
    inner = (_is_bounded(link.element) for link in node.links)
    return _is_bounded(node.first) and all(awaited) and all(inner)


def _waits_itself(node: PatternNode) -> bool:
    return isinstance(node, Absence) and node.duration_us is not None


def has_every(node: PatternNode) -> bool:
    """Whether a start may complete more than one match."""
    for part in _all(node):
        if isinstance(part, Loop) and part.mode == "every":
            return True
        if isinstance(part, Sequence) and any(link.contiguity == "every" for link in part.links):
            return True
    return False


def can_time_out(node: PatternNode, within_us: int | None) -> bool:
    """Whether a run of it can run out of time."""
    if within_us is not None:
        return True
    for part in _all(node):
        if isinstance(part, Bounded):
            return True
        if isinstance(part, Sequence) and any(link.maximum_us is not None for link in part.links):
            return True
    return False

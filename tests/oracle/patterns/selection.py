"""Which of the complete readings are matches (sentence 16)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cep.language import checked as c
from tests.oracle.patterns.readings import Match


def select(rule: c.CheckedRule, readings: Sequence[Match]) -> list[Match]:
    """The matches among the complete readings of one key, in the order of their completion."""
    assert rule.pattern is not None
    has_every = any(_every(rule.pattern))
    rest = sorted(readings, key=lambda each: (each.moment, each.start, each.preference))
    matches: list[Match] = []
    while rest:
        match, *rest = rest
        matches.append(match)
        rest = [each for each in rest if not _removes(rule, has_every, match, each)]
    return matches


def _removes(rule: c.CheckedRule, has_every: bool, match: Match, other: Match) -> bool:
    if other.bindings == match.bindings and other.moment == match.moment:
        return True  # the same events in the same roles, only counted to other turns of loops in loops
    is_same_start = other.start == match.start
    if is_same_start and not has_every:
        return True
    after_match = rule.after_match or c.CheckedAfterMatch()
    match after_match.strategy:
        case "past_last":
            held = [event for event in other.events if event.order <= match.moment]
            return is_same_start or any(event in match.events for event in held)
        case "to_next":
            return is_same_start
        case "to_first" | "to_last":
            assert after_match.step is not None
            named = match.events_of(after_match.step)
            if not named:
                return is_same_start
            resumed = named[0 if after_match.strategy == "to_first" else -1]
            return match.start <= other.start < resumed.order
        case _:
            return False


def _every(node: c.PatternNode) -> Iterator[bool]:
    """Whether there is an ``every`` in each node of the pattern."""
    match node:
        case c.Loop():
            yield node.mode == "every"
            yield from _every(node.element)
        case c.Sequence():
            yield from _every(node.first)
            for link in node.links:
                yield link.contiguity == "every"
                yield from _every(link.element)
        case c.Choice() | c.SomeOf():
            for member in node.members:
                yield from _every(member)
        case c.Consecutive() | c.Bounded() | c.Until():
            yield from _every(node.element)

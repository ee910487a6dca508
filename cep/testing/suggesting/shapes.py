"""Which events a rule waits for, and when: examples of its pattern or its window. Testing layer.

A pattern is walked once for each example. What is left open (which alternative, how often a loop, how far apart) is
chosen: first the shortest, later at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from cep.language.checked import (
    Absence,
    Alternative,
    Bounded,
    CheckedJoin,
    CheckedRule,
    CheckedWindow,
    Choice,
    Consecutive,
    Constant,
    Expectation,
    Loop,
    PatternNode,
    Sequence,
    SomeOf,
    Step,
    Until,
)
from cep.plan.walk import walk

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
_GAPS_US = (10 * SECOND_US, 5 * SECOND_US, 2 * SECOND_US, SECOND_US, 100_000, 10_000, 1_000, 1)
_MOST_EVENTS = 120


@dataclass(frozen=True, slots=True)
class Take:
    """An event that a step takes, at least and at most so long after the one before (microseconds)."""

    alternative: Alternative
    step: str
    low_us: int | None = None
    high_us: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Time without an event of ``element``; null duration: until the rule's `within` is over."""

    duration_us: int | None
    element: PatternNode


Part = Take | Wait


class Choices:
    """What an example leaves open. Without chance, the shortest."""

    def __init__(self, chance: Random | None) -> None:
        self.chance = chance

    def member(self, count: int) -> int:
        """Which of several."""
        return 0 if self.chance is None else self.chance.randrange(count)

    def turns(self, minimum: int, maximum: int | None) -> int:
        """How often a loop turns."""
        if self.chance is None:
            return minimum
        most = minimum + 3 if maximum is None else min(maximum, minimum + 3)
        return self.chance.randint(minimum, most)


def parts_of(rule: CheckedRule, choices: Choices) -> list[Part]:
    """The events and waits of one example of a pattern."""
    assert rule.pattern is not None
    parts = _parts(rule.pattern, choices)
    if not any(isinstance(part, Take) for part in parts):
        choices = Choices(choices.chance or Random(0))  # noqa: S311 - examples, no secrets
        for _ in range(20):
            parts = _parts(rule.pattern, choices)
            if any(isinstance(part, Take) for part in parts):
                break
    if parts and isinstance(parts[0], Wait):  # silence counts from the last of what is silent
        parts = [*_parts(parts[0].element, choices), *parts]
    return parts


def _parts(node: PatternNode, choices: Choices) -> list[Part]:
    match node:
        case Step():
            return [Take(node.alternatives[choices.member(len(node.alternatives))], node.name)]
        case Loop(element=element, minimum=minimum, maximum=maximum):
            return [part for _ in range(choices.turns(minimum, maximum)) for part in _parts(element, choices)]
        case Sequence(first=first, links=links):
            parts = _parts(first, choices)
            for link in links:
                following = _parts(link.element, choices)
                if following and isinstance(following[0], Take):
                    head = following[0]
                    following[0] = Take(head.alternative, head.step, link.minimum_us, link.maximum_us)
                parts += following
            return parts
        case Choice(members=members):
            return _parts(members[choices.member(len(members))], choices)
        case SomeOf(count=count, members=members):
            return [part for member in members[:count] for part in _parts(member, choices)]
        case Until(element=element, stop=stop):
            return [*_parts(element, choices), *_parts(stop, choices)]
        case Consecutive(element=element) | Bounded(element=element):
            return _parts(element, choices)
        case Absence(element=element, duration_us=duration_us):
            return [Wait(duration_us, element)]
        case Expectation(element=element, duration_us=duration_us):
            return [*_parts(element, choices), Wait(duration_us, element)]


def is_closing(rule: CheckedRule, part: Part, last: Part) -> bool:
    """Whether a wait without a duration is the last part, and so ends with the rule's `within`."""
    return part is last and isinstance(part, Wait) and part.duration_us is None and rule.within_us is not None


def bound_us(rule: CheckedRule) -> int:
    """How far all its events may lie apart, microseconds: `within`, the inner bounds, or the window; else a day."""
    bounds = [node.within_us for node in walk(rule.pattern) if isinstance(node, Bounded)]
    if rule.within_us is not None:
        bounds.append(rule.within_us)
    if rule.window is not None and rule.window.duration_us is not None:
        bounds.append(rule.window.duration_us)
    bounds += [join.within_us for join in rule.joins if isinstance(join, CheckedJoin)]
    return min(bounds, default=DAY_US)


def gap_us(bound: int, count: int) -> int:
    """How far apart events stand by default, so that so many fit."""
    return next((gap for gap in _GAPS_US if gap * max(1, count) <= bound), 1)


def inputs_of(rule: CheckedRule) -> list[Step]:
    """What a rule over windows reads: its input, and those joined to it."""
    assert rule.input is not None
    return [rule.input, *(join.input for join in rule.joins if isinstance(join, CheckedJoin))]


def counts_of(rule: CheckedRule) -> list[int]:
    """How many events to try: few, and as many as the numbers in its conditions say."""
    numbers = {1, 2, 3, 4, 6, 10}
    for node in walk((rule.when, rule.having, rule.window)):
        if isinstance(node, Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
            numbers.update((node.value, node.value + 1))
        if isinstance(node, CheckedWindow) and node.count is not None:
            numbers.update((node.count, node.count + 1))
    if rule.firing.count is not None:
        numbers.update((rule.firing.count, rule.firing.count + 1))
    return sorted(number for number in numbers if 0 < number <= _MOST_EVENTS)


def closes_after_us(window: CheckedWindow | None) -> int | None:
    """How long to wait until a window that closes has closed; null where none does."""
    if window is None:
        return None
    match window.kind:
        case "tumbling" | "hopping" | "session":
            return window.duration_us
        case "calendar":
            return {"hour": DAY_US // 24, "day": DAY_US, "week": 7 * DAY_US, "month": 31 * DAY_US}[window.unit or "day"]
    return None

"""Where a reading stands in its pattern, and the ways on from there (sentences 2 to 7).

A *standing* is a small value for each node of the pattern tree that has begun: which part of a sequence, which turn of
a loop, which member of ``or`` or ``and`` it is in, and the standing inside that. ``None`` stands for a node that has
not begun. From a node and its standing follow the *ways* on: steps that may take the next event, and leaving the node
because it is complete where the reading stands. Ways come in the order of preference (sentence 15).

Nothing here knows of times or of events: places in a reading are counted, so that bounds are ``(position, length)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from cep.language import checked as c

# ---- standings ----


@dataclass(frozen=True)
class Bound:
    """A step that has taken its event; an absence at the start that has taken the event its silence begins with."""


@dataclass(frozen=True)
class Turn:
    """In a loop: the number of the turn, from 1, and the standing in it."""

    number: int
    inside: Standing


@dataclass(frozen=True)
class Part:
    """In a sequence: the number of the part, from 0, the bound that its ``then within`` gives it, the standing in it."""

    number: int
    limit: Limit | None
    inside: Standing


@dataclass(frozen=True)
class Chosen:
    """In a choice: the number of the member, from 0, and the standing in it."""

    number: int
    inside: Standing


@dataclass(frozen=True)
class Among:
    """In some of several members: those that are done, the one that is not yet left, and the standing in it."""

    done: frozenset[int]
    number: int
    inside: Standing


@dataclass(frozen=True)
class Open:
    """In ``element until stop``; ``closed`` once the stop has come."""

    inside: Standing
    closed: bool = False


@dataclass(frozen=True)
class Timed:
    """In ``(element within D)``: the position of its first event, and the standing inside."""

    position: int
    inside: Standing


Standing = Bound | Turn | Part | Chosen | Among | Open | Timed

# ---- ways on ----


@dataclass(frozen=True)
class Limit:
    """A time: so long after the binding at a position."""

    position: int
    length_us: int


@dataclass(frozen=True)
class Passed:
    """An absence on the way, and the bounds of the parts around it that have begun."""

    absence: c.Absence
    limits: tuple[Limit, ...]


@dataclass(frozen=True)
class Role:
    """A step that may take the next event.

    ``gap`` are the absences on the way to it, in order. ``strict``: only the very next event will do. ``every``: the
    reading stays as well. ``again``: it is a turn after the first of an every-loop. ``begins_more``: it begins a part
    (a turn beyond the minimum, a member) that needs more than this event. ``spare``: it begins a turn beyond the
    minimum. ``reluctant``: it begins a turn of a reluctant loop.
    """

    step: c.Step
    standing: Standing
    gap: tuple[Passed, ...]
    latest: tuple[Limit, ...]
    earliest: tuple[Limit, ...] = ()
    strict: bool = False
    every: bool = False
    again: bool = False
    begins_more: bool = False
    spare: bool = False
    reluctant: bool = False


@dataclass(frozen=True)
class Leave:
    """The node is complete where the reading stands.

    ``gap`` are the absences since the last event. ``stop_limits``: null, or the node would be left from inside an
    ``until`` whose loop may grow and whose stop has not come; then these are the bounds of the parts around it.
    """

    gap: tuple[Passed, ...]
    stop_limits: tuple[Limit, ...] | None = None


Way = Role | Leave


@dataclass(frozen=True)
class Place:
    """What the way has come by: bindings so far, absences since the last of them, bounds of the parts around.

    ``begun``: something is bound in this pattern (not only in the one around it).
    """

    bindings: int
    begun: bool
    gap: tuple[Passed, ...] = ()
    limits: tuple[Limit, ...] = ()
    stop_limits: tuple[Limit, ...] | None = None

    def behind(self, leave: Leave) -> Place:
        """The place behind a node."""
        return replace(self, gap=leave.gap, stop_limits=leave.stop_limits)

    def inside(self, limit: Limit | None) -> Place:
        """The place in a part with a bound of its own."""
        return self if limit is None else replace(self, limits=(*self.limits, limit))

    def after(self, wait_us: int | None) -> Limit | None:
        """So long after the last event, or after the deadline of the last timed absence since (sentence 6)."""
        if wait_us is None or not self.begun:
            return None
        waited_us = sum(passed.absence.duration_us or 0 for passed in self.gap)
        return Limit(self.bindings - 1, waited_us + wait_us)

    @property
    def left(self) -> Leave:
        """Leaving here."""
        return Leave(self.gap, self.stop_limits)


def ways(node: c.PatternNode, standing: Standing | None, place: Place) -> Iterator[Way]:
    """The ways on from a standing in a node, or into a node that has not begun; the preferred first."""
    match node:
        case c.Step():
            yield Role(node, Bound(), place.gap, place.limits) if standing is None else place.left
        case c.Absence():
            yield from _absence(node, standing, place)
        case c.Expectation():
            yield from _absence(c.Absence(node.element, node.duration_us), standing, place)
        case c.Sequence():
            yield from _sequence(node, standing, place)
        case c.Loop():
            yield from _loop(node, standing, place)
        case c.Consecutive():
            for way in ways(node.element, standing, place):
                is_inside = standing is not None and isinstance(way, Role)
                yield replace(way, strict=True) if is_inside else way
        case c.Choice():
            yield from _choice(node, standing, place)
        case c.SomeOf():
            yield from _some_of(node, standing, place)
        case c.Until():
            yield from _until(node, standing, place)
        case c.Bounded():
            yield from _bounded(node, standing, place)


def _absence(node: c.Absence, standing: Standing | None, place: Place) -> Iterator[Way]:
    if standing is None and not place.begun:
        # Silence since the last one: it begins with an event of that kind (sentence 12).
        for way in ways(node.element, None, place):
            yield replace(way, standing=Bound()) if isinstance(way, Role) else way
    else:
        yield Leave((*place.gap, Passed(node, place.limits)), place.stop_limits)


# ---- sequences ----


def _sequence(node: c.Sequence, standing: Standing | None, place: Place) -> Iterator[Way]:
    parts = (c.Link(node.first), *node.links)
    if standing is None:
        yield from _from_part(parts, 0, place)
        return
    assert isinstance(standing, Part)
    for way in ways(parts[standing.number].element, standing.inside, place.inside(standing.limit)):
        if isinstance(way, Role):
            yield replace(way, standing=replace(standing, inside=way.standing))
        else:
            yield from _from_part(parts, standing.number + 1, place.behind(way))


def _from_part(parts: tuple[c.Link, ...], number: int, place: Place) -> Iterator[Way]:
    """Into the part of this number, and past it where it may be empty."""
    if number == len(parts):
        yield place.left
        return
    link = parts[number]
    limit, least = place.after(link.maximum_us), place.after(link.minimum_us)
    for way in ways(link.element, None, place.inside(limit)):
        if isinstance(way, Leave):
            yield from _from_part(parts, number + 1, place.behind(way))
            continue
        yield replace(
            way,
            standing=Part(number, limit, way.standing),
            earliest=way.earliest if least is None else (*way.earliest, least),
            strict=way.strict or link.contiguity == "strict",
            every=way.every or link.contiguity == "every",
        )


# ---- loops ----


def _loop(node: c.Loop, standing: Standing | None, place: Place) -> Iterator[Way]:
    if standing is None:
        yield from _turn_or_leave(node, 1, place)
        return
    assert isinstance(standing, Turn)
    for way in ways(node.element, standing.inside, place):
        if isinstance(way, Leave):
            yield from _turn_or_leave(node, standing.number + 1, place.behind(way))
            continue
        strict = way.strict or node.mode == "consecutive"
        yield replace(way, standing=Turn(standing.number, way.standing), strict=strict)


def _turn_or_leave(node: c.Loop, number: int, place: Place) -> Iterator[Way]:
    """Another turn, and leaving, as far as the numbers allow."""
    turns = list(_turn(node, number, place)) if node.maximum is None or number <= node.maximum else []
    leaves = [place.left] if number > node.minimum else []
    yield from (*turns, *leaves) if node.greedy else (*leaves, *turns)


def _turn(node: c.Loop, number: int, place: Place) -> Iterator[Role]:
    for way in ways(node.element, None, place):
        if isinstance(way, Leave):
            continue  # A turn takes an event.
        is_spare = number > node.minimum
        is_later = number > 1
        yield replace(
            way,
            standing=Turn(number, way.standing),
            strict=way.strict or (is_later and node.mode == "consecutive"),
            every=way.every or node.mode == "every",
            again=way.again or (is_later and node.mode == "every"),
            begins_more=way.begins_more or (is_spare and not is_done(node.element, way.standing)),
            spare=way.spare or is_spare,
            reluctant=way.reluctant or not node.greedy,
        )


# ---- members ----


def _choice(node: c.Choice, standing: Standing | None, place: Place) -> Iterator[Way]:
    if standing is not None:
        assert isinstance(standing, Chosen)
        for way in ways(node.members[standing.number], standing.inside, place):
            yield replace(way, standing=Chosen(standing.number, way.standing)) if isinstance(way, Role) else way
        return
    can_leave = True
    for number, member in enumerate(node.members):
        for way in ways(member, None, place):
            if isinstance(way, Role):
                more = way.begins_more or not is_done(member, way.standing)
                yield replace(way, standing=Chosen(number, way.standing), begins_more=more)
            elif can_leave:
                can_leave = False
                yield way


def _some_of(node: c.SomeOf, standing: Standing | None, place: Place) -> Iterator[Way]:
    if standing is None:
        yield from _other_member(node, frozenset(), place)
        return
    assert isinstance(standing, Among)
    for way in ways(node.members[standing.number], standing.inside, place):
        if isinstance(way, Role):
            yield replace(way, standing=replace(standing, inside=way.standing))
        else:
            yield from _other_member(node, standing.done | {standing.number}, place.behind(way))


def _other_member(node: c.SomeOf, done: frozenset[int], place: Place) -> Iterator[Way]:
    """Into each member that is not done, or out of all."""
    if len(done) == node.count:
        yield place.left
        return
    passable = 0
    for number, member in enumerate(node.members):
        if number in done:
            continue
        for way in ways(member, None, place):
            if isinstance(way, Role):
                more = way.begins_more or not is_done(member, way.standing)
                yield replace(way, standing=Among(done, number, way.standing), begins_more=more)
            else:
                passable += 1
    if len(done) + passable >= node.count:
        yield place.left


# ---- until, bounds ----


def _until(node: c.Until, standing: Standing | None, place: Place) -> Iterator[Way]:
    if standing is None:
        for way in ways(node.element, None, place):
            yield replace(way, standing=Open(way.standing)) if isinstance(way, Role) else way
        return
    assert isinstance(standing, Open)
    inner = list(ways(node.element, standing.inside, place))
    if standing.closed:
        yield from (replace(way, stop_limits=place.stop_limits) for way in inner if isinstance(way, Leave))
        return
    can_grow = any(isinstance(way, Role) for way in inner)
    for way in inner:
        if isinstance(way, Role):
            yield replace(way, standing=Open(way.standing))
        elif can_grow and way.stop_limits is None:
            yield replace(way, stop_limits=place.limits)
        else:
            yield way


def _bounded(node: c.Bounded, standing: Standing | None, place: Place) -> Iterator[Way]:
    if standing is None:
        for way in ways(node.element, None, place):
            yield replace(way, standing=Timed(place.bindings, way.standing)) if isinstance(way, Role) else way
        return
    assert isinstance(standing, Timed)
    inside = place.inside(Limit(standing.position, node.within_us))
    for way in ways(node.element, standing.inside, inside):
        yield replace(way, standing=replace(standing, inside=way.standing)) if isinstance(way, Role) else way


# ---- questions ----


def is_done(node: c.PatternNode, standing: Standing) -> bool:
    """Whether the node needs nothing more: no event, and no absence either."""
    found = ways(node, standing, Place(bindings=1, begun=True))
    return any(isinstance(way, Leave) and not way.gap for way in found)


def closed(node: c.PatternNode, standing: Standing, comes: Callable[[c.PatternNode], bool]) -> Standing:
    """The standing at an event: each ``until`` whose stop comes with it is closed (sentence 8)."""
    match node, standing:
        case c.Consecutive(), _:
            return closed(node.element, standing, comes)
        case c.Until(), Open():
            return Open(closed(node.element, standing.inside, comes), standing.closed or comes(node.stop))
        case (c.Loop(), Turn()) | (c.Bounded(), Timed()):
            return replace(standing, inside=closed(node.element, standing.inside, comes))
        case c.Sequence(), Part():
            element = (node.first, *(link.element for link in node.links))[standing.number]
            return replace(standing, inside=closed(element, standing.inside, comes))
        case (c.Choice(), Chosen()) | (c.SomeOf(), Among()):
            return replace(standing, inside=closed(node.members[standing.number], standing.inside, comes))
    return standing

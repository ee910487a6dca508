"""Patterns by definition: enumerate every reading from every start, then select.

The oracle is slow and meant to be obviously right; it shares no code with the engine. Everything here is a pure
function of all the events there ever are; nothing is remembered from one event to the next.

The scope: sequences of steps and relaxed loops (minimum at least 1) joined by plain ``then``; conditions on steps that
look back at what is bound; ``where``, ``within``, ``per``, ``having``; ``no B`` and ``no B for D`` between steps and at
the end; ``no B for D`` alone; ``within``/``after``/``between`` on one step; all skip strategies. Anything else raises
:class:`~tests.oracle.values.Unsupported`.

The definition
--------------

1. Each key has the events that hold it, in their order (S1, S7); what follows is about one key. A null key takes part
   only in ``per k?``. Keys are equal as values are: 1 and 1.0 are one key, 1, ``true`` and ``"1"`` are three.
2. A *reading* assigns to each element of the pattern (a step or a loop) one or more events: each event at most once,
   and in order, so that the events of one element all come before those of the next (section 3, ``then``).
3. An event *fits* an element, given what is bound before it, if: its type and the condition of one alternative hold;
   it lies at most ``within`` after the first event (S3); it lies within the bounds written on the step, counted from
   the last event of the element before, or from the deadline of the ``no … for`` between (section 3); and, for a step
   that is no loop, each conjunct of ``where`` whose last step it is holds with it bound.
4. Readings grow from a start, an event that fits the first element with nothing bound (S11, "every event that can
   start a match starts a run"), over the later events in order. An event has up to two roles: it *extends* the current
   loop if that holds fewer than its maximum and the event fits it (S12, "a loop takes every event that fits"); it
   *advances* to the next element if the current one holds its minimum, the conjuncts whose last step is the current
   loop hold (section 3, "tested when that loop ends"), the event fits the next element, and nothing forbidden lies
   between (sentences 6 and 7).
5. An event with one role takes it; with two, both readings live on (S12, "all readings are kept"); with none, it is
   skipped and changes nothing ("skip till next match", and "an event that fails it is skipped, not fatal").
6. ``A then no B then C``: no event strictly between the last event of A and the event of C fits B. An event that takes
   a role is never tested as B (S12, "an event that fits the next step counts as that").
7. ``A then no B for D then C``: the deadline is the time of the last event of A + D; no event strictly after the last
   event of A with a time up to and including the deadline fits B, and the event of C has a time after the deadline
   (S4).
8. A pattern without a closing ``no`` is complete at the event with which its last element reaches its minimum; if that
   element is a loop, its conjuncts must hold (S12). Then ``having`` must hold. If either is not so, this reading
   completes at no event, unless a later event extends the loop: then it is tried again.
9. A closing ``no B for D`` has its deadline D after the last bound event, a closing ``no B`` without ``for`` has it
   ``within`` after the first (section 3, S4). It is complete at the deadline if the last element holds its minimum, no
   event after the last bound event and before the deadline's moment fits B, and the conjuncts of a last loop and
   ``having`` hold. That moment is after all events at the deadline's time (S5), so that a B at exactly the deadline
   cancels (S4). Until the deadline the last loop grows as in sentence 4, which restarts the wait of ``for``; a
   forbidden event that does not extend the loop stops the reading until an event extends it.
10. ``no B for D`` as the whole pattern is the same with one step that takes any B, followed by the closing ``no B for
    D`` (section 3, "silence since the last one, once per silence; the next one re-arms it").
11. An evaluation that fails (S15) counts as not holding.
12. Selection (S11): complete readings are looked at in the order of the moment of completion, then of the start, then
    of preference. Preference goes by the elements in written order: the longer loop first, of a reluctant loop the
    shorter (S12). A reading that was not removed is a match. A match removes every other reading of its start ("without
    ``every``, a start yields at most one match"); then its strategy removes readings that complete later:

    * past last event: those that hold, among their events up to the moment of the match, an event of the match;
    * to next event, no skip: none;
    * to first/last NAME: those whose start is neither before the start of the match nor at or after that event.

Readings of the specification
-----------------------------

a. Sentence 6 with a loop before: a forbidden event after the last event of the loop prevents advancing, but an event
   that extends the loop starts the zone anew.
b. Sentence 8: a rejected reading whose loop cannot grow (``three A … having``) is given up; the events of its start
   are free for other starts.
c. Sentence 12: as the event with which a match completes is an event of the match, it starts no run under skip past
   last event; under the other strategies it may.
d. Sentence 7: an early C is skipped; if it fits B as well, it is a forbidden event. A C that fails its ``where`` and
   fits B is forbidden too.
e. ``within`` bounds the first to the last bound event; a closing wait is not counted (S4).
f. Sentence 7 with a loop before: the next step *arrives* when C does. Up to then, after the deadline too, events
   extend the loop, and the deadline is counted anew.
g. Sentence 9: when the deadline passes and ``having``, or a conjunct of the last loop, does not hold, nothing
   completes; an event that later extends the loop restarts the wait of ``for``, and all is tried again. It is like a
   step in the middle that is skipped because a conjunct of the loop before it does not hold.
h. A loop that has reached its maximum has not *ended* before the next element begins: its conjuncts are tested then.
i. Sentence 12, preference among loops: lexicographic by written order. It is total, as two readings of one start first
   differ where one extends a loop and the other leaves it.
j. Skip to first/last NAME leaves alone the runs that started before the match (they complete later).
k. Alone, ``no B for D`` has the last B as its evidence, under the label of B, and as its ``first`` and ``last`` event.
l. An aggregate without a step, inside a step's condition, ranges over what is bound so far, without the candidate.
m. A list or a map is no key: its event takes no part.
n. Keys that are equal but written differently (1 and 1.0): the match shows that of its first event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from cep.language import checked as c
from tests.oracle.interpreter import Scope, holds
from tests.oracle.values import EvaluationFailure, OracleEvent, Order, Unsupported, Value, identity, kind

Roles = tuple[tuple[OracleEvent, ...], ...]
"""The events of each element so far, in written order; the last one is the current element."""


@dataclass(frozen=True)
class Gap:
    """What is written between two elements: events that must stay away, and bounds on the time of the next."""

    forbidden: tuple[c.Step, ...] = ()
    duration_us: int | None = None
    minimum_us: int | None = None
    maximum_us: int | None = None


@dataclass(frozen=True)
class Element:
    """A step or a loop, and the gap before it."""

    step: c.Step
    minimum: int = 1
    maximum: int | None = 1
    is_loop: bool = False
    greedy: bool = True
    gap: Gap = Gap()


@dataclass(frozen=True)
class Shape:
    """A pattern of the oracle's scope: its elements, and the closing absence."""

    elements: tuple[Element, ...]
    closing: Gap | None = None


@dataclass(frozen=True)
class Match:
    """A complete reading. ``moment`` is where its completion stands in the order of all that happens."""

    shape: Shape
    roles: Roles
    time_us: int
    moment: Order

    @property
    def start(self) -> OracleEvent:
        """The first event."""
        return self.roles[0][0]

    @property
    def events(self) -> tuple[OracleEvent, ...]:
        """All events, in order."""
        return tuple(event for role in self.roles for event in role)

    @property
    def evidence(self) -> list[tuple[str, OracleEvent]]:
        """Each event with the label of its step."""
        pairs = zip(self.shape.elements, self.roles, strict=True)
        return [(element.step.label, event) for element, role in pairs for event in role]

    @property
    def preference(self) -> tuple[int, ...]:
        """Smaller is preferred."""
        pairs = zip(self.shape.elements, self.roles, strict=True)
        return tuple(-len(role) if element.greedy else len(role) for element, role in pairs)


# ---- the shape of a pattern ----


def shape_of(pattern: c.PatternNode) -> Shape:
    """The pattern as elements and gaps.

    Raises:
        Unsupported: the pattern is outside the oracle's scope.
    """
    if isinstance(pattern, c.Absence):
        steps = _forbidden(pattern)
        if len(steps) > 1 or pattern.duration_us is None:
            raise Unsupported("a leading absence of several events")
        return Shape((Element(steps[0]),), Gap(steps, pattern.duration_us))
    links = list(_links(pattern))
    elements: list[Element] = []
    absences: list[c.Absence] = []
    for link in links:
        if link.contiguity != "relaxed":
            raise Unsupported(link.contiguity)
        if isinstance(link.element, c.Absence):
            if link.minimum_us is not None or link.maximum_us is not None or not elements:
                raise Unsupported("an absence that leads or has bounds")
            absences.append(link.element)
            continue
        gap = replace(_gap(absences), minimum_us=link.minimum_us, maximum_us=link.maximum_us)
        absences = []
        elements.append(replace(_element(link.element), gap=gap))
    closing = _gap(absences) if absences else None
    return Shape(tuple(elements), closing)


def _links(pattern: c.PatternNode) -> Iterator[c.Link]:
    if not isinstance(pattern, c.Sequence):
        yield c.Link(element=pattern)
        return
    yield from _links(pattern.first)
    for link in pattern.links:
        inner = list(_links(link.element))
        yield replace(link, element=inner[0].element)
        yield from inner[1:]


def _element(node: c.PatternNode) -> Element:
    match node:
        case c.Step():
            return Element(node)
        case c.Loop(element=c.Step() as step, mode="relaxed") if node.minimum >= 1:
            return Element(step, node.minimum, node.maximum, is_loop=True, greedy=node.greedy)
        case _:
            raise Unsupported(type(node).__name__)


def _gap(absences: list[c.Absence]) -> Gap:
    durations = [absence.duration_us for absence in absences]
    if len(absences) > 1 and any(duration is not None for duration in durations):
        raise Unsupported("several absences in a row, one with `for`")
    forbidden = tuple(step for absence in absences for step in _forbidden(absence))
    return Gap(forbidden, durations[0] if durations else None)


def _forbidden(absence: c.Absence) -> tuple[c.Step, ...]:
    members = absence.element.members if isinstance(absence.element, c.Choice) else (absence.element,)
    steps = tuple(member for member in members if isinstance(member, c.Step))
    if len(steps) < len(members):
        raise Unsupported("an absence of more than single events")
    return steps


# ---- keys ----


def key_of(keys: Sequence[c.CheckedKey], event: OracleEvent) -> dict[str, Value] | None:
    """The event's values of the keys; null if one is no key, or null and not optional (S7)."""
    found: dict[str, Value] = {}
    for key in keys:
        value: Value = event.fields
        for part in key.by_type.get(event.type, key.path):
            try:
                value = value[part]
            except (LookupError, TypeError):
                value = None
        if kind(value) in ("list", "map") or (value is None and not key.optional):
            return None
        found[key.name] = value
    return found


def by_key(keys: Sequence[c.CheckedKey], events: Sequence[OracleEvent]) -> dict[Order, list[OracleEvent]]:
    """The events of each key, in order. Events whose key is null are left out."""
    groups: dict[Order, list[OracleEvent]] = {}
    for event in events:
        values = key_of(keys, event)
        if values is not None:
            key = tuple(identity(value) for value in values.values())
            groups.setdefault(key, []).append(event)
    return groups


def accepts(step: c.Step, event: OracleEvent, scope: Scope) -> bool:
    """Whether the event has the type and meets the condition of one of the step's alternatives.

    Raises:
        EvaluationFailure: the data does not allow a condition.
    """
    for alternative in step.alternatives:
        if alternative.type is None:
            if event.derived:
                continue
        elif alternative.type != event.type:
            continue
        if holds(alternative.condition, replace(scope, candidate=event)):
            return True
    return False


# ---- readings ----


class Reader:
    """Enumerates the readings of one rule over the events of one key.

    ``timer`` gives the moment of a deadline, from its time and the start of the reading. ``failed`` is told the event
    at which an evaluation failed.
    """

    def __init__(
        self,
        rule: c.CheckedRule,
        events: Sequence[OracleEvent],
        timer: Callable[[int, OracleEvent], Order],
        failed: Callable[[OracleEvent], None] = lambda event: None,
    ) -> None:
        assert rule.pattern is not None
        if rule.on_timeout is not None or rule.limit is not None:
            raise Unsupported("`on timeout` and `limit`")
        self._rule = rule
        self._shape = shape_of(rule.pattern)
        self._elements = self._shape.elements
        self._events = events
        self._timer = timer
        self._failed = failed

    def readings(self) -> Iterator[Match]:
        """All complete readings of all starts (sentences 2 to 11)."""
        for event in self._events:
            started = self._bind((), event)
            if started is not None:
                yield from self._onward(started)

    def _onward(self, roles: Roles) -> Iterator[Match]:
        """All complete readings that begin with these roles."""
        bound = len(roles) == len(self._elements) and self._full(roles)
        waiting = bound and self._shape.closing is not None
        if bound and not waiting and self._accepted(roles):
            yield Match(self._shape, roles, roles[-1][-1].time_us, roles[-1][-1].order)
            return
        for event in self._events:
            if event.order <= roles[-1][-1].order:
                continue
            if waiting and self._deadline(roles)[1] < event.order and self._stands(roles):
                break
            grown = [self._extended(roles, event), self._advanced(roles, event)]
            if any(grown):
                for successor in grown:
                    if successor is not None:
                        yield from self._onward(successor)
                return
        if waiting and self._stands(roles):
            yield Match(self._shape, roles, *self._deadline(roles))

    def _extended(self, roles: Roles, event: OracleEvent) -> Roles | None:
        """With the event as one more of the current loop (sentence 4)."""
        maximum = self._elements[len(roles) - 1].maximum
        if maximum is not None and len(roles[-1]) >= maximum:
            return None
        return self._bind(roles, event, extends=True)

    def _advanced(self, roles: Roles, event: OracleEvent) -> Roles | None:
        """With the event as the first of the next element (sentences 4, 6 and 7)."""
        if len(roles) == len(self._elements) or not self._full(roles):
            return None
        if self._elements[len(roles) - 1].is_loop and not self._where(roles):
            return None
        gap = self._elements[len(roles)].gap
        last = roles[-1][-1]
        zone = [other for other in self._events if last.order < other.order < event.order]
        if gap.duration_us is not None:
            deadline_us = last.time_us + gap.duration_us
            zone = [other for other in zone if other.time_us <= deadline_us]
            if event.time_us <= deadline_us:
                return None
        if any(self._is_forbidden(gap, roles, other) for other in zone):
            return None
        return self._bind(roles, event)

    def _bind(self, roles: Roles, event: OracleEvent, extends: bool = False) -> Roles | None:
        """With the event as the next of the current or the first of the next element, if it fits (sentence 3)."""
        before = roles[:-1] if extends else roles
        element = self._elements[len(before)]
        if not self._in_time(before, roles, event):
            return None
        if not self._fits(element.step, roles, event):
            return None
        bound = (*before, (*roles[-1], event) if extends else (event,))
        return bound if element.is_loop or self._where(bound) else None

    def _in_time(self, before: Roles, roles: Roles, event: OracleEvent) -> bool:
        within_us = self._rule.within_us
        if roles and within_us is not None and event.time_us - roles[0][0].time_us > within_us:
            return False
        gap = self._elements[len(before)].gap
        if not before:
            return True
        waited_us = event.time_us - (before[-1][-1].time_us + (gap.duration_us or 0))
        if gap.minimum_us is not None and waited_us < gap.minimum_us:
            return False
        return gap.maximum_us is None or waited_us <= gap.maximum_us

    def _full(self, roles: Roles) -> bool:
        """Whether the current element holds its minimum."""
        return len(roles[-1]) >= self._elements[len(roles) - 1].minimum

    def _accepted(self, roles: Roles) -> bool:
        """Whether the complete reading stands: the conjuncts of a last loop, and ``having``."""
        if self._elements[-1].is_loop and not self._where(roles):
            return False
        return self._true(self._rule.having, roles)

    def _where(self, roles: Roles) -> bool:
        """Whether the conjuncts hold whose last step is the current element."""
        name = self._elements[len(roles) - 1].step.name
        for conjunct in self._rule.where:
            is_due = conjunct.last == name or (conjunct.last is None and len(roles) == 1)
            if is_due and not self._true(conjunct.expression, roles):
                return False
        return True

    def _true(self, condition: c.Expression | None, roles: Roles) -> bool:
        try:
            return holds(condition, scope_of(self._rule, self._shape, roles))
        except EvaluationFailure:
            self._failed(roles[-1][-1])
            return False

    def _fits(self, step: c.Step, roles: Roles, event: OracleEvent) -> bool:
        scope = scope_of(self._rule, self._shape, roles)
        try:
            return accepts(step, event, scope)
        except EvaluationFailure:
            self._failed(event)
            return False

    # -- absences --

    def _is_forbidden(self, gap: Gap, roles: Roles, event: OracleEvent) -> bool:
        return any(self._fits(step, roles, event) for step in gap.forbidden)

    def _deadline(self, roles: Roles) -> tuple[int, Order]:
        """Time and moment of the closing deadline (sentence 9)."""
        assert self._shape.closing is not None
        if self._shape.closing.duration_us is not None:
            time_us = roles[-1][-1].time_us + self._shape.closing.duration_us
        else:
            if self._rule.within_us is None:
                raise Unsupported("a closing `no` without a deadline")
            time_us = roles[0][0].time_us + self._rule.within_us
        return time_us, self._timer(time_us, roles[0][0])

    def _stands(self, roles: Roles) -> bool:
        """Whether the reading is complete at its closing deadline."""
        return self._silent(roles) and self._accepted(roles)

    def _silent(self, roles: Roles) -> bool:
        """Whether nothing forbidden happens between the last bound event and the closing deadline."""
        assert self._shape.closing is not None
        moment = self._deadline(roles)[1]
        last = roles[-1][-1]
        zone = [event for event in self._events if last.order < event.order < moment]
        return not any(self._is_forbidden(self._shape.closing, roles, event) for event in zone)


def scope_of(rule: c.CheckedRule, shape: Shape, roles: Roles) -> Scope:
    """What expressions see once these roles are bound (with the keys of the first event)."""
    events = tuple(event for role in roles for event in role)
    names = [element.step.name for element in shape.elements]
    return Scope(
        steps=dict(zip(names, roles, strict=False)),
        previous=events[-1] if events else None,
        events=events,
        keys=(key_of(rule.keys, events[0]) or {}) if events else {},
    )


# ---- selection ----


def select(rule: c.CheckedRule, readings: Sequence[Match]) -> list[Match]:
    """The matches among the complete readings of one key, in the order of their completion (sentence 12)."""
    rest = sorted(readings, key=lambda each: (each.moment, each.start.order, each.preference))
    matches: list[Match] = []
    while rest:
        match, *rest = rest
        matches.append(match)
        rest = [each for each in rest if not _removes(rule, match, each)]
    return matches


def _removes(rule: c.CheckedRule, match: Match, other: Match) -> bool:
    if other.start == match.start:
        return True
    after_match = rule.after_match or c.CheckedAfterMatch()
    match after_match.strategy:
        case "past_last":
            held = [event for event in other.events if event.order <= match.moment]
            return any(event in match.events for event in held)
        case "to_first" | "to_last":
            names = [element.step.name for element in match.shape.elements]
            assert after_match.step is not None
            role = match.roles[names.index(after_match.step)]
            named = role[0 if after_match.strategy == "to_first" else -1]
            return match.start.order <= other.start.order < named.order
        case _:
            return False

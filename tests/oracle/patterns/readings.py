"""All readings of a pattern over the events of one key, by following every choice (sentences 3 to 14)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cep.language import checked as c
from tests.oracle.interpreter import Scope, holds
from tests.oracle.patterns.keys import accepts, key_of
from tests.oracle.patterns.standing import Leave, Limit, Passed, Place, Role, Standing, closed, ways
from tests.oracle.patterns.where import Where, names_in_order
from tests.oracle.values import EvaluationFailure, OracleEvent, Order, Value


@dataclass(frozen=True)
class Binding:
    """An event in its step. ``event`` is null for an expected event that was never seen: then the rest is the start."""

    step: c.Step
    event: OracleEvent | None
    time_us: int
    order: Order


@dataclass(frozen=True)
class Timeout:
    """What ``on timeout emit`` can read."""

    matched_steps: list[str]
    missing_step: str | list[str]
    deadline_us: int


@dataclass(frozen=True)
class Match:
    """A complete reading, or one that ran out of time (``timeout``).

    ``moment`` is where its completion stands in the order of all that happens. ``preference``: smaller is preferred.
    """

    bindings: tuple[Binding, ...]
    time_us: int
    moment: Order
    preference: tuple[int, ...]
    timeout: Timeout | None = None

    @property
    def start(self) -> Order:
        """Where its first event stands."""
        return self.bindings[0].order

    @property
    def events(self) -> tuple[OracleEvent, ...]:
        """All events, in order."""
        return tuple(binding.event for binding in self.bindings if binding.event is not None)

    @property
    def evidence(self) -> list[tuple[str, OracleEvent]]:
        """Each event with the label of its step."""
        return [(binding.step.label, binding.event) for binding in self.bindings if binding.event is not None]

    def events_of(self, step: str) -> list[OracleEvent]:
        """The events of a step, in order."""
        found = [binding.event for binding in self.bindings if binding.step.name == step]
        return [event for event in found if event is not None]


@dataclass(frozen=True)
class Reading:
    """What is bound, where in the pattern that is, and the choices made on the way.

    ``outer``: how many of the bindings belong to the reading around (of which this is a ``no (group)``).
    ``is_done``: it was a match already, and goes on in the every-loop that closes the pattern.
    """

    pattern: c.PatternNode
    bindings: tuple[Binding, ...] = ()
    standing: Standing | None = None
    preference: tuple[int, ...] = ()
    outer: int = 0
    is_done: bool = False

    @property
    def has_begun(self) -> bool:
        """Whether it has bound an event of its own pattern."""
        return len(self.bindings) > self.outer

    @property
    def roles(self) -> list[Role]:
        """Its next roles, the preferred first."""
        roles = [way for way in self._ways() if isinstance(way, Role)]
        return [role for role in roles if role.again] if self.is_done else roles

    @property
    def end(self) -> Leave | None:
        """How it would be complete without another event; null if it would not."""
        return next((way for way in self._ways() if isinstance(way, Leave)), None)

    @property
    def is_complete(self) -> bool:
        """Whether the pattern is complete, with nothing to wait for (sentence 9)."""
        return self.end is not None and not self.end.gap and self.end.stop_limits is None

    def _ways(self) -> Iterable[Role | Leave]:
        return ways(self.pattern, self.standing, Place(len(self.bindings), self.has_begun))

    def bind(self, role: Role, binding: Binding) -> Reading:
        """The successor that takes an event as this role."""
        return replace(self, bindings=(*self.bindings, binding), standing=role.standing, is_done=False)

    def choose(self, choice: int) -> Reading:
        """The same, after one more choice."""
        return replace(self, preference=(*self.preference, choice))

    def time_us(self, limit: Limit) -> int:
        """A time that counts from a binding."""
        return self.bindings[limit.position].time_us + limit.length_us


class Reader:
    """Enumerates the readings of one rule over the events of one key.

    ``timer`` gives the moment of a deadline, from its time and the start of the reading. ``failed`` is told the event
    at which an evaluation failed. ``keys`` are the key's values where an expected event was never seen.
    """

    def __init__(
        self,
        rule: c.CheckedRule,
        events: Sequence[OracleEvent],
        timer: Callable[[int, Order], Order],
        failed: Callable[[OracleEvent], None] = lambda event: None,
        keys: dict[str, Value] | None = None,
    ) -> None:
        assert rule.pattern is not None
        self._rule = rule
        self._pattern = rule.pattern
        self._where = Where(rule.pattern, rule.where)
        self._events = [event for event in events if _reads(rule, event)]
        self._timer = timer
        self._failed = failed
        self._keys = keys

    # -- starts --

    def matches(self) -> Iterator[Match]:
        """All complete readings of all starts, and those that run out of time."""
        for event in self._events:
            fitting = [role for role in Reading(self._pattern).roles if self._fits(Reading(self._pattern), role, event)]
            for choice, role in enumerate(fitting):
                yield from self._follow(Reading(self._pattern).bind(role, _binding(role, event)).choose(choice))

    def never_seen(self, since_us: int) -> Iterator[Match]:
        """The same from the start, for a key of the table of ``expect`` (sentence 12)."""
        first = self._pattern.first if isinstance(self._pattern, c.Sequence) else self._pattern
        if isinstance(first, c.Expectation):
            empty = Reading(self._pattern)
            (role,) = empty.roles
            started = empty.bind(role, Binding(role.step, None, since_us, (since_us, -1)))
            if self._meets_where(empty, started):
                yield from self._follow(started)

    # -- from event to event --

    def _follow(self, reading: Reading) -> Iterator[Match]:
        """All complete readings that begin with this one, whose last event has just come."""
        if reading.is_complete and self._is_accepted(reading):
            last = reading.bindings[-1]
            yield Match(reading.bindings, last.time_us, last.order, reading.preference)
            reading = replace(reading, is_done=True)
        now = reading.bindings[-1].order
        for event in self._after(reading):
            if not reading.roles and (reading.end is None or reading.is_complete):
                return
            matched = self._deadline(reading, now, event)
            if matched is not None:
                yield matched
                return
            reading, matched = self._stopped(reading, event)
            if matched is not None:
                yield matched
                return
            fitting = [role for role in reading.roles if self._fits(reading, role, event)]
            options: list[Reading | None] = [reading.bind(role, _binding(role, event)) for role in fitting]
            if fitting and all(role.every or role.begins_more for role in fitting):
                options.insert(0 if any(role.reluctant for role in fitting) else len(options), None)
            for choice, successor in enumerate(options):
                if successor is not None:
                    yield from self._follow(successor.choose(choice))
            if fitting:
                if None not in options:
                    return
                reading = reading.choose(options.index(None))
            now = event.order
        matched = self._deadline(reading, now, None)
        if matched is not None:
            yield matched

    def _after(self, reading: Reading) -> list[OracleEvent]:
        return [event for event in self._events if event.order > reading.bindings[-1].order]

    # -- fitting --

    def _fits(self, reading: Reading, role: Role, event: OracleEvent) -> bool:
        """Whether the event may be the next of the reading, in this role (sentence 4)."""
        return (
            (not reading.has_begun or (self._is_in_time(reading, role, event) and self._may_come(reading, role, event)))
            and self._accepts(role.step, reading, event)
            and self._meets_where(reading, reading.bind(role, _binding(role, event)))
        )

    def _is_in_time(self, reading: Reading, role: Role, event: OracleEvent) -> bool:
        latest_us = self._latest(reading, role)
        if latest_us is not None and event.time_us > latest_us:
            return False
        return all(event.time_us >= reading.time_us(limit) for limit in role.earliest)

    def _latest(self, reading: Reading, role: Role) -> int | None:
        """The last time at which the role can be taken, by the rule's ``within`` and the bounds around it."""
        times = [reading.time_us(limit) for limit in role.latest]
        if self._rule.within_us is not None and not reading.outer:
            times.append(reading.bindings[0].time_us + self._rule.within_us)
        return min(times, default=None)

    def _may_come(self, reading: Reading, role: Role, event: OracleEvent) -> bool:
        """Whether the order of events allows the role to come now: contiguity, and what must stay away."""
        between = [other for other in self._after(reading) if other.order < event.order]
        return self._is_open(reading, role, between) and all(
            event.time_us > deadline_us for deadline_us in _deadlines(reading, role.gap) if deadline_us is not None
        )

    def _is_open(self, reading: Reading, role: Role, between: Sequence[OracleEvent]) -> bool:
        """Whether the role has not vanished after these events, which the reading has skipped."""
        return not (role.strict and between) and not self._is_spoiled(reading, role.gap, between)

    def _accepts(self, step: c.Step, reading: Reading, event: OracleEvent) -> bool:
        try:
            return accepts(step, event, self._scope(reading.bindings))
        except EvaluationFailure:
            self._failed(event)
            return False

    # -- absences --

    def _is_spoiled(self, reading: Reading, gap: Sequence[Passed], between: Sequence[OracleEvent]) -> bool:
        """Whether one of the absences is broken by these events, which the reading has skipped (sentence 6)."""
        since_us: int | None = None
        for passed, deadline_us in zip(gap, _deadlines(reading, gap), strict=True):
            zone = [
                event
                for event in between
                if (since_us is None or event.time_us > since_us)
                and (deadline_us is None or event.time_us <= deadline_us)
            ]
            since_us = since_us if deadline_us is None else deadline_us
            if self._occurs(passed.absence.element, reading, zone):
                return True
        return False

    def _occurs(self, element: c.PatternNode, outer: Reading, zone: Sequence[OracleEvent]) -> bool:
        """Whether the zone holds a complete reading of what must stay away."""
        empty = Reading(element, outer.bindings, outer=len(outer.bindings))
        return any(
            self._completes(empty.bind(role, _binding(role, event)), zone[number + 1 :])
            for number, event in enumerate(zone)
            for role in empty.roles
            if self._fits(empty, role, event)
        )

    def _completes(self, reading: Reading, later: Sequence[OracleEvent]) -> bool:
        if reading.is_complete:
            return True
        for number, event in enumerate(later):
            fitting = [role for role in reading.roles if self._fits(reading, role, event)]
            if any(self._completes(reading.bind(role, _binding(role, event)), later[number + 1 :]) for role in fitting):
                return True
            if fitting and not all(role.every or role.begins_more for role in fitting):
                return False
        return False

    # -- until --

    def _stopped(self, reading: Reading, event: OracleEvent) -> tuple[Reading, Match | None]:
        """The reading once the event has been looked at as a stop; a match if that completes it (sentence 8)."""
        assert reading.standing is not None

        def comes(stop: c.PatternNode) -> bool:
            return any(self._accepts(step, reading, event) for step in _choices(stop))

        stopped = replace(reading, standing=closed(reading.pattern, reading.standing, comes))
        is_new = reading.end is not None and reading.end.stop_limits is not None and not reading.end.gap
        if is_new and stopped.is_complete and self._is_accepted(stopped):
            return stopped, Match(stopped.bindings, event.time_us, event.order, stopped.preference)
        return stopped, None

    # -- deadlines --

    def _deadline(self, reading: Reading, now: Order, before: OracleEvent | None) -> Match | None:
        """The match, or the time-out, at a deadline after ``now`` and before the next event."""
        end = reading.end
        if end is not None and (end.gap or end.stop_limits is not None):
            return self._closing(reading, end, before)
        if self._rule.on_timeout is None or reading.is_done:
            return None
        between = [event for event in self._after(reading) if event.order <= now]
        roles = [role for role in reading.roles if self._is_open(reading, role, between)]
        limits_us = [self._latest(reading, role) for role in roles]
        known_us = [limit_us for limit_us in limits_us if limit_us is not None]
        if not roles or len(known_us) < len(limits_us):
            return None
        time_us = max(known_us)
        moment = self._timer(time_us, reading.bindings[0].order)
        if moment <= now or (before is not None and moment >= before.order):
            return None
        timeout = Timeout(_matched(reading), self._missing(roles), time_us)
        return Match(reading.bindings, time_us, moment, reading.preference, timeout)

    def _closing(self, reading: Reading, end: Leave, before: OracleEvent | None) -> Match | None:
        """The match at the deadline of the absences, or of the ``until``, that close the pattern (sentences 8, 10)."""
        time_us = self._final_us(reading, end)
        if time_us is None:
            return None
        moment = self._timer(time_us, reading.bindings[0].order)
        if before is not None and moment >= before.order:
            return None
        between = [event for event in self._after(reading) if event.order < moment]
        if self._is_spoiled(reading, end.gap, between) or not self._is_accepted(reading):
            return None
        return Match(reading.bindings, time_us, moment, reading.preference)

    def _final_us(self, reading: Reading, end: Leave) -> int | None:
        deadlines_us = [deadline_us for deadline_us in _deadlines(reading, end.gap) if deadline_us is not None]
        if end.gap and end.gap[-1].absence.duration_us is not None:
            return deadlines_us[-1]
        limits = end.gap[-1].limits if end.gap else end.stop_limits
        assert limits is not None
        bounds_us = [reading.time_us(limit) for limit in limits]
        if self._rule.within_us is not None:
            bounds_us.append(reading.bindings[0].time_us + self._rule.within_us)
        return max([min(bounds_us), *deadlines_us]) if bounds_us else None

    def _missing(self, roles: Sequence[Role]) -> str | list[str]:
        """The step, or the steps, that a reading with these roles has waited for (sentence 14)."""
        needed = {role.step.name for role in roles if not role.spare} or {role.step.name for role in roles}
        names = [name for name in names_in_order(self._pattern) if name in needed]
        return names[0] if len(names) == 1 else names

    # -- conditions --

    def _is_accepted(self, reading: Reading) -> bool:
        """Whether a complete reading stands: the conjuncts due at its end, and ``having``."""
        names = _steps(reading)
        due = list(self._where.due(names, names, complete=True))
        return all(self._is_true(condition, reading) for condition in (*due, self._rule.having))

    def _meets_where(self, before: Reading, after: Reading) -> bool:
        if after.outer:
            return True
        return all(self._is_true(condition, after) for condition in self._where.due(_steps(before), _steps(after)))

    def _is_true(self, condition: c.Expression | None, reading: Reading) -> bool:
        try:
            return holds(condition, self._scope(reading.bindings))
        except EvaluationFailure:
            event = reading.bindings[-1].event
            if event is not None:
                self._failed(event)
            return False

    def _scope(self, bindings: Sequence[Binding]) -> Scope:
        return scope_of(self._rule, bindings, self._keys)


def _reads(rule: c.CheckedRule, event: OracleEvent) -> bool:
    """Whether the event is of the key stream: its type is read in a step, a ``no`` or an ``until`` (sentence 1)."""
    return event.type in rule.reads or (None in rule.reads and not event.derived)


def _binding(role: Role, event: OracleEvent) -> Binding:
    return Binding(role.step, event, event.time_us, event.order)


def _choices(stop: c.PatternNode) -> Iterator[c.Step]:
    if isinstance(stop, c.Choice):
        for member in stop.members:
            yield from _choices(member)
    else:
        assert isinstance(stop, c.Step)
        yield stop


def _deadlines(reading: Reading, gap: Sequence[Passed]) -> list[int | None]:
    """For each absence the deadline of its own; null for one without ``for``."""
    time_us = reading.bindings[-1].time_us
    found: list[int | None] = []
    for passed in gap:
        duration_us = passed.absence.duration_us
        time_us += duration_us or 0
        found.append(None if duration_us is None else time_us)
    return found


def _steps(reading: Reading) -> list[str]:
    return [binding.step.name for binding in reading.bindings]


def _matched(reading: Reading) -> list[str]:
    return list(dict.fromkeys(binding.step.name for binding in reading.bindings if binding.event is not None))


def scope_of(
    rule: c.CheckedRule,
    bindings: Sequence[Binding],
    keys: dict[str, Value] | None = None,
) -> Scope:
    """What expressions see once these events are bound. The keys are those of the first event; ``keys`` if it is null."""
    events = [binding.event for binding in bindings if binding.event is not None]
    steps: dict[str, list[OracleEvent]] = {}
    for binding in bindings:
        if binding.event is not None:
            steps.setdefault(binding.step.name, []).append(binding.event)
    return Scope(
        steps=steps,
        previous=events[-1] if events else None,
        events=events,
        keys=_keys_of(rule, bindings, keys),
    )


def _keys_of(rule: c.CheckedRule, bindings: Sequence[Binding], keys: dict[str, Value] | None) -> dict[str, Value]:
    if not bindings:
        return {}
    event = bindings[0].event
    return (keys if event is None else key_of(rule.keys, event)) or {}

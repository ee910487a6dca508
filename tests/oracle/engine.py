"""All rules together by definition: order, time, timers, chaining and ``at most``.

Part of the oracle (see :mod:`tests.oracle.patterns`). Rules form no cycle (S8), so one rule after the other can be
computed from all the events that it will ever see, source events and those of the rules before it, without simulating
an engine: what the engine does step by step is here an order on everything that happens.

The definition
--------------

1. An event is late if its time is less than the highest time of the events that arrived before it in its own partition,
   less the lateness (S2). Late events take part in nothing.
2. Everything else happens in one order. Source events stand in the order of time, source, partition, position (S1).
   The moment of a deadline comes after all events of its time and before those of later times (S4, S5); deadlines of
   one time stand in the order of rule, key, start (S5).
3. An event that a rule derives at a source event or at a deadline comes after that and before the next of either;
   those that come from one root stand breadth first: by how many rules made them, then in the order of the events
   they were made from, then of the rules, then of the matches (S8). It carries the time of its completion.
4. With the end of the input the watermark is the highest time of the events that were not late; a deadline fires if
   the watermark is greater (S4). The others are pending. With ``flush`` all fire, and what derives from them too.
5. ``at most N every D``: an emission at time t is held back if N or more emissions of the same rule and key that were
   not held back have times later than t - D (section 3). It is unseen by other rules; its events are used up.
6. Rules are independent (S9), and disabled ones do nothing.

Readings of the specification
-----------------------------

a. Of several keys with deadlines at one time, null comes first, then false, true, numbers, text (S5 says only "key").
b. An event that a deadline derives is there before the other deadlines of the same time that come after it.
c. An ``emit`` that fails makes a dead letter, and does not count for ``at most``.
d. ``at most … per k`` reads k from the last event of the match or the evaluated event; a null is a key like others.
e. ``emit X(*)`` copies the fields of the last event, less ``type``, ``time`` and ``cep``.
f. Pending are the matches that only wait for their deadline: one for each that a flush would complete directly; and
   the windows that are still open, whether they would fire or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from cep.language import checked as c
from tests.oracle.interpreter import Scope, evaluate
from tests.oracle.joins import JoinReader, OracleTables
from tests.oracle.patterns import Match, Reader, by_key, key_of, scope_of, select
from tests.oracle.values import EvaluationFailure, OracleEvent, Order, Value, identity
from tests.oracle.windows import WindowReader

ExpectedKeys = Mapping[str, Sequence[tuple[Value, ...]]]
"""The keys of the rows of each table that an ``expect`` names."""


@dataclass(frozen=True)
class OracleDerived:
    """A derived event. ``evidence`` holds label and event id; the id of a derived event is ``rule#n``, n from 0."""

    rule: str
    type: str
    time_us: int
    fields: dict[str, Value]
    evidence: list[tuple[str, str]]
    key: dict[str, Value] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True)
class OraclePending:
    """A match that waits for its deadline when the input has ended."""

    rule: str
    deadline_us: int
    evidence: list[tuple[str, str]]


@dataclass
class OracleResult:
    """What the rules make of the events.

    ``failed`` are pairs of rule and event id at which an evaluation failed; the oracle evaluates more often than an
    engine has to, so it is an upper bound. ``held_back`` counts by rule.
    """

    derived: list[OracleDerived] = field(default_factory=list)
    pending: list[OraclePending] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    failed: set[tuple[str, str]] = field(default_factory=set)
    held_back: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Completion:
    """A match or a firing, before ``emit``."""

    moment: Order
    time_us: int
    scope: Scope
    last: OracleEvent | None
    evidence: list[tuple[str, OracleEvent]]
    timed_out: bool = False


def run(
    rule_set: c.RuleSet,
    events: Sequence[OracleEvent],
    end: Literal["keep", "flush"] = "keep",
    lateness_us: int = 0,
    tables: OracleTables | None = None,
    expected: ExpectedKeys | None = None,
) -> OracleResult:
    """What all rules derive from the events, which are given in the order of arrival.

    ``tables`` are those that rules look into; ``expected`` has the keys of the rows of those that an ``expect`` names.
    """
    result = OracleResult()
    on_time: list[OracleEvent] = []
    for position, event in enumerate(events):
        if _is_late(event, events[:position], lateness_us):
            result.late.append(event.id)
        else:
            on_time.append(event)
    on_time.sort(key=lambda event: (event.time_us, event.order))
    seen = [replace(event, order=(event.time_us, 0, (position,), 0, ())) for position, event in enumerate(on_time)]
    horizon_us = on_time[-1].time_us if on_time and end == "keep" else None
    made: list[tuple[Order, OracleDerived]] = []
    for index in _in_dependency_order(rule_set.rules):
        rule = rule_set.rules[index]
        new = _Rule(rule, index, result, tables or {}, expected or {}).derive(seen, horizon_us)
        made += new
        seen += [_as_event(order, derived) for order, derived in new]
        seen.sort(key=lambda event: event.order)
    result.derived = [derived for _, derived in sorted(made, key=lambda pair: pair[0])]
    return result


def _is_late(event: OracleEvent, before: Sequence[OracleEvent], lateness_us: int) -> bool:
    own = [other.time_us for other in before if other.order[:2] == event.order[:2]]
    return bool(own) and event.time_us < max(own) - lateness_us


def _in_dependency_order(rules: Sequence[c.CheckedRule]) -> Iterator[int]:
    """The places of the rules, such that those which emit a type come before those which read it."""
    rest = [index for index, rule in enumerate(rules) if not rule.disabled]
    while rest:
        emits = [emit for index in rest for emit in (rules[index].emit, rules[index].on_timeout)]
        emitted = {emit.type for emit in emits if emit is not None}
        ready = [index for index in rest if not emitted & set(rules[index].reads)]
        assert ready, "a cycle between rules"
        yield ready[0]
        rest.remove(ready[0])


def _as_event(order: Order, derived: OracleDerived) -> OracleEvent:
    return OracleEvent(derived.type, derived.time_us, derived.fields, derived.id, order, derived=True)


class _Rule:
    """One rule over all the events it sees."""

    def __init__(
        self, rule: c.CheckedRule, index: int, result: OracleResult, tables: OracleTables, expected: ExpectedKeys
    ) -> None:
        self._rule = rule
        self._index = index
        self._result = result
        self._tables = tables
        self._keys_expected = expected

    def derive(self, events: Sequence[OracleEvent], horizon_us: int | None) -> list[tuple[Order, OracleDerived]]:
        """What the rule emits, each with its place in the order of all that happens."""
        if self._rule.joins:
            found = self._joined(events, horizon_us)
        elif self._rule.pattern is not None:
            found = self._matched(events)
        else:
            found = self._fired(events, horizon_us)
        found.sort(key=lambda completion: completion.moment)
        made: list[tuple[Order, OracleDerived]] = []
        emitted: list[tuple[Order, int]] = []
        for completion in found:
            if self._is_open(completion.moment, horizon_us):
                self._wait(completion)
                continue
            fields = self._fields(completion)
            if fields is None or self._is_held_back(completion, emitted):
                continue
            time_us, phase, tie, depth, path = completion.moment
            order = (time_us, phase, tie, depth + 1, (*path, (self._index, len(made))))
            made.append((order, self._derived(completion, fields, len(made))))
        return made

    # -- where it completes --

    def _matched(self, events: Sequence[OracleEvent]) -> list[Completion]:
        groups: dict[Order, list[OracleEvent]] = by_key(self._rule.keys, events)
        expected = self._expected() if events else {}
        # Nothing is released before the first event, so that is when the rows begin to be waited for.
        since_us = min((event.time_us for event in events), default=0)
        found: list[Completion] = []
        for key in {**groups, **expected}:
            reader = self._reader(key, groups.get(key, []), expected.get(key))
            readings = list(reader.matches())
            if key in expected:
                readings += reader.never_seen(since_us)
            found += [self._completion(match, expected.get(key)) for match in select(self._rule, readings)]
        return found

    def _expected(self) -> dict[Order, dict[str, Value]]:
        """The keys of the table that the rule's ``expect`` names, with their values."""
        pattern = self._rule.pattern
        first = pattern.first if isinstance(pattern, c.Sequence) else pattern
        if not isinstance(first, c.Expectation):
            return {}
        found: dict[Order, dict[str, Value]] = {}
        for row in self._keys_expected.get(first.table, ()):
            pairs = list(zip(self._rule.keys, row, strict=True))
            if all(value is not None or key.optional for key, value in pairs):
                found.setdefault(tuple(identity(value) for value in row), {key.name: value for key, value in pairs})
        return found

    def _reader(self, key: Order, events: Sequence[OracleEvent], keys: dict[str, Value] | None) -> Reader:
        def timer(time_us: int, start: Order) -> Order:
            return (time_us, 1, (self._index, key, start), 0, ())

        return Reader(self._rule, events, timer, self._failed, keys)

    def _completion(self, match: Match, keys: dict[str, Value] | None) -> Completion:
        scope = scope_of(self._rule, match.bindings, keys)
        last = match.events[-1] if match.events else None
        if match.timeout is not None:
            scope = replace(
                scope,
                timeout={
                    "matched_steps": match.timeout.matched_steps,
                    "missing_step": match.timeout.missing_step,
                    "deadline": match.timeout.deadline_us,
                },
            )
        return Completion(match.moment, match.time_us, scope, last, match.evidence, match.timeout is not None)

    def _fired(self, events: Sequence[OracleEvent], horizon_us: int | None) -> list[Completion]:
        """Where a rule over windows fires. The windows still open when the input ends are pending, fire or not."""
        found: list[Completion] = []
        for key, own in by_key(self._rule.keys, events).items():
            reader = WindowReader(self._rule, own, partial(self._timer, key), self._failed)
            for firing in reader.firings():
                if not self._is_open(firing.moment, horizon_us):
                    evidence = self._labelled(firing.window)
                    found.append(Completion(firing.moment, firing.time_us, firing.scope, firing.event, evidence))
            for window in reader.windows() if reader.closes else ():
                if self._is_open(window.moment, horizon_us):
                    shown = [(label, event.id) for label, event in self._labelled(window.events)]
                    self._result.pending.append(OraclePending(self._rule.name, window.end_us, shown))
        return found

    def _joined(self, events: Sequence[OracleEvent], horizon_us: int | None) -> list[Completion]:
        joiner = JoinReader(self._rule, self._index, self._tables, horizon_us, self._failed)
        found: list[Completion] = []
        for key, own in joiner.joined(events).items():
            reader = joiner.window(own, partial(self._timer, key))
            for firing in reader.firings():
                if not self._is_open(firing.moment, horizon_us):
                    evidence = joiner.evidence(firing.window)
                    found.append(Completion(firing.moment, firing.time_us, firing.scope, firing.event, evidence))
            for window in reader.windows() if reader.closes else ():
                if self._is_open(window.moment, horizon_us):
                    shown = [(label, event.id) for label, event in joiner.evidence(window.events)]
                    self._result.pending.append(OraclePending(self._rule.name, window.end_us, shown))
        for deadline_us, pending in joiner.pending:
            shown = [(label, event.id) for label, event in joiner.evidence([pending])]
            self._result.pending.append(OraclePending(self._rule.name, deadline_us, shown))
        return found

    def _timer(self, key: Order, time_us: int, start: OracleEvent) -> Order:
        # Before the left-overs of the same rule, key and time, whose starts are no empty lists.
        return (time_us, 1, (self._index, key, ((), start.order)), 0, ())

    @staticmethod
    def _is_open(moment: Order, horizon_us: int | None) -> bool:
        """Whether it is a deadline that the end of the input leaves waiting."""
        return moment[1] == 1 and moment[3] == 0 and horizon_us is not None and moment[0] >= horizon_us

    def _labelled(self, window: Sequence[OracleEvent]) -> list[tuple[str, OracleEvent]]:
        assert self._rule.input is not None
        return [(self._rule.input.label, event) for event in window]

    # -- what comes of it --

    def _emit(self, completion: Completion) -> c.CheckedEmit:
        if not completion.timed_out:
            return self._rule.emit
        assert self._rule.on_timeout is not None
        return self._rule.on_timeout

    def _fields(self, completion: Completion) -> dict[str, Value] | None:
        """The fields of ``emit``; null if it fails."""
        emit = self._emit(completion)
        star = completion.last.fields if emit.star and completion.last is not None else {}
        fields = {name: star[name] for name in star if name not in ("type", "time", "cep")}
        try:
            for each in emit.fields:
                fields[each.name] = evaluate(each.value, completion.scope)
        except EvaluationFailure:
            self._failed(completion.last)
            return None
        return fields

    def _is_held_back(self, completion: Completion, emitted: list[tuple[Order, int]]) -> bool:
        at_most = self._rule.at_most
        if at_most is None:
            return False
        if at_most.keys is None:
            values = completion.scope.keys
        else:
            optional = [replace(key, optional=True) for key in at_most.keys]
            values = (key_of(optional, completion.last) if completion.last is not None else None) or {}
        key = tuple(identity(value) for value in values.values())
        recent = [
            time_us for other, time_us in emitted if other == key and time_us > completion.time_us - at_most.every_us
        ]
        if len(recent) >= at_most.count:
            counts = self._result.held_back
            counts[self._rule.name] = counts.get(self._rule.name, 0) + 1
            return True
        emitted.append((key, completion.time_us))
        return False

    def _derived(self, completion: Completion, fields: dict[str, Value], ordinal: int) -> OracleDerived:
        return OracleDerived(
            rule=self._rule.name,
            type=self._emit(completion).type,
            time_us=completion.time_us,
            fields=fields,
            evidence=[(label, event.id) for label, event in completion.evidence],
            key=dict(completion.scope.keys),
            id=f"{self._rule.name}#{ordinal}",
        )

    def _wait(self, completion: Completion) -> None:
        evidence = [(label, event.id) for label, event in completion.evidence]
        self._result.pending.append(OraclePending(self._rule.name, completion.time_us, evidence))

    def _failed(self, event: OracleEvent | None) -> None:
        if event is not None:
            self._result.failed.add((self._rule.name, event.id))

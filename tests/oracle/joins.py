"""Joins and look-ups by definition: every pair there is, tested one by one; every row, tried in the order of the table.

Part of the oracle (see :mod:`tests.oracle.patterns`).

The definition
--------------

1. The events of an input are those that fit it; each key has its own, and an event without the rule's key has no part
   in it (S7). What follows is about one key. To begin with, the joined events are the events of the first input.
2. ``join B within D on …``: the joined events after it are the pairs of a joined event before it and an event of B
   that is none of its parts, whose times differ by at most D, for which ``on`` is true. A pair has the time of the
   later of the two, and comes to be with the later one.
3. ``left join`` has besides, for each joined event that is in no pair, one without B, whose time is the deadline: that
   of the joined event + D. It comes to be after all events of that time, as a timer (S5). If the input ends before, it
   is pending.
4. ``lookup T on …`` adds to each joined event the first row of T, in the order of the table, for which ``on`` is true;
   none otherwise. T is what it was at the joined event's time: of the tables given with a time, the last whose time is
   not later; and of the rows of one key, the last whose ``valid_from`` is not later.
5. The parts of ``where`` are tested on the joined events that come of all this; those for which one is not true are
   dropped. The others enter the window of the rule, each as an event of its time (see :mod:`tests.oracle.windows`).
   Of the timers of one time, rule and key those of windows come before those of left-overs.
6. The fields that `emit X(*)` copies are those of the later of the two that make a pair; a joined event that goes on
   alone keeps its own.
7. Joined events that come to be at once stand in the order of the joined events that they were made of, and then of
   the events that were joined to these.

Readings of the specification
-----------------------------

a. Several joins follow one another: what the first makes is joined to the third input, at its own time.
b. A condition that fails is not true.
c. Evidence has the events, each once in its role, of the joined events of the window; rows are no events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cep.language import checked as c
from cep.timestamps import parse_time
from tests.oracle.extents import Timer
from tests.oracle.interpreter import Scope, holds
from tests.oracle.patterns import accepts, by_key, key_of
from tests.oracle.values import EvaluationFailure, JoinedOracleEvent, OracleEvent, Order, Value, identity
from tests.oracle.windows import WindowReader

Rows = Sequence[Mapping[str, Value]]
BEGINNING = -(1 << 63)


@dataclass(frozen=True)
class OracleTable:
    """The rows of a table with the time from which they are in force, in the order of these times."""

    key: Sequence[str]
    given: Sequence[tuple[int, Rows]]

    def at(self, time_us: int) -> Iterator[OracleEvent]:
        """The rows that count at a time, in their order."""
        rows = [rows for since_us, rows in self.given if since_us <= time_us][-1]
        for row in rows:
            versions = [_valid_us(other) for other in rows if self._key(other) == self._key(row)]
            if _valid_us(row) == max([each for each in versions if each <= time_us], default=None):
                yield OracleEvent("row", 0, {name: value for name, value in row.items() if value is not None})

    def _key(self, row: Mapping[str, Value]) -> Order:
        return tuple(identity(row[column]) for column in self.key)


def _valid_us(row: Mapping[str, Value]) -> int:
    value = row.get("valid_from")
    return BEGINNING if value is None else parse_time(value)


OracleTables = Mapping[str, OracleTable]


class JoinReader:
    """The joined events of one rule. ``pending`` are those that still waited when the input ended, with deadlines."""

    def __init__(
        self,
        rule: c.CheckedRule,
        index: int,
        tables: OracleTables,
        horizon_us: int | None,
        failed: Callable[[OracleEvent], None],
    ) -> None:
        assert rule.input is not None
        self._rule = rule
        self._input = rule.input
        self._index = index
        self._tables = tables
        self._horizon_us = horizon_us
        self._failed = failed
        self.pending: list[tuple[int, JoinedOracleEvent]] = []

    def joined(self, events: Sequence[OracleEvent]) -> dict[Order, list[OracleEvent]]:
        """The joined events of each key, in order, and before those of its moment each event that resets a window."""
        found: dict[Order, list[OracleEvent]] = {}
        for key, own in by_key(self._rule.keys, events).items():
            joined = [self._first(event) for event in own if self._fits(self._input, event)]
            for number, join in enumerate(self._rule.joins):
                if isinstance(join, c.CheckedJoin):
                    joined = self._join(number, join, joined, own, key)
                else:
                    joined = [self._lookup(join, each) for each in joined]
            found[key] = sorted([*own, *joined], key=lambda each: each.order)
        return found

    def window(self, events: Sequence[OracleEvent], timer: Timer) -> WindowReader:
        """The window of the rule over what :meth:`joined` gave for a key."""
        plain = c.Step(self._input.name, self._input.label, (c.Alternative("joined"),))
        return WindowReader(replace(self._rule, input=plain, joins=()), events, timer, self._failed)

    def evidence(self, window: Sequence[OracleEvent]) -> list[tuple[str, OracleEvent]]:
        """The events of joined events, each once in its role."""
        inputs = [self._input, *(join.input for join in self._rule.joins if isinstance(join, c.CheckedJoin))]
        found: dict[tuple[str, str], OracleEvent] = {}
        for joined in window:
            assert isinstance(joined, JoinedOracleEvent)
            for name, part in joined.parts.items():
                label = next((step.label for step in inputs if step.name == name), None)
                if part is not None and label is not None:
                    found.setdefault((label, part.id), part)
        return [(label, event) for (label, _), event in found.items()]

    # ---- the definition ----

    def _first(self, event: OracleEvent) -> JoinedOracleEvent:
        keys = key_of(self._rule.keys, event) or {}
        return JoinedOracleEvent(
            "joined", event.time_us, event.fields, event.id, event.order, False, {self._input.name: event}, keys
        )

    def _join(
        self,
        number: int,
        join: c.CheckedJoin,
        joined: list[JoinedOracleEvent],
        events: Sequence[OracleEvent],
        key: Order,
    ) -> list[JoinedOracleEvent]:
        others = [event for event in events if self._fits(join.input, event)]
        made: list[JoinedOracleEvent] = []
        for each in joined:
            pairs = [
                self._with(each, join.input.name, other, max(each.order, other.order))
                for other in others
                if abs(each.time_us - other.time_us) <= join.within_us and other not in each.parts.values()
            ]
            pairs = [pair for pair in pairs if self._true(join.on, pair)]
            if join.left and not pairs:
                made += self._alone(number, join, each, key)
            made += pairs
        return sorted(made, key=lambda each: (each.order, each.rank))

    def _alone(
        self, number: int, join: c.CheckedJoin, joined: JoinedOracleEvent, key: Order
    ) -> Iterator[JoinedOracleEvent]:
        deadline_us = joined.time_us + join.within_us
        if self._horizon_us is not None and deadline_us >= self._horizon_us:
            self.pending.append((deadline_us, joined))
            return
        start = (joined.order, number, joined.rank)
        moment = (deadline_us, 1, (self._index, key, start), 0, ())
        yield replace(self._with(joined, join.input.name, None, moment), time_us=deadline_us)

    @staticmethod
    def _with(joined: JoinedOracleEvent, name: str, part: OracleEvent | None, moment: Order) -> JoinedOracleEvent:
        time_us = joined.time_us if part is None else max(joined.time_us, part.time_us)
        latest = part if part is not None and part.order > joined.order else joined
        rank = ((joined.order, joined.rank), part.order if part is not None else ())
        parts = {**joined.parts, name: part}
        return JoinedOracleEvent("joined", time_us, latest.fields, latest.id, moment, False, parts, joined.keys, rank)

    def _lookup(self, lookup: c.CheckedLookup, joined: JoinedOracleEvent) -> JoinedOracleEvent:
        for row in self._tables[lookup.table].at(joined.time_us):
            found = replace(joined, parts={**joined.parts, lookup.table: row})
            if self._true(lookup.on, found):
                return found
        return replace(joined, parts={**joined.parts, lookup.table: None})

    def _true(self, condition: c.Expression, joined: JoinedOracleEvent, scope: Scope | None = None) -> bool:
        try:
            return holds(condition, scope or Scope(candidate=joined, keys=joined.keys, joined=joined))
        except EvaluationFailure:
            self._failed(joined)
            return False

    def _fits(self, step: c.Step, event: OracleEvent) -> bool:
        try:
            return accepts(step, event, Scope())
        except EvaluationFailure:
            self._failed(event)
            return False

"""What a test gives, pushed into an engine: in event time, nothing of it from the clock. Testing layer.

A row's time is written into the field that the type's events have their time in. ``then at`` lets time pass to that
instant and closes it: deadlines at it fire. Events come in the order of their times. The end of the test is the end of
the input: what then still waits is left waiting. An event that the engine refuses, or takes for late, is a problem of
the test and told at its row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cep.connectors import open_source
from cep.diagnostics import Span
from cep.durations import format_duration
from cep.engine import Engine
from cep.errors import MissingExtra, UsageError
from cep.event import Batch, DeadLetter, DerivedEvent, LateEvent
from cep.language import syntax
from cep.language.printer import print_time
from cep.plan.plan import time_fields
from cep.tables import TableFault
from cep.testing.engines import Engines, folder_of
from cep.testing.results import Problem
from cep.testing.values import NoValue, Values
from cep.timestamps import TIME_FIELDS, format_time, parse_time

SOURCE = "given"
ZERO = "2026-01-01T00:00:00Z"


@dataclass(slots=True)
class Played:
    """What came of a test's events: all derived events, and what was wrong with the events.

    ``records`` are the events of its rows as they were pushed, with their times; those of files are not among them.
    """

    engine: Engine
    zero_us: int
    derived: list[DerivedEvent] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    records: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


def play(engine: Engine, engines: Engines, test: syntax.RuleTest, values: Values) -> Played:
    """Give a new engine the tables and then the events of a test."""
    played = Played(engine, zero_of(test))
    player = _Player(played, engines, test, values)
    if player.give_tables():
        player.give_events()
    return played


def zero_of(test: syntax.RuleTest) -> int:
    """The instant that its times count from, microseconds."""
    return parse_time(test.zero or ZERO)


def occurrences(test: syntax.RuleTest) -> Iterator[tuple[int, syntax.GivenRow]]:
    """Its rows with their times, repeated ones as often as they say; a file at the time that was reached.

    Events come in the order of their times, those of one time as they are written, so that repeated ones mix with
    others. What is written after ``then at`` or a file comes after it.
    """
    now_us = 0
    begun = False
    events: list[tuple[int, syntax.GivenRow]] = []
    for row in test.given:
        if isinstance(row, syntax.TimedEvent):
            every_us = _every(row)
            at_us = row.at if row.at is not None else now_us + (every_us if begun else 0)
            events += [(at_us + number * every_us, row) for number in range(row.times)]
            now_us = at_us + (row.times - 1) * every_us
        else:
            yield from sorted(events, key=_time_of_row)
            events = []
            now_us = row.at if isinstance(row, syntax.TimePasses) else now_us
            yield now_us, row
        begun = True
    yield from sorted(events, key=_time_of_row)


def _time_of_row(occurrence: tuple[int, syntax.GivenRow]) -> int:
    return occurrence[0]


def _every(row: syntax.TimedEvent) -> int:
    return row.every.value if isinstance(row.every, syntax.Literal) and isinstance(row.every.value, int) else 0


class _Player:
    """Gives one test's rows, in order. ``_places`` has the row, or the line of a file, of each position."""

    def __init__(self, played: Played, engines: Engines, test: syntax.RuleTest, values: Values) -> None:
        self._played = played
        self._engine = played.engine
        self._engines = engines
        self._test = test
        self._values = values
        self._places: list[tuple[int, Span, str]] = []
        self._position = 0
        self._closed = {row.at + 1 for row in test.given if isinstance(row, syntax.TimePasses)}

    def give_tables(self) -> bool:
        """The rows of all tables that the rules read; false where one cannot be used."""
        given = {table.table: table for table in self._test.tables}
        for name, plan in self._engine.plan.tables.items():
            table = given.get(name)
            try:
                if table is None:
                    rows = self._engines.table_rows(plan)
                else:
                    rows = [self._values.fields(row) for row in table.rows]
                self._engine.set_table(name, rows)
            except (TableFault, MissingExtra, NoValue) as fault:
                reason = fault.reason if isinstance(fault, TableFault) else str(fault)
                hint = None if table is not None else f"give the test its rows: `given table {name} (…)`"
                code = fault.code if isinstance(fault, TableFault) else None
                self._problem(f"the table `{name}`: {reason}", (table or self._test).span, hint, code)
        return not self._played.problems

    def give_events(self) -> None:
        """All rows, and the end of the input."""
        zero_us = self._played.zero_us
        for at_us, row in occurrences(self._test):
            match row:
                case syntax.TimedEvent():
                    self._push(row, zero_us + at_us)
                case syntax.TimePasses():
                    self._took(self._engine.advance(zero_us + at_us + 1))
                case syntax.Fixture():
                    self._read(row)
        self._took(self._engine.finish())

    def _push(self, row: syntax.TimedEvent, time_us: int) -> None:
        try:
            fields = self._values.fields(row.fields)
            record = self._record(row.type, fields, time_us)
        except NoValue as error:
            self._problem(str(error), row.span, "write the value itself")
            return
        self._position += 1
        self._note(self._position, row.span, "")
        self._played.records.append((time_us, record))
        self._took(self._engine.push(record, source=SOURCE, position=self._position))

    def _record(self, event_type: str, fields: Mapping[str, Any], time_us: int) -> dict[str, Any]:
        """The event as JSON would hold it, its time in the field that says it.

        Raises:
            NoValue: a field that says type or time says another one.
        """
        plan = self._engine.plan.types.get(event_type)
        if fields.get("type", event_type) != event_type:
            raise NoValue("the field `type` holds the type of an event and cannot have another value")
        carrying = [name for name in time_fields(plan) if name in fields]
        for name in carrying[:1]:
            if fields[name] is not None and _time_of(fields[name]) != time_us:
                raise NoValue(f"`{name}` is the event's time, and the row says {format_time(time_us)}")
        text = format_time(time_us)
        named = plan.time_field if plan is not None else None
        read = [name for name in TIME_FIELDS if plan is not None and named is None and name in plan.fields]
        own = [named] if named is not None else (carrying or read or ["time"])
        return {"type": event_type, **fields, **{name: text for name in own if fields.get(name) is None}}

    def _read(self, row: syntax.Fixture) -> None:
        """The events of a file, one after the other in the one stream of the test."""
        path = folder_of(self._test.span.file) / row.path
        try:
            source = open_source(path)
            partitions = source.partitions(self._engine.projection)
        except UsageError as error:
            self._problem(str(error), row.span, "a relative path starts at the folder of the rule file")
            return
        for partition in partitions:
            first = self._position
            self._note(first + 1, row.span, row.path)
            try:
                while (batch := partition.next_batch()) is not None:
                    self._took(self._engine.push_batch(self._own(batch, first)))
            finally:
                partition.close()

    def _own(self, batch: Batch, first: int) -> Batch:
        """The batch as part of the test's stream; arrival says nothing about a file."""
        positions = [first + position for position in batch.positions]
        dead = [
            DeadLetter(d.code, d.reason, SOURCE, "", first + d.position, d.raw, d.size, d.rule, d.field)
            for d in batch.dead
        ]
        self._position = max([self._position, *positions, *(d.position for d in dead)])
        return Batch(SOURCE, "", batch.events, positions, batch.line, dead)

    # ---- what became of it ----

    def _took(self, derived: Sequence[DerivedEvent]) -> None:
        self._played.derived += derived
        dead = self._engine.take_dead_letters()
        dead.sort(key=lambda letter: letter.position)
        for letter in dead:
            self._tell_dead(letter)
        for late in self._engine.take_late():
            self._tell_late(late)

    def _tell_dead(self, letter: DeadLetter) -> None:
        span, where = self._place(letter.position)
        if letter.source != SOURCE:
            span, where = self._test.span, ""
        by = f" in rule `{letter.rule}`" if letter.rule is not None else ""
        self._problem(f"this event is a dead letter{by}{where}: {letter.reason}", span, None, letter.code)

    def _tell_late(self, late: LateEvent) -> None:
        span, where = self._place(late.position)
        reached = late.watermark_us - self._played.zero_us
        if reached in self._closed:
            told = f"this event is late{where}: `then at {_clock(reached - 1)}` has closed that time"
        else:
            told = f"this event is late{where}: time had come to {_clock(reached)}"
        self._problem(told, span, "write the events in the order of their times")

    def _note(self, position: int, span: Span, file: str) -> None:
        self._places.append((position, span, file))

    def _place(self, position: int) -> tuple[Span, str]:
        """The row that an event came from, and the line where it is one of a file."""
        first, span, file = next((p for p in reversed(self._places) if p[0] <= position), (0, self._test.span, ""))
        return span, f" ({file}:{position - first + 1})" if file else ""

    def _problem(self, message: str, span: Span, hint: str | None = None, code: str | None = None) -> None:
        self._played.problems.append(Problem(message, span, hint, code))


def _clock(us: int) -> str:
    return print_time(us) if us >= 0 else format_duration(us)


def _time_of(value: object) -> int | None:
    try:
        return parse_time(value)
    except (ValueError, TypeError):
        return None

"""A stream of events that is tried: made of parts and values, changed in one place for a near miss. Testing layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cep.durations import format_duration
from cep.language import syntax
from cep.testing.suggesting.pools import Path, nested
from cep.testing.telling import literal
from cep.timestamps import format_time


@dataclass(frozen=True, slots=True)
class Happening:
    """An event at a time after zero, microseconds, with the values of its paths."""

    at_us: int
    type: str
    values: Mapping[Path, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Events in the order of their times, time that passes after the last, rows of tables, and zero."""

    events: tuple[Happening, ...]
    until_us: int | None = None
    tables: Mapping[str, tuple[Mapping[str, Any], ...]] | None = None
    zero_us: int | None = None

    def without(self, number: int) -> Scenario:
        """The same without one event."""
        return replace(self, events=(*self.events[:number], *self.events[number + 1 :]))

    def moved(self, number: int, at_us: int) -> Scenario:
        """One event and those after it later, and the end too."""
        by_us = at_us - self.events[number].at_us
        later = [replace(event, at_us=event.at_us + by_us) for event in self.events[number:]]
        until_us = None if self.until_us is None else self.until_us + by_us
        return replace(self, events=(*self.events[:number], *later), until_us=until_us)

    def changed(self, number: int, path: Path, value: Any) -> Scenario:
        """One value of one event another."""
        event = self.events[number]
        other = replace(event, values={**event.values, path: value})
        return replace(self, events=(*self.events[:number], other, *self.events[number + 1 :]))

    def with_event(self, event: Happening) -> Scenario:
        """One event more, behind those of the same time."""
        place = sum(each.at_us <= event.at_us for each in self.events)
        return replace(self, events=(*self.events[:place], event, *self.events[place:]))

    def test(self, name: str, rule: str, expect: Sequence[syntax.TimedEvent] = ()) -> syntax.RuleTest:
        """As a test of the language."""
        rows: list[syntax.GivenRow] = list(_rows(self.events))
        if self.until_us is not None:
            rows.append(syntax.TimePasses(self.until_us))
        tables = tuple(
            syntax.TableRows(table, tuple(_fields(row) for row in of_table))
            for table, of_table in (self.tables or {}).items()
        )
        zero = None if self.zero_us is None else format_time(self.zero_us)
        return syntax.RuleTest(name, (rule,), tuple(rows), tuple(expect), tables, zero)


def _rows(events: Sequence[Happening]) -> list[syntax.TimedEvent]:
    """Rows of a test; three and more alike, the same time apart, become one."""
    rows: list[syntax.TimedEvent] = []
    place = 0
    while place < len(events):
        count = _run_length(events, place)
        event = events[place]
        fields = _fields(nested(event.values))
        if count > 2:
            every_us = events[place + 1].at_us - event.at_us
            every = syntax.Literal(every_us, "duration")
            rows.append(syntax.TimedEvent(event.type, fields, event.at_us, count, every))
            place += count
        else:
            rows.append(syntax.TimedEvent(event.type, fields, event.at_us))
            place += 1
    return rows


def _run_length(events: Sequence[Happening], place: int) -> int:
    """How many events from here on are alike and equally far apart."""
    first = events[place]
    count = 1
    while place + count < len(events):
        each = events[place + count]
        if (each.type, each.values) != (first.type, first.values):
            break
        every_us = events[place + 1].at_us - first.at_us
        if every_us <= 0 or each.at_us != first.at_us + count * every_us:
            break
        count += 1
    return count


def _fields(values: Mapping[str, Any]) -> tuple[syntax.EmitField, ...]:
    return tuple(syntax.EmitField(literal(value), name) for name, value in values.items())


# ---- YAML ----


def yaml_rows(test: syntax.RuleTest) -> dict[str, Any]:
    """A suggested test as the keys of the YAML form."""
    shown: dict[str, Any] = {"name": test.name, "for": ", ".join(test.rules)}
    if test.zero is not None:
        shown["from"] = test.zero
    if test.tables:
        shown["tables"] = {table.table: [_plain_fields(row) for row in table.rows] for table in test.tables}
    shown["given"] = [_yaml_row(row) for row in test.given]
    shown["expect"] = [_yaml_row(row) for row in test.expect]
    return shown


def _yaml_row(row: syntax.GivenRow) -> dict[str, Any]:
    match row:
        case syntax.TimePasses(at=at):
            return {"then_at": format_duration(at)}
        case syntax.Fixture(path=path):
            return {"file": path}
    shown: dict[str, Any] = {} if row.at is None else {"at": format_duration(row.at)}
    if isinstance(row.every, syntax.Literal) and isinstance(row.every.value, int):
        shown["repeat"] = f"{row.times}x every {format_duration(row.every.value)}"
    return {**shown, row.type: _plain_fields(row.fields)}


def _plain_fields(fields: Sequence[syntax.EmitField]) -> dict[str, Any]:
    return {str(field.name): plain(field.value) for field in fields}


def plain(node: syntax.Expression) -> Any:
    """What :func:`cep.testing.telling.literal` made a literal of."""
    match node:
        case syntax.Literal(value=value):
            return value
        case syntax.ListOf(items=items):
            return [plain(item) for item in items]
        case syntax.MapOf(entries=entries):
            return {name: plain(value) for name, value in entries}
    raise AssertionError(node)

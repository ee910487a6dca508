"""Reference tables while the engine runs: the rows in force, their indexes, and changes at their time. Runtime layer.

A table is an input (S2): its rows are given to the engine, which does no I/O. The first rows are in force from the
beginning. A later re-read has a time, and is in force from the first event or timer at or after it on, whatever arrived
when: so a replay that gives the same rows with the same time sees what was seen.

For operators that expect something of each key of a table (S4): name the table in :attr:`Operator.tables`, and the
graph calls :meth:`Operator.begin` with the time of the first released event, when :meth:`Tables.keys` has the keys that
are there from the start, and :meth:`Operator.table_changed` with each :class:`TableChange` after that.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from cep.functions.values import same_key
from cep.plan.generate.support import canonical_key
from cep.plan.plan import TablePlan
from cep.runtime.state import pack_value, unpack_value
from cep.runtime.timers import Timers
from cep.tables import Row, TableRows, table_rows

TABLES = 1 << 62
"""The rule number of a change's timer: at one instant a table changes after all rules' timers."""

Key = tuple[Any, ...]
"""The key of a row: the key columns in the order of the declaration, as keys of rules hold their values."""


@dataclass(frozen=True, slots=True)
class TableChange:
    """The keys that a re-read added and removed, in the order of the rows, and from when on it is in force."""

    table: str
    added: tuple[Key, ...]
    removed: tuple[Key, ...]
    at_us: int


class PendingChange:
    """Rows that wait for their time; a timer (see :class:`cep.runtime.timers.Waiting`) at the instant before it."""

    __slots__ = ("alive", "at_us", "deadline_us", "key", "rows", "serial", "table")

    def __init__(self, table: str, rows: TableRows, at_us: int, serial: int) -> None:
        self.table = table
        self.rows = rows
        self.at_us = at_us
        self.deadline_us: int | None = at_us - 1
        self.serial = serial
        self.key: Any = ()
        self.alive = True


class TableIndex:
    """The rows of a table by the values of some of its columns; follows the table when it changes.

    ``by_key`` maps the value of a single column, or a tuple of several, made comparable by
    :func:`cep.functions.values.same_key`, to rows in the order of the table with the time from which each is valid. A
    row with a null in one of the columns is in no entry. Without columns all rows are in one entry, ``()``.
    """

    __slots__ = ("by_key", "columns", "versioned")

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self.by_key: dict[Hashable, list[Row]] = {}
        self.versioned: dict[int, tuple[int, int | None]] = {}
        """By the identity of a row of a table of versions: from when, and before when, it is valid."""

    def fill(self, table: TableRows) -> None:
        """Index other rows, in the same dictionaries: whoever looks rows up holds on to them."""
        self.by_key.clear()
        self.versioned.clear()
        for row in table.rows:
            values = [row.get(column) for column in self.columns]
            if None not in values:
                entry = same_key(values[0]) if len(values) == 1 else tuple(map(same_key, values))
                self.by_key.setdefault(entry, []).append(row)
        if table.versioned:
            self._note_versions(table)

    def _note_versions(self, table: TableRows) -> None:
        times: dict[Hashable, list[int]] = {}
        for key, valid_us in zip(table.keys, table.valid_us, strict=True):
            times.setdefault(key, []).append(valid_us)
        for own in times.values():
            own.sort()
        for row, key, valid_us in zip(table.rows, table.keys, table.valid_us, strict=True):
            later = times[key][bisect_right(times[key], valid_us) :]
            self.versioned[id(row)] = (valid_us, later[0] if later else None)

    def is_valid(self, row: Row, time_us: int) -> bool:
        """Whether it is the row of its key that counts at that time."""
        if not self.versioned:
            return True
        from_us, before_us = self.versioned[id(row)]
        return from_us <= time_us and (before_us is None or time_us < before_us)


class Tables:
    """The tables of an engine. Made by the graph; the engine gives them rows by :meth:`set`."""

    def __init__(self, plans: Mapping[str, TablePlan], timers: Timers, zone: tzinfo | None) -> None:
        self._plans = plans
        self._timers = timers
        self._zone = zone
        self._current: dict[str, TableRows] = {}
        self._pending: list[PendingChange] = []
        self._indexes: dict[tuple[str, tuple[str, ...]], TableIndex] = {}
        self._serial = 0
        self._from_files: set[str] = set()

    # ---- what operators ask ----

    def rows(self, name: str) -> Sequence[Row]:
        """The rows in force, in the order of the table."""
        found = self._current.get(name)
        return () if found is None else found.rows

    def keys(self, name: str) -> list[Key]:
        """The keys in force, each once, in the order of the rows; of a table of versions whenever they are valid."""
        columns = self._plans[name].key
        keys = [tuple([canonical_key(row[column]) for column in columns]) for row in self.rows(name)]
        return list(dict.fromkeys(keys))

    def index(self, name: str, columns: tuple[str, ...]) -> TableIndex:
        """The rows by these columns; asked for once per operator, it stays up to date."""
        index = self._indexes.get((name, columns))
        if index is None:
            index = self._indexes[name, columns] = TableIndex(columns)
            if name in self._current:
                index.fill(self._current[name])
        return index

    # ---- rows in ----

    @property
    def missing(self) -> list[str]:
        """The tables that rules read and nobody has given yet."""
        return [name for name in self._plans if name not in self._current]

    def is_from_file(self, name: str) -> bool:
        """Whether the pipeline reads the table: nobody has given it rows, or a pipeline did."""
        return name not in self._current or name in self._from_files

    def note_file(self, name: str) -> None:
        """The rows were read from the file of the declaration."""
        self._from_files.add(name)

    def check(self, name: str, rows: Any) -> TableRows:
        """The rows as the plan wants them.

        Raises:
            TableFault: they are no table of this key.
        """
        plan = self._plans[name]
        return table_rows(rows, plan.key, plan.columns, self._zone)

    def newest(self, name: str) -> TableRows | None:
        """The rows that were given last, in force or not yet."""
        waiting = [change.rows for change in self._pending if change.table == name]
        return waiting[-1] if waiting else self._current.get(name)

    def begin_with(self, name: str, rows: TableRows) -> None:
        """Rows that are in force from the beginning."""
        self._put(name, rows)

    def schedule(self, name: str, rows: TableRows, at_us: int) -> None:
        """Rows that are in force from ``at_us`` on; of several changes of one instant the last one given counts."""
        self._serial += 1
        change = PendingChange(name, rows, at_us, self._serial)
        self._pending.append(change)
        self._pending.sort(key=lambda each: (each.at_us, each.serial))
        self._timers.set(at_us - 1, TABLES, change)

    def apply(self, change: PendingChange) -> TableChange:
        """Put a change in force whose time has come."""
        self._pending.remove(change)
        before = dict.fromkeys(self.keys(change.table))
        self._put(change.table, change.rows)
        after = dict.fromkeys(self.keys(change.table))
        added = tuple(key for key in after if key not in before)
        removed = tuple(key for key in before if key not in after)
        return TableChange(change.table, added, removed, change.at_us)

    def _put(self, name: str, rows: TableRows) -> None:
        self._current[name] = rows
        for (table, _), index in self._indexes.items():
            if table == name:
                index.fill(rows)

    # ---- snapshots ----

    def snapshot(self) -> dict[str, Any]:
        """The rows in force and those that wait, as plain data."""
        return {
            "current": [[name, _packed(table)] for name, table in self._current.items()],
            "files": sorted(self._from_files),
            "pending": [[change.table, _packed(change.rows), change.at_us] for change in self._pending],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`snapshot` gave: a replay reads the rows that were there."""
        for name, rows in state["current"]:
            self._put(name, self.check(name, map(unpack_value, rows)))
        self._from_files = set(state["files"])
        for name, rows, at_us in state["pending"]:
            self.schedule(name, self.check(name, map(unpack_value, rows)), at_us)


def _packed(table: TableRows) -> list[Any]:
    return [pack_value(row) for row in table.rows]

"""The engine: events in, derived events out. No I/O, no wall clock, no threads.

A deterministic state machine: the same rules and the same calls give the same derived events, ids included. It can be
snapshot between any two calls and restored elsewhere. Applications embed it; :mod:`cep.pipeline` drives it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Any

import msgspec

from cep.diagnostics import Diagnostic, did_you_mean, suggestion
from cep.durations import duration_of
from cep.errors import DataError, RuleError, SnapshotError, UsageError
from cep.event import Batch, DeadLetter, DerivedEvent, Event, LateEvent
from cep.functions.records import EvaluationError
from cep.plain import Unfit
from cep.plan.generate.functions import Functions
from cep.plan.intake import EventClock
from cep.plan.plan import Plan
from cep.projection import TYPE_FIELDS, Projection
from cep.runtime.feed import Feed, Options
from cep.runtime.graph import Graph, Variants
from cep.runtime.letters import Letters
from cep.runtime.limits import Counters, Limits
from cep.runtime.state import EventTable
from cep.runtime.tables import Tables
from cep.runtime.watermark import AFTER_ALL, BEFORE_ALL
from cep.timestamps import format_time, parse_time, zone_of

SNAPSHOT_VERSION = 1


class Engine:
    """Rules, running.

    Made by :meth:`from_rules`. Give it events with :meth:`push` (or whole batches of decoded records with
    :meth:`push_batch`); it returns what the rules derived, in order. :meth:`advance` lets time pass without events,
    :meth:`finish` says that no more events come, and :meth:`flush` fires what still waits. Not thread-safe.

    Example:
        >>> engine = Engine.from_rules('rule hot when Reading(celsius > 90) emit Hot(celsius)')
        >>> [d.fields for d in engine.push({"type": "Reading", "ts": 1767225600, "celsius": 95})]
        [{'celsius': 95}]
    """

    def __init__(
        self,
        plan: Plan,
        options: Options | None = None,
        compiler: Callable[..., Any] | None = None,
        variants: Variants | None = None,
    ) -> None:
        options = options or Options()
        self.plan = plan
        self.options = options
        self.warnings: tuple[Diagnostic, ...] = ()
        """What :meth:`from_rules` found that is legal and probably not meant."""
        self.projection = Projection(plan.fields, options.type_fields, plan.whole)
        clock = EventClock(options.zone)
        self._functions = (compiler or Functions)(self.projection, clock)
        self._graph = Graph(
            plan,
            self._functions,
            self.projection,
            options.limits,
            self._report,
            options.specialised,
            options.zone,
            options.on_error == "stop",
            variants,
        )
        self._letters = Letters(self._graph.counters, options.on_error == "stop")
        self._feed = Feed(plan, options, self._functions, self.projection, clock, self._graph, self._letters)
        self._without_tables = bool(plan.tables)

    def _report(self, rule: str, event: Event, error: EvaluationError) -> None:
        self._letters.report(rule, event, error)

    @classmethod
    def from_rules(
        cls,
        rules: str | Path | Sequence[str | Path],
        *,
        constants: Mapping[str, object] | None = None,
        lateness: str | int | timedelta = 0,
        max_skew: str | int | timedelta | None = None,
        time_zone: str | None = None,
        type_field: str | None = None,
        on_error: str = "continue",
        limits: Limits | None = None,
        tables: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
    ) -> Engine:
        """An engine from a rule file, a folder of rules, several of them, or the text of rules itself.

        Args:
            rules: a path, paths, ``rules:NAME`` for a packaged pack, or text.
            constants: values for ``let`` names, as ``cep run --set``.
            lateness: how far events may be out of order: a duration (``10s``), microseconds, or a timedelta.
            max_skew: how far event time may lie ahead of arrival; null for any.
            time_zone: the zone of times written without an offset, as in ``Europe/Berlin``.
            type_field: the field that holds an event's type, instead of ``type``, ``event_type``, ``event``.
            on_error: ``continue`` or ``stop`` (at the first dead letter, with DataError).
            limits: see :class:`cep.runtime.limits.Limits`.
            tables: the rows of the tables that the rules read, see :meth:`set_table`.

        Raises:
            RuleError: the rules cannot be read, or do not parse, check or plan; all diagnostics are in it.
            TableFault: rows that are no table.
            UsageError: another argument is wrong.
        """
        from cep.plan.compiling import compile_rules

        compiled = compile_rules(rules, constants)
        if compiled.plan is None:
            raise RuleError(compiled.diagnostics)
        options = Options(
            duration_of(lateness, "lateness"),
            None if max_skew is None else duration_of(max_skew, "max_skew"),
            None if time_zone is None else _zone(time_zone),
            TYPE_FIELDS if type_field is None else (type_field,),
            on_error,
            limits or Limits(),
        )
        engine = cls(compiled.plan, options)
        engine.warnings = compiled.warnings
        for name, rows in (tables or {}).items():
            engine.set_table(name, rows)
        return engine

    # ---- tables in ----

    def set_table(self, name: str, rows: Iterable[Mapping[str, Any]], at: int | str | None = None) -> int | None:
        """Give a table its rows, or others. The engine reads no files: :class:`cep.Pipeline` does.

        Before the first event they are in force from the beginning. After that they are in force from ``at`` on, by
        event time and whatever has arrived already; by default from the instant after the watermark. To replay a run,
        give each change again with the time that was returned.

        Args:
            name: a table that the rules declare and read; of others nothing is kept.
            rows: column names to values, as :meth:`push` takes them.
            at: microseconds or ISO text, later than the watermark.

        Returns:
            From when on they are in force, microseconds; null where they are from the beginning, or nothing changed.

        Raises:
            TableFault: the rows are no table with the key that is declared.
            UsageError: there is no such table, or ``at`` is not later than the watermark.
        """
        if name not in self.plan.tables:
            if name in self.plan.other_tables:
                return None
            known = [*self.plan.tables, *self.plan.other_tables]
            hint = did_you_mean(suggestion(name, known)) or f"the rules declare {', '.join(known) or 'none'}"
            raise UsageError(f"no table is called `{name}`; {hint}")
        tables = self._graph.tables
        checked = tables.check(name, rows)
        newest = tables.newest(name)
        if newest is not None and newest.digest == checked.digest:
            return None
        reached_us = self._feed.watermark_us()
        if newest is None or (at is None and reached_us == BEFORE_ALL):
            tables.begin_with(name, checked)
            return None
        at_us = reached_us + 1 if at is None else _time(at)
        if at_us <= reached_us:
            raise UsageError(f"the table `{name}` cannot change at {format_time(at_us)}: time is past that")
        tables.schedule(name, checked, at_us)
        self._graph.counters.table_changes[name] += 1
        return at_us

    @property
    def tables(self) -> Tables:
        """The tables that rules read."""
        return self._graph.tables

    # ---- events in ----

    def push(
        self,
        event: Mapping[str, Any],
        *,
        source: str = "push",
        partition: str = "",
        position: int | None = None,
        arrival: int | str | None = None,
    ) -> list[DerivedEvent]:
        """Take one event in and return what follows from it.

        Args:
            event: field names to JSON values (text, int, float, bool, null, lists, maps), and datetimes for times.
            source: who it comes from; with ``partition`` and ``position`` it decides the order of equal times.
            position: the place in the partition; by default one more than the last.
            arrival: when it arrived (microseconds or ISO text), which is the event's time if it has none of its own.

        Raises:
            DataError: with ``on_error="stop"``, if the event cannot be used.
            TypeError: it is no mapping.
        """
        if not isinstance(event, Mapping):
            raise TypeError(f"an event is a mapping of field names to values, not {type(event).__name__}")
        known = self._feed.open(source, partition)
        position = known.position + 1 if position is None else position
        positions = range(position, position + 1)
        arrival_us = None if arrival is None else _time(arrival)
        line = _line_of(event)
        try:
            batch = Batch(source, partition, [self.projection.take(event)], positions, line, (), arrival_us)
        except Unfit as unfit:
            raw = line(0)
            letter = DeadLetter(unfit.code, unfit.reason, source, partition, position, raw, len(raw or b""))
            batch = Batch(source, partition, [], positions, line, [letter], arrival_us)
        return self.push_batch(batch)

    def push_batch(self, batch: Batch) -> list[DerivedEvent]:
        """Take a batch of decoded records in, as sources make them by :attr:`projection`."""
        if self._without_tables:
            self._check_tables()
        out: list[DerivedEvent] = []
        with _keeping(out):
            self._feed.take(batch, out)
        return out

    def _check_tables(self) -> None:
        missing = self._graph.tables.missing
        if missing:
            names = ", ".join(f"`{name}`" for name in missing)
            raise UsageError(f"the rules read tables without rows: {names}; give them with `tables=` or `set_table`")
        self._without_tables = False

    def open(self, source: str, partition: str = "") -> None:
        """Make a partition known, so that others wait for its first event."""
        self._feed.open(source, partition)

    def close(self, source: str, partition: str = "") -> list[DerivedEvent]:
        """A partition has ended: nobody waits for it any more."""
        self._feed.open(source, partition).closed = True
        return self._released()

    def mark_idle(self, source: str, partition: str = "") -> list[DerivedEvent]:
        """A partition is silent: nobody waits for it until its next event."""
        self._feed.open(source, partition).idle = True
        return self._released()

    def advance(self, time: int | str) -> list[DerivedEvent]:
        """Let time pass: the watermark becomes at least ``time`` (ISO text or microseconds).

        Deadlines before it pass; an event behind it is late from now on.
        """
        self._feed.advance(_time(time))
        return self._released()

    def finish(self) -> list[DerivedEvent]:
        """No more events come: all that waits for its turn is released. Absences that wait are left waiting."""
        self._feed.close_all()
        return self._released()

    def flush(self) -> list[DerivedEvent]:
        """:meth:`finish`, and then fire the absences that still wait, and close the windows that are open.

        As if time went on without further events: a window by count that is not full stays as it is.
        """
        out = self.finish()
        with _keeping(out):
            self._graph.fire_until(AFTER_ALL, out)
        return out

    # ---- what happened ----

    @property
    def counters(self) -> Counters:
        """Counts since the start; see :class:`cep.runtime.limits.Counters`."""
        return self._graph.counters

    @property
    def watermark_us(self) -> int | None:
        """How far event time has come, microseconds; null before the first event."""
        reached = self._feed.watermark_us()
        return None if reached == BEFORE_ALL else reached

    def pending(self) -> dict[str, int]:
        """How many absences each rule still waits for, or how many of its windows are open."""
        return dict(self._graph.pending())

    def take_late(self) -> list[LateEvent]:
        """The late events since the last call."""
        return self._letters.take_late()

    def take_dead_letters(self) -> list[DeadLetter]:
        """The dead letters since the last call."""
        return self._letters.take_dead()

    def unseen(self) -> dict[str, list[str]]:
        """Event types that rules read and no event had (with an empty list), and fields that no event of a type had.

        Types that only rules emit are left out.
        """
        return self._feed.readers.unseen()

    def generated_code(self) -> dict[str, str]:
        """The Python text of the generated functions, by name."""
        return dict(getattr(self._functions, "sources", {}))

    # ---- snapshots ----

    def snapshot(self) -> bytes:
        """The whole state, for :meth:`restore` on an engine with the same rules."""
        table = EventTable(self.projection)
        state = {
            "version": SNAPSHOT_VERSION,
            "plan": self.plan.fingerprint,
            "graph": self._graph.snapshot(table),
            "feed": self._feed.snapshot(table),
            "events": table.rows(),
            "counters": self.counters.snapshot(),
            "tables": self._graph.tables.snapshot(),
            "begun": self._graph.begun_us,
        }
        return msgspec.msgpack.encode(state)

    def restore(self, snapshot: bytes) -> None:
        """Take over a snapshot. The engine must be new and have the same rules.

        Raises:
            SnapshotError: it is damaged, of another version, or of other rules.
        """
        try:
            state = msgspec.msgpack.decode(snapshot)
            version, plan = state["version"], state["plan"]
        except (msgspec.DecodeError, KeyError, TypeError) as error:
            raise SnapshotError(f"this is no snapshot of an engine ({error})") from None
        if version != SNAPSHOT_VERSION:
            raise SnapshotError(f"the snapshot has version {version}, this engine reads version {SNAPSHOT_VERSION}")
        if plan != self.plan.fingerprint:
            raise SnapshotError("the snapshot was made under other rules")
        self._graph.tables.restore(state["tables"])
        self._graph.begun_us = state["begun"]
        self._graph.awaits_begin = self._graph.awaits_begin and state["begun"] is None
        table = EventTable(self.projection)
        table.load(state["events"], self._feed.restore_partitions(state["feed"]))
        self._graph.restore(state["graph"], table)
        self._feed.restore(state["feed"], table)
        self.counters.restore(state["counters"])

    def _released(self) -> list[DerivedEvent]:
        out: list[DerivedEvent] = []
        with _keeping(out):
            self._feed.release(out)
        return out


@contextmanager
def _keeping(out: list[DerivedEvent]) -> Iterator[None]:
    """What was derived before a DataError goes with it."""
    try:
        yield
    except DataError as error:
        error.derived = out
        raise


def _zone(name: str) -> tzinfo:
    try:
        return zone_of(name)
    except ValueError:
        raise UsageError(f"{name!r} is no time zone; write for example Europe/Berlin") from None


def _time(value: int | str) -> int:
    """Microseconds, or ISO text with an offset."""
    return value if isinstance(value, int) else parse_time(value)


def _line_of(event: Mapping[str, Any]) -> Callable[[int], bytes | None]:
    def line(index: int) -> bytes | None:
        try:
            return msgspec.json.encode(dict(event))
        except (TypeError, ValueError, msgspec.MsgspecError):
            return None

    return line

"""The files of tables and the engine: read at the start, and again when they change. Pipeline layer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cep.connectors.tables import TableFile
from cep.diagnostics import Diagnostic
from cep.engine import Engine
from cep.errors import TableError
from cep.plan.plan import TablePlan
from cep.tables import VALID_FROM, TableFault

REREAD_S = 1.0
"""How often is looked whether a file has changed, at most."""


@dataclass(slots=True)
class TableState:
    """A table in the summary: its rows as they were read last, how often it was read again with other rows.

    ``failed`` is why the last attempt to read it again failed; the rows read before it stay in force. ``lacks`` are the
    columns that rules read and no row has.
    """

    name: str
    path: str
    rows: int = 0
    changes: int = 0
    failed: str | None = None
    lacks: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)


class TableFiles:
    """The tables of an engine that are read from files: those that the application has given no rows.

    :meth:`read` at the start, :meth:`poll` between batches.
    """

    def __init__(self, engine: Engine, every_s: float | None = REREAD_S, clock: Callable[[], float] = time.monotonic):
        self._engine = engine
        self._every_s = every_s
        self._clock = clock
        self._next = 0.0
        self._files: dict[str, TableFile] = {}
        self.states: list[TableState] = []
        for name, plan in engine.plan.tables.items():
            if engine.tables.is_from_file(name):
                self._files[name] = _file_of(plan)
                self.states.append(TableState(name, str(self._files[name].path)))

    def read(self) -> None:
        """Read all tables.

        Raises:
            TableError: some cannot be read; it has a diagnostic for each of them.
            MissingExtra: a package is needed that is not installed.
        """
        faults = [self._fault(state.name, fault) for state in self.states if (fault := self._read(state)) is not None]
        if faults:
            raise TableError(faults)
        self._next = self._clock()

    def poll(self) -> None:
        """Read those again whose files have changed; what fails leaves the rows as they are, and is noted."""
        if not self._files or self._every_s is None or (now := self._clock()) < self._next:
            return
        self._next = now + self._every_s
        for state in self.states:
            if self._files[state.name].has_changed():
                fault = self._read(state)
                state.failed = None if fault is None else fault.reason

    def _read(self, state: TableState) -> TableFault | None:
        engine = self._engine
        try:
            rows = self._files[state.name].read()
            if engine.set_table(state.name, rows) is not None:
                state.changes += 1
        except TableFault as fault:
            return fault
        engine.tables.note_file(state.name)
        newest = engine.tables.newest(state.name)
        assert newest is not None
        state.rows, state.columns = len(newest.rows), list(newest.columns)
        wanted = engine.plan.tables[state.name].columns if rows else ()
        state.lacks = [column for column in wanted if column not in newest.columns]
        return None

    def _fault(self, name: str, fault: TableFault) -> Diagnostic:
        plan = self._engine.plan.tables[name]
        hint = None
        if fault.code == "CEP520" and not Path(plan.path).is_absolute():
            hint = "a relative path starts at the folder of the rule file"
        return Diagnostic(fault.code, f"the table `{name}`: {fault.reason}", plan.span, hint)


def _file_of(plan: TablePlan) -> TableFile:
    rules = Path(plan.span.file)
    folder = rules.parent if rules.is_file() else Path()
    return TableFile(plan.path, folder, {*plan.key, *plan.columns, VALID_FROM}, plan.text)

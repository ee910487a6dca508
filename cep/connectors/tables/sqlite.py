"""Tables and views of an SQLite file. Connectors layer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cep.diagnostics import did_you_mean, suggestion
from cep.tables import TableFault

_WAIT_S = 5.0
"""How long a writer that holds the file is waited for."""


def sqlite_rows(path: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a table or a view; without a name those of the only table. Nothing is written to the file.

    Raises:
        FileNotFoundError: there is no such file.
        TableFault: CEP521, it is no SQLite file, or has no such table.
    """
    path.stat()
    try:
        uri = f"file:{quote(str(path.absolute()))}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_S)) as connection:
            found = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
            names = [row[0] for row in found if not row[0].startswith("sqlite_")]
            chosen = _chosen(name, names, path)
            quoted = chosen.replace('"', '""')
            cursor = connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 - a name, quoted
            columns = [column[0] for column in cursor.description]
            return [dict(zip(columns, row, strict=True)) for row in cursor]
    except sqlite3.Error as error:
        raise TableFault("CEP521", f"SQLite cannot read it: {error}") from None


def _chosen(name: str, names: list[str], path: Path) -> str:
    """The table that is meant. SQLite does not tell capital letters from small ones."""
    known = {each.lower(): each for each in names}
    if name.lower() in known:
        return known[name.lower()]
    listed = ", ".join(f"`{each}`" for each in names) or "none"
    if name:
        hint = did_you_mean(suggestion(name, names)) or f"its tables are {listed}"
        raise TableFault("CEP521", f"it has no table `{name}`; {hint}")
    if len(names) == 1:
        return names[0]
    raise TableFault("CEP521", f"say which table is meant, as in `{path.name}#TABLE`; its tables are {listed}")

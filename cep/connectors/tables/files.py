"""The file of a table: where it is, how it is read, and whether it has changed since.

Connectors layer. The path stands in a `table` declaration; a relative one starts at the folder of the rule file. The
ending says the format, as that of a data file does; `path.db#table` names a table or a view of an SQLite file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from cep.connectors.reading import COMPRESSIONS, Damaged, open_file
from cep.connectors.tables.text import csv_rows, jsonl_rows
from cep.tables import TableFault

_PIECE = 1024 * 1024
_SQLITE = ("db", "sqlite", "sqlite3")
_KNOWN = "`.csv`, `.jsonl` or `.ndjson` (each also with `.gz` or `.zst` after it), `.parquet`, `.db` or `.sqlite`"

Rows = list[dict[str, Any]]
Stamp = tuple[tuple[int, int, int] | None, ...]


class TableFile:
    """One table on the disk. :meth:`read`, then :meth:`has_changed` now and then.

    Args:
        path: as it is declared.
        folder: where a relative path starts.
        columns: those that are needed; a format that can leaves the others unread.
        text: the columns whose values in a CSV file stay text.
    """

    def __init__(self, path: str, folder: Path, columns: Collection[str], text: Collection[str]) -> None:
        name, _, self._inner = path.partition("#")
        if not self._inner or (folder / path).exists():
            name, self._inner = path, ""
        self.path = folder / name
        self._columns = columns
        self._text = text
        self._stamp: Stamp | None = None

    def read(self) -> Rows:
        """All rows, in the order of the file.

        Raises:
            TableFault: CEP520, there is no such file; CEP521, it is not what its ending says.
            MissingExtra: a package is needed that is not installed.
        """
        self._stamp = self._stamp_now()  # before it is read, so that what is written meanwhile is seen later
        read = self._reader()
        try:
            return read()
        except FileNotFoundError:
            raise TableFault("CEP520", f"there is no file `{self.path}`") from None
        except OSError as error:
            raise TableFault("CEP520", f"`{self.path}` cannot be read: {error.strerror or error}") from None
        except Damaged as damage:
            raise TableFault("CEP521", f"`{self.path}` cannot be read: {damage}") from None
        except TableFault as fault:
            raise TableFault(fault.code, f"`{self.path}`: {fault.reason}", fault.row) from None

    def has_changed(self) -> bool:
        """Whether the file is another one than the one that was read last. One that is gone has not changed."""
        now = self._stamp_now()
        return now != self._stamp and now[0] is not None

    def _stamp_now(self) -> Stamp:
        return tuple(_stamp(path) for path in (self.path, Path(f"{self.path}-wal")))

    def _reader(self) -> Callable[[], Rows]:
        """How the file is read, by its ending."""
        stem, _, last = self.path.name.lower().rpartition(".")
        compression = last if last in COMPRESSIONS and stem else ""
        ending = stem.rpartition(".")[2] if compression else last
        if ending == "csv":
            return lambda: csv_rows(self._bytes(compression), self._text)
        if ending in ("jsonl", "ndjson"):
            return lambda: jsonl_rows(self._bytes(compression))
        if ending == "parquet" and not compression:
            from cep.connectors.tables.parquet import parquet_rows

            return lambda: parquet_rows(self.path, self._columns)
        if ending in _SQLITE and not compression:
            from cep.connectors.tables.sqlite import sqlite_rows

            return lambda: sqlite_rows(self.path, self._inner)
        raise TableFault("CEP521", f"cannot tell the format of `{self.path}` by its ending; tables end in {_KNOWN}")

    def _bytes(self, compression: str) -> bytes:
        file = open_file(self.path, compression)
        pieces = []
        try:
            while piece := file.read(_PIECE):
                pieces.append(piece)
        finally:
            file.close()
        return b"".join(pieces)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - Path.stat is the same, and slower
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino

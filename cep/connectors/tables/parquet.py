"""Tables in Parquet, by way of the extra `parquet`. Connectors layer."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from cep.errors import MissingExtra
from cep.tables import TableFault


def parquet_rows(path: Path, columns: Collection[str]) -> list[dict[str, Any]]:
    """The rows of a Parquet file, of the columns that are needed. Dates and times of day become ISO text.

    Raises:
        FileNotFoundError: there is no such file.
        MissingExtra: pyarrow is not installed.
        TableFault: CEP521, it is no Parquet file.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra("parquet", f"reading the table `{path}`") from None
    with path.open("rb") as file:
        try:
            opened = parquet.ParquetFile(file)
            known = opened.schema_arrow.names
            rows = opened.read([name for name in known if name in columns]).to_pylist()
        except pyarrow.ArrowException as error:
            raise TableFault("CEP521", f"it is no Parquet file: {_first_line(error)}") from None
    if not rows or rows[0]:
        return [{name: _plain(value) for name, value in row.items()} for row in rows]
    return [dict.fromkeys(known) for _ in rows]  # none of the columns is there: their names are worth telling


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0].rstrip(".")

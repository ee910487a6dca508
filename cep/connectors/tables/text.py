"""Tables in CSV and in JSON lines. Connectors layer.

Unlike in a stream of events, where a broken record costs itself alone, a broken row refuses the whole table: a look-up
that finds nothing because its row was dropped would be a wrong result that nobody sees.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from typing import Any

import msgspec

from cep.connectors.csv_files import value_of
from cep.tables import TableFault

_DECODER = msgspec.json.Decoder()


def csv_rows(data: bytes, text: Collection[str]) -> list[dict[str, Any]]:
    """The rows of a CSV file: the first names the columns, values are taken by their looks but for those of ``text``.

    Raises:
        TableFault: CEP521, with the line.
    """
    reader = csv.reader(io.StringIO(_decoded(data), newline=""), strict=True)
    rows: list[dict[str, Any]] = []
    header: list[str] | None = None
    try:
        for values in reader:
            if not values:
                continue
            if header is None:
                header = values
                continue
            if len(values) > len(header):
                reason = f"line {reader.line_num} has {len(values)} values for {len(header)} columns"
                raise TableFault("CEP521", reason)
            rows.append(
                {
                    column: (value or None) if column in text else value_of(value)
                    for column, value in zip(header, values, strict=False)
                }
            )
    except csv.Error as error:
        raise TableFault("CEP521", f"line {reader.line_num} is not CSV: {error}") from None
    if header is None:
        raise TableFault("CEP521", "the file is empty: its first line must name the columns")
    return rows


def jsonl_rows(data: bytes) -> list[dict[str, Any]]:
    """The rows of a file with one JSON object to a line; empty lines are skipped.

    Raises:
        TableFault: CEP521, with the line.
    """
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(_decoded(data).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = _DECODER.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise TableFault("CEP521", f"line {number} is not JSON: {error}") from None
        if not isinstance(row, dict):
            raise TableFault("CEP521", f"line {number} is no JSON object")
        rows.append(row)
    return rows


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TableFault("CEP521", f"line {line} is not valid UTF-8") from None

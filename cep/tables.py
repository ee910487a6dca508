"""The rows of a reference table, checked: what readers of files give and what the engine takes. Core layer.

A table has key columns; a row without a value in one of them, and a second row of the same key, are refused. A column
``valid_from`` that is no key column makes a table of versions: a key may then have several rows, and the one that
counts at a time is the one with the greatest ``valid_from`` not after it. A row whose ``valid_from`` is null has been
valid for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import msgspec

from cep.errors import UsageError
from cep.functions.values import same_key
from cep.plain import Unfit, plain_value
from cep.timestamps import parse_time
from cep.types import INT64_MIN

VALID_FROM = "valid_from"
"""The column that makes a table one of versions."""

ALWAYS_US = INT64_MIN
"""From when a row is valid that does not say it."""

Row = dict[str, Any]
"""Columns that are read, with values as events hold them; a column that a row does not have is null."""

_ENCODER = msgspec.msgpack.Encoder(order="deterministic", decimal_format="string")


class TableFault(UsageError):
    """Rows that are no table: a CEP5xx code, a reason, and the number of the row (from 1) where there is one."""

    def __init__(self, code: str, reason: str, row: int | None = None) -> None:
        self.code = code
        self.reason = reason
        self.row = row
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class TableRows:
    """Rows that were checked, in their order.

    ``keys`` and ``valid_us`` are parallel to ``rows``: the values of the key columns as
    :func:`cep.functions.values.same_key` makes them comparable, and microseconds from when on the row is valid.
    ``digest`` is equal for equal rows in the same order. ``columns`` are those of the rows as they were given, whether
    they are kept or not.
    """

    rows: tuple[Row, ...]
    keys: tuple[tuple[Hashable, ...], ...]
    valid_us: tuple[int, ...]
    digest: str
    columns: tuple[str, ...] = ()

    @property
    def versioned(self) -> bool:
        """Whether a key may have several rows."""
        return any(time_us != ALWAYS_US for time_us in self.valid_us)


def table_rows(
    rows: Iterable[Mapping[str, Any]],
    key: Sequence[str],
    columns: Collection[str] | None = None,
    zone: tzinfo | None = None,
) -> TableRows:
    """Check rows and keep of each the key, ``valid_from`` and ``columns`` (null: all columns).

    Args:
        rows: column names to values that an event may hold (and datetimes).
        key: the key columns.
        columns: what rules read besides.
        zone: for a ``valid_from`` without an offset.

    Raises:
        TableFault: CEP522, a key column that no row has; CEP523, two rows of one key; CEP524, a row without a key;
            CEP525, a value that no row may hold, or a ``valid_from`` that is no time.
    """
    wanted = None if columns is None else {*key, *columns, VALID_FROM}
    kept: list[Row] = []
    names: dict[str, None] = {}
    for number, row in enumerate(rows, start=1):
        names.update(dict.fromkeys(row))
        kept.append(_row(number, row, wanted))
    for column in key:
        if kept and column not in names:
            known = ", ".join(f"`{name}`" for name in names) or "none"
            raise TableFault("CEP522", f"there is no key column `{column}`; the columns are {known}")
    versioned = VALID_FROM not in key
    keys = tuple(_key(number, row, key) for number, row in enumerate(kept, start=1))
    valid_us = tuple(
        _valid_us(number, row.get(VALID_FROM), zone) if versioned else ALWAYS_US
        for number, row in enumerate(kept, start=1)
    )
    _check_unique(kept, keys, valid_us, key)
    digest = hashlib.blake2b(_ENCODER.encode([list(key), kept, valid_us]), digest_size=16)
    return TableRows(tuple(kept), keys, valid_us, digest.hexdigest(), tuple(names))


def _row(number: int, row: Mapping[str, Any], wanted: Collection[str] | None) -> Row:
    try:
        return {
            str(name): plain_value(value)
            for name, value in row.items()
            if value is not None and (wanted is None or name in wanted)
        }
    except Unfit as unfit:
        raise TableFault("CEP525", f"row {number}: {unfit.reason}", number) from None


def _key(number: int, row: Row, key: Sequence[str]) -> tuple[Hashable, ...]:
    for column in key:
        value = row.get(column)
        if value is None:
            raise TableFault("CEP524", f"row {number} has no value in its key column `{column}`", number)
        if value.__class__ in (list, dict):
            raise TableFault("CEP525", f"row {number}: a list or a map in `{column}` is no key", number)
    return tuple([same_key(row[column]) for column in key])


def _valid_us(number: int, value: Any, zone: tzinfo | None) -> int:
    if value is None:
        return ALWAYS_US
    try:
        return parse_time(value, zone)
    except ValueError as error:
        raise TableFault("CEP525", f"row {number}: `{VALID_FROM}`: {error}", number) from None


def _check_unique(
    rows: Sequence[Row], keys: Sequence[tuple[Hashable, ...]], valid_us: Sequence[int], key: Sequence[str]
) -> None:
    seen: dict[Hashable, int] = {}
    for number, (own, from_us) in enumerate(zip(keys, valid_us, strict=True), start=1):
        first = seen.setdefault((own, from_us), number)
        if first != number:
            shown = ", ".join(f"{column} = {rows[number - 1][column]!r}" for column in key)
            since = f" and `{VALID_FROM}`" if from_us != ALWAYS_US else ""
            raise TableFault("CEP523", f"rows {first} and {number} have the same key{since}: {shown}", number)

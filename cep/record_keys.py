"""Keys that stand twice in a JSON object, found by counting quotes. Core layer: imports nothing of ours.

Decoders keep the last value of such a key and say nothing. What gives the key away is the text: a record in which no
key stands twice holds two quotes for each key and two for each text among the values, and not one more. So the quotes
of a block of records, which are counted in one pass, are compared with what the decoded records account for. Nothing
escapes this: not a key written with escapes (``"\\u0075ser"``), not blanks before the colon. Escaped quotes within
texts do not count.

Only the keys of the record itself are looked at, not those of objects within it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

import msgspec

Record = dict[str, msgspec.Raw]
"""A record, its values untouched."""

_RECORDS = msgspec.json.Decoder(Record)
_TOKENS = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\r\n]*+(:?)|[{}\[\]]', re.DOTALL)
_PLAIN_BYTES = 16 * 1024 * 1024


class RepeatedKey(ValueError):
    """A key stands twice in a record."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"the key `{key[:256]}` stands twice in the record")


class _Quotes:
    """Counts quotes. numpy is four times as fast as ``bytes.count``, and loaded once there is enough to count."""

    def __init__(self) -> None:
        self._counted = 0
        self.numpy: Any = None
        """The module, once it is loaded."""

    def __call__(self, data: bytes) -> int:
        """The quotes of JSON text, less those that stand escaped in texts."""
        if self.numpy is not None:
            found = int(self.numpy.count_nonzero(self.numpy.frombuffer(data, self.numpy.uint8) == 34))
        else:
            found = data.count(b'"')
            self._counted += len(data)
            if self._counted > _PLAIN_BYTES:
                import numpy

                self.numpy = numpy
        if b"\\" in data:
            found -= data.replace(b"\\\\", b"").count(b'\\"')
        return found


quotes = _Quotes()


def check_keys(record: bytes) -> None:
    """Look at one record, which a decoder has accepted.

    Raises:
        RepeatedKey: a key stands in it twice.
    """
    keys = _RECORDS.decode(record)
    if quotes(record) != 2 * len(keys) + quotes(b"".join(keys.values())):
        raise RepeatedKey(_first_repeated(record))


def distinct_records(chunk: bytes) -> list[Record]:
    """The records of a chunk, one to a line.

    Raises:
        RepeatedKey: a key stands twice in one of them.
        msgspec.MsgspecError, RecursionError: one of them cannot be decoded.
    """
    records = _RECORDS.decode_lines(chunk)
    values = b"".join(chain.from_iterable(map(dict.values, records)))
    if quotes(chunk) != 2 * sum(map(len, records)) + quotes(values):
        raise RepeatedKey("")
    return records


def _first_repeated(record: bytes) -> str:
    """The first key that stands in the record a second time."""
    seen: set[str] = set()
    depth = 0
    for token in _TOKENS.finditer(record):
        if token[1] is None:
            depth += 1 if token[0] in b"{[" else -1
        elif token[2] and depth == 1:
            key = msgspec.json.decode(token[1], type=str)
            if key in seen:
                return key
            seen.add(key)
    raise AssertionError("no key stands twice")


# ---- what decoded values account for ----

_OF_CLASS = {str: 4, datetime: 4, int: 2, float: 2, bool: 2, type(None): 2, msgspec.UnsetType: 0}
"""By the class of a field's value: the quotes of its key and of the value. Decoders make datetimes from texts only."""


def quotes_of_fields(values: Sequence[Any]) -> int:
    """The quotes of one field in many records, keys included: at least as many as stand in their text.

    Exactly as many where no key stands twice in an object among the values.
    """
    total = 0
    for kind, count in Counter(map(type, values)).items():
        known = _OF_CLASS.get(kind)
        if kind is msgspec.Raw:
            total += 2 * count + quotes(b"".join([value for value in values if value.__class__ is kind]))
        elif known is None:
            total += sum(2 + _inside(value) for value in values if value.__class__ is kind)
        else:
            total += known * count
    return total


def _inside(value: Any) -> int:
    if value.__class__ is str:
        return 2
    if value.__class__ is list:
        return sum(map(_inside, value))
    if value.__class__ is dict:
        return sum(2 + _inside(inner) for inner in value.values())
    return 0


# ---- what records of a type look like ----

TEXT, PLAIN, ANY = "text", "plain", "any"


class Shape:
    """What the records of one type looked like so far.

    ``keys``: in the order of the first record, how each was found: ``TEXT`` and ``PLAIN`` (a number, true, false or
    null) in every record alike, else ``ANY``.
    """

    _MOST_KEYS = 64

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        self._met = False

    def note(self, records: Iterable[Record]) -> bool:
        """Look at more records; says whether that changed anything."""
        before = dict(self.keys)
        for record in records:
            for key in self.keys:
                if key not in record:
                    self.keys[key] = ANY
            for key, value in record.items():
                known = self.keys.get(key)
                if known is None:
                    if len(self.keys) < self._MOST_KEYS:
                        self.keys[key] = ANY if self._met else _form(value)
                elif known != ANY and known != _form(value):
                    self.keys[key] = ANY
            self._met = True
        return self.keys != before


def _form(value: msgspec.Raw) -> str:
    first = bytes(value)[:1]
    if first == b'"':
        return TEXT
    return ANY if first in b"{[" else PLAIN

"""CSV to events: the first row names the columns, each further row is an event.

Connectors layer. A row's position is the number of the line on which it begins; the header is line 1. A row with more
values than columns, an unclosed quote or a NUL costs that row alone: after an unclosed quote, reading goes on at the
line after the one on which its row began. A row with fewer values leaves the last columns missing. Of two columns with
one name the last counts.

CSV has no types, and a stream cannot be looked through first, so each value is converted by itself, and only where
nothing is lost by it: ``7`` and ``-3`` (within int64), ``12.50`` and ``1.5e3``, ``true`` and ``FALSE``. ``007``,
``+49``, ``1e5`` and a number of twenty digits stay text, since they may be identifiers. An empty value is null. The
option ``csv_text`` keeps all columns, or those named, as text.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from cep.connectors.jsonl import Typing
from cep.connectors.lines import LineReader, too_large
from cep.connectors.protocols import SourceOptions
from cep.connectors.reading import Bytes
from cep.event import Batch, DeadLetter, Event
from cep.projection import Projection
from cep.types import INT64_MAX, INT64_MIN

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,30})(\.[0-9]{1,30}(?:[eE][+-]?[0-9]{1,3})?)?", re.ASCII)
_WORDS = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_MAX_FLOAT = 1.7976931348623157e308


def value_of(text: str) -> Any:
    """A value by its looks: an int, a float, a bool, null where empty, else the text itself."""
    if not text:
        return None
    if text[0] in "-0123456789":
        match = _NUMBER.fullmatch(text)
        if match is None:
            return text
        if match[1] is not None:
            decimal = float(text)
            return decimal if -_MAX_FLOAT <= decimal <= _MAX_FLOAT else text
        number = int(text)
        return number if INT64_MIN <= number <= INT64_MAX and text != "-0" else text
    return _WORDS.get(text, text)


class CsvPartition:
    """The events of one stream of rows."""

    def __init__(
        self,
        stream: Bytes,
        source: str,
        projection: Projection,
        options: SourceOptions,
        partition: str = "",
    ) -> None:
        self.source = source
        self.partition = partition
        self._stream = stream
        self._clock = options.clock
        self._text = options.csv_text
        self._projection = projection
        self._lines = LineReader(stream, source, partition, options.chunk_bytes, options.max_line_bytes)
        self._rows = _Rows(self._lines)
        self._typing = Typing(projection, options.type_name) if options.type_name else None
        self._header: list[str] | None = None
        self._columns: list[tuple[int, str, bool]] = []

    @property
    def live(self) -> bool:
        return self._stream.live

    @property
    def size(self) -> int | None:
        return self._stream.size

    @property
    def position(self) -> int:
        return self._stream.position

    def next_batch(self) -> Batch | None:
        if not self._rows.fill():
            self.close()
            return None
        events: list[Event] = []
        positions: list[int] = []
        raws: list[bytes] = []
        for position, raw, row in self._rows.take():
            if self._header is None:
                self._read_header(row)
                continue
            if len(row) > len(self._header):
                reason = f"the row has {len(row)} values for {len(self._header)} columns"
                self._rows.dead.append(self._lines.letter("CEP608", reason, position, raw))
                continue
            events.append(self._event(row))
            positions.append(position)
            raws.append(raw)
        if self._typing is not None:
            self._typing.name(events)
        dead = self._rows.take_dead()
        return Batch(self.source, self.partition, events, positions, raws.__getitem__, dead, self._clock())

    def close(self) -> None:
        self._stream.close()

    def _read_header(self, row: Sequence[str]) -> None:
        self._header = list(row)
        self._rows.has_header = True
        attributes = self._projection.attributes
        places = {name: place for place, name in enumerate(row)}
        self._columns = [
            (place, attributes[name], self._is_text(name)) for name, place in places.items() if name in attributes
        ]

    def _is_text(self, name: str) -> bool:
        return self._text if isinstance(self._text, bool) else name in self._text

    def _event(self, row: Sequence[str]) -> Event:
        event = self._projection.event_class()
        count = len(row)
        for place, attribute, text in self._columns:
            if place < count and row[place]:
                setattr(event, attribute, row[place] if text else value_of(row[place]))
        if self._projection.whole:
            event.keep_raw(self._as_json(row))
        return event

    def _as_json(self, row: Sequence[str]) -> bytes:
        """The whole row as a JSON object, which is what rules that emit the whole event read."""
        values = (
            (text or None) if self._is_text(name) else value_of(text)
            for name, text in zip(self._header or (), row, strict=False)
        )
        return msgspec.json.encode(dict(zip(self._header or (), values, strict=False)))


class _TooLong(Exception):
    """A quoted value goes on for more than a record may have."""


class _Rows:
    """Lines to rows. Holds the lines that were read and not yet used: a row may end in a later block than it began."""

    def __init__(self, lines: LineReader) -> None:
        self.dead: list[DeadLetter] = []
        self.has_header = False
        self._lines = lines
        self._ended = False
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._taken: list[tuple[int, bytes]] = []
        self._size = 0
        self._longest_plain = min(lines.max_line_bytes, csv.field_size_limit())
        self._reader = csv.reader(self, strict=True)

    def fill(self) -> bool:
        """Reads the next block; false at the end."""
        block = None if self._ended else self._lines.next_block()
        if block is None:
            return False
        self.dead.extend(block.dead)
        if block.dead and not self.has_header:
            self._end()
            return True
        lines = block.data.split(b"\n")
        lines.pop()
        self._waiting.extend(enumerate(lines, block.first))
        self._lines.advance(len(lines))
        return True

    def take_dead(self) -> list[DeadLetter]:
        dead = self.dead
        self.dead = []
        dead.sort(key=lambda letter: letter.position)
        return dead

    def take(self) -> Iterator[tuple[int, bytes, Sequence[str]]]:
        """Position, bytes and values of each row that begins in the lines at hand."""
        while self._waiting:
            position, raw = self._waiting[0]
            raw = raw.removesuffix(b"\r")
            if self._is_plain(raw):
                self._waiting.popleft()
                if raw:
                    yield position, raw, raw.decode().split(",")
                continue
            self._taken.clear()
            self._size = 0
            refusal: tuple[str, str]
            try:
                row = next(self._reader)
            except _TooLong:
                refusal = "CEP608", "a quoted value is never closed, or is longer than a record may be"
            except UnicodeDecodeError as error:
                refusal = "CEP603", f"the record is not valid UTF-8: {error.reason}"
            except csv.Error as error:
                refusal = "CEP608", f"the row is not CSV: {_REASONS.get(str(error), str(error))}"
            else:
                raw = b"\n".join(line for _, line in self._taken).removesuffix(b"\r")
                position = self._taken[0][0]
                if b"\0" in raw:
                    self._refuse(position, raw, "CEP608", "the row is not CSV: it holds a NUL")
                elif row:
                    yield position, raw, row
                continue
            position, raw = self._taken[0]
            self._waiting.extendleft(reversed(self._taken[1:]))
            if len(raw) > self._lines.max_line_bytes:
                refusal = too_large(len(raw), self._lines.max_line_bytes)
            self._refuse(position, raw.removesuffix(b"\r"), *refusal)

    def _is_plain(self, line: bytes) -> bool:
        """Whether to split the line at its commas is all that the reader of rows would do."""
        return (
            b'"' not in line
            and b"\0" not in line
            and b"\r" not in line
            and line.isascii()
            and len(line) <= self._longest_plain
        )

    def _refuse(self, position: int, raw: bytes, code: str, reason: str) -> None:
        if not self.has_header:
            self._end()
            reason += "; without its header the file cannot be read"
        self.dead.append(self._lines.letter(code, reason, position, raw))

    def _end(self) -> None:
        """Reads no further: without the header, rows mean nothing."""
        self._ended = True
        self._waiting.clear()

    def __iter__(self) -> _Rows:
        return self

    def __next__(self) -> str:
        """The next line, for the reader of rows. Within a quoted value it may have to be waited for."""
        while not self._waiting:
            if not self.fill():
                raise StopIteration
        number, line = self._waiting.popleft()
        self._taken.append((number, line))
        self._size += len(line) + 1
        if self._size > self._lines.max_line_bytes + 1:
            raise _TooLong
        return line.decode() + "\n"


_REASONS = {
    "unexpected end of data": "a quoted value is never closed",
    "',' expected after '\"'": "text follows a closing quote",
}

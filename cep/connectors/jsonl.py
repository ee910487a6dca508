"""JSON Lines to events: one JSON object on each line.

Connectors layer. A whole block of lines is decoded in one call where it can be shown that each line holds exactly one
object; otherwise line by line, so that a broken line costs that line alone. Invariant: both ways give the same events
and positions, and a record is refused by both or by neither.

How it is shown. Once numpy is at hand: where each line begins with ``{`` and ends with ``}``, each line's end stands
between two objects, since within JSON ``}``, a line's end and ``{`` never follow each other so (no string holds the end
of a line: the decoder refuses it). So each line holds an object at least, and if the decoder made as many as there are
lines, exactly one.

Else, of the block only the marks ``{ } [ ]`` and line ends are kept, which takes one pass. Where they read ``{}`` on
every line, and the decoder made as many objects as there are lines, each line holds exactly one. Records with inner
objects or lists need a second look: between two objects on one line stands ``}``, perhaps blanks, and ``{``, which
within JSON never follow each other so, except inside a string.

What is checked: the whole record is valid UTF-8, at most ``MAX_DEPTH`` levels deep and within the limit of size; fields
that rules read are valid JSON with numbers within int64 or float64. Fields that no rule reads are checked for their
structure only. Integers inside a list or an object that a rule reads are not bounded to int64. A record in which a key
stands twice is refused, whether rules read it or not; objects within the record are not looked at for that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import msgspec

from cep.connectors.lines import Block, LineReader, too_large
from cep.connectors.protocols import SourceOptions
from cep.connectors.reading import Bytes
from cep.event import Batch, DeadLetter, Event
from cep.projection import Projection
from cep.record_keys import RepeatedKey, check_keys, quotes

MAX_DEPTH = 256
"""How deep lists and objects may be nested. Python's own limit depends on the caller's depth, so it cannot serve."""

_LINE_END, _OPENING, _CLOSING = b"\n{}"
_NOT_MARKS = bytes(set(range(256)) - set(b"{}[]\n"))
_NOT_NESTING = bytes(set(range(256)) - set(b"{}[]"))
_TWO_ON_A_LINE = re.compile(rb"\}[ \t\r]*\{")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_LONE_SURROGATE = re.compile(rb"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|[c-fC-F][0-9a-fA-F]{2})")
_STEPS = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}
_FIELD = re.compile(r" - at `\$\.?([^`]*)`$")
_PLACE = re.compile(r" \(byte (\d+)\)$")


class JsonlPartition:
    """The events of one stream of lines. Each line's position is its number, counted from 1; blank lines count too."""

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
        self._whole = projection.whole
        self._lines = LineReader(stream, source, partition, options.chunk_bytes, options.max_line_bytes)
        self._decode_line = projection.decode
        self._decode_lines = projection.decode_lines
        self._typing = Typing(projection, options.type_name) if options.type_name else None
        if self._typing is not None:
            projection.unspecialise()

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
        block = self._lines.next_block()
        if block is None:
            self.close()
            return None
        events = self._whole_block(block.data)
        positions: Sequence[int]
        if events is None:
            events, positions, count = self._line_by_line(block)
        else:
            count = len(events)
            positions = range(block.first, block.first + count)
        self._lines.advance(count)
        line = LinesOf(block.data, block.first, positions)
        if self._whole:
            for index, event in enumerate(events):
                event.keep_raw(line(index))
        if self._typing is not None:
            self._typing.name(events)
        return Batch(self.source, self.partition, events, positions, line, block.dead, self._clock())

    def close(self) -> None:
        self._stream.close()

    def _whole_block(self, data: bytes) -> list[Event] | None:
        """All events of the block; null where that cannot be done or not be trusted."""
        if len(data) > self._lines.max_line_bytes or not _is_utf8(data):
            return None
        lines = _lines_of_objects(data)
        return self._by_marks(data) if lines is None else self._decoded(data, lines)

    def _by_marks(self, data: bytes) -> list[Event] | None:
        marks = data.translate(None, _NOT_MARKS)
        flat = marks == b"{}\n" * (len(marks) // 3)
        if not flat and max(map(len, marks.split(b"\n"))) > MAX_DEPTH:
            return None
        events = self._decoded(data, len(marks) // 3 if flat else marks.count(b"\n"))
        return events if flat or _TWO_ON_A_LINE.search(data) is None else None

    def _decoded(self, data: bytes, lines: int) -> list[Event] | None:
        """The events, if there are so many."""
        try:
            events: list[Event] = self._decode_lines(data)
        except (ValueError, RecursionError):
            return None
        return events if len(events) == lines else None

    def _line_by_line(self, block: Block) -> tuple[list[Event], list[int], int]:
        """Events, their positions, and the number of lines; dead letters go to the block."""
        decode = self._decode_line
        limit = self._lines.max_line_bytes
        events: list[Event] = []
        positions: list[int] = []
        position = block.first - 1
        lines = block.data.split(b"\n")
        lines.pop()
        for position, line in enumerate(lines, block.first):
            if len(line) > limit:
                block.dead.append(self._lines.letter(*too_large(len(line), limit), position, line))
                continue
            if not line.strip(b" \t\r"):
                continue
            try:
                if not _is_utf8(line):
                    line.decode()
                check_depth(line)
                event = decode(line)
                check_keys(line)
            except (ValueError, RecursionError) as error:
                block.dead.append(self._refuse(error, line, position))
            else:
                events.append(event)
                positions.append(position)
        return events, positions, position - block.first + 1

    def _refuse(self, error: Exception, line: bytes, position: int) -> DeadLetter:
        code, reason, field = explain(error, line)
        return self._lines.letter(code, reason, position, line.removesuffix(b"\r"), field=field)


def _lines_of_objects(data: bytes) -> int | None:
    """How many lines there are, if each looks like an object that is too short to be nested too deeply; else null.

    Also null until enough was read for numpy to be loaded.
    """
    numpy = quotes.numpy
    if numpy is None or data[:1] != b"{":
        return None
    text = numpy.frombuffer(data, numpy.uint8)
    ends = (text == _LINE_END).nonzero()[0]
    if (text[ends[:-1] + 1] != _OPENING).any() or (text[ends - 1] != _CLOSING).any():
        return None
    longest = max(int(ends[0]), int((ends[1:] - ends[:-1]).max(initial=0)))
    return None if longest > 2 * MAX_DEPTH else len(ends)


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def check_depth(record: bytes) -> None:
    """Refuses a record that is nested too deeply.

    Raises:
        RecursionError: it has more than ``MAX_DEPTH`` levels.
    """
    if len(record) <= MAX_DEPTH or record.count(b"[") + record.count(b"{") <= MAX_DEPTH:
        return
    marks = _STRING.sub(b"", record).translate(None, _NOT_NESTING)
    if max(accumulate(map(_STEPS.__getitem__, marks)), default=0) > MAX_DEPTH:
        raise RecursionError


def explain(error: Exception, record: bytes) -> tuple[str, str, str | None]:
    """Code, reason and field of what the decoder says about a record."""
    if isinstance(error, RecursionError):
        return "CEP604", f"the record is nested more than {MAX_DEPTH} levels deep", None
    if isinstance(error, RepeatedKey):
        return "CEP609", str(error), error.key
    if isinstance(error, UnicodeDecodeError):
        return "CEP603", f"the record is not valid UTF-8: {error.reason}", None
    message = str(error)
    if isinstance(error, msgspec.ValidationError):
        place = _FIELD.search(message)
        field = place[1] if place else None
        if field:
            return "CEP605", f"the number in `{field[:256]}` is too large", field
        if "out of range" in message:
            return "CEP605", "a number is too large", None
        found = message.rpartition("got ")[2].strip("`")
        return "CEP606", f"the record is not a JSON object but {_ARTICLES.get(found, found)}", None
    if _LONE_SURROGATE.search(record):
        return "CEP601", "the record is not JSON: half of a surrogate pair in a string", None
    message = message.removeprefix("JSON is malformed: ")
    if message == "Input data was truncated":
        message = "it ends too early"
    return "CEP601", "the record is not JSON: " + _PLACE.sub(r" at byte \1", message), None


_ARTICLES = {
    "array": "a list",
    "str": "a string",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
}


class LinesOf:
    """The untouched lines of a block by the index of their event; the block is split at the first call."""

    __slots__ = ("_data", "_first", "_lines", "_positions")

    def __init__(self, data: bytes, first: int, positions: Sequence[int]) -> None:
        self._data = data
        self._first = first
        self._positions = positions
        self._lines: list[bytes] | None = None

    def __call__(self, index: int) -> bytes | None:
        if self._lines is None:
            self._lines = self._data.split(b"\n")
        return self._lines[self._positions[index] - self._first].removesuffix(b"\r")


class Typing:
    """Gives events that name no type the type of their source."""

    def __init__(self, projection: Projection, type_name: str) -> None:
        self._attributes = [projection.attributes[name] for name in projection.type_fields]
        self._type_name = type_name

    def name(self, events: Sequence[Event]) -> None:
        """Sets the first type field of each event whose type fields are all missing or null."""
        first, *others = self._attributes
        unset: Any = msgspec.UNSET
        for event in events:
            kind = getattr(event, first)
            if (kind is unset or kind is None) and not any(
                getattr(event, other) not in (unset, None) for other in others
            ):
                setattr(event, first, self._type_name)

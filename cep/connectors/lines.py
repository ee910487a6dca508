"""Bytes cut into blocks of whole lines, with a bound on the length of a line.

Connectors layer. Invariant: a line longer than the bound is never held whole. Its head is kept, its length is counted,
and reading goes on after its end.
"""

from __future__ import annotations

from dataclasses import dataclass

from cep.connectors.protocols import CHUNK_BYTES, MAX_LINE_BYTES
from cep.connectors.reading import Bytes, Damaged
from cep.event import RAW_LIMIT, DeadLetter

_BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Block:
    """Whole lines; ``first`` is the number of the first, counted from 1.

    ``data`` ends with a line's end, which is added to the last line of a file where it has none, or is empty. ``dead``
    are lines before ``first`` that were too long, or the damage after which nothing more is read.
    """

    first: int
    data: bytes
    dead: list[DeadLetter]


class LineReader:
    """Reads blocks. The caller counts the lines of each anyway, and says how many it held (:meth:`advance`)."""

    def __init__(
        self,
        stream: Bytes,
        source: str,
        partition: str = "",
        chunk_bytes: int = CHUNK_BYTES,
        max_line_bytes: int = MAX_LINE_BYTES,
    ) -> None:
        self.stream = stream
        self.line = 1
        self.max_line_bytes = max_line_bytes
        self._source = source
        self._partition = partition
        self._chunk_bytes = chunk_bytes
        self._parts: list[bytes] = []
        self._held = 0
        self._skipping = False
        self._at_start = True
        self._ended = False

    def advance(self, lines: int) -> None:
        """Counts the lines of the block that was read last."""
        self.line += lines

    def next_block(self) -> Block | None:
        """The next whole lines; with no lines when a live stream is silent; null at the end."""
        dead: list[DeadLetter] = []
        while not self._ended:
            try:
                piece = self.stream.read(self._chunk_bytes)
            except Damaged as damage:
                return self._damaged(str(damage), dead)
            if piece is None:
                return Block(self.line, b"", dead)
            if not piece:
                return self._last(dead)
            if self._skipping:
                piece = self._skip(piece, dead)
            cut = piece.rfind(b"\n") + 1
            if not cut:
                self._hold(piece)
                continue
            data = self._take(piece[:cut])
            self._hold(piece[cut:])
            return Block(self.line, data, dead)
        return None

    def _take(self, end: bytes) -> bytes:
        """What is held, with its end."""
        data = b"".join([*self._parts, end]) if self._parts else end
        self._parts.clear()
        self._held = 0
        if self._at_start and data:
            self._at_start = False
            data = data.removeprefix(_BOM)
        return data

    def _hold(self, piece: bytes) -> None:
        """Keeps the start of a line; only its head once it is too long."""
        if not piece:
            return
        self._held += len(piece)
        if self._skipping:
            self._keep_head(piece)
            return
        self._parts.append(piece)
        if self._held > self.max_line_bytes + len(_BOM):
            data = self._take(b"")
            self._held = len(data)
            self._parts = [data[:RAW_LIMIT]]
            self._skipping = True

    def _skip(self, piece: bytes, dead: list[DeadLetter]) -> bytes:
        """Looks for the end of a line that is too long, and returns what follows it."""
        cut = piece.find(b"\n")
        if cut < 0:
            return piece
        self._held += cut
        self._keep_head(piece[:cut])
        dead.append(self._too_long())
        self.line += 1
        return piece[cut + 1 :]

    def _keep_head(self, piece: bytes) -> None:
        if len(self._parts[0]) < RAW_LIMIT:
            self._parts[0] += piece[: RAW_LIMIT - len(self._parts[0])]

    def _too_long(self) -> DeadLetter:
        letter = self.letter(*too_large(self._held, self.max_line_bytes), self.line, self._parts[0], self._held)
        self._parts.clear()
        self._held = 0
        self._skipping = False
        return letter

    def _last(self, dead: list[DeadLetter]) -> Block | None:
        self._ended = True
        if self._skipping:
            dead.append(self._too_long())
        data = self._take(b"")
        if data:
            data += b"\n"
        return Block(self.line, data, dead) if data or dead else None

    def _damaged(self, reason: str, dead: list[DeadLetter]) -> Block:
        self._ended = True
        size = self._held
        rest = self._take(b"")
        dead.append(self.letter("CEP607", reason, self.line, rest, size if self._skipping else len(rest)))
        return Block(self.line, b"", dead)

    def letter(
        self, code: str, reason: str, position: int, raw: bytes, size: int | None = None, field: str | None = None
    ) -> DeadLetter:
        """A dead letter of this stream; ``raw`` is cut, ``size`` is its length where null."""
        return DeadLetter(
            code,
            reason,
            self._source,
            self._partition,
            position,
            raw[:RAW_LIMIT],
            len(raw) if size is None else size,
            field=field,
        )


def too_large(size: int, limit: int) -> tuple[str, str]:
    """Code and reason for a line that is too long."""
    return "CEP602", f"the record has {size:,} bytes, more than the limit of {limit:,}"

"""Where a character of a text lies in its file. Language layer.

The parser counts characters; people count lines and columns. A :class:`Places` turns one into the other. For a
fragment of a YAML file it knows, for each of its characters, the character of the file that it was written as, so
that an error in a folded or quoted value points at the right line.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from cep.diagnostics import Span


class Places:
    """Spans in one text, by character offsets.

    Args:
        file: the file's name as shown to people.
        text: the whole text of the file.
        origins: for a fragment, the offset in ``text`` of each of its characters, and one more for its end; null if the
            offsets count in ``text`` itself.
    """

    __slots__ = ("_line_starts", "_origins", "_shift", "file", "text")

    def __init__(self, file: str, text: str, origins: Sequence[int] | None = None, shift: int = 0) -> None:
        self.file = file
        self.text = text
        self._origins = origins
        self._shift = shift
        self._line_starts = [0]
        position = text.find("\n")
        while position >= 0:
            self._line_starts.append(position + 1)
            position = text.find("\n", position + 1)

    def fragment(self, origins: Sequence[int]) -> Places:
        """The places of a fragment of the same file."""
        return self._derived(origins, 0)

    def shifted(self, start: int) -> Places:
        """The places of a part of this text that begins at ``start``."""
        return self._derived(self._origins, self._shift + start)

    def rearranged(self, origins: Sequence[int]) -> Places:
        """The places of a text whose characters stood at other offsets in this one."""
        return self._derived([self.origin(origin) for origin in (*origins, origins[-1] + 1)] if origins else [0], 0)

    def _derived(self, origins: Sequence[int] | None, shift: int) -> Places:
        other = Places.__new__(Places)
        other.file, other.text, other._line_starts = self.file, self.text, self._line_starts
        other._origins, other._shift = origins, shift
        return other

    def origin(self, offset: int) -> int:
        """The offset in the file of an offset in this text."""
        offset += self._shift
        if self._origins is None:
            return offset
        return self._origins[min(offset, len(self._origins) - 1)]

    def span(self, start: int, end: int) -> Span:
        """The span from ``start`` to before ``end``."""
        first = self.origin(start)
        last = self.origin(end - 1) + 1 if end > start else first
        line, column = self._position(first)
        end_line, end_column = self._position(max(first, last))
        return Span(self.file, line, column, end_line, end_column)

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

"""Labels as lines: made visible, wrapped, and measured. Drawing layer.

What the font is going to be is not known, so widths are estimates on the safe side: a Latin letter of a size has 0.6 of
it, a wide one (Chinese, Japanese, Korean) all of it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from cep.diagnostics import visible

NAME_SIZE, NOTE_SIZE = 13.0, 11.0
"""Heights of the letters, in pixels."""
NAME_LINE, NOTE_LINE = 17.0, 14.5
"""Heights of lines."""

_NAME_CHARACTERS, _NOTE_CHARACTERS = 26, 34
_MOST_NAME_LINES, _MOST_NOTE_LINES = 4, 8
_BREAKABLE = re.compile(r"(?<=[_/.:-])|(?<=[a-z\d])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Label:
    """Lines of a name and of notes below it; ``width`` and ``height`` in pixels, without a margin."""

    name: tuple[str, ...]
    notes: tuple[str, ...]
    width: float
    height: float


def label_of(name: str, notes: tuple[str, ...] = ()) -> Label:
    """The label of a node; very long texts end in an ellipsis."""
    lines = wrapped(name, _NAME_CHARACTERS, _MOST_NAME_LINES)
    below = [line for note in notes for line in wrapped(note, _NOTE_CHARACTERS, _MOST_NOTE_LINES)]
    if len(below) > _MOST_NOTE_LINES:
        below = [*below[: _MOST_NOTE_LINES - 1], "…"]
    widths = [text_width(line, NAME_SIZE) for line in lines] + [text_width(line, NOTE_SIZE) for line in below]
    height = len(lines) * NAME_LINE + len(below) * NOTE_LINE
    return Label(tuple(lines), tuple(below), max(widths, default=0.0), height)


def wrapped(text: str, width: int, most: int) -> list[str]:
    """At most ``most`` lines of ``width`` characters; broken at blanks, else at signs and humps, else anywhere."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(visible(text), width):
        if line and _columns(line) + _columns(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    lines.append(line.rstrip())
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1][: max(width - 1, 1)] + "…"]
    return lines


def _pieces(text: str, width: int) -> list[str]:
    """The text in pieces between which a line may break; none is longer than a line."""
    pieces = []
    words = re.split(r"(?<=\s)", text)
    for piece in (piece for word in words for piece in _word_pieces(word, width)):
        while _columns(piece.rstrip()) > width:
            head = piece[: max(width // 2, 1)] if _columns(piece[:width]) > width else piece[:width]
            pieces.append(head)
            piece = piece[len(head) :]
        pieces.append(piece)
    return pieces


def _word_pieces(word: str, width: int) -> list[str]:
    """A word as one piece where it fits, else parted at signs and humps."""
    return [word] if _columns(word.rstrip()) <= width else _BREAKABLE.split(word)


def _columns(text: str) -> int:
    return sum(_column(character) for character in text)


def _column(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def text_width(text: str, size: float) -> float:
    """An estimate of the width in pixels."""
    return _columns(text) * size * 0.6

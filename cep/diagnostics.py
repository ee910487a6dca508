"""What a person is told about rules, options and data: places, codes and how they are shown.

Core layer: imports nothing of ours. One type, :class:`Diagnostic`, serves every stage. Codes go by stage: 1xx syntax,
2xx names, 3xx types, 4xx patterns and bounds, 5xx connectors and options, 6xx data at run time, 9xx a bug of ours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a file. Lines and columns count from 1; the end column is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def to(self, other: Span) -> Span:
        """The stretch from the start of this one to the end of the other."""
        return Span(self.file, self.line, self.column, other.end_line, other.end_column)

    def first(self, count: int) -> Span:
        """The first characters of the stretch, which must lie in its first line."""
        return Span(self.file, self.line, self.column, self.line, self.column + count)

    def last(self, count: int) -> Span:
        """The last characters of the stretch, which must lie in its last line."""
        return Span(self.file, self.end_line, self.end_column - count, self.end_line, self.end_column)


NOWHERE = Span("", 0, 0, 0, 0)
"""The place of things made by the program and not written by anybody."""


@dataclass(frozen=True, slots=True)
class Fix:
    """What to write instead of what stands at ``span``: where that is empty, in between; the empty text takes it out.

    Only for what is safe: the text means nothing as it stands, or means the same afterwards, and one thing alone can be
    meant. ``cep check --fix`` writes it without asking, but where something else than ``written`` (if that is not null)
    stands there.
    """

    span: Span
    replacement: str
    written: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: what is wrong, where, and what to type instead.

    ``message`` is one sentence without a full stop at its end; ``hint`` says what to type instead (``did you mean
    `outcome`?``) or is null; ``related`` are further places with a word on each; ``fix`` does what the hint says, where
    a program may do it.
    """

    code: str
    message: str
    span: Span
    hint: str | None = None
    severity: Severity = "error"
    related: tuple[tuple[Span, str], ...] = field(default=())
    fix: Fix | None = None


def render_concise(diagnostic: Diagnostic) -> str:
    """One line: ``rules/a.cep:3:8: error[CEP201]: no field `outcom` in Login; did you mean `outcome`?``."""
    hint = f"; {diagnostic.hint}" if diagnostic.hint else ""
    return f"{diagnostic.span}: {diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}{hint}"


def to_json(diagnostic: Diagnostic) -> dict[str, object]:
    """The finding as plain data for JSON: code, severity, message, hint, place, related places, and the fix or null."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        **_place_json(diagnostic.span),
        "related": [{"message": message, **_place_json(span)} for span, message in diagnostic.related],
        "fix": diagnostic.fix and {"replacement": diagnostic.fix.replacement, **_place_json(diagnostic.fix.span)},
    }


def _place_json(span: Span) -> dict[str, object]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def suggestion(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that is most like another, or null where none is like it; ``cutoff`` says how much, up to 1."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return near[0] if near else None


def did_you_mean(word: str | None) -> str | None:
    """``did you mean `outcome`?``; null without a word."""
    return None if word is None else f"did you mean `{word}`?"


# ---- the full form: the source line with the place underlined ----

_TAB = 4
_LONGEST = 110
_BEFORE = 30
_STYLES = {"error": "1;31", "warning": "1;33", "title": "1", "edge": "34", "help": "36"}


def render_full(diagnostic: Diagnostic, text: str | Mapping[str, str] | None, color: bool = False) -> str:
    """Several lines: what is wrong, the line it stands in with carets under it, the hint, and the related places.

    ``text`` is the text of the file, or the texts of several files by name; without it, only places are shown. Control
    characters are shown escaped, so that a rule file cannot write to the terminal. No line break at the end.
    """
    painter = _Painter(color)
    texts = {diagnostic.span.file: text} if isinstance(text, str) else text or {}
    head = f"{diagnostic.severity}[{diagnostic.code}]"
    title = painter(f": {visible(diagnostic.message)}", "title")
    numbers = [diagnostic.span.line, *(span.line for span, _ in diagnostic.related)]
    gutter = len(str(max(numbers)))
    lines = [painter(head, diagnostic.severity) + title]
    lines += _excerpt(diagnostic.span, texts, gutter, painter, "-->", diagnostic.severity)
    for span, message in diagnostic.related:
        lines += _excerpt(span, texts, gutter, painter, ":::", "edge", visible(message))
    if diagnostic.hint is not None:
        edge = painter(f"{' ' * gutter} =", "edge")
        lines.append(f"{edge} {painter('help', 'help')}: {visible(diagnostic.hint)}")
    if diagnostic.fix is not None:
        edge = painter(f"{' ' * gutter} =", "edge")
        lines.append(f"{edge} {painter('fix', 'help')}: {_fix_text(diagnostic.fix)}")
    return "\n".join(lines)


def _fix_text(fix: Fix) -> str:
    written = fix.replacement.strip()
    what = f"writes `{visible(written)}`" if written else "takes it out"
    return f"`cep check --fix` {what}"


class _Painter:
    """Puts colours around a text, or leaves it as it is."""

    def __init__(self, color: bool) -> None:
        self._color = color

    def __call__(self, text: str, style: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self._color else text


def _excerpt(
    span: Span,
    texts: Mapping[str, str],
    gutter: int,
    painter: _Painter,
    arrow: str,
    style: str,
    label: str = "",
) -> list[str]:
    """The place, its line, and carets under it; ``label`` stands behind the carets, or behind the place."""
    if not span.file and not span.line:
        return []
    blank = " " * gutter
    place = f"{blank}{painter(arrow, 'edge')} {visible(str(span))}"
    lines = texts.get(span.file, "").split("\n")
    if not 1 <= span.line <= len(lines) or span.file not in texts:
        return [f"{place}: {label}" if label else place]
    code, carets = _underlined(lines[span.line - 1].rstrip("\r"), span)
    more = f" (to line {span.end_line})" if span.end_line > span.line else ""
    edge = painter(f"{blank} |", "edge")
    note = f" {label}" if label else ""
    return [
        place,
        edge,
        f"{painter(f'{span.line:>{gutter}} |', 'edge')} {code}".rstrip(),
        f"{edge} {carets.replace('^', '')}{painter('^' * carets.count('^'), style)}{more}{note}",
    ]


def _underlined(line: str, span: Span) -> tuple[str, str]:
    """A line as it is shown, cut to the neighbourhood of the span, and the carets under it."""
    cells = _cells(line)
    start = min(span.column - 1, len(cells))
    end = len(cells) if span.end_line > span.line else min(span.end_column - 1, len(cells))
    before, after = "", ""
    if sum(map(_width, cells)) > _LONGEST:
        first = max(0, start - _BEFORE)
        last = min(len(cells), first + _LONGEST - 2)
        before, after = "…" * (first > 0), "…" * (last < len(cells))
        cells, start, end = cells[first:last], start - first, min(end, last) - first
    indent = len(before) + sum(map(_width, cells[:start]))
    length = max(1, sum(map(_width, cells[start:end])))
    return f"{before}{''.join(cells)}{after}", " " * indent + "^" * length


def _cells(line: str) -> list[str]:
    """What is shown for each character of a line."""
    cells: list[str] = []
    column = 0
    for character in line:
        cell = " " * (_TAB - column % _TAB) if character == "\t" else visible(character)
        cells.append(cell)
        column += _width(cell)
    return cells


def _width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def visible(text: str) -> str:
    """The text with escapes for characters that would move the cursor, change colours or turn the reading direction."""
    return _INVISIBLE.sub(lambda match: ascii(match.group())[1:-1], text)


_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\ufffb]"
)

"""The YAML form as a tree with comments, and its text. Language layer.

Block style, but for short lists and mappings of plain values; quotes only where YAML, in its version 1.1 or 1.2, would
read something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cep.language.formatting.concrete import Note
from cep.language.formatting.document import INDENT, WIDTH, Row, lines_of


@dataclass(slots=True)
class Leaf:
    """A single value. ``kind``: ``fragment`` of the language, in lines; ``text``, plain data; or ``plain``, a number,
    true, false or null as it is written. ``literal`` where a fragment holds comments of its own."""

    lines: list[str]
    kind: Literal["fragment", "text", "plain"]
    literal: bool = False

    @property
    def text(self) -> str:
        """The value as one text."""
        return "\n".join(self.lines)


@dataclass(slots=True)
class Entry:
    """A key and its value, or an item (key null), with the comments around it."""

    key: str | None
    value: Value
    before: list[Note] = field(default_factory=list)
    behind: list[Note] = field(default_factory=list)
    foot: list[Note] = field(default_factory=list)
    blank_before: bool = False


@dataclass(slots=True)
class Mapping:
    """Keys and values. ``compact`` where it may stand on one line: ``{user: ann}``."""

    entries: list[Entry]
    compact: bool = False

    def get(self, key: str) -> Entry | None:
        """The entry of a key, or null."""
        return next((entry for entry in self.entries if entry.key == key), None)


@dataclass(slots=True)
class Listing:
    """Items. ``compact`` as in a mapping."""

    entries: list[Entry]
    compact: bool = False


Value = Leaf | Mapping | Listing


def yaml_text(root: Mapping, foot: Sequence[Note] = ()) -> str:
    """The text of a document; ``foot`` are the comments at its end."""
    rows = list(_entries(root.entries, 0))
    for note in foot:
        if note.blank_before and rows:
            rows.append(("", ""))
        rows.append((note.text, ""))
    return "".join(f"{line}\n" for line in lines_of(rows))


def _entries(entries: Sequence[Entry], indent: int) -> Iterator[Row]:
    for index, entry in enumerate(entries):
        yield from _notes(entry, indent, index > 0)
        yield from _entry(entry, indent, f"{scalar(entry.key or '', 'text')}:")
        yield from _foot(entry, indent)


def _items(entries: Sequence[Entry], indent: int) -> Iterator[Row]:
    for index, entry in enumerate(entries):
        value = entry.value
        if isinstance(value, Mapping) and value.entries and _flow(value, indent + INDENT) is None:
            first = value.entries[0]
            entry.before += first.before
            first.before = []
            first.behind = [*entry.behind, *first.behind]
            yield from _notes(entry, indent, index > 0)
            (text, comment), *rest = _entries(value.entries, indent + INDENT)
            yield f"{' ' * indent}- {text.lstrip()}", comment
            yield from rest
        else:
            yield from _notes(entry, indent, index > 0)
            yield from _entry(entry, indent, "-")
        yield from _foot(entry, indent)


def _notes(entry: Entry, indent: int, may_blank: bool) -> Iterator[Row]:
    for index, note in enumerate(entry.before):
        if note.blank_before and (index or may_blank):
            yield "", ""
        yield f"{' ' * indent}{note.text}", ""
    if entry.blank_before and (entry.before or may_blank):
        yield "", ""


def _foot(entry: Entry, indent: int) -> Iterator[Row]:
    for note in entry.foot:
        yield f"{' ' * indent}{note.text}", ""


def _entry(entry: Entry, indent: int, head: str) -> Iterator[Row]:
    """The rows of a value behind its key, or behind the dash."""
    value, start = entry.value, f"{' ' * indent}{head}"
    comment = " ".join(note.text for note in entry.behind)
    flow = _flow(value, len(start) + 1)
    if flow is not None:
        yield f"{start} {flow}".rstrip(), comment
    elif isinstance(value, Leaf):
        yield from _long(value, start, indent + INDENT, comment)
    else:
        yield start, comment
        inner = _entries if isinstance(value, Mapping) else _items
        yield from inner(value.entries, indent + INDENT)


def _flow(value: Value, column: int) -> str | None:
    """The value on one line, null where it does not fit or must not stand there."""
    if isinstance(value, Leaf):
        if value.literal or len(value.lines) > 1:
            return None
        text = scalar(value.text, value.kind)
        folded = value.kind == "text" and column + len(text) > WIDTH and _can_fold(value.text)
        return None if folded else text
    if not value.entries:
        return "{}" if isinstance(value, Mapping) else "[]"
    if not value.compact or any(map(_is_commented, value.entries)):
        return None
    compact = _flow_text(value)
    return compact if compact is not None and column + len(compact) <= WIDTH else None


def _is_commented(entry: Entry) -> bool:
    if entry.before or entry.behind or entry.foot:
        return True
    return not isinstance(entry.value, Leaf) and any(map(_is_commented, entry.value.entries))


def _flow_text(value: Value) -> str | None:
    if isinstance(value, Leaf):
        return None if value.literal or len(value.lines) > 1 else scalar(value.text, value.kind, flow=True)
    parts = [(entry.key, _flow_text(entry.value)) for entry in value.entries]
    if any(text is None for _, text in parts):
        return None
    if isinstance(value, Listing):
        return f"[{', '.join(text or '' for _, text in parts)}]"
    pairs = ", ".join(f"{scalar(key or '', 'text', flow=True)}: {text}" for key, text in parts)
    return f"{{{pairs}}}"


# ---- single values ----

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_NOT_TEXT = re.compile(
    r"""|~|null|true|false|yes|no|on|off|y|n|=|<<
    |[-+]?[0-9][0-9_,]*|0o?[0-7_]+|0x[0-9a-f_]+|0b[01_]+
    |[-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)(e[-+]?[0-9]+)?|[-+]?\.inf|\.nan
    |[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?""",
    re.IGNORECASE | re.VERBOSE,
)
"""What one version of YAML or the other takes for something else than text."""


def scalar(text: str, kind: str, *, flow: bool = False) -> str:
    """A single value on one line, in quotes where it needs them."""
    if kind == "plain":
        return text
    misread = text.lower() in ("null", "~", "") if kind == "fragment" else _NOT_TEXT.fullmatch(text) is not None
    return text if not misread and _is_plain(text, flow) else quoted(text)


def _is_plain(text: str, flow: bool) -> bool:
    if text != text.strip() or _UNPRINTABLE.search(text):
        return False
    if text[0] in "?:,[]{}#&*!|>'\"%@`" or re.match(r"-(\s|-|$)", text):
        return False
    if ": " in text or text.endswith(":") or " #" in text:
        return False
    return not (flow and (re.search(r"[,?\[\]{}]", text) or ":" in text))


def quoted(text: str) -> str:
    """The text in quotes: single ones where it holds double ones."""
    if _UNPRINTABLE.search(text) is None and ('"' in text or "\\" in text):
        doubled = text.replace("'", "''")
        return f"'{doubled}'"
    escaped = re.sub(rf'{_UNPRINTABLE.pattern[:-1]}"\\\\]', lambda match: _escape(match.group()), text)
    return f'"{escaped}"'


def _escape(character: str) -> str:
    return _ESCAPES.get(character) or f"\\u{ord(character):04x}"


def _can_fold(text: str) -> bool:
    return not _UNPRINTABLE.search(text) and "  " not in text and text == text.strip()


def _long(value: Leaf, start: str, indent: int, comment: str) -> Iterator[Row]:
    """A value of several lines."""
    text = value.text
    if value.kind == "text" and "\n" not in text:
        yield f"{start} >-", comment
        yield from ((f"{' ' * indent}{line}", "") for line in _wrapped(text, WIDTH - indent))
        return
    ends = value.kind == "fragment" or (text.endswith("\n") and not text.endswith("\n\n"))
    lines = text.removesuffix("\n").split("\n") if ends else text.split("\n")
    sound = not any(_UNPRINTABLE.search(line) or line != line.rstrip() for line in lines)
    if not sound or not lines[0] or lines[0][0].isspace() or not lines[-1]:
        yield f"{start} {quoted(text)}", comment
        return
    yield f"{start} {'|' if ends else '|-'}", comment
    yield from ((f"{' ' * indent}{line}" if line else "", "") for line in lines)


def _wrapped(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield line

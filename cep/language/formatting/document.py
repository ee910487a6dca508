"""Text whose lines are not broken yet, and how they are broken. Language layer.

A small pretty printer in the manner of Wadler's: a :class:`Group` stays on one line if it fits, else all its
:class:`Line` become line breaks. :class:`Brackets` fill the lines behind the opening bracket, or stand one item to a
line. A :class:`Comment` ends its line, and with it every group around it is broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

WIDTH = 120
INDENT = 2
Row = tuple[str, str]
"""A line, and the comment at its end, both perhaps empty."""

_ENDLESS = 1_000_000


class Doc:
    """A piece of text. ``width`` is that on one line, huge where it cannot be; ``lead`` what stands before the first
    place where a line may end, and ``breaks`` whether there is one."""

    __slots__ = ("breaks", "lead", "width")

    def __init__(self, width: int, lead: int, breaks: bool) -> None:
        self.width = width
        self.lead = lead
        self.breaks = breaks


class Text(Doc):
    """Text without a line break."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        super().__init__(len(text), len(text), False)
        self.text = text


class Line(Doc):
    """A blank, or a line break."""

    __slots__ = ("flat",)

    def __init__(self, flat: str = " ") -> None:
        super().__init__(len(flat), 0, True)
        self.flat = flat


class Comment(Doc):
    """A comment: on a line of its own, or behind what stands there. What follows it is on the next line."""

    __slots__ = ("own_line", "text")

    def __init__(self, text: str, own_line: bool) -> None:
        super().__init__(_ENDLESS, 0, True)
        self.text = text
        self.own_line = own_line


class Concat(Doc):
    """One after the other."""

    __slots__ = ("parts",)

    def __init__(self, parts: Iterable[Doc]) -> None:
        self.parts = tuple(parts)
        breaks = any(part.breaks for part in self.parts)
        super().__init__(sum(part.width for part in self.parts), lead_of(self.parts, 0), breaks)


class Group(Doc):
    """On one line, or broken at each of its lines; ``broken`` where it must be. Lines after the first are indented by
    ``indent``; null lines them up with where the group begins."""

    __slots__ = ("indent", "inner")

    def __init__(self, inner: Doc, indent: int | None = 0, broken: bool = False) -> None:
        super().__init__(_ENDLESS if broken else inner.width, inner.lead, inner.breaks)
        self.inner = inner
        self.indent = indent


class Brackets(Doc):
    """``(a, b)``. ``vertical`` where each item must stand on a line of its own; ``last_comma`` where a comma may then
    stand behind the last. ``closing`` are the comments before the closing bracket."""

    __slots__ = ("close", "closing", "items", "last_comma", "open", "vertical")

    def __init__(
        self,
        opening: Doc,
        items: Sequence[Item],
        close: Doc,
        *,
        vertical: bool = False,
        last_comma: bool = True,
        closing: Sequence[Comment] = (),
    ) -> None:
        commented = bool(closing) or opening.breaks or any(item.comments or item.has_comment() for item in items)
        self.vertical = bool(items or closing) and (vertical or commented)
        inner = sum(item.doc.width for item in items) + 2 * max(len(items) - 1, 0)
        width = _ENDLESS if self.vertical else opening.width + inner + close.width
        super().__init__(width, opening.lead, bool(items) or opening.breaks)
        self.open = opening
        self.items = tuple(items)
        self.close = close
        self.last_comma = last_comma
        self.closing = tuple(closing)


class Item:
    """What stands between two commas, and the comments behind the comma."""

    __slots__ = ("comments", "doc")

    def __init__(self, doc: Doc, comments: Sequence[Comment] = ()) -> None:
        self.doc = doc
        self.comments = tuple(comments)

    def has_comment(self) -> bool:
        """Whether a comment stands within it."""
        return has_comment(self.doc)


def has_comment(doc: Doc) -> bool:
    """Whether a comment stands anywhere in it."""
    match doc:
        case Comment():
            return True
        case Concat():
            return any(map(has_comment, doc.parts))
        case Group():
            return doc.width >= _ENDLESS and has_comment(doc.inner)
        case Brackets():
            return doc.width >= _ENDLESS and (
                bool(doc.closing)
                or has_comment(doc.open)
                or any(item.comments or item.has_comment() for item in doc.items)
            )
        case _:
            return False


def lead_of(parts: Sequence[Doc], tail: int) -> int:
    """What stands on the line before it may end; ``tail`` follows the parts."""
    total = 0
    for part in parts:
        total += part.lead
        if part.breaks:
            return total
    return total + tail


def joined(parts: Iterable[Doc], separator: str = " ") -> Doc:
    """The parts with a text between them."""
    found: list[Doc] = []
    for part in parts:
        if found:
            found.append(Text(separator))
        found.append(part)
    return found[0] if len(found) == 1 else Concat(found)


def flat(doc: Doc) -> str:
    """The text on one line. Comments are left out."""
    match doc:
        case Text():
            return doc.text
        case Line():
            return doc.flat
        case Concat():
            return "".join(map(flat, doc.parts))
        case Group():
            return flat(doc.inner)
        case Brackets():
            return flat(doc.open) + ", ".join(flat(item.doc) for item in doc.items) + flat(doc.close)
        case _:
            return ""


def render(doc: Doc, indent: int = 0, width: int = WIDTH) -> list[Row]:
    """The lines of a document that begins at a column."""
    page = _Page(indent, width)
    page.write(doc, indent, 0)
    return page.rows()


class _Page:
    """Lines as they are written."""

    def __init__(self, indent: int, width: int) -> None:
        self._width = width
        self._rows: list[Row] = []
        self._current = " " * indent
        self._comment_at_end = ""
        self._ended = False

    def rows(self) -> list[Row]:
        """What was written."""
        return [*self._rows, (self._current.rstrip(), self._comment_at_end)]

    def _break(self, indent: int) -> None:
        self._rows.append((self._current.rstrip(), self._comment_at_end))
        self._current = " " * indent
        self._comment_at_end = ""
        self._ended = False

    def write(self, doc: Doc, indent: int, tail: int) -> None:
        """Writes with lines broken to ``indent``; ``tail`` is the width of what must follow on the last line."""
        match doc:
            case Text():
                self._text(doc.text, indent)
            case Comment():
                self._comment(doc, indent)
            case Line():
                self._break(indent)
            case Concat():
                for index, part in enumerate(doc.parts):
                    self.write(part, indent, lead_of(doc.parts[index + 1 :], tail))
            case Group():
                self._group(doc, indent, tail)
            case Brackets():
                self._brackets(doc, indent, tail)

    def _text(self, text: str, indent: int) -> None:
        if not text:
            return
        if self._ended:
            self._break(indent)
        if not self._current.strip():
            text = text.lstrip()
        self._current += text

    def _comment(self, comment: Comment, indent: int) -> None:
        if self._current.strip() and not comment.own_line and not self._ended:
            self._comment_at_end = comment.text
        else:
            if self._ended or self._current.strip():
                self._break(indent)
            self._current += comment.text
        self._ended = True

    def _fits(self, doc: Doc, tail: int) -> bool:
        return not self._ended and len(self._current) + doc.width + tail <= self._width

    def _group(self, doc: Group, indent: int, tail: int) -> None:
        if self._fits(doc, tail):
            self._current += flat(doc.inner)
            return
        if doc.indent is None:
            if self._ended:
                self._break(indent)
            self.write(doc.inner, len(self._current), tail)
        else:
            self.write(doc.inner, indent + doc.indent, tail)

    def _brackets(self, doc: Brackets, indent: int, tail: int) -> None:
        if self._fits(doc, tail):
            self._text(flat(doc), indent)
            return
        if self._ended:
            self._break(indent)
        column = len(self._current) + doc.open.lead
        widest = max((item.doc.width for item in doc.items), default=0)
        beside = column + widest + doc.close.width + tail <= self._width
        if not doc.vertical and (beside or len(doc.items) == 1):
            self._fill(doc, indent, column, tail)
        else:
            self._column(doc, indent, tail)

    def _fill(self, doc: Brackets, indent: int, column: int, tail: int) -> None:
        self.write(doc.open, indent, 0)
        for index, item in enumerate(doc.items):
            is_last = index == len(doc.items) - 1
            after = doc.close.width + tail if is_last else 1
            if index and len(self._current) + 1 + item.doc.width + after > self._width:
                self._break(column)
            elif index:
                self._current += " "
            self.write(item.doc, column, after)
            if not is_last:
                self._text(",", column)
        self.write(doc.close, column, tail)

    def _column(self, doc: Brackets, indent: int, tail: int) -> None:
        inner = indent + INDENT
        self.write(doc.open, inner, 0)
        for index, item in enumerate(doc.items):
            self._break(inner)
            is_last = index == len(doc.items) - 1
            comma = "," if not is_last or (doc.last_comma and len(doc.items) > 1) else ""
            self.write(item.doc, inner, len(comma))
            self._text(comma, inner)
            for comment in item.comments:
                self.write(comment, inner, 0)
        for comment in doc.closing:
            self.write(comment, inner, 0)
        self._break(indent)
        self.write(doc.close, indent, tail)


def lines_of(rows: Sequence[Row]) -> list[str]:
    """The lines as they are written: comments at their ends in one column, as far as such lines follow each other
    and are indented alike."""
    found: list[str] = []
    start = 0
    while start < len(rows):
        end = start
        while end < len(rows) and rows[end][1] and _indent(rows[end]) == _indent(rows[start]):
            end += 1
        if end == start:
            found.append(rows[start][0])
            start += 1
            continue
        run = rows[start:end]
        widths = [len(text) for text, _ in run]
        column = max(widths) if max(widths) - min(widths) <= WIDTH // 3 else 0
        found += [f"{text.ljust(column)}  {comment}" for text, comment in run]
        start = end
    return found


def _indent(row: Row) -> int:
    return len(row[0]) - len(row[0].lstrip())

"""Rule files in the YAML form as trees with their comments, keys in their order. Language layer."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from cep.language.formatting.concrete import Note
from cep.language.formatting.fragments import fragment
from cep.language.formatting.yaml_text import Entry, Leaf, Listing, Mapping, Value
from cep.language.reader.places import Places
from cep.language.reader.yaml_nodes import Entries, Items, Node, Scalar, read_nodes
from cep.language.words import words_of
from cep.language.yaml_form import SECTIONS

RULE_ORDER = words_of(
    """description from when where within per over having after_match emit on_timeout limit to at_most severity tags
    meta disabled"""
)
"""The order of a rule's keys; over windows ``when`` stands behind ``over``."""

_ORDERS = {
    "event": ("fields", "time", "id"),
    "table": ("from", "key"),
    "test": ("name", "for", "from", "tables", "given", "expect"),
    "row": ("at", "repeat", "then_at", "file"),
}
_FRAGMENTS = {
    "from": "input", "where": "expression", "having": "expression", "within": "duration", "per": "keys",
    "over": "window",
    "after_match": "strategy", "emit": "emit", "on_timeout": "emit", "limit": "count", "at_most": "at_most",
}  # fmt: skip
"""The entry point of the grammar by the key of a rule; ``when`` depends on the rule."""
_COMMENT = re.compile(r"#[^\n]*")


def read_tree(text: str) -> tuple[Mapping, list[Note]]:
    """The tree of a file that was read without an error, and the comments at its end."""
    root, _ = read_nodes(text, Places("", text))
    reader = _Reader(text)
    tree = reader.file(root)
    foot = reader.attach(root)
    return _ordered(tree), foot


@dataclass(slots=True)
class _Place:
    """Where an entry lies: its first line and column, its last line; ``in_flow`` if within braces."""

    entry: Entry
    line: int
    column: int
    end: tuple[int, int]
    in_flow: bool


class _Reader:
    """Reads one file."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._places: list[_Place] = []
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    # ---- nodes ----

    def file(self, root: Node | None) -> Mapping:
        """The whole file."""
        readers = {
            "events": self._event, "define": self._definition, "let": self._constant, "tables": self._table,
            "rules": self._rule,
        }  # fmt: skip
        sections: list[Entry] = []
        for key, node in _pairs(root):
            section = self._entry(key, node, key.text)
            if key.text == "tests":
                section.value = Listing([])
                section.value.entries = [self._item(item, self._test) for item in _items(node)]
            else:
                section.value = Mapping([])
                for name, value in _pairs(node):
                    section.value.entries.append(readers[key.text](name, value))
            sections.append(section)
        return Mapping(sections)

    def _entry(self, key: Scalar, node: Node, text: str, value: Value | None = None) -> Entry:
        entry = Entry(text, value or Mapping([]))
        self._note_place(entry, key.start, node, key)
        return entry

    def _note_place(self, entry: Entry, start: int, node: Node, key: Scalar | None = None) -> None:
        line = bisect_right(self._starts, start)
        span = node.span
        end = (span.end_line, span.end_column)
        if key is not None:
            end = max(end, (key.span.end_line, key.span.end_column))
        entry.blank_before = bool(re.search(r"\n[ \t]*\n[ \t]*$", self._text[:start]))
        self._places.append(_Place(entry, line, start - self._starts[line - 1], end, self._depth_of_flow > 0))

    _depth_of_flow = 0

    def _item(self, node: Node, read: object) -> Entry:
        entry = Entry(None, Mapping([]))
        start = self._starts[node.span.line - 1] + node.span.column - 1
        dash = re.search(r"-[ \t]*$", self._text[:start])
        self._note_place(entry, dash.start() if dash and not self._depth_of_flow else start, node)
        entry.value = self._inside(node, read)
        return entry

    def _inside(self, node: Node, read: object) -> Value:
        """The value, noting whether it stands in braces."""
        flow = self._is_flow(node)
        self._depth_of_flow += flow
        value: Value = read(node)  # type: ignore[operator]
        self._depth_of_flow -= flow
        return value

    def _is_flow(self, node: Node) -> bool:
        if isinstance(node, Scalar):
            return False
        start = self._starts[node.span.line - 1] + node.span.column - 1
        return self._text[start : start + 1] in ("{", "[")

    def _mapping(self, node: Node, value_of: object, *, keep_block: bool = True) -> Mapping:
        """A mapping that stays on several lines if it was; ``value_of`` gives the value of a key."""
        entries: list[Entry] = []
        for key, value in _pairs(node):
            entry = self._entry(key, value, key.text)
            entry.value = self._inside(value, lambda node, key=key: value_of(key, node))  # type: ignore[operator]
            entries.append(entry)
        return Mapping(entries, compact=self._is_flow(node) or not keep_block or not entries)

    def _texts(self, node: Node) -> Value:
        """A text, or a list of texts."""
        return self._list(node, _text)

    def _list(self, node: Node, leaf: object) -> Value:
        if not isinstance(node, Items):
            return leaf(node)  # type: ignore[operator, no-any-return]
        return Listing([self._item(item, leaf) for item in node.items], compact=self._is_flow(node))

    def _data(self, node: Node) -> Value:
        if isinstance(node, Items):
            return Listing([self._item(item, self._data) for item in node.items], compact=True)
        if isinstance(node, Entries):
            return self._mapping(node, lambda _, value: self._data(value), keep_block=False)
        if node.kind == "null":
            return Leaf(["null"], "plain")
        return _text(node) if node.kind == "text" else Leaf([node.text], "plain")

    # ---- declarations ----

    def _event(self, key: Scalar, node: Node) -> Entry:
        entry = self._entry(key, node, key.text)

        def value(option: Scalar, node: Node) -> Value:
            if option.text == "fields":
                return self._mapping(node, lambda _, kind: _fragment(kind, "type"))
            return _text(node)

        entry.value = self._inside(node, lambda node: self._mapping(node, value))
        return entry

    def _definition(self, key: Scalar, node: Node) -> Entry:
        head = fragment(key.text, "definition_head").text
        entry = self._entry(key, node, head)
        entry.value = _fragment(node, "phrases")
        return entry

    def _constant(self, key: Scalar, node: Node) -> Entry:
        entry = self._entry(key, node, key.text)
        entry.value = _fragment(node, "expression")
        return entry

    def _table(self, key: Scalar, node: Node) -> Entry:
        entry = self._entry(key, node, key.text)
        entry.value = self._inside(node, lambda node: self._mapping(node, lambda _, value: self._texts(value)))
        return entry

    def _rule(self, key: Scalar, node: Node) -> Entry:
        entry = self._entry(key, node, key.text)
        over_windows = any(name.text == "from" for name, _ in _pairs(node))

        def value(name: Scalar, node: Node) -> Value:
            if name.text == "when":
                return _fragment(node, "window_when" if over_windows else "pattern")
            if name.text in ("emit", "on_timeout") and isinstance(node, Entries):
                emit = self._mapping(node, lambda _, emitted: self._mapping(emitted, _emitted))
                emit.compact = False
                return emit
            if name.text == "per":
                return self._list(node, lambda item: _fragment(item, "keys"))
            if name.text in _FRAGMENTS:
                return _fragment(node, _FRAGMENTS[name.text])
            return self._data(node) if name.text in ("meta", "disabled") else self._texts(node)

        entry.value = self._inside(node, lambda node: self._mapping(node, value))
        entry.value.compact = False  # type: ignore[union-attr]
        return entry

    # ---- tests ----

    def _test(self, node: Node) -> Value:
        def value(key: Scalar, node: Node) -> Value:
            if key.text == "expect" and not isinstance(node, Items) and node.kind == "null":  # type: ignore[union-attr]
                return Leaf(["null"], "plain")
            if key.text in ("given", "expect"):
                return self._rows(node, self._row)
            if key.text == "tables":
                return self._mapping(node, lambda _, rows: self._rows(rows, self._data))
            return self._texts(node)

        found = self._mapping(node, value)
        found.compact = False
        return found

    def _rows(self, node: Node, read: object) -> Value:
        if isinstance(node, Items):
            return Listing([self._item(item, read) for item in node.items], compact=not node.items)
        return Listing([], compact=True) if node.kind == "null" else _text(node)  # type: ignore[union-attr]

    def _row(self, node: Node) -> Value:
        def value(key: Scalar, node: Node) -> Value:
            if key.text in ("at", "then_at"):
                return _fragment(node, "time")
            return _fragment(node, "repeat") if key.text == "repeat" else self._data(node)

        return self._mapping(node, value, keep_block=False)

    # ---- comments ----

    def attach(self, root: Node | None) -> list[Note]:
        """Gives each comment to an entry; returns those at the end of the file."""
        foot: list[Note] = []
        self._places.sort(key=lambda place: (place.line, place.column))
        for line, column, note in self._comments(root):
            if note.own_line:
                self._attach_line(line, column, note, foot)
            else:
                self._behind(line, column).behind.append(note)
        return foot

    def _attach_line(self, line: int, column: int, note: Note, foot: list[Note]) -> None:
        following = next((place for place in self._places if place.line > line), None)
        if following is not None and (column <= following.column or following.in_flow):
            following.entry.before.append(note)
            return
        before = [place for place in self._places if place.line < line and not place.in_flow]
        if (following is None and (column == 0 or foot)) or not before:
            foot.append(note)
            return
        fitting = [place for place in before if place.column <= column] or before
        deepest = max(place.column for place in self._open_at(fitting))
        [*_, last] = [place for place in self._open_at(fitting) if place.column == deepest]
        last.entry.foot.append(note)

    @staticmethod
    def _open_at(places: list[_Place]) -> list[_Place]:
        """The last entry, and those around it."""
        found: list[_Place] = []
        for place in reversed(places):
            if not found or place.column < found[-1].column:
                found.append(place)
        return found

    def _behind(self, line: int, column: int) -> Entry:
        """The entry that a comment at the end of a line belongs to."""
        here = [place for place in self._places if place.line == line and place.column < column]
        ended = [place for place in here if place.end <= (line, column + 1)]
        if ended:
            return ended[0].entry
        if here:
            return here[-1].entry
        ending = [place for place in self._places if place.end[0] == line and not place.in_flow]
        earlier = [place for place in self._places if place.line < line]
        return (ending or earlier or self._places)[-1].entry

    def _comments(self, root: Node | None) -> list[tuple[int, int, Note]]:
        """The comments: whatever begins with ``#`` outside of values, behind a blank or at the start of a line."""
        hidden = sorted(_value_ranges(root, self._text))
        found: list[tuple[int, int, Note]] = []
        position = 0
        for start, end in [*hidden, (len(self._text), len(self._text))]:
            for match in _COMMENT.finditer(self._text, position, max(start, position)):
                offset = match.start()
                if offset and not self._text[offset - 1].isspace():
                    continue
                line = bisect_right(self._starts, offset)
                before = self._text[self._starts[line - 1] : offset]
                blank = line > 1 and not self._text[self._starts[line - 2] : self._starts[line - 1]].strip()
                note = Note(match.group().rstrip(), not before.strip(), blank, len(before))
                found.append((line, len(before), note))
            position = max(position, end)
        return found


def yaml_comments(text: str) -> list[str]:
    """The words of all comments of a file, sorted, those within fragments included."""
    root, _ = read_nodes(text, Places("", text))
    reader = _Reader(text)
    tree = reader.file(root)
    notes = [note.text for _, _, note in reader._comments(root)]
    stack: list[Value] = [tree]
    while stack:
        value = stack.pop()
        if isinstance(value, Leaf):
            notes += _comments_within(value)
        else:
            stack += [entry.value for entry in value.entries]
    return sorted(word for note in notes for word in note.replace("#", " ").split())


def _comments_within(leaf: Leaf) -> list[str]:
    if not leaf.literal:
        return []
    text = re.sub(r'"(\\.|[^"\\\n])*"|\'(\\.|[^\'\\\n])*\'|`[^`\n]+`|/(\\.|[^/\\\n])+/[a-z]*', "", leaf.text)
    return _COMMENT.findall(text)


def _value_ranges(root: Node | None, text: str) -> list[tuple[int, int]]:
    """Where keys and values lie; of a block of lines what is below its first line."""
    found: list[tuple[int, int]] = []
    stack: list[Node] = [] if root is None else [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Items):
            stack += node.items
        elif isinstance(node, Entries):
            stack += [each for pair in node.pairs for each in pair]
        elif text[node.start : node.start + 1] in ("|", ">") and node.kind == "text":
            found.append((text.find("\n", node.start), node.end))
        else:
            found.append((node.start, node.end))
    return found


def _pairs(node: Node | None) -> list[tuple[Scalar, Node]]:
    return node.pairs if isinstance(node, Entries) else []


def _items(node: Node) -> list[Node]:
    return node.items if isinstance(node, Items) else []


def _text(node: Node) -> Leaf:
    """Plain data."""
    assert isinstance(node, Scalar)
    return Leaf(node.text.split("\n"), "text")


def _fragment(node: Node, entry: str) -> Leaf:
    assert isinstance(node, Scalar)
    return fragment(node.text, entry)


def _emitted(key: Scalar, node: Node) -> Leaf:
    return Leaf(["null"], "plain") if key.text == "*" else _fragment(node, "expression")


# ---- order ----


def _ordered(tree: Mapping) -> Mapping:
    """The sections, and the keys in them, in their order."""
    tree.entries.sort(key=lambda entry: SECTIONS.index(str(entry.key)))
    for section in tree.entries:
        assert not isinstance(section.value, Leaf)
        for entry in section.value.entries:
            order_keys(str(section.key), entry.value)
    return tree


def order_keys(section: str, value: Value) -> None:
    """Sorts the keys of a declaration."""
    if not isinstance(value, Mapping):
        return
    if section == "rules":
        order: tuple[str, ...] = RULE_ORDER
        if value.get("from") is not None:
            order = words_of(" ".join(RULE_ORDER).replace(" when", "").replace(" over", " over when"))
        _sort(value, order)
    elif section == "events":
        _sort(value, _ORDERS["event"])
    elif section == "tables":
        _sort(value, _ORDERS["table"])
    elif section == "tests":
        _sort(value, _ORDERS["test"])
        for rows in (value.get("given"), value.get("expect")):
            for row in rows.value.entries if rows is not None and isinstance(rows.value, Listing) else ():
                _sort(row.value, _ORDERS["row"])


def _sort(value: Value, order: tuple[str, ...]) -> None:
    assert isinstance(value, Mapping)
    value.entries.sort(key=lambda entry: order.index(str(entry.key)) if entry.key in order else len(order))

"""Declarations laid out one after the other. Language layer.

Clauses come in the order of the language reference. An author's choices of layout are kept where both ways read well:
a rule or an event type on one line, ``within``, ``per`` and ``over`` on the line of the clause before, an empty line
between what may stand together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from cep.language.formatting.concrete import Note, Written, first_token, last_token, read_written, tokens_of
from cep.language.formatting.document import INDENT, WIDTH, Concat, Doc, Row, Text, flat, lines_of, render
from cep.language.formatting.layout import Layout, data_of, has_comments, is_tree
from cep.language.words import words_of

if TYPE_CHECKING:
    from cep.language.formatting.layout import Built, Node

_OF_PATTERNS = words_of(
    """doc pattern_when where within per having after_match emit on_timeout limit to at_most severity tags meta
    disabled"""
)
_OF_WINDOWS = words_of(
    """doc from where per over window_when having emit on_timeout limit to at_most severity tags meta disabled"""
)
_MAY_FOLLOW = frozenset({"within", "per", "over"})
"""Clauses that stay on the line of the clause before, where the author put them there."""
_FOLLOWED = frozenset({"pattern_when", "from", "within", "per", "over"})
_ALIGNED = {"definition": "_AS", "constant": "_ASSIGN", "table": "_FROM", "event_declaration": "_LBRACE"}
"""Declarations of one line that stand together have this in one column."""


@dataclass(slots=True)
class Part:
    """A clause, a row, or a field that is to be laid out: ``before`` are the comments on lines of their own."""

    node: Node
    before: list[Note]
    behind: list[Note]
    blank_before: bool = False
    children: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    """A declaration as rows. ``kind`` is that of the grammar; ``split`` how a one-line declaration is aligned: what
    stands before the column."""

    kind: str
    rows: list[Row]
    before: list[Note]
    foot: list[Note]
    blank_before: bool
    single: bool
    split: int = 0


def format_rules(text: str) -> str:
    """The canonical text of a rule file that has no error."""
    return Formatter(read_written(text)).file()


class Formatter:
    """Lays out one text; used once."""

    def __init__(self, written: Written) -> None:
        self.written = written
        self.layout = Layout(written)
        self._following: dict[int, int] = {}

    def file(self) -> str:
        """The whole file."""
        blocks = self.blocks()
        _align(blocks)
        rows: list[Row] = []
        previous: Block | None = None
        for block in blocks:
            rows += _between(previous, block, bool(rows))
            rows += block.rows
            rows += [(f"{' ' * INDENT}{note.text}", "") for note in block.foot]
            previous = block
        for note in self.written.at_end:
            if rows and (note.blank_before or note is self.written.at_end[0]):
                rows.append(("", ""))
            rows.append((note.text, ""))
        return "".join(f"{line}\n" for line in lines_of(rows))

    def blocks(self) -> list[Block]:
        """The declarations, each laid out for itself."""
        nodes = list(self.written.tree.children)
        feet = self.feet(nodes)
        return [self._block(node, foot) for node, foot in zip(nodes, feet, strict=True)]

    def feet(self, nodes: list[Node]) -> list[list[Note]]:
        """The comments that end each declaration: those below it that are indented, before the next."""
        feet: list[list[Note]] = []
        for index, node in enumerate(nodes):
            has_next = index + 1 < len(nodes)
            below = self.written.around(first_token(nodes[index + 1])).before if has_next else self.written.at_end
            count = 0
            if data_of(node) in ("rule", "test"):
                while count < len(below) and below[count].column > 0:
                    count += 1
            feet.append(below[:count])
            del below[:count]
        return feet

    def _block(self, node: Node, foot: list[Note]) -> Block:
        around = self.written.around(first_token(node))
        before, around.before = around.before, []
        kind = data_of(node)
        end = self.written.around(last_token(node))
        behind, end.behind = end.behind, []
        rows = getattr(self, f"_{kind}")(node)
        text, own = rows[-1]
        notes = [own] * bool(own) + [note.text for note in behind]
        rows[-1] = (text, " ".join(notes))
        block = Block(kind, rows, before, foot, around.blank_before, len(rows) == 1)
        if block.single and kind in _ALIGNED:
            block.split = self._split(node)
        return block

    def _split(self, node: Node) -> int:
        """How much of a one-line declaration stands before the word that is aligned; 0 if it is not."""
        children: list[Node] = list(node.children)  # type: ignore[union-attr]
        if any(data_of(child) == "parameters" for child in children):
            return 0
        at = next(index for index, child in enumerate(children) if data_of(child) == _ALIGNED[data_of(node)])
        return len(flat(self.layout.row(children[:at])))

    # ---- simple declarations ----

    def _definition(self, node: Built) -> list[Row]:
        *head, events = node.children
        shown = [*map(self._head_part, head), Text(" "), self.layout.chain(events, INDENT)]
        return render(Concat(_spaced(shown, head)))

    def _head_part(self, node: Node) -> Doc:
        return self.layout.doc(node)

    def _constant(self, node: Built) -> list[Row]:
        return render(self.layout.row(list(node.children)))

    def _table(self, node: Built) -> list[Row]:
        return render(self.layout.row(list(node.children)))

    # ---- event types ----

    def _event_declaration(self, node: Built) -> list[Row]:
        children: list[Node] = list(node.children)
        opening = next(index for index, child in enumerate(children) if data_of(child) == "_LBRACE")
        closing = next(index for index, child in enumerate(children) if data_of(child) == "_RBRACE")
        head, options = children[:opening], children[closing + 1 :]
        brace, last = self.written.around(first_token(children[opening])), children[closing]
        behind, brace.behind = brace.behind, []
        foot, self.written.around(first_token(last)).before = self.written.around(first_token(last)).before, []
        above = [(note.text, "") for note in self.hoisted([*head, children[opening], last, *options])]
        fields = self.fields(children[opening + 1 : closing])
        commented = any(has_comments(self.written, child) for child in children[opening:closing])
        commented = commented or any(part.before or part.behind for part in fields)
        tail = "".join(f" {flat(self.layout.doc(option))}" for option in options)
        start = flat(self.layout.row(head))
        if not (commented or foot or behind or self.on_new_line(children[opening + 1])):
            inner = ", ".join(flat(self.layout.doc(part.node)) for part in fields)
            line = f"{start} {{ {inner} }}{tail}" if fields else f"{start} {{}}{tail}"
            if len(line) <= WIDTH or not fields:
                return [*above, (line, "")]
        rows: list[Row] = [(f"{start} {{", " ".join(note.text for note in behind))]
        rows += self._field_rows(fields)
        rows += [(f"{' ' * INDENT}{note.text}", "") for note in foot]
        return [*above, *rows, (f"}}{tail}", "")]

    def hoisted(self, nodes: list[Node]) -> list[Note]:
        """The comments within what stands on one line, which are then no more there."""
        found: list[Note] = []
        for token in (token for node in nodes for token in tokens_of(node)):
            around = self.written.around(token)
            found += [*around.before, *around.behind]
            around.before, around.behind = [], []
        return found

    def on_new_line(self, node: Node) -> bool:
        return data_of(node) != "_RBRACE" and self.written.around(first_token(node)).on_new_line

    def fields(self, children: list[Node]) -> list[Part]:
        parts: list[Part] = []
        for child in children:
            if data_of(child) == "_COMMA":
                around = self.written.around(child)  # type: ignore[arg-type]
                parts[-1].behind += [*around.before, *around.behind]
                around.before, around.behind = [], []
            else:
                parts.append(self.part(child))
        return parts

    def part(self, node: Node) -> Part:
        """A node, the comments around it taken off."""
        first, last = self.written.around(first_token(node)), self.written.around(last_token(node))
        part = Part(node, first.before, last.behind, first.blank_before)
        first.before, last.behind = [], []
        if part.before:
            part.blank_before = part.before[0].blank_before
        return part

    def _field_rows(self, fields: list[Part]) -> list[Row]:
        for part in fields:
            part.before += self.hoisted(list(part.node.children[:2]))  # type: ignore[union-attr]
        names = [flat(self.layout.row(list(part.node.children[:2]))) for part in fields]  # type: ignore[union-attr]
        column = max(map(len, names), default=0) + 1
        rows: list[Row] = []
        for index, (part, name) in enumerate(zip(fields, names, strict=True)):
            rows += _notes_before(part, INDENT, index > 0)
            kind = self.layout.doc(part.node.children[2])  # type: ignore[union-attr]
            rows += _behind(render(Concat([Text(name.ljust(column)), kind]), INDENT), part.behind)
        return rows

    # ---- rules ----

    def _rule(self, node: Built) -> list[Row]:
        head: list[Node] = list(node.children[:2])
        clauses = self.clauses(list(node.children[2:]))
        one_line = self._one_line(node, head, clauses)
        if one_line is not None:
            return one_line
        keyword = last_token(head[1])
        behind = self.written.around(keyword).behind
        self.written.around(keyword).behind = []
        rows = _behind(render(self.layout.row(head)), behind)
        previous: Part | None = None
        for part in clauses:
            followed = previous is not None and self.stays_behind(previous, part) and not rows[-1][1]
            rows += _notes_before(part, INDENT, False)
            shown = render(self._clause(part), INDENT)
            joined = f"{rows[-1][0]} {shown[0][0].strip()}"
            if (
                followed
                and len(shown) == 1
                and len(joined) <= WIDTH
                and rows[-1][0].startswith(f"{' ' * INDENT}")
                and not rows[-1][0].startswith(" " * (INDENT + 1))
            ):
                rows[-1] = (joined, shown[0][1])
            else:
                rows += shown
            rows[-1:] = _behind(rows[-1:], part.behind)
            previous = part
        return rows

    def _one_line(self, node: Built, head: list[Node], clauses: list[Part]) -> list[Row] | None:
        """A rule that the author wrote on one line, if it still fits on one."""
        if any(self.written.around(token).on_new_line for token in tokens_of(node)[1:]):
            return None
        if any(has_comments(self.written, child) for child in [*head, *(part.node for part in clauses)]):
            return None
        if any(part.before or part.behind for part in clauses) or any(data_of(part.node) == "doc" for part in clauses):
            return None
        line = " ".join([flat(self.layout.row(head)), *(flat(self._clause(part)) for part in clauses)])
        return [(line, "")] if len(line) <= WIDTH else None

    def clauses(self, nodes: list[Node]) -> list[Part]:
        """The clauses in their canonical order."""
        nodes = [
            inner
            for node in nodes
            for inner in (node.children if data_of(node) in ("pattern_part", "window_part") else [node])  # type: ignore[union-attr]
        ]
        over_windows = any(data_of(node) == "from" for node in nodes)
        order = _OF_WINDOWS if over_windows else _OF_PATTERNS
        parts: list[Part] = []
        for node in nodes:
            children: list[Node] = list(node.children)  # type: ignore[union-attr]
            handed_back = self._handed_back(node)
            if handed_back is not None:
                children.remove(handed_back)
            part = self.part(node) if handed_back is None else self._part_of(node, children)
            part.children = children
            parts.append(part)
            if handed_back is not None:
                back = self.part(handed_back)
                back.children = list(handed_back.children)
                parts.append(back)
        return sorted(parts, key=lambda part: order.index(name_of(part)))

    def _handed_back(self, node: Node) -> Built | None:
        """The keys behind ``at most`` that stand on a line of their own, and so are the rule's."""
        if data_of(node) != "at_most":
            return None
        last = node.children[-1]  # type: ignore[union-attr]
        is_own = data_of(last) == "at_most_per" and self.written.around(first_token(last)).on_new_line
        return last if is_own else None  # type: ignore[return-value]

    def _part_of(self, node: Node, children: list[Node]) -> Part:
        first = self.written.around(first_token(children[0]))
        last = self.written.around(last_token(children[-1]))
        part = Part(node, first.before, last.behind)
        first.before, last.behind = [], []
        return part

    def stays_behind(self, previous: Part, part: Part) -> bool:
        """Whether the author wrote a clause on the line of the clause that also here stands before it."""
        if name_of(part) not in _MAY_FOLLOW or name_of(previous) not in _FOLLOWED:
            return False
        if part.before or previous.behind or self.written.around(first_token(part.children[0])).on_new_line:
            return False
        start = first_token(part.children[0]).start_pos
        end = last_token(previous.children[-1]).end_pos
        assert start is not None
        assert end is not None
        tokens = self._positions
        return end in tokens and tokens[end] == start

    @property
    def _positions(self) -> dict[int, int]:
        """Where a token ends, and where the next begins."""
        if not self._following:
            tokens = tokens_of(self.written.tree)
            for token, following in pairwise(tokens):
                self._following[token.end_pos or 0] = following.start_pos or 0
        return self._following

    def _clause(self, part: Part) -> Doc:
        layout = self.layout
        first, *rest = part.children
        name = name_of(part)
        if name in ("where", "having", "window_when", "from") and rest:
            shown = [layout.chain(rest[0], INDENT), *(Concat([Text(" "), layout.doc(each)]) for each in rest[1:])]
            return Concat([layout.doc(first), Text(" "), *shown])
        return layout.row(part.children)

    # ---- tests ----

    def _test(self, node: Built) -> list[Row]:
        children: list[Node] = list(node.children)
        start = next(
            index for index, child in enumerate(children) if data_of(child) in ("given", "given_table", "_EXPECT")
        )
        last = self.written.around(last_token(children[start - 1]))
        behind, last.behind = last.behind, []
        rows = _behind(render(self.layout.row(children[:start])), behind)
        for child in children[start:]:
            if data_of(child) == "_EXPECT":
                continue
            if data_of(child) == "expected":
                keyword = children[-2]
                rows += self._section([keyword], list(child.children))  # type: ignore[union-attr]
            else:
                rows += self._given(child)
        return rows

    def _given(self, node: Node) -> list[Row]:
        children: list[Node] = list(node.children)  # type: ignore[union-attr]
        kinds = ("timed_event", "repeated_event", "time_passes", "fixture", "table_row")
        at = next((index for index, child in enumerate(children) if data_of(child) in kinds), len(children))
        return self._section(children[:at], children[at:])

    def _section(self, head: list[Node], nodes: list[Node]) -> list[Row]:
        """``given`` or ``expect``, and its rows below it."""
        if len(nodes) == 1 and not is_tree(nodes[0]):  # nothing
            head, nodes = [*head, *nodes], []
        first, last = self.written.around(first_token(head[0])), self.written.around(last_token(head[-1]))
        part = Part(head[0], first.before, last.behind)
        first.before, last.behind = [], []
        part.before += self.hoisted(head)
        rows = _notes_before(part, INDENT, False)
        rows.append((f"{' ' * INDENT}{flat(self.layout.row(head))}", " ".join(note.text for note in part.behind)))
        parts = [self.part(node) for node in nodes]
        column = max((len(_time_of(each.node)) for each in parts), default=0)
        for index, each in enumerate(parts):
            rows += _notes_before(each, 2 * INDENT, index > 0)
            rows += _behind(render(self._timed(each.node, column), 2 * INDENT), each.behind)
        return rows

    def _timed(self, node: Node, column: int) -> Doc:
        time = _time_of(node)
        if not time:
            return self.layout.doc(node)
        first, *rest = list(node.children)  # type: ignore[union-attr]
        around = self.written.around(first)
        pad = Text(" " * (column - len(time) + 2))
        if around.behind:
            return Concat([self.layout.doc(first), self.layout.row(rest)])
        return Concat([self.layout.doc(first), pad, self.layout.row(rest)])


def _time_of(node: Node) -> str:
    """The time before an event."""
    if data_of(node) not in ("timed_event", "repeated_event"):
        return ""
    first = node.children[0]  # type: ignore[union-attr]
    return "" if is_tree(first) else " ".join(str(first).split())


def name_of(part: Part) -> str:
    """The clause that a part is."""
    name = data_of(part.node)
    return "per" if name == "at_most_per" else name


def _spaced(shown: list[Doc], head: list[Node]) -> list[Doc]:
    """The parts of a definition's head with blanks between them, none before its parameters."""
    found: list[Doc] = []
    for index, doc in enumerate(shown):
        follows = index < len(head) and index > 0 and data_of(head[index]) != "parameters"
        found += [Text(" "), doc] if follows else [doc]
    return found


def _notes_before(part: Part, indent: int, may_blank: bool) -> list[Row]:
    rows: list[Row] = []
    for index, note in enumerate(part.before):
        if note.blank_before and (index or may_blank):
            rows.append(("", ""))
        rows.append((f"{' ' * indent}{note.text}", ""))
    if may_blank and part.blank_before and not part.before:
        rows.append(("", ""))
    return rows


def _behind(rows: list[Row], notes: list[Note]) -> list[Row]:
    """The rows with comments behind the last."""
    if not notes:
        return rows
    text, comment = rows[-1]
    return [*rows[:-1], (text, " ".join([comment] * bool(comment) + [note.text for note in notes]))]


def _between(previous: Block | None, block: Block, follows: bool) -> list[Row]:
    """The empty lines and comments before a declaration."""
    rows: list[Row] = []
    together = previous is not None and previous.single and block.single and not previous.foot
    blank = block.before[0].blank_before if block.before else block.blank_before
    if follows and (blank or not together):
        rows.append(("", ""))
    for index, note in enumerate(block.before):
        if index and note.blank_before:
            rows.append(("", ""))
        rows.append((note.text, ""))
    if block.before and block.blank_before:
        rows.append(("", ""))
    return rows


def _align(blocks: list[Block]) -> None:
    """Lines up one-line declarations of one kind that follow each other."""
    start = 0
    while start < len(blocks):
        end = start + 1
        while end < len(blocks) and blocks[start].split and _goes_on(blocks[end - 1], blocks[end]):
            end += 1
        run = blocks[start:end]
        column = max(block.split for block in run)
        padded = [(block, column - block.split) for block in run]
        if all(len(block.rows[0][0]) + pad <= WIDTH for block, pad in padded):
            for block, pad in padded:
                text, comment = block.rows[0]
                block.rows[0] = (f"{text[: block.split]}{' ' * pad}{text[block.split :]}", comment)
        start = end


def _goes_on(previous: Block, block: Block) -> bool:
    return bool(block.split) and block.kind == previous.kind and not block.before and not block.blank_before

"""From the language to the YAML form, comments carried over. Language layer.

Each clause keeps the author's spelling as a fragment. A comment within a clause stays in its fragment, one before or
behind a clause becomes a comment of the file. Declarations of one kind stand together, in their order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cep.language import syntax
from cep.language.formatting.concrete import Note, first_token, last_token, read_written, tokens_of
from cep.language.formatting.declarations import Formatter, Part, name_of
from cep.language.formatting.fragments import fragment
from cep.language.formatting.layout import data_of, is_tree
from cep.language.formatting.unsayable import Unsayable
from cep.language.formatting.yaml_reading import order_keys
from cep.language.formatting.yaml_text import Entry, Leaf, Listing, Mapping, Value
from cep.language.yaml_form import SECTIONS

if TYPE_CHECKING:
    from cep.language.formatting.layout import Built, Node

_SECTION_OF = {
    "event_declaration": "events",
    "definition": "define",
    "constant": "let",
    "table": "tables",
    "rule": "rules",
    "test": "tests",
}
_FRAGMENTS = {
    "pattern_when": "pattern", "window_when": "window_when", "from": "input", "where": "expression",
    "having": "expression", "within": "duration", "per": "keys", "over": "window", "after_match": "strategy",
    "limit": "count", "at_most": "at_most",
}  # fmt: skip
_KEYS = {"pattern_when": "when", "window_when": "when", "doc": "description"}


def rules_to_yaml(text: str, tree: syntax.RuleFile) -> tuple[Mapping, list[Note]]:
    """The YAML tree of a rule file that has no error, and the comments at its end.

    Raises:
        Unsayable: a declaration cannot be said in YAML.
    """
    return _Converter(text, tree).file()


class _Converter:
    """Converts one text."""

    def __init__(self, text: str, tree: syntax.RuleFile) -> None:
        self._text = text
        self._tree = tree
        self._written = read_written(text)
        self._formatter = Formatter(self._written)

    def file(self) -> tuple[Mapping, list[Note]]:
        """The whole file."""
        sections: dict[str, list[Entry]] = {section: [] for section in SECTIONS}
        above: dict[str, Entry] = {}
        feet = self._formatter.feet(list(self._written.tree.children))
        for node, below, declaration in zip(self._written.tree.children, feet, self._tree.declarations, strict=True):
            section = _SECTION_OF[data_of(node)]
            is_first = not sections[section]
            blank = self._written.around(first_token(node)).blank_before
            part = self._formatter.part(node)
            entry = getattr(self, f"_{data_of(node)}")(node, declaration)
            notes, kept = _detached(part.before, blank) if is_first else ([], part.before)
            above[section] = above.get(section, Entry(section, Leaf([], "text"), notes, blank_before=bool(notes)))
            apart = section in ("rules", "tests") and not is_first
            entry.blank_before = (blank or (apart and not kept)) and bool(kept or not is_first)
            entry.before = [*kept, *entry.before]
            if entry.before and apart:
                entry.before[0].blank_before = True
            entry.behind = [*entry.behind, *part.behind]
            entry.foot = below
            order_keys(section, entry.value)
            sections[section].append(entry)
        if self._tree.declarations:  # what begins the file begins it here too
            opening = above[_SECTION_OF[data_of(self._written.tree.children[0])]]
            notes, opening.before = opening.before, []
            first = above[next(section for section in SECTIONS if section in above)]
            first.before = [*notes, *first.before]
            first.blank_before = bool(first.before)
        found: list[Entry] = []
        for section, entries in sections.items():
            if entries:
                top = above[section]
                top.value = Listing(entries) if section == "tests" else self._mapping(entries, self._tree)
                if found and top.before:
                    top.before[0].blank_before = True
                top.blank_before = top.blank_before or bool(found)
                found.append(top)
        return Mapping(found), self._written.at_end

    # ---- what all need ----

    def _source(self, nodes: Iterable[Node]) -> str:
        tokens = [token for node in nodes for token in tokens_of(node)]
        return self._text[tokens[0].start_pos : tokens[-1].end_pos]

    def _fragment(self, nodes: Iterable[Node], entry: str) -> Leaf:
        nodes = list(nodes)
        self._drop_notes(nodes)
        return fragment(self._source(nodes), entry)

    def _drop_notes(self, nodes: list[Node]) -> None:
        """The comments within a fragment are part of its text; those before and behind are not."""
        tokens = [token for node in nodes for token in tokens_of(node)]
        for index, token in enumerate(tokens):
            around = self._written.around(token)
            if index:
                around.before = []
            if index < len(tokens) - 1:
                around.behind = []

    def _mapping(self, entries: list[Entry], place: object, *, compact: bool = False) -> Mapping:
        """A mapping; no key may stand twice."""
        seen: set[str] = set()
        for entry in entries:
            key = str(entry.key)
            if key in seen or key == "<<":
                span = place.span if isinstance(place, syntax.Node) else self._tree.span
                raise Unsayable(f"in YAML the key `{key}` cannot stand {'twice' if key in seen else 'here'}", span)
            seen.add(key)
        return Mapping(entries, compact=compact)

    def _leftover(self, nodes: Iterable[Node]) -> list[Note]:
        """The comments at these nodes that nothing else took."""
        return self._formatter.hoisted(list(nodes))

    def _texts(self, texts: tuple[str, ...]) -> Value:
        leaves = [Entry(None, text_leaf(text)) for text in texts]
        return leaves[0].value if len(leaves) == 1 else Listing(leaves, compact=True)

    # ---- declarations ----

    def _event_declaration(self, node: Built, declaration: syntax.EventDeclaration) -> Entry:
        children: list[Node] = list(node.children)
        opening = next(index for index, child in enumerate(children) if data_of(child) == "_LBRACE")
        closing = next(index for index, child in enumerate(children) if data_of(child) == "_RBRACE")
        behind = self._leftover([children[opening]])
        vertical = self._formatter.on_new_line(children[opening + 1])
        entries: list[Entry] = []
        for part, kind in zip(self._formatter.fields(children[opening + 1 : closing]), declaration.fields, strict=True):
            leaf = self._fragment([part.node.children[2]], "type")  # type: ignore[union-attr]
            before = [*part.before, *self._leftover([part.node])]
            entries.append(Entry(kind.name, leaf, before, part.behind, blank_before=part.blank_before))
        fields = Entry("fields", self._mapping(entries, declaration, compact=not vertical))
        fields.foot = self._written.around(children[closing]).before  # type: ignore[arg-type]
        self._written.around(children[closing]).before = []  # type: ignore[arg-type]
        options = [fields]
        options += [Entry("time", text_leaf(declaration.time_field))] if declaration.time_field is not None else []
        options += [Entry("id", text_leaf(declaration.id_field))] if declaration.id_field is not None else []
        before = self._leftover(children)
        return Entry(declaration.name, Mapping(options), before, behind)

    def _definition(self, node: Built, declaration: syntax.Definition) -> Entry:
        *head, events = node.children
        leaf = self._fragment([events], "phrases")
        before = self._leftover(node.children)
        key = fragment(self._source(head[1:-1]), "definition_head").lines
        return Entry(_one_line(key, declaration), leaf, before)

    def _constant(self, node: Built, declaration: syntax.Constant) -> Entry:
        leaf = self._fragment([node.children[-1]], "expression")
        return Entry(declaration.name, leaf, self._leftover(node.children))

    def _table(self, node: Built, declaration: syntax.Table) -> Entry:
        key = [Entry(None, text_leaf(name)) for name in declaration.key]
        entries = [
            Entry("from", text_leaf(declaration.path)),
            Entry("key", key[0].value if len(key) == 1 else Listing(key, compact=True)),
        ]
        return Entry(declaration.name, Mapping(entries, compact=True), self._leftover(node.children))

    # ---- rules ----

    def _rule(self, node: Built, declaration: syntax.Rule) -> Entry:
        entries: list[Entry] = []
        meta: list[Entry] = []
        last = self._written.around(last_token(node.children[1]))
        behind, last.behind = last.behind, []
        previous: Part | None = None
        for part in self._formatter.clauses(list(node.children[2:])):
            if previous is not None and name_of(part) == "within" and self._formatter.stays_behind(previous, part):
                entries[-1] = self._pattern_within(previous, part, entries[-1])
            else:
                entry = self._clause(part, declaration, len(meta))
                (meta if data_of(part.node) == "meta" else entries).append(entry)
            previous = part
        if meta:
            entries.append(Entry("meta", self._mapping(meta, declaration, compact=True)))
        before = self._leftover(node.children)
        return Entry(declaration.name, self._mapping(entries, declaration), before, behind)

    def _pattern_within(self, when: Part, within: Part, entry: Entry) -> Entry:
        """``when: three failed logins within 5 minutes``, as the author wrote it."""
        leaf = self._fragment([*when.children[1:], *within.children], "pattern")
        return Entry("when", leaf, entry.before, [*entry.behind, *within.behind])

    def _clause(self, part: Part, rule: syntax.Rule, count: int) -> Entry:
        name = name_of(part)
        nodes = part.children
        keyword = next((index for index, child in enumerate(nodes) if is_tree(child)), len(nodes))
        key = _KEYS.get(name, name)
        value: Value
        match name:
            case "doc":
                value = text_leaf(rule.doc or "")
            case "emit":
                assert rule.emit is not None
                value = self._emit(nodes[-1], rule.emit)
            case "on_timeout":
                assert rule.on_timeout is not None
                value = self._emit(nodes[-1], rule.on_timeout)
            case "to":
                value = self._texts(rule.to)
            case "tags":
                value = Listing([Entry(None, text_leaf(tag)) for tag in rule.tags], compact=True)
            case "severity":
                value = text_leaf(rule.severity or "")
            case "disabled":
                value = Leaf(["true"], "plain")
            case "meta":
                key, value = rule.meta[count].name, self._data(rule.meta[count].value)
            case _:
                value = self._fragment(nodes[keyword:], _FRAGMENTS[name])
        behind = self._written.around(last_token(nodes[-1])).behind
        self._written.around(last_token(nodes[-1])).behind = []
        return Entry(key, value, [*part.before, *self._leftover(nodes)], [*part.behind, *behind])

    def _emit(self, node: Node, emit: syntax.Emit) -> Value:
        fields = next((child for child in node.children if data_of(child) == "emitted_fields"), None)  # type: ignore[union-attr]
        if fields is None or not emit.fields + (emit,) * emit.star or not _has_names(emit):
            return self._fragment([node], "emit")
        items = [child for child in fields.children if data_of(child) in ("emit_field", "star")]  # type: ignore[union-attr]
        parts = self._formatter.fields(list(fields.children[1:-1]))  # type: ignore[union-attr]
        vertical = self._formatter.on_new_line(items[0])
        entries: list[Entry] = []
        written = iter(emit.fields)
        for part in parts:
            if data_of(part.node) == "star":
                entries.append(Entry("*", Leaf(["null"], "plain"), part.before, part.behind))
                continue
            each = next(written)
            leaf = self._fragment([part.node.children[-1]], "expression")  # type: ignore[union-attr]
            key = each.name if each.name is not None else each.value.text  # type: ignore[union-attr]
            entries.append(Entry(key, leaf, [*part.before, *self._leftover([part.node])], part.behind))
        if sum(entry.key == "*" for entry in entries) > 1:
            entries = [entry for entry in entries if entry.key != "*"]
            entries.insert(0, Entry("*", Leaf(["null"], "plain")))
        return Mapping([Entry(emit.type, self._mapping(entries, emit, compact=not vertical))])

    # ---- tests ----

    def _test(self, node: Built, declaration: syntax.RuleTest) -> Entry:
        entries = [Entry("name", text_leaf(declaration.name))]
        if declaration.rules:
            entries.append(Entry("for", self._texts(declaration.rules)))
        if declaration.zero is not None:
            entries.append(Entry("from", text_leaf(declaration.zero)))
        given = Entry("given", Listing([]))
        expect = Entry("expect", Listing([]))
        tables: dict[str, Entry] = {}
        rows = iter(declaration.given)
        table_rows = iter(declaration.tables)
        for child in node.children:
            if data_of(child) == "given":
                self._fill(given, child, rows)
            elif data_of(child) == "given_table":
                table = next(table_rows)
                if table.table in tables:
                    raise Unsayable(f"in YAML the rows of `{table.table}` stand once", table.span, "join the two lists")
                made = [self._parted(row, values) for row, values in zip(_rows(child), table.rows, strict=True)]
                tables[table.table] = Entry(table.table, Listing(made, compact=True), self._leftover([child]))
            elif data_of(child) == "expected":
                self._fill(expect, child, iter(declaration.expect))
        given.value.compact = not given.value.entries  # type: ignore[union-attr]
        expect.value.compact = not expect.value.entries  # type: ignore[union-attr]
        entries += [Entry("tables", Mapping(list(tables.values()), compact=True))] if tables else []
        entries += [given] if declaration.given or given.before or given.behind else []
        if declaration.open:
            expect.value = Leaf(["null"], "plain")
        start = [child for child in node.children if data_of(child) == "_EXPECT"]
        expect.before = [*expect.before, *self._leftover(start)]
        before = self._leftover(node.children)
        return Entry(None, Mapping([*entries, expect]), before)

    def _fill(self, entry: Entry, node: Node, rows: Iterable[syntax.GivenRow]) -> None:
        listing = entry.value
        assert isinstance(listing, Listing)
        listing.entries += [self._parted(row, made) for row, made in zip(_rows(node), rows, strict=False)]
        entry.before += self._leftover([node])

    def _parted(self, node: Node, row: object) -> Entry:
        part = self._formatter.part(node)
        value = self._row(node, row)
        return Entry(None, value, [*part.before, *self._leftover([node])], part.behind, [], part.blank_before)

    def _row(self, node: Node, row: object) -> Value:
        if isinstance(row, tuple):
            return self._fields(row, node)
        if isinstance(row, syntax.TimePasses):
            time = node.children[-1]  # type: ignore[union-attr]
            return Mapping([Entry("then_at", self._fragment([time], "time"))], compact=True)
        if isinstance(row, syntax.Fixture):
            return Mapping([Entry("file", text_leaf(row.path))], compact=True)
        assert isinstance(row, syntax.TimedEvent)
        first = node.children[0]  # type: ignore[union-attr]
        entries = [] if is_tree(first) else [Entry("at", self._fragment([first], "time"))]
        repeats = [child for child in node.children if data_of(child) == "repeat"]  # type: ignore[union-attr]
        entries += [Entry("repeat", self._fragment([repeat], "repeat")) for repeat in repeats]
        if row.type in ("at", "repeat", "then_at", "file"):
            raise Unsayable(f"in YAML a row has no event of the name `{row.type}`", row.span)
        entries.append(Entry(row.type, self._fields(row.fields, row)))
        return self._mapping(entries, row, compact=True)

    def _fields(self, fields: tuple[syntax.EmitField, ...], place: object) -> Mapping:
        return self._mapping([Entry(field.name, self._data(field.value)) for field in fields], place, compact=True)

    def _data(self, node: syntax.Expression) -> Value:
        """Plain data."""
        match node:
            case syntax.ListOf():
                return Listing([Entry(None, self._data(item)) for item in node.items], compact=True)
            case syntax.MapOf():
                return self._mapping([Entry(key, self._data(value)) for key, value in node.entries], node, compact=True)
            case syntax.Literal(kind="string"):
                return text_leaf(str(node.value))
            case syntax.Literal(kind="int" | "float"):
                return Leaf([repr(node.value)], "plain")
            case syntax.Literal(kind="bool" | "null"):
                return Leaf([{True: "true", False: "false", None: "null"}[node.value]], "plain")  # type: ignore[index]
            case _:
                hint = "write a text, a number, true, false, null, or a list or mapping of them"
                raise Unsayable("in YAML this value is plain data, not an expression", node.span, hint)


def _detached(notes: list[Note], blank: bool) -> tuple[list[Note], list[Note]]:
    """The comments that an empty line parts from what follows them, and the others."""
    if blank:
        return notes, []
    at = max((index for index, note in enumerate(notes) if index and note.blank_before), default=0)
    for note in notes[at : at + 1]:
        note.blank_before = False
    return notes[:at], notes[at:]


def text_leaf(text: str) -> Leaf:
    """Plain text."""
    return Leaf(text.split("\n"), "text")


def _one_line(lines: list[str], declaration: syntax.Node) -> str:
    if len(lines) > 1:
        raise Unsayable("in YAML a name and its parameters stand on one line", declaration.span, "make it shorter")
    return lines[0]


def _has_names(emit: syntax.Emit) -> bool:
    """Whether each field can be a key."""
    names: list[str] = []
    for field in emit.fields:
        value = field.value.text if isinstance(field.value, syntax.Name) else None
        if (field.name is None and value is None) or (field.name is not None and field.name == value):
            return False
        names.append(str(field.name if field.name is not None else value))
    return len(set(names)) == len(names) and not {"*", "<<"} & set(names) and emit.type not in ("", "<<")


def _rows(node: Node) -> list[Node]:
    kinds = ("timed_event", "repeated_event", "time_passes", "fixture", "table_row")
    return [child for child in node.children if data_of(child) in kinds]  # type: ignore[union-attr]

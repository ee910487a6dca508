"""From the YAML form to the language, comments carried over. Language layer.

The text made here is only complete, not laid out: :mod:`cep.language.formatting.declarations` does that.
"""

from __future__ import annotations

from collections.abc import Iterator

from cep.language import syntax
from cep.language.formatting.concrete import Note
from cep.language.formatting.unsayable import Unsayable
from cep.language.formatting.yaml_text import Entry, Leaf, Listing, Mapping, Value
from cep.language.printer import print_declaration, print_destination, print_expression, print_string
from cep.language.words import EXPRESSION_WORDS, quoted

_WORDS = {"description": "", "after_match": "after match", "at_most": "at most", "on_timeout": "on timeout emit"}


def yaml_to_rules(tree: Mapping, foot: list[Note], read: syntax.RuleFile) -> str:
    """The text of a file in the language, from its YAML tree and what was read of it.

    Raises:
        Unsayable: a value cannot be said in the language.
    """
    of_kind: dict[str, list[syntax.Declaration]] = {}
    for declaration in read.declarations:
        of_kind.setdefault(_SECTIONS[type(declaration)], []).append(declaration)
    lines: list[str] = []
    for section in tree.entries:
        name = str(section.key)
        entries = [] if isinstance(section.value, Leaf) else section.value.entries
        lines += _above(section)
        for entry, declaration in zip(entries, of_kind.get(name, []), strict=True):
            lines += _above(entry)
            lines += _WRITERS[name](entry, declaration)
            lines += [f"  {note.text}" for note in entry.foot]
        lines += _notes([*section.behind, *section.foot], "")
    for note in foot:
        lines += [""] * note.blank_before + [note.text]
    return "\n".join([*lines, ""])


_SECTIONS: dict[type, str] = {
    syntax.EventDeclaration: "events",
    syntax.Definition: "define",
    syntax.Constant: "let",
    syntax.Table: "tables",
    syntax.Rule: "rules",
    syntax.RuleTest: "tests",
}


def _above(entry: Entry) -> list[str]:
    lines: list[str] = []
    for note in entry.before:
        lines += [""] * note.blank_before + [note.text]
    return lines + [""] * entry.blank_before


def _notes(notes: list[Note], indent: str) -> list[str]:
    return [f"{indent}{note.text}" for note in notes]


def _behind(line: str, notes: list[Note]) -> str:
    return f"{line}  {' '.join(note.text for note in notes)}" if notes else line


def _inner(value: Value) -> Iterator[Note]:
    """The comments within a value."""
    if not isinstance(value, Leaf):
        for entry in value.entries:
            yield from (*entry.before, *entry.behind)
            yield from _inner(entry.value)
            yield from entry.foot


def _text(entry: Entry | None) -> str:
    assert entry is not None
    assert isinstance(entry.value, Leaf)
    return entry.value.text


# ---- declarations ----


def _event(entry: Entry, declaration: syntax.Declaration) -> list[str]:
    assert isinstance(declaration, syntax.EventDeclaration)
    assert isinstance(entry.value, Mapping)
    fields = entry.value.get("fields")
    listed = fields.value.entries if fields is not None and isinstance(fields.value, Mapping) else []
    others = [note for option in entry.value.entries for note in (*option.before, *option.behind, *option.foot)]
    above = _notes(others, "")
    head = f"event {quoted(declaration.name)} {{"
    time = "" if declaration.time_field is None else f" time {quoted(declaration.time_field)}"
    identity = "" if declaration.id_field is None else f" id {quoted(declaration.id_field)}"
    closing = f"}}{time}{identity}"
    texts = [f"{quoted(str(field.key))}: {_text(field)}" for field in listed]
    vertical = fields is not None and isinstance(fields.value, Mapping) and not fields.value.compact
    if not (vertical or entry.behind or any(map(_commented, listed)) or any("#" in text for text in texts)):
        return [*above, f"{head} {', '.join(texts)} {closing}"]
    lines = [*above, _behind(head, entry.behind)]
    for field, text in zip(listed, texts, strict=True):
        lines += [*_above(field), _behind(f"  {text}", field.behind), *_notes(field.foot, "  ")]
    return [*lines, closing]


def _commented(entry: Entry) -> bool:
    return bool(entry.before or entry.behind or entry.foot)


def _definition(entry: Entry, declaration: syntax.Declaration) -> list[str]:
    return [_behind(f"define {entry.key} as {_text(entry)}", entry.behind)]


def _constant(entry: Entry, declaration: syntax.Declaration) -> list[str]:
    return [_behind(f"let {quoted(str(entry.key))} = {_text(entry)}", entry.behind)]


def _table(entry: Entry, declaration: syntax.Declaration) -> list[str]:
    return [*_notes(list(_inner(entry.value)), ""), _behind(print_declaration(declaration), entry.behind)]


# ---- rules ----


def _rule(entry: Entry, declaration: syntax.Declaration) -> list[str]:
    assert isinstance(declaration, syntax.Rule)
    assert isinstance(entry.value, Mapping)
    lines = [_behind(f"rule {quoted(declaration.name)}", entry.behind)]
    for clause in entry.value.entries:
        lines += _notes(clause.before, "  ")
        lines += _clause(clause, declaration)
        lines += _notes(clause.foot, "  ")
    return lines


def _clause(entry: Entry, rule: syntax.Rule) -> list[str]:
    key, value = str(entry.key), entry.value
    word = _WORDS.get(key, key)
    if key in ("emit", "on_timeout") and isinstance(value, Mapping):
        emit = rule.emit if key == "emit" else rule.on_timeout
        assert emit is not None
        return _emit(entry, "emit" if key == "emit" else word, value.entries[0], emit)
    if key == "meta":
        return _meta(entry, rule)
    if key == "disabled":
        lines = [_behind("  disabled", entry.behind)] if rule.disabled else _notes(entry.behind, "  ")
        return lines
    text = _clause_text(key, value, rule)
    return [
        *_notes(list(_inner(value)), "  "),
        _behind(f"  {word} {text}".rstrip() if word else f"  {text}", entry.behind),
    ]


def _clause_text(key: str, value: Value, rule: syntax.Rule) -> str:
    match key:
        case "description":
            return print_string(rule.doc or "")
        case "severity":
            return quoted(rule.severity or "")
        case "tags":
            return f"[{', '.join(map(print_string, rule.tags))}]"
        case "to":
            return ", ".join(map(print_destination, rule.to))
        case "per" if isinstance(value, Listing):
            return ", ".join(_text(item) for item in value.entries)
        case _:
            assert isinstance(value, Leaf)
            return value.text


def _meta(entry: Entry, rule: syntax.Rule) -> list[str]:
    assert isinstance(entry.value, Mapping)
    lines = _notes(entry.behind, "  ")
    for each, meta in zip(entry.value.entries, rule.meta, strict=True):
        if _holds_map(meta.value):
            raise Unsayable(f"only YAML has mappings as metadata, as that of `{meta.name}`", meta.span, "use names")
        lines += [*_notes(each.before, "  "), *_notes(list(_inner(each.value)), "  ")]
        lines.append(_behind(f"  meta {quoted(meta.name)} = {print_expression(meta.value)}", each.behind))
        lines += _notes(each.foot, "  ")
    return lines


def _holds_map(node: syntax.Expression) -> bool:
    return isinstance(node, syntax.MapOf) or (isinstance(node, syntax.ListOf) and any(map(_holds_map, node.items)))


def _emit(entry: Entry, word: str, emitted: Entry, emit: syntax.Emit) -> list[str]:
    fields = emitted.value.entries if isinstance(emitted.value, Mapping) else []
    notes = [*emitted.before, *entry.behind, *emitted.behind, *emitted.foot]
    if not fields:
        return [*_notes(notes, "  "), f"  {word} {quoted(emit.type)}"]
    commented = any(map(_commented, fields))
    lines = _notes(notes if commented else emitted.before, "  ")
    made: list[str] = []
    written = iter(emit.fields)
    for field in fields:
        made += _notes(field.before, "    ")
        text = "*" if field.key == "*" else _field(field, next(written))
        made.append(_behind(f"    {text},", field.behind))
        made += _notes(field.foot, "    ")
    start = f"  {word} {quoted(emit.type)}("
    if commented:
        return [*lines, start, *made, "  )"]
    joined = " ".join(line.strip() for line in made).removesuffix(",")
    return [*lines, _behind(f"{start}{joined})", [*entry.behind, *emitted.behind, *emitted.foot])]


def _field(entry: Entry, field: syntax.EmitField) -> str:
    text = _text(entry)
    if isinstance(entry.value, Leaf) and entry.value.literal:
        text += "\n"
    return text if field.name is None else f"{quoted(field.name, EXPRESSION_WORDS)} = {text}"


# ---- tests ----


def _test(entry: Entry, declaration: syntax.Declaration) -> list[str]:
    assert isinstance(declaration, syntax.RuleTest)
    assert isinstance(entry.value, Mapping)
    sections = {str(option.key): option for option in entry.value.entries}
    heads = [sections[key] for key in ("name", "for", "from") if key in sections]
    above = [note for head in heads for note in (*head.before, *_inner(head.value), *head.foot)]
    behind = [*entry.behind, *(note for head in heads for note in head.behind)]
    rules = f" for {', '.join(map(quoted, declaration.rules))}" if declaration.rules else ""
    lines = [*_notes(above, ""), _behind(f"test {print_string(declaration.name)}{rules}", behind)]
    zero = "" if declaration.zero is None else f" from {print_string(declaration.zero)}"
    if zero or declaration.given or "given" in sections:
        lines += _section(f"given{zero}", sections.get("given"), declaration.given)
    tables = sections.get("tables")
    if tables is not None and isinstance(tables.value, Mapping):
        lines += _notes([*tables.before, *tables.behind], "  ")
        for table, made in zip(tables.value.entries, declaration.tables, strict=True):
            lines += _section(f"given table {quoted(made.table)}", table, made.rows)
        lines += _notes(tables.foot, "  ")
    word = "expect" if declaration.expect or declaration.open else "expect nothing"
    return lines + _section(word, sections["expect"], declaration.expect)


def _section(head: str, entry: Entry | None, rows: tuple[object, ...]) -> list[str]:
    if entry is None:
        return [f"  {head}"]
    lines = [*_notes(entry.before, "  "), _behind(f"  {head}", entry.behind)]
    items = entry.value.entries if isinstance(entry.value, Listing) else []
    for item, row in zip(items, rows, strict=True):
        lines += _above(item)
        lines += _notes(list(_inner(item.value)), "    ")
        lines.append(_behind(f"    {_row(item, row)}", item.behind))
        lines += _notes(item.foot, "    ")
    return lines + _notes(entry.foot, "  ")


def _row(item: Entry, row: object) -> str:
    if isinstance(row, tuple):
        return f"({_assigned(row)})"
    assert isinstance(item.value, Mapping)
    if isinstance(row, syntax.Fixture):
        return print_string(row.path)
    if isinstance(row, syntax.TimePasses):
        return f"then at {_text(item.value.get('then_at'))}"
    assert isinstance(row, syntax.TimedEvent)
    parts = [_text(entry) for entry in (item.value.get("at"), item.value.get("repeat")) if entry is not None]
    fields = f"({_assigned(row.fields)})" if row.fields else ""
    return " ".join([*parts, f"{quoted(row.type)}{fields}"])


def _assigned(fields: tuple[syntax.EmitField, ...]) -> str:
    return ", ".join(f"{quoted(str(field.name))} = {print_expression(field.value)}" for field in fields)


_WRITERS = {
    "events": _event, "define": _definition, "let": _constant, "tables": _table, "rules": _rule, "tests": _test,
}  # fmt: skip

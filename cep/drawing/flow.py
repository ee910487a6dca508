"""The flow of events through rules: event types, definitions, tables, rules, derived types, and their ends.

Drawing layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Literal

from cep.diagnostics import Span
from cep.drawing.picture import Edge, Node, Picture
from cep.language.checked import CheckedRule, RuleSet
from cep.language.definition_uses import DefinitionUses, definition_uses
from cep.language.rule_files import RuleText, parse_rule_files
from cep.language.syntax import Rule
from cep.plan.compiling import Compilation
from cep.plan.english.rules import sentences
from cep.plan.plan import RulePlan

ANY = "any event type"


def flow_picture(
    loaded: Compilation,
    sources: Sequence[str] = (),
    sinks: Sequence[str] = (),
    definitions: bool = True,
) -> Picture:
    """The flow through rules that compile.

    Args:
        loaded: rules with a plan.
        sources: names that are shown before the event types that no rule emits.
        sinks: names that are shown behind the derived types.
        definitions: whether definitions are nodes of their own.
    """
    assert loaded.rules is not None
    assert loaded.plan is not None
    return _Flow(loaded, loaded.rules, definitions).picture(sources, sinks)


class _Flow:
    """Collects nodes and edges, each once, in the order in which rules are written."""

    def __init__(self, loaded: Compilation, rules: RuleSet, definitions: bool) -> None:
        self._loaded = loaded
        self._rules = rules
        self._with_definitions = definitions
        parsed = parse_rule_files([RuleText(name, text, _form(name)) for name, text in loaded.texts.items()])
        self._uses: DefinitionUses = definition_uses(parsed)
        self._written = {d.name: d for file in parsed for d in file.tree.declarations if isinstance(d, Rule)}
        assert loaded.plan is not None
        self._plans: Mapping[str, RulePlan] = {plan.name: plan for plan in loaded.plan.rules}
        self._emitted = {kind for rule in rules.rules for kind in emitted_types(rule)}
        self._nodes: dict[str, Node] = {}
        self._edges: dict[tuple[str, str], Edge] = {}

    def picture(self, sources: Sequence[str], sinks: Sequence[str]) -> Picture:
        for rule in self._rules.rules:
            self._rule(rule)
        self._mark_unread()
        self._ends(sources, sinks)
        rules = len(self._rules.rules)
        files = len(self._loaded.texts)
        summary = f"{rules} {'rule' if rules == 1 else 'rules'} in {files} {'file' if files == 1 else 'files'}"
        return Picture("Flow of events", summary, tuple(self._nodes.values()), tuple(self._edges.values()))

    # ---- rules ----

    def _rule(self, rule: CheckedRule) -> None:
        number = f"rule {rule.name}"
        self._nodes[number] = self._rule_node(number, rule)
        for source in self._reads(rule):
            self._edge(Edge(source, number, dashed=rule.disabled))
        for table in dict.fromkeys(_tables(rule)):
            self._edge(Edge(self._table(table), number, dashed=rule.disabled))
        self._edge(Edge(number, self._event(rule.emit.type), dashed=rule.disabled))
        if rule.on_timeout is not None:
            self._edge(Edge(number, self._event(rule.on_timeout.type), "on timeout", dashed=True))

    def _rule_node(self, number: str, rule: CheckedRule) -> Node:
        plan = self._plans.get(rule.name)
        about = [rule.doc] if rule.doc else []
        about += sentences(plan) if plan is not None else ["This rule is disabled: it is checked and does not run."]
        keys = ", ".join(key.name for key in rule.keys)
        notes = [" · ".join(filter(None, (rule.severity, f"per {keys}" if keys else None)))]
        marks = frozenset(["disabled"] if rule.disabled else [])
        return Node(
            number,
            "rule",
            rule.name,
            tuple(filter(None, notes)),
            tuple(about),
            self._text(rule.name),
            rule.severity,
            rule.tags,
            marks,
            _place(rule.name_span),
        )

    def _text(self, name: str) -> str | None:
        """The lines of a rule as its author wrote them; of the YAML form they are those of its clauses."""
        written = self._written.get(name)
        if written is None or not written.span.line:
            return None
        lines = self._loaded.texts.get(written.span.file, "").splitlines()
        return "\n".join(lines[written.span.line - 1 : written.span.end_line]).rstrip()

    # ---- what rules read ----

    def _reads(self, rule: CheckedRule) -> Iterator[str]:
        mentions = self._uses.rules.get(rule.name)
        named = [kind for kind in rule.reads if kind is not None]
        if None in rule.reads:
            self._nodes.setdefault(f"event {ANY}", Node(f"event {ANY}", "event", ANY, about=(_ANY_ABOUT,)))
            yield f"event {ANY}"
        if mentions is None or not self._with_definitions:
            yield from (self._event(kind) for kind in named)
            return
        yield from (self._event(kind) for kind in mentions.types)
        yield from (self._definition(phrase) for phrase in mentions.definitions)

    def _definition(self, phrase: str) -> str:
        number = f"definition {phrase}"
        if number in self._nodes:
            return number
        span = self._uses.declared[phrase].span
        lines = self._loaded.texts.get(span.file, "").splitlines()[span.line - 1 : span.end_line]
        self._nodes[number] = Node(number, "definition", phrase, text="\n".join(lines) or None, place=_place(span))
        mentions = self._uses.definitions[phrase]
        for kind in mentions.types:
            self._edge(Edge(self._event(kind), number))
        for other in mentions.definitions:
            self._edge(Edge(self._definition(other), number))
        return number

    def _event(self, kind: str) -> str:
        number = f"event {kind}"
        if number not in self._nodes:
            schema = self._rules.schemas.get(kind)
            about = () if schema is None else (f"Declared with the fields {', '.join(schema.fields)}.",)
            self._nodes[number] = Node(number, "derived" if kind in self._emitted else "event", kind, about=about)
        return number

    def _table(self, name: str) -> str:
        number = f"table {name}"
        table = self._rules.tables.get(name)
        about = () if table is None else (f"Read from {table.path}; its key is {', '.join(table.key)}.",)
        self._nodes.setdefault(number, Node(number, "table", name, about=about))
        return number

    def _edge(self, edge: Edge) -> None:
        known = self._edges.get((edge.source, edge.target))
        if known is None or (known.dashed and not edge.dashed):
            self._edges[edge.source, edge.target] = edge

    # ---- the ends ----

    def _mark_unread(self) -> None:
        read = {edge.source for edge in self._edges.values() if not edge.dashed}  # disabled rules read nothing
        for number, node in self._nodes.items():
            if node.kind == "derived" and number not in read:
                about = (*node.about, "No rule reads it: it goes out.")
                self._nodes[number] = Node(number, "derived", node.name, about=about, marks=frozenset({"unread"}))

    def _ends(self, sources: Sequence[str], sinks: Sequence[str]) -> None:
        nodes = list(self._nodes.values())
        for name in dict.fromkeys(sources):
            number = f"source {name}"
            self._nodes[number] = Node(number, "source", name)
            for node in nodes:
                if node.kind == "event":
                    self._edge(Edge(number, node.id))
        for name in dict.fromkeys(sinks):
            number = f"sink {name}"
            self._nodes[number] = Node(number, "sink", name)
            for node in nodes:
                if node.kind == "derived":
                    self._edge(Edge(node.id, number))


_ANY_ABOUT = "`any(…)` reads the events of sources whatever their type."


def emitted_types(rule: CheckedRule) -> list[str]:
    """The types that a rule emits."""
    return [rule.emit.type, *([rule.on_timeout.type] if rule.on_timeout is not None else [])]


def _place(span: Span) -> str | None:
    """The file with its folder, and the line; not the whole path, since pictures are passed on."""
    return f"{'/'.join(PurePath(span.file).parts[-2:])}:{span.line}" if span.line else None


def _form(name: str) -> Literal["cep", "yaml"]:
    return "yaml" if name.lower().endswith((".yaml", ".yml")) else "cep"


def _tables(rule: CheckedRule) -> Iterator[str]:
    from cep.language.checked import CheckedLookup, Expectation
    from cep.plan.walk import walk

    for join in rule.joins:
        if isinstance(join, CheckedLookup):
            yield join.table
    for node in walk(rule.pattern):
        if isinstance(node, Expectation):
            yield node.table

"""The YAML form of rule files: the same clauses as keys, each value a fragment of the language. Language layer.

.. code-block:: yaml

    events:
      Login:
        fields: {user: string, outcome: 'string in ["success", "failure"]', ip: string?, at: timestamp}
        time: at                          # and id
    define:
      failed login: Login(outcome == "failure")
      big payment(least = 1000): Payment(amount > least)
    let:
      grace: 10 minutes
    tables:
      hosts: {from: hosts.csv, key: host} # key: [host, site] for several
    rules:
      brute_force:
        description: Three failed logins within 5 minutes.
        when: three failed logins within 5 minutes
        per: user                         # or a list of keys
        emit:
          BruteForce: {user: user, attempts: count()}     # or text: BruteForce(user, attempts = count())
        severity: high
        tags: [attack.t1110]
        meta: {owner: security}
      card_velocity:
        from: Payment
        per: card
        over: last 10 minutes
        when: sum(amount) > 5_000 every time
        emit: CardVelocity(card)
        at_most: 1 every 1 hour
    tests:
      - name: the third failure raises one alert
        for: brute_force                  # or a list of rules
        from: 2026-01-01T00:00:00Z        # the time zero
        tables: {hosts: [{host: a}]}
        given:
          - {at: 0s, Login: {user: ann, outcome: failure}}
          - {at: 1m, repeat: 2x every 10s, Login: {user: ann, outcome: failure}}
          - {then_at: 10m}
          - {file: fixtures/logins.jsonl}
        expect: []                        # or `nothing`, or rows as in given; left empty: for `--update`

The other keys of a rule are ``where``, ``within``, ``having``, ``after_match``, ``on_timeout``, ``limit``, ``to``
and ``disabled``. Plain data, and no fragments, are ``description``, ``severity``, ``tags``, ``meta``, ``to``,
``disabled`` and the values in tests. Keys are names as they are, without backticks, save those of ``define``. A
rule of which a value cannot be read is kept without it (``syntax.Rule.broken``); other declarations are left out. Both
are listed as broken, like those of the other form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

from cep.diagnostics import Diagnostic, Span
from cep.language import syntax
from cep.language.checking.near_names import renamed
from cep.language.ignoring import find_ignores
from cep.language.parser import ParsedFile, parse_fragment
from cep.language.reader.clauses import CLAUSES, mentioned_clauses
from cep.language.reader.places import Places
from cep.language.reader.recovery import Broken, is_harmless
from cep.language.reader.yaml_nodes import Entries, Items, Node, Scalar, read_nodes
from cep.language.words import can_be_quoted, closest, is_plain_name
from cep.types import INT64_MAX, INT64_MIN, MAX_DIGITS

Item = TypeVar("Item")
Value = TypeVar("Value")

SECTIONS = ("events", "define", "let", "tables", "rules", "tests")
RULE_KEYS = (
    "description", "when", "from", "over", "where", "within", "per", "having", "after_match", "emit", "on_timeout",
    "limit", "to", "at_most", "severity", "tags", "meta", "disabled",
)  # fmt: skip
_CLAUSE_NAMES = {"description": "doc", "after_match": "after match", "on_timeout": "on timeout", "at_most": "at most"}
_PATTERN_ONLY = ("within", "after_match", "on_timeout", "limit")


def parse_yaml(text: str, file: str = "<rules>") -> ParsedFile:
    """Reads a rule file in its YAML form. Never raises for what an author may write."""
    places = Places(file, text)
    root, diagnostics = read_nodes(text, places)
    reader = _YamlReader(places, diagnostics)
    if root is not None:
        reader.read(root)
    span = places.span(0, len(text))
    tree = syntax.RuleFile(tuple(reader.declarations), span=span)
    found = tuple(sorted(reader.diagnostics, key=lambda d: d.span))
    return ParsedFile(tree, found, tuple(reader.broken), find_ignores(text, places, "yaml"))


class _Unreadable(Exception):
    """The value has been reported; what it belongs to is left out, but for ``sound``, the other values in it."""

    def __init__(self, sound: Sequence[Any] = ()) -> None:
        super().__init__()
        self.sound = sound


class _YamlReader:
    """Reads one file. ``declarations``, ``diagnostics`` and ``broken`` grow."""

    def __init__(self, places: Places, diagnostics: list[Diagnostic]) -> None:
        self.places = places
        self.diagnostics = diagnostics
        self.declarations: list[syntax.Declaration] = []
        self.broken: list[Broken] = []

    # ---- what all sections need ----

    def report(
        self,
        code: str,
        message: str,
        span: Span,
        hint: str | None = None,
        related: tuple[tuple[Span, str], ...] = (),
    ) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, hint, related=related))

    def refuse(self, code: str, message: str, span: Span, hint: str | None = None) -> _Unreadable:
        """Reports, and gives the exception to raise."""
        self.report(code, message, span, hint)
        return _Unreadable()

    def entries(self, node: Node, what: str, example: str) -> list[tuple[Scalar, Node]]:
        """The pairs of a mapping; an empty value counts as an empty mapping."""
        if isinstance(node, Entries):
            return node.pairs
        if isinstance(node, Scalar) and node.refused:
            raise _Unreadable
        if isinstance(node, Scalar) and node.kind == "null":
            return []
        raise self.refuse("CEP146", f"{what} is a mapping", node.span, f"write `{example}`")

    def scalar(self, node: Node, what: str) -> Scalar:
        if isinstance(node, Scalar) and node.kind != "null":
            return node
        if isinstance(node, Scalar) and node.refused:
            raise _Unreadable
        raise self.refuse("CEP146", f"{what} is a single value", node.span, None)

    def known(self, key: Scalar, keys: tuple[str, ...], where: str) -> bool:
        """Whether the key is one of these; reports it otherwise."""
        if key.text in keys:
            return True
        near = closest(key.text, keys)
        hint = f"did you mean `{near}`?" if near else f"keys are: {', '.join(keys)}"
        fix = renamed(key.text, keys, key.span)
        self.diagnostics.append(Diagnostic("CEP145", f"{where} has no key `{key.text}`", key.span, hint, fix=fix))
        return False

    def name(self, key: Scalar, what: str) -> str:
        if can_be_quoted(key.text):
            return key.text
        raise self.refuse(
            "CEP146", f"this is no name of {what}", key.span, "names hold neither backticks nor line breaks"
        )

    def fragment(self, entry: str, node: Node, what: str) -> Any:
        """The value of a fragment of the language."""
        scalar = self.scalar(node, what)
        parsed = parse_fragment(entry, scalar.text, places=self.places.fragment(scalar.origins))
        self.diagnostics.extend(parsed.diagnostics)
        if parsed.value is None or not all(map(is_harmless, parsed.diagnostics)):
            raise _Unreadable
        return parsed.value

    def expression(self, node: Node, what: str) -> syntax.Expression:
        return cast("syntax.Expression", self.fragment("expression", node, what))

    def read(self, root: Node) -> None:
        """Reads the whole file."""
        readers: dict[str, Callable[[Scalar, Node], syntax.Declaration]] = {
            "events": self._event,
            "define": self._definition,
            "let": self._constant,
            "tables": self._table,
            "rules": self._rule,
        }
        try:
            sections = self.entries(root, "a rule file", "rules:")
        except _Unreadable:
            return
        for key, node in sections:
            if not self.known(key, SECTIONS, "a rule file"):
                continue
            if key.text == "tests":
                self._tests(node)
            else:
                self._section(key.text, node, readers[key.text])

    def _section(self, section: str, node: Node, read: Callable[[Scalar, Node], syntax.Declaration]) -> None:
        try:
            pairs = self.entries(node, f"`{section}`", f"{section}: {{NAME: …}}")
        except _Unreadable:
            return
        for key, value in pairs:
            try:
                declaration = read(key, value)
            except _Unreadable:
                self.broken.append(_broken(section, key, value))
                continue
            self.declarations.append(declaration)
            if isinstance(declaration, syntax.Rule) and declaration.broken:
                self.broken.append(_broken(section, key, value))

    def each(self, items: Iterable[Item], read: Callable[[Item], Value]) -> list[Value]:
        """What is read of each item. The others are read, and so reported, where one of them cannot be."""
        values: list[Value] = []
        unreadable = False
        for item in items:
            try:
                values.append(read(item))
            except _Unreadable:
                unreadable = True
        if unreadable:
            raise _Unreadable(values)
        return values

    # ---- events, definitions, constants, tables ----

    def _event(self, key: Scalar, node: Node) -> syntax.EventDeclaration:
        fields: tuple[syntax.FieldDeclaration, ...] = ()
        options: dict[str, str] = {}
        pairs = self.entries(node, "an event", "Login: {fields: {user: string}}")
        if pairs and not any(closest(option.text, ("fields",)) for option, _ in pairs):
            message = f"the fields of the event `{key.text}` stand under `fields`"
            raise self.refuse("CEP147", message, key.span, f"write `fields: {{{pairs[0][0].text}: …}}`")
        for option, value in pairs:
            if not self.known(option, ("fields", "time", "id"), "an event"):
                continue
            if option.text == "fields":
                listed = self.entries(value, "`fields`", "fields: {user: string}")
                fields = tuple(self.each(listed, lambda pair: self._field(*pair)))
            else:
                options[option.text] = self.name(self.scalar(value, f"`{option.text}`"), "a field")
        name = self.name(key, "an event")
        return syntax.EventDeclaration(
            name, fields, options.get("time"), options.get("id"), span=key.span.to(node.span)
        )

    def _field(self, key: Scalar, node: Node) -> syntax.FieldDeclaration:
        kind = self.fragment("type", node, f"the type of `{key.text}`")
        return syntax.FieldDeclaration(self.name(key, "a field"), kind, span=key.span.to(node.span))

    def _definition(self, key: Scalar, node: Node) -> syntax.Definition:
        words, parameters = self.fragment("definition_head", key, "a definition's name")
        events = self.fragment("phrases", node, f"the definition `{key.text}`")
        return syntax.Definition(words, events, parameters, span=key.span.to(node.span))

    def _constant(self, key: Scalar, node: Node) -> syntax.Constant:
        value = self.expression(node, f"the constant `{key.text}`")
        return syntax.Constant(self.name(key, "a constant"), value, span=key.span.to(node.span))

    def _table(self, key: Scalar, node: Node) -> syntax.Table:
        values: dict[str, Node] = {}
        for option, value in self.entries(node, "a table", "hosts: {from: hosts.csv, key: host}"):
            if self.known(option, ("from", "key"), "a table"):
                values[option.text] = value
        for needed in ("from", "key"):
            if needed not in values:
                example = f"{key.text}: {{from: hosts.csv, key: host}}"
                raise self.refuse("CEP147", f"the table `{key.text}` has no `{needed}`", key.span, f"write `{example}`")
        path = self.scalar(values["from"], "`from`").text
        fields = tuple(self.name(field, "a field") for field in self.listed(values["key"], "`key`"))
        return syntax.Table(self.name(key, "a table"), path, fields, span=key.span.to(node.span))

    def listed(self, node: Node, what: str) -> list[Scalar]:
        """One value, or the values of a list."""
        items = node.items if isinstance(node, Items) else [node]
        return [self.scalar(item, f"each value of {what}") for item in items]

    # ---- rules ----

    def _rule(self, key: Scalar, node: Node) -> syntax.Rule:
        pairs = self.entries(node, "a rule", f"{key.text}: {{when: …}}")
        over_windows = any(name.text == "from" for name, _ in pairs)
        values: dict[str, Any] = {}
        spans: dict[str, Span] = {}
        broken: set[str] = set()
        for name, value in pairs:
            try:
                if self._belongs(name, over_windows):
                    self._clause(name, value, over_windows, values, spans)
                elif name.text not in RULE_KEYS:
                    broken |= _meant_by(name.text)
            except _Unreadable as error:
                broken.add(_CLAUSE_NAMES.get(name.text, name.text))
                if name.text in ("emit", "on_timeout") and error.sound:
                    values[name.text] = error.sound[0]
        if "pattern" not in values and "input" not in values and not broken & {"when", "from"}:
            message = f"the rule `{key.text}` does not say what it looks for"
            self.report("CEP111", message, key.span, "write `when:` and a pattern, or `from:` and events")
            broken.add("when")
        try:
            name_text = self.name(key, "a rule")
        except _Unreadable:
            name_text = ""
            broken.add("name")
        values["broken"] = frozenset(broken)
        return syntax.Rule(name_text, **values, name_span=key.span, clause_spans=spans, span=key.span.to(node.span))

    def _belongs(self, key: Scalar, over_windows: bool) -> bool:
        if not self.known(key, RULE_KEYS, "a rule"):
            return False
        if over_windows and key.text in _PATTERN_ONLY:
            hint = "only a rule over a pattern has it; a window bounds itself with `over`"
            self.report("CEP109", f"a rule over windows has no `{key.text}`", key.span, hint)
            return False
        if not over_windows and key.text == "over":
            self.report("CEP109", "a rule over a pattern has no `over`", key.span, "a rule over windows has `from`")
            return False
        return True

    def _clause(
        self, key: Scalar, node: Node, over_windows: bool, values: dict[str, Any], spans: dict[str, Span]
    ) -> None:
        span = key.span.to(node.span)
        read = getattr(self, f"_clause_{key.text}", None)
        found: dict[str, Any] = read(node) if read is not None else self._when(node, over_windows)
        if "within" in found and "within" in values:
            related = ((spans["within"], "the first is here"),)
            self.report("CEP108", "the clause `within` stands twice", span, "keep one of them", related)
            found.pop("within")
        values.update(found)
        spans.setdefault(_CLAUSE_NAMES.get(key.text, key.text), span)
        if "within" in found:
            spans.setdefault("within", span)

    def _when(self, node: Node, over_windows: bool) -> dict[str, Any]:
        if over_windows:
            condition, firing = self.fragment("window_when", node, "`when`")
            return {"when": condition, "firing": firing}
        pattern, within = self.fragment("pattern", node, "`when`")
        return {"pattern": pattern} if within is None else {"pattern": pattern, "within": within}

    # Each returns the fields of syntax.Rule that its key sets.

    def _clause_description(self, node: Node) -> dict[str, Any]:
        return {"doc": self.scalar(node, "`description`").text}

    def _clause_from(self, node: Node) -> dict[str, Any]:
        return {"input": self.fragment("input", node, "`from`")}

    def _clause_over(self, node: Node) -> dict[str, Any]:
        return {"over": self.fragment("window", node, "`over`")}

    def _clause_where(self, node: Node) -> dict[str, Any]:
        return {"where": self.expression(node, "`where`")}

    def _clause_having(self, node: Node) -> dict[str, Any]:
        return {"having": self.expression(node, "`having`")}

    def _clause_within(self, node: Node) -> dict[str, Any]:
        return {"within": self.fragment("duration", node, "`within`")}

    def _clause_per(self, node: Node) -> dict[str, Any]:
        read = self.each(self.listed(node, "`per`"), lambda item: self.fragment("keys", item, "`per`"))
        keys: list[syntax.Key] = [key for of_item in read for key in of_item]
        seen: set[str] = set()
        for key in keys:
            if key.name in seen:
                self.report("CEP108", f"the key `{key.name}` stands twice", key.span, "keep one of them")
            seen.add(key.name)
        return {"per": tuple(keys)}

    def _clause_after_match(self, node: Node) -> dict[str, Any]:
        return {"after_match": self.fragment("strategy", node, "`after_match`")}

    def _clause_emit(self, node: Node) -> dict[str, Any]:
        return {"emit": self._emit(node, "emit")}

    def _clause_on_timeout(self, node: Node) -> dict[str, Any]:
        return {"on_timeout": self._emit(node, "on_timeout")}

    def _clause_limit(self, node: Node) -> dict[str, Any]:
        return {"limit": self.fragment("count", node, "`limit`")}

    def _clause_to(self, node: Node) -> dict[str, Any]:
        return {"to": tuple(item.text for item in self.listed(node, "`to`"))}

    def _clause_at_most(self, node: Node) -> dict[str, Any]:
        return {"at_most": self.fragment("at_most", node, "`at_most`")}

    def _clause_severity(self, node: Node) -> dict[str, Any]:
        return {"severity": self.name(self.scalar(node, "`severity`"), "a severity")}

    def _clause_tags(self, node: Node) -> dict[str, Any]:
        return {"tags": tuple(item.text for item in self.listed(node, "`tags`"))}

    def _clause_meta(self, node: Node) -> dict[str, Any]:
        pairs = self.entries(node, "`meta`", "meta: {owner: security}")
        return {
            "meta": tuple(
                syntax.Meta(self.name(key, "a value"), self.data(value), span=key.span.to(value.span))
                for key, value in pairs
            )
        }

    def _clause_disabled(self, node: Node) -> dict[str, Any]:
        if isinstance(node, Scalar) and node.kind == "bool":
            return {"disabled": node.text.lower() == "true"}
        raise self.refuse("CEP146", "`disabled` is true or false", node.span, "write `disabled: true`")

    def _emit(self, node: Node, clause: str) -> syntax.Emit:
        if isinstance(node, Scalar):
            return cast("syntax.Emit", self.fragment("emit", node, f"`{clause}`"))
        pairs = self.entries(node, f"`{clause}`", f"{clause}: {{Alert: {{user: user}}}}")
        if len(pairs) != 1:
            raise self.refuse(
                "CEP146", f"`{clause}` names one derived event", node.span, "write one name and its fields"
            )
        ((key, value),) = pairs
        written = self.entries(value, "what is emitted", f"{key.text}: {{user: user}}")
        star = any(name.text == "*" for name, _ in written)
        named = [pair for pair in written if pair[0].text != "*"]
        try:
            fields = self.each(named, lambda pair: self._emit_field(*pair))
        except _Unreadable as error:
            raise _Unreadable([syntax.Emit(key.text, tuple(error.sound), star, span=key.span.to(value.span))]) from None
        return syntax.Emit(self.name(key, "an event"), tuple(fields), star, span=key.span.to(value.span))

    def _emit_field(self, key: Scalar, node: Node) -> syntax.EmitField:
        value = self.expression(node, f"the field `{key.text}`")
        name: str | None = self.name(key, "a field")
        if isinstance(value, syntax.Name) and value.text == name:
            name = None  # as in `emit Alert(user)`
        return syntax.EmitField(value, name, span=key.span.to(node.span))

    # ---- tests ----

    def _tests(self, node: Node) -> None:
        if isinstance(node, Scalar) and node.kind == "null":
            return
        if not isinstance(node, Items):
            self.report("CEP146", "`tests` is a list", node.span, "write each test as `- name: …`")
            return
        for item in node.items:
            try:
                self.declarations.append(self._test(item))
            except _Unreadable:
                continue

    def _test(self, node: Node) -> syntax.RuleTest:
        keys = ("name", "for", "from", "tables", "given", "expect")
        pairs = self.entries(node, "a test", "- name: …")
        values = {key.text: value for key, value in pairs if self.known(key, keys, "a test")}
        for needed in ("name", "expect"):
            if needed not in values:
                raise self.refuse("CEP147", f"this test has no `{needed}`", node.span, f"write `{needed}:`")
        tables = (
            self.entries(values["tables"], "`tables`", "tables: {hosts: [{host: a}]}") if "tables" in values else []
        )
        reads: list[tuple[list[Node], Callable[[Node], Any]]] = [
            (self._rows(values.get("given"), "`given`"), self._row),
            (self._rows(values["expect"], "`expect`"), self._expected),
        ]
        given, expect = self.each(reads, lambda rows: self.each(*rows))
        return syntax.RuleTest(
            self.scalar(values["name"], "`name`").text,
            tuple(self.name(item, "a rule") for item in self.listed(values["for"], "`for`")) if "for" in values else (),
            tuple(given),
            tuple(expect),
            tuple(self._table_rows(key, value) for key, value in tables),
            self.scalar(values["from"], "`from`").text if "from" in values else None,
            isinstance(values["expect"], Scalar) and values["expect"].kind == "null",
            span=node.span,
        )

    def _rows(self, node: Node | None, what: str) -> list[Node]:
        if node is None or (isinstance(node, Scalar) and (node.kind == "null" or node.text == "nothing")):
            return []
        if isinstance(node, Items):
            return node.items
        raise self.refuse(
            "CEP146", f"{what} is a list of rows", node.span, "write each row as `- {at: 0s, Login: {user: ann}}`"
        )

    def _expected(self, node: Node) -> syntax.TimedEvent:
        row = self._row(node)
        if isinstance(row, syntax.TimedEvent) and row.every is None:
            return row
        raise self.refuse(
            "CEP146", "a row of `expect` is one event", node.span, "write `- {at: 0s, Alert: {user: ann}}`"
        )

    def _row(self, node: Node) -> syntax.GivenRow:
        example = "- {at: 0s, Login: {user: ann}}"
        pairs = self.entries(node, "a row", example)
        if [key.text for key, _ in pairs] == ["file"]:
            return syntax.Fixture(self.scalar(pairs[0][1], "`file`").text, span=node.span)
        options = {key.text: value for key, value in pairs if key.text in ("at", "repeat", "then_at")}
        events = [(key, value) for key, value in pairs if key.text not in options]
        if "then_at" in options and len(pairs) == 1:
            return syntax.TimePasses(self.fragment("time", options["then_at"], "`then_at`"), span=node.span)
        if len(events) != 1 or "then_at" in options:
            raise self.refuse("CEP146", "a row is one event and its time", node.span, f"write `{example}`")
        if "at" not in options and "repeat" not in options:
            raise self.refuse("CEP147", "this row has no time", node.span, f"write `{example}`")
        ((key, fields),) = events
        at = self.fragment("time", options["at"], "`at`") if "at" in options else None
        times, every = self.fragment("repeat", options["repeat"], "`repeat`") if "repeat" in options else (1, None)
        return syntax.TimedEvent(
            self.name(key, "an event"), self._data_fields(fields), at, times, every, span=node.span
        )

    def _table_rows(self, key: Scalar, node: Node) -> syntax.TableRows:
        rows = tuple(self._data_fields(row) for row in self._rows(node, f"`{key.text}`"))
        return syntax.TableRows(self.name(key, "a table"), rows, span=key.span.to(node.span))

    def _data_fields(self, node: Node) -> tuple[syntax.EmitField, ...]:
        return tuple(
            syntax.EmitField(self.data(value), self.name(key, "a field"), span=key.span.to(value.span))
            for key, value in self.entries(node, "an event's data", "Login: {user: ann}")
        )

    def data(self, node: Node) -> syntax.Expression:
        """Plain data as literals."""
        if isinstance(node, Items):
            return syntax.ListOf(tuple(self.data(item) for item in node.items), span=node.span)
        if isinstance(node, Entries):
            entries = tuple((key.text, self.data(value)) for key, value in node.pairs)
            return syntax.MapOf(entries, span=node.span)
        match node.kind:
            case "int":
                return syntax.Literal(self._integer(node), "int", span=node.span)
            case "float":
                return syntax.Literal(self._float(node), "float", span=node.span)
            case "bool":
                return syntax.Literal(node.text.lower() == "true", "bool", span=node.span)
            case "null":
                return syntax.Literal(None, "null", span=node.span)
            case _:
                return syntax.Literal(node.text, "string", span=node.span)

    def _integer(self, node: Scalar) -> int:
        digits = node.text
        value = int(digits, {"0x": 16, "0o": 8}.get(digits[:2], 10)) if len(digits) <= MAX_DIGITS else INT64_MAX + 1
        if INT64_MIN <= value <= INT64_MAX:
            return value
        raise self.refuse("CEP117", "this number does not fit 64 bits", node.span, "put it in quotes if it is a name")

    def _float(self, node: Scalar) -> float:
        value = float(node.text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        if value - value == 0:
            return value
        raise self.refuse("CEP117", "this number is no finite float", node.span, None)


def _meant_by(key: str) -> frozenset[str]:
    """The clauses that an unknown key may stand for: the one that it is nearly, or any."""
    words = key.replace("_", " ").replace("-", " ")
    near = closest(key, RULE_KEYS)
    found = mentioned_clauses(words) | ({_CLAUSE_NAMES.get(near, near)} if near is not None else frozenset())
    return found or CLAUSES - {"from"}


_KINDS = {"events": "event", "define": "define", "let": "let", "tables": "table", "rules": "rule"}


def _broken(section: str, key: Scalar, node: Node) -> Broken:
    name = key.text.split("(")[0].strip() if section == "define" else key.text
    emits: list[str] = []
    if section == "rules" and isinstance(node, Entries):
        for clause in ("emit", "on_timeout"):
            emitted = node.get(clause)
            if isinstance(emitted, Entries):
                emits.extend(inner.text for inner, _ in emitted.pairs)
            elif isinstance(emitted, Scalar):
                emits.append(emitted.text.split("(")[0].strip().strip("`"))
    return Broken(cast("Any", _KINDS[section]), name, tuple(emit for emit in emits if emit or is_plain_name(emit)))

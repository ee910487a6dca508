"""From the parser's tree to clauses and declarations. Language layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cep.diagnostics import Span
from cep.language import syntax
from cep.language.reader.clauses import mentioned_clauses
from cep.language.reader.patterns import PatternBuilder
from cep.language.reader.recovery import is_harmless
from cep.language.words import PATTERN_ENDS, PATTERN_STARTS, is_plain_name

if TYPE_CHECKING:
    from lark import Token, Tree

    Built = Tree[Token]

CLAUSE_TEXT = {
    "pattern_when": "when",
    "window_when": "when",
    "after_match": "after match",
    "on_timeout": "on timeout",
    "at_most": "at most",
}
"""Clauses whose name in the grammar is not what the author types."""

_STAND_FOR = {"when": ("pattern", "when", "firing"), "from": ("pattern", "input")}
"""The values of a rule that are not known where the clause is not."""

_PATTERN_ONLY = {
    "within": "its window bounds it: `over last 10 minutes`",
    "after_match": "it fires when its condition becomes true, which `every time` changes",
    "on_timeout": "only a pattern can run out of time",
    "limit": "only a pattern has runs to limit",
}

_TWO_WORDS = {("at", "most"): "at most", ("on", "timeout"): "on timeout", ("after", "match"): "after match"}


class DeclarationBuilder(PatternBuilder):
    """Builds clauses and declarations. A declaration that has no meaning is reported and left out (null)."""

    def on_file(self, tree: Built) -> list[tuple[Built, syntax.Declaration | None]]:
        """The declarations, each with its tree."""
        return [(child, self.declaration(child)) for child in self.trees(tree)]

    def declaration(self, tree: Built, lost: frozenset[str] = frozenset()) -> syntax.Declaration | None:
        """One declaration, null if it was reported as having no meaning. ``lost`` are clauses that were not read."""
        self._lost = lost
        node: syntax.Declaration | None = self.build(tree)
        self._settle_minimum()
        return node

    # ---- schemas, definitions, constants, tables ----

    def on_event_declaration(self, tree: Built) -> syntax.EventDeclaration:
        name, *_ = self.names(tree)
        fields = self._build_all(self.trees(tree, "field"))
        self._refuse_twice(fields, "the field")
        options: dict[str, str] = {}
        for option in self.trees(tree, "time_field", "id_field"):
            if option.data in options:
                word = option.data.removesuffix("_field")
                self.report("CEP108", f"`{word}` stands twice", self.span(option), "keep one of them")
            options.setdefault(option.data, self.on_name(self.trees(option)[0]))
        return syntax.EventDeclaration(
            name, fields, options.get("time_field"), options.get("id_field"), span=self.span(tree)
        )

    def _refuse_twice(self, named: tuple[Any, ...], what: str) -> None:
        seen: dict[str, Span] = {}
        for item in named:
            if item.name in seen:
                related = ((seen[item.name], "it is here already"),)
                self.report("CEP108", f"{what} `{item.name}` stands twice", item.span, "keep one of them", related)
            seen.setdefault(item.name, item.span)

    def on_field(self, tree: Built) -> syntax.FieldDeclaration:
        token = self.tokens(tree, "FIELD")[0]
        name = token[1:-1] if token.startswith("`") else str(token)
        return syntax.FieldDeclaration(name, self.build(self.trees(tree)[0]), span=self.span(tree))

    def on_type(self, tree: Built) -> syntax.TypeExpr:
        (name,) = self.trees(tree, "type_name")
        arguments = self.trees(tree, "type_arguments")
        domain = self.trees(tree, "list_literal")
        return syntax.TypeExpr(
            str(self.tokens(name)[0]),
            self._build_all(self.trees(arguments[0])) if arguments else (),
            bool(self.tokens(tree, "QUESTION")),
            self.build(domain[0]).items if domain else (),
            span=self.span(tree),
        )

    def on_definition(self, tree: Built) -> syntax.Definition:
        words = self.defined_words(self.trees(tree, "define_word"))
        parameters = self.trees(tree, "parameters")
        (events,) = self.trees(tree, "alternatives")
        return syntax.Definition(
            words,
            self.on_alternatives(events),
            self.on_parameters(parameters[0]) if parameters else (),
            span=self.span(tree),
        )

    def on_alternatives(self, tree: Built) -> tuple[syntax.EventPhrase, ...]:
        return self._build_all(self.trees(tree))

    def on_parameters(self, tree: Built) -> tuple[syntax.Parameter, ...]:
        parameters = self._build_all(self.trees(tree))
        self._refuse_twice(parameters, "the parameter")
        return parameters

    def on_parameter(self, tree: Built) -> syntax.Parameter:
        name, *default = self.trees(tree)
        value = self.build(default[0]) if default else None
        return syntax.Parameter(self.on_name(name), value, span=self.span(tree))

    def defined_words(self, trees: list[Built]) -> tuple[str, ...]:
        """The words of a definition; words that would end or begin a pattern are refused."""
        tokens = [self.tokens(tree)[0] for tree in trees]
        words = tuple(self.word(token) for token in tokens)
        if self.refuse_phrase(tokens, defining=True):
            return words
        for index, token in enumerate(tokens):
            pair = _TWO_WORDS.get((str(token), str(tokens[index + 1]) if index + 1 < len(tokens) else ""))
            ends = str(token) in PATTERN_ENDS or pair is not None
            if token.type == "NAME" and (ends or (index == 0 and token in PATTERN_STARTS)):
                self._refuse_words(tokens, index, pair or str(token), ends)
                break
        return words

    def _refuse_words(self, tokens: list[Token], index: int, word: str, ends: bool) -> None:
        joined = "_".join(self.word(token) for token in tokens)
        quoted = " ".join(f"`{self.word(t)}`" if i == index else str(t) for i, t in enumerate(tokens))
        one = f"`{joined}`" if is_plain_name(joined) and len(tokens) > 1 else None
        options = [option for option in (one, f"backticks: {quoted}" if word.isalpha() else None) if option]
        self.report(
            "CEP119",
            f"a phrase cannot {'hold' if ends else 'begin with'} the word `{word}`",
            self.span(tokens[index]),
            f"write {' or '.join(options)}" if options else "choose other words",
        )

    def on_constant(self, tree: Built) -> syntax.Constant:
        name, value = self.trees(tree)
        return syntax.Constant(self.on_name(name), self.build(value), span=self.span(tree))

    def on_table(self, tree: Built) -> syntax.Table:
        name, *key = self.names(tree)
        path = self.string(self.tokens(tree, "STRING")[0])
        return syntax.Table(name, path, tuple(key), span=self.span(tree))

    # ---- rules ----

    def on_rule(self, tree: Built) -> syntax.Rule:
        """The rule. Clauses that were reported as having no meaning are left out and noted as broken."""
        name, *clauses = self.trees(tree)
        values: dict[str, Any] = {}
        spans: dict[str, Span] = {}
        broken = set(self._lost)
        over_windows = bool(self.trees(tree, "window_part"))
        for clause in self._flat(clauses):
            before = len(self.diagnostics)
            added = self._add_clause(clause, over_windows, values, spans)
            self._settle_minimum()
            if clause.data == "pattern_when" and any(d.code == "CEP108" for d in self.diagnostics[before:]):
                broken.add("when")  # which of them is meant is not known
            if not all(map(is_harmless, self.diagnostics[before:])):
                broken |= self._broken_in(clause)
                for value in added:
                    values.pop(value, None)
        for clause_name in broken & _STAND_FOR.keys():  # what stands there is what it was mended with
            for value in _STAND_FOR[clause_name]:
                values.pop(value, None)
        rule_name = self.on_name(name)
        name_span = self.span(name)
        if (
            values.get("pattern") is None
            and values.get("input") is None
            and not broken & {"when", "from", "name", "doc"}
        ):
            broken.add("when")
            self.report(
                "CEP111",
                f"the rule `{rule_name}` does not say what it looks for",
                name_span,
                "write `when` and a pattern, or `from` and the events it reads",
            )
        values["broken"] = frozenset(broken)
        return syntax.Rule(rule_name, **values, name_span=name_span, clause_spans=spans, span=self.span(tree))

    def _broken_in(self, tree: Built) -> frozenset[str]:
        """What is lost with a clause: itself, and the clauses that a phrase in it may have swallowed."""
        from lark import Token

        words = " ".join(tree.scan_values(lambda value: isinstance(value, Token)))
        return (mentioned_clauses(words) - {"from"}) | {CLAUSE_TEXT.get(tree.data, tree.data)}

    def _flat(self, clauses: list[Built]) -> list[Built]:
        flat: list[Built] = []
        for clause in clauses:
            flat.extend(self.trees(clause) if clause.data in ("pattern_part", "window_part") else [clause])
        return flat

    def _add_clause(
        self, tree: Built, over_windows: bool, values: dict[str, Any], spans: dict[str, Span]
    ) -> tuple[str, ...]:
        """Reads a clause into ``values``; gives the names of what it added."""
        clause, span = CLAUSE_TEXT.get(tree.data, tree.data), self.span(tree)
        found: dict[str, Any] = {}
        if not self._belongs(tree, over_windows, span):
            return ()
        if tree.data == "meta":
            self._add_meta(tree, values)
        elif clause in spans:
            self._twice(clause, span, spans[clause])
            return ()
        else:
            found = getattr(self, f"clause_{tree.data}")(tree)
            values.update(found)
            if tree.data == "at_most":
                self._hand_back_keys(tree, values, spans)
        spans.setdefault(clause, span)
        return tuple(found)

    def _twice(self, clause: str, span: Span, first: Span) -> None:
        hint = "join the conditions by `and`" if clause in ("where", "having", "when") else "keep one of them"
        self.report("CEP108", f"the clause `{clause}` stands twice", span, hint, ((first, "the first is here"),))

    def _belongs(self, tree: Built, over_windows: bool, span: Span) -> bool:
        clause = CLAUSE_TEXT.get(tree.data, tree.data)
        if over_windows and tree.data in _PATTERN_ONLY:
            message = f"a rule over windows has no `{clause}`"
            self.report("CEP109", message, span, _PATTERN_ONLY[tree.data])
            return False
        if not over_windows and tree.data == "over":
            self.report(
                "CEP109",
                "a rule over a pattern has no `over`",
                span,
                "for a rule over windows write `from` and its events before `over` and `when`",
            )
            return False
        return True

    def _add_meta(self, tree: Built, values: dict[str, Any]) -> None:
        name, value = self.trees(tree)
        meta = syntax.Meta(self.on_name(name), self.build(value), span=self.span(tree))
        self._refuse_twice((*values.get("meta", ()), meta), "the meta value")
        values["meta"] = (*values.get("meta", ()), meta)

    def _hand_back_keys(self, tree: Built, values: dict[str, Any], spans: dict[str, Span]) -> None:
        """``per`` on a line after ``at most N every D`` is the rule's own clause."""
        for per in self.trees(tree, "at_most_per"):
            span = self.span(per)
            if span.line == self.span(self.trees(tree, "duration")[0]).end_line:
                continue
            limit = values["at_most"]
            values["at_most"] = syntax.AtMost(limit.count, limit.every, span=limit.span)
            if "per" in spans:
                self._twice("per", span, spans["per"])
                continue
            values["per"] = limit.per
            spans["per"] = span

    # Each returns the fields of syntax.Rule that its clause sets.

    def clause_doc(self, tree: Built) -> dict[str, Any]:
        return {"doc": self.string(self.tokens(tree)[0])}

    def clause_pattern_when(self, tree: Built) -> dict[str, Any]:
        return {"pattern": self.build(self.trees(tree)[0])}

    def clause_from(self, tree: Built) -> dict[str, Any]:
        return {"input": self.build(self.trees(tree)[0])}

    def clause_window_when(self, tree: Built) -> dict[str, Any]:
        condition, *firing = self._build_all(self.trees(tree))
        return {"when": condition, "firing": firing[0] if firing else None}

    def clause_over(self, tree: Built) -> dict[str, Any]:
        return {"over": self.build(self.trees(tree)[0])}

    def clause_where(self, tree: Built) -> dict[str, Any]:
        return {"where": self.build(self.trees(tree)[0])}

    def clause_within(self, tree: Built) -> dict[str, Any]:
        return {"within": self.build(self.trees(tree)[0])}

    def clause_per(self, tree: Built) -> dict[str, Any]:
        return {"per": self.keys(tree)}

    def clause_having(self, tree: Built) -> dict[str, Any]:
        return {"having": self.build(self.trees(tree)[0])}

    def clause_after_match(self, tree: Built) -> dict[str, Any]:
        return {"after_match": self.strategy(self.trees(tree)[0])}

    def clause_emit(self, tree: Built) -> dict[str, Any]:
        return {"emit": self.on_emitted(self.trees(tree)[0])}

    def clause_on_timeout(self, tree: Built) -> dict[str, Any]:
        return {"on_timeout": self.on_emitted(self.trees(tree)[0])}

    def clause_limit(self, tree: Built) -> dict[str, Any]:
        return {"limit": self.positive(self.trees(tree)[0])}

    def clause_to(self, tree: Built) -> dict[str, Any]:
        return {"to": tuple(self._destination(self.tokens(child)[0]) for child in self.trees(tree))}

    def clause_at_most(self, tree: Built) -> dict[str, Any]:
        return {"at_most": self.at_most(tree)}

    def clause_severity(self, tree: Built) -> dict[str, Any]:
        return {"severity": self.names(tree)[0]}

    def clause_tags(self, tree: Built) -> dict[str, Any]:
        return {"tags": tuple(self._tags(self.build(self.trees(tree)[0])))}

    def clause_disabled(self, tree: Built) -> dict[str, Any]:
        return {"disabled": True}

    def _destination(self, token: Token) -> str:
        return self.string(token) if token.type == "STRING" else self.word(token)

    def _tags(self, tags: syntax.ListOf) -> list[str]:
        texts = []
        for tag in tags.items:
            if isinstance(tag, syntax.Literal) and isinstance(tag.value, str):
                texts.append(tag.value)
            else:
                self.report("CEP122", "a tag must be a text", tag.span, 'write `tags ["attack.t1110"]`')
        return texts

    # ---- parts of clauses ----

    def on_input(self, tree: Built) -> syntax.Input:
        source, *joins = self._build_all(self.trees(tree))
        return syntax.Input(source, tuple(joins), span=self.span(tree))

    def on_source(self, tree: Built) -> syntax.Source:
        names = self.names(tree)
        events = self._build_all(self.trees(tree, "source_phrase"))
        return syntax.Source(events, names[0] if names else None, span=self.span(tree))

    def on_join(self, tree: Built) -> syntax.Join:
        return self._join(tree, left=False)

    def on_left_join(self, tree: Built) -> syntax.Join:
        return self._join(tree, left=True)

    def _join(self, tree: Built, left: bool) -> syntax.Join:
        source, condition, within = self._build_all(self.trees(tree))
        return syntax.Join(source, condition, within, left, span=self.span(tree))

    def on_lookup(self, tree: Built) -> syntax.Lookup:
        return syntax.Lookup(*self._build_all(self.trees(tree)), span=self.span(tree))

    def on_every_time(self, tree: Built) -> syntax.Firing:
        return syntax.Firing("every_time", span=self.span(tree))

    def on_every_count(self, tree: Built) -> syntax.Firing:
        return syntax.Firing("every_count", self.positive(self.trees(tree)[0]), span=self.span(tree))

    def on_while_true(self, tree: Built) -> syntax.Firing:
        return syntax.Firing("while_true", duration=self.build(self.trees(tree)[0]), span=self.span(tree))

    def keys(self, tree: Built) -> tuple[syntax.Key, ...]:
        """The keys among the children."""
        keys = self._build_all(self.trees(tree, "key", "named_key", "key_by_type"))
        self._refuse_twice(keys, "the key")
        return keys

    def on_key(self, tree: Built) -> syntax.Key:
        path = self.on_path(self.trees(tree)[0])
        name = [part for part in path.parts if isinstance(part, str)][-1]
        return syntax.Key(name, (path,), optional=bool(self.tokens(tree)), span=self.span(tree))

    def on_named_key(self, tree: Built) -> syntax.Key:
        name, path = self._build_all(self.trees(tree))
        return syntax.Key(name, (path,), optional=bool(self.tokens(tree)), span=self.span(tree))

    def on_key_by_type(self, tree: Built) -> syntax.Key:
        name, *paths = self._build_all(self.trees(tree))
        optional = bool(self.tokens(tree))
        return syntax.Key(name, tuple(paths), by_type=True, optional=optional, span=self.span(tree))

    def on_path(self, tree: Built) -> syntax.Path:
        first, *rest = self.trees(tree)
        parts = [self.on_name(first), *(self.on_path_part(part) for part in rest)]
        return syntax.Path(tuple(parts), span=self.span(tree))

    def on_path_part(self, tree: Built) -> str | int:
        for token in self.tokens(tree):
            return self.string(token) if token.type == "STRING" else self.integer(token)
        return self.names(tree)[0]

    def strategy(self, tree: Built) -> syntax.AfterMatch:
        """What follows ``after match``."""
        names = self.names(tree)
        kind: Any = tree.data
        return syntax.AfterMatch(kind, names[0] if names else None, span=self.span(tree))

    def on_emitted(self, tree: Built) -> syntax.Emit:
        (name,) = self.names(tree)
        star, fields = False, []
        for part in self.trees(tree, "emitted_fields"):
            star = bool(self.trees(part, "star"))
            fields = [self.build(field) for field in self.trees(part, "emit_field")]
        return syntax.Emit(name, tuple(fields), star, span=self.span(tree))

    def on_emit_field(self, tree: Built) -> syntax.EmitField:
        *name, value = self.trees(tree)
        return syntax.EmitField(self.build(value), self.on_name(name[0]) if name else None, span=self.span(tree))

    def at_most(self, tree: Built) -> syntax.AtMost:
        """``N every D [per keys]``."""
        count, every, *per = self.trees(tree)
        keys = self.keys(per[0]) if per else ()
        return self.at_most_of(self.positive(count), self.build(every), keys, self.span(tree))

    @staticmethod
    def at_most_of(count: int, every: syntax.Duration, per: tuple[syntax.Key, ...], span: Span) -> syntax.AtMost:
        """The node from its parts."""
        return syntax.AtMost(count, every, per, span=span)

    # ---- tests ----

    def on_test(self, tree: Built) -> syntax.RuleTest:
        self._in_test = True
        given: list[syntax.GivenRow] = []
        tables: list[syntax.TableRows] = []
        zero: str | None = None
        for part in self.trees(tree, "given", "given_table"):
            if part.data == "given_table":
                tables.append(self._table_rows(part))
                continue
            for child in self.trees(part):
                if child.data == "given_from":
                    zero = self.string(self.tokens(child)[0])
                else:
                    given.append(self.build(child))
        rules = self.trees(tree, "for_rules")
        (expected,) = self.trees(tree, "expected")
        rows = self._build_all(self.trees(expected))
        node = syntax.RuleTest(
            self.string(self.tokens(tree, "STRING")[0]),
            self.names(rules[0]) if rules else (),
            tuple(given),
            rows,
            tuple(tables),
            zero,
            not rows and expected.meta.empty,
            span=self.span(tree),
        )
        self._in_test = False
        return node

    def _table_rows(self, tree: Built) -> syntax.TableRows:
        name, *rows = self.trees(tree)
        return syntax.TableRows(
            self.on_name(name), tuple(self._build_all(self.trees(row)) for row in rows), span=self.span(tree)
        )

    def on_timed_event(self, tree: Built) -> syntax.TimedEvent:
        return self._timed_event(tree)

    def on_repeated_event(self, tree: Built) -> syntax.TimedEvent:
        (repeat,) = self.trees(tree, "repeat")
        return self._timed_event(tree, *self.on_repeat(repeat))

    def on_repeat(self, tree: Built) -> tuple[int, syntax.Duration]:
        times, every = self.tokens(tree)
        return self.integer(times), self.duration_literal(every)

    def _timed_event(self, tree: Built, times: int = 1, every: syntax.Duration | None = None) -> syntax.TimedEvent:
        (data,) = self.trees(tree, "event_data")
        name, *fields = self.trees(data)
        at = self.tokens(tree, "DURATION")
        return syntax.TimedEvent(
            self.on_name(name),
            self._build_all(fields),
            self.microseconds(at[0]) if at else None,
            times,
            every,
            span=self.span(tree),
        )

    def on_time_passes(self, tree: Built) -> syntax.TimePasses:
        return syntax.TimePasses(self.microseconds(self.tokens(tree)[0]), span=self.span(tree))

    def on_fixture(self, tree: Built) -> syntax.Fixture:
        return syntax.Fixture(self.string(self.tokens(tree)[0]), span=self.span(tree))

    def on_assignment(self, tree: Built) -> syntax.EmitField:
        name, value = self.trees(tree)
        return syntax.EmitField(self.build(value), self.on_name(name), span=self.span(tree))

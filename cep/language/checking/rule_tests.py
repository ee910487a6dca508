"""Tests in rule files: the rules, types and fields that they name exist. Language layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cep.diagnostics import Span, did_you_mean
from cep.language import syntax
from cep.language.checked import CheckedEmit, CheckedRule, Constant
from cep.language.checking.declarations import fits, never
from cep.language.checking.namespace import Namespace, spellings
from cep.language.expressions.checker import ExpressionChecker
from cep.language.expressions.domains import domain_hint
from cep.language.expressions.scope import Context, Scope
from cep.language.report import article, listed
from cep.language.words import closest
from cep.timestamps import parse_time
from cep.types import ANY


class RuleTestChecker:
    """Checks the tests, once all rules are."""

    def __init__(
        self,
        context: Context,
        namespace: Namespace,
        expressions: ExpressionChecker,
        rules: Mapping[str, CheckedRule],
    ) -> None:
        self.context = context
        self.report = context.report
        self.namespace = namespace
        self.expressions = expressions
        self.rules = rules

    def check(self, test: syntax.RuleTest) -> None:
        """Reports what a test names and the rules do not have."""
        for name in test.rules:
            if name not in self.rules and name not in self.namespace.broken_rules:
                hint = did_you_mean(closest(name, self.rules))
                self.report.error("CEP219", f"no rule is called `{name}`", test.span, hint)
        for table in test.tables:
            known = self.namespace.tables
            if table.table not in known and table.table not in self.namespace.broken_tables:
                hint = did_you_mean(closest(table.table, known))
                message = f"no table is called `{table.table}`"
                self.report.error("CEP215", message, table.span, hint)
        if test.zero is not None:
            self._zero(test.zero, test.span)
        for row in test.given:
            if isinstance(row, syntax.TimedEvent):
                self._given(row)
        for row in test.expect:
            self._expected(row, test)

    def _zero(self, zero: str, span: Span) -> None:
        try:
            parse_time(zero)
        except ValueError as error:
            hint = 'write an ISO 8601 time: `given from "2026-01-01T00:00:00Z"`'
            self.report.error("CEP316", f"the test's zero cannot be read: {error}", span, hint)

    # ---- given ----

    def _given(self, row: syntax.TimedEvent) -> None:
        if row.type not in self.namespace.events:
            near = self.namespace.near_miss(row.type) or self._singular(row.type)
            phrase = row.type.replace(" ", "_")
            if phrase in self.namespace.definitions:
                message = f"`{row.type}` is a definition, a test gives events of a type"
                self.report.error("CEP203", message, row.span, "write the event with its fields")
            elif near is not None and row.type not in self.namespace.emitted:
                message = f"`{row.type}` is not declared and differs from `{near}` by little"
                self.report.error("CEP203", message, row.span, did_you_mean(near))
        fields = self.context.types.fields(row.type)
        for field in row.fields:
            value = self._value(field)
            if fields is None or field.name is None:
                continue
            if field.name not in fields:
                self._no_field(field, row.type, fields)
                continue
            self._check_value(field, value, row.type)

    def _singular(self, event_type: str) -> str | None:
        """The type whose plural this is: a test writes out the type itself."""
        known = (*self.namespace.events, *self.namespace.emitted)
        return next((form for form in spellings([event_type])[1:] if form in known), None)

    def _check_value(self, field: syntax.EmitField, value: Constant | None, event_type: str) -> None:
        fields = self.context.types.fields(event_type) or {}
        declared = fields[field.name or ""]
        if value is None:
            return
        if not fits(value, declared.type):
            given = "null" if value.type.name == "null" else article(str(value.type))
            message = f"`{declared.name}` is {article(str(declared.type))}, this is {given}"
            hint = f"declare it `{declared.name}: {declared.type}?`" if value.type.name == "null" else None
            self.report.error("CEP316", message, field.value.span, hint)
        elif never(value.value, declared):
            shown = f'"{value.value}"' if isinstance(value.value, str) else str(value.value)
            message = f"`{declared.name}` never is {shown}"
            hint = domain_hint(value.value, declared.domain or ())
            self.report.error("CEP305", message, field.value.span, hint)

    def _value(self, field: syntax.EmitField) -> Constant | None:
        """The value where it is a plain constant; maps and lists with maps are taken as they are."""
        if _holds_map(field.value):
            return Constant(None, ANY)
        scope = Scope("constant", "a test")
        checked = self.expressions.check(field.value, scope)
        return checked if isinstance(checked, Constant) else Constant(None, ANY)

    def _no_field(self, field: syntax.EmitField, event_type: str, fields: Iterable[str]) -> None:
        names = list(fields)
        message = f"no field `{field.name}` in `{event_type}`"
        hint = did_you_mean(closest(field.name or "", names)) or f"it has {listed(names[:8])}"
        self.report.error("CEP204", message, field.span, hint if names else None)

    # ---- expect ----

    def _expected(self, row: syntax.TimedEvent, test: syntax.RuleTest) -> None:
        names = test.rules or tuple(self.rules)
        if any(name not in self.rules for name in names):
            return
        if row.type in self.namespace.open_types:
            return
        emits = [emit for name in names for emit in emits_of(self.rules[name])]
        same = [emit for emit in emits if emit.type == row.type]
        if not same:
            types = list(dict.fromkeys(emit.type for emit in emits))
            who = f"`{names[0]}` does" if len(names) == 1 else "the rules of this test do"
            message = f"{who} not emit `{row.type}`"
            hint = did_you_mean(closest(row.type, types)) or f"emitted is {listed(types[:8])}"
            self.report.error("CEP219", message, row.span, hint)
            return
        fields = {field.name for emit in same for field in emit.fields}
        for field in row.fields:
            self._value(field)
            if field.name not in fields and not any(emit.star for emit in same):
                self._no_field(field, row.type, sorted(fields))


def emits_of(rule: CheckedRule) -> list[CheckedEmit]:
    """What a rule emits: its matches, and those that ran out of time."""
    return [rule.emit, *([rule.on_timeout] if rule.on_timeout is not None else [])]


def _holds_map(node: object) -> bool:
    match node:
        case syntax.MapOf():
            return True
        case syntax.ListOf(items=items):
            return any(_holds_map(item) for item in items)
    return False

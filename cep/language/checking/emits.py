"""What rules emit, and the fields of the types that come of it. Language layer."""

from __future__ import annotations

from collections.abc import Mapping

from cep.diagnostics import Span, did_you_mean
from cep.language import syntax
from cep.language.checked import CheckedEmit, CheckedKey, Constant, EmitField, Expression, KeyValue
from cep.language.checking.declarations import fits, never
from cep.language.checking.namespace import camel_case
from cep.language.expressions.checker import ExpressionChecker
from cep.language.expressions.domains import domain_hint
from cep.language.expressions.scope import Context, Scope
from cep.language.report import article, is_poison, poison
from cep.language.words import closest
from cep.types import Type

RESERVED = ("type", "time", "cep")
"""Names that a derived event has of its own."""


class EmitChecker:
    """Checks ``emit`` and ``on timeout emit``; one for all rules."""

    def __init__(self, context: Context, expressions: ExpressionChecker) -> None:
        self.context = context
        self.report = context.report
        self.expressions = expressions

    def emit(self, node: syntax.Emit, scope: Scope) -> CheckedEmit:
        """A clause that was written."""
        fields: list[EmitField] = []
        seen: dict[str, Span] = {}
        for field in node.fields:
            if _compares(field):
                message = "a field of a derived event is given by a single `=`, `==` compares"
                self.report.error("CEP216", message, field.span, "write a single `=`: `name = value`")
                continue
            value = self._value(field, scope)
            name = field.name or path_name(field.value)
            if name is None:
                self._nameless(field)
                continue
            if not self._is_free(name, field, seen):
                continue
            seen[name] = field.span
            fields.append(EmitField(name, value, span=field.span))
        emit = CheckedEmit(node.type, tuple(fields), node.star, span=node.span)
        self._check_declared(emit)
        return emit

    @staticmethod
    def default(rule: syntax.Rule, keys: tuple[CheckedKey, ...]) -> CheckedEmit:
        """What a rule without ``emit`` emits: its name in CamelCase, with its keys."""
        fields = tuple(
            EmitField(key.name, KeyValue(key.name, key.type, span=key.span), span=key.span)
            for key in keys
            if key.name not in RESERVED
        )
        return CheckedEmit(camel_case(rule.name), fields, span=rule.name_span)

    def _value(self, field: syntax.EmitField, scope: Scope) -> Expression:
        value = self.expressions.check(field.value, scope)
        if value.type.name in ("regex", "event"):
            what = "a regular expression" if value.type.name == "regex" else "a whole event"
            self.report.error("CEP315", f"{what} cannot be emitted", field.span)
            return poison(field.span)
        return value

    def _nameless(self, field: syntax.EmitField) -> None:
        message = "this value has no name of its own"
        self.report.error("CEP216", message, field.span, "write `name = …`")

    def _is_free(self, name: str, field: syntax.EmitField, seen: Mapping[str, Span]) -> bool:
        if name in RESERVED:
            message = f"`{name}` is a field that every derived event has of its own"
            hint = f"give it another name: `{'at' if name == 'time' else 'kind'} = …`"
            self.report.error("CEP217", message, field.span, hint)
            return False
        if name in seen:
            message = f"the field `{name}` is emitted twice"
            hint = "give one of them another name: `other_name = …`"
            related = ((seen[name], "it is here already"),)
            self.report.error("CEP201", message, field.span, hint, related)
            return False
        return True

    def _check_declared(self, emit: CheckedEmit) -> None:
        """A declared type holds for what is emitted under its name too."""
        schema = self.context.types.declared.get(emit.type)
        if schema is None:
            return
        related = ((schema.span, f"`{emit.type}` is declared here"),)
        for field in emit.fields:
            declared = schema.fields.get(field.name)
            if declared is None:
                message = f"no field `{field.name}` in `{emit.type}`"
                hint = did_you_mean(closest(field.name, schema.fields)) or "declare it in the schema"
                self.report.error("CEP204", message, field.span, hint, related)
                continue
            value = field.value
            if is_poison(value):
                continue
            if isinstance(value, Constant) and never(value.value, declared):
                message = f"`{field.name}` never is {value.value!r}".replace("'", '"')
                hint = domain_hint(value.value, declared.domain or ())
                self.report.error("CEP305", message, value.span, hint)
            elif not fits(Constant(None, value.type.not_null()), declared.type):
                message = (
                    f"`{field.name}` is declared as {article(str(declared.type))}, this is {article(str(value.type))}"
                )
                self.report.error("CEP316", message, field.span, None, related)

    def learn(self, emits: tuple[CheckedEmit | None, ...]) -> None:
        """Makes the fields known to the rules that read the types."""
        for emit in emits:
            if emit is None:
                continue
            fields: dict[str, Type] | None = {f.name: f.value.type for f in emit.fields}
            self.context.types.derive(emit.type, None if emit.star else fields)


def _compares(field: syntax.EmitField) -> bool:
    """``emit Alert(n == count())``."""
    value = field.value
    return (
        field.name is None
        and isinstance(value, syntax.Binary)
        and value.operator == "=="
        and isinstance(value.left, syntax.Name)
    )


def path_name(node: syntax.Expression) -> str | None:
    """The name that a path gives its field: ``ok.ip`` → ``ip``; null for other expressions."""
    match node:
        case syntax.Name(text=text):
            return text
        case syntax.Member(name=name):
            return name
        case syntax.Index(index=syntax.Literal(value=str(key))):
            return key
    return None

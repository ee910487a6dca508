"""Schemas, constants and tables. Language layer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address

from cep.diagnostics import Span, did_you_mean
from cep.durations import parse_duration
from cep.language import syntax
from cep.language.checked import CheckedTable, Constant, Expression, Pattern, Schema, SchemaField
from cep.language.checking.namespace import Namespace
from cep.language.expressions.aggregates import parts_of
from cep.language.expressions.checker import ExpressionChecker
from cep.language.expressions.constants import constant
from cep.language.expressions.domains import outside
from cep.language.expressions.scope import Context, Scope
from cep.language.parser import parse_expression
from cep.language.report import article, is_poison, poison
from cep.language.words import closest
from cep.timestamps import parse_time
from cep.types import NUMBERS, SCALARS, Type

FIELD_TYPES = sorted(SCALARS - {"regex", "null"} | {"list", "map"})
OTHER_TYPES = {
    "str": "string", "text": "string", "integer": "int", "long": "int", "number": "float", "double": "float",
    "boolean": "bool", "datetime": "timestamp", "time": "timestamp", "date": "timestamp", "array": "list",
    "object": "map", "dict": "map", "interval": "duration", "money": "decimal",
}  # fmt: skip
"""What people type who know another language."""


# ---- schemas ----


def check_schema(context: Context, expressions: ExpressionChecker, event: syntax.EventDeclaration) -> Schema:
    """The schema of an ``event`` declaration. Fields whose type was reported are ``any``."""
    fields: dict[str, SchemaField] = {}
    for declared in event.fields:
        kind = _type(context, declared.type)
        domain = _domain(context, expressions, declared, kind)
        fields.setdefault(declared.name, SchemaField(declared.name, kind, domain, span=declared.span))
    schema = Schema(event.name, fields, event.time_field, event.id_field, span=event.span)
    _check_option(context, schema, "time", event.time_field)
    _check_option(context, schema, "id", event.id_field)
    return schema


def _type(context: Context, node: syntax.TypeExpr) -> Type:
    name = node.name
    if name not in FIELD_TYPES:
        near = OTHER_TYPES.get(name.lower()) or closest(name, FIELD_TYPES)
        hint = did_you_mean(near) or f"there are {', '.join(f'`{t}`' for t in FIELD_TYPES)}"
        context.report.error("CEP317", f"there is no type `{name}`", node.span, hint)
        return Type("any")
    if node.arguments and name not in ("list", "map"):
        message = f"`{name}` takes no type in `<…>`"
        context.report.error("CEP317", message, node.span, "only `list<…>` and `map<…>` do")
        return Type("any")
    if len(node.arguments) > 1:
        hint = "the keys of a map are strings: `map<int>`" if name == "map" else f"write `{name}<any>`"
        context.report.error("CEP317", f"`{name}` takes one type in `<…>`", node.span, hint)
        return Type(name)
    item = _type(context, node.arguments[0]) if node.arguments else None
    if name == "any":
        return Type("any")
    return Type(name, None if item == Type("any") else item, node.optional)


def _domain(
    context: Context, expressions: ExpressionChecker, declared: syntax.FieldDeclaration, kind: Type
) -> tuple[object, ...] | None:
    if not declared.type.domain:
        return None
    scope = Scope("constant", "a schema")
    values: list[object] = []
    for node in declared.type.domain:
        value = constant(context.report, expressions.check(node, scope), "an allowed value")
        if value is None:
            return None
        if not fits(value, kind):
            message = f"{_shown(value)} is no {kind.not_null()}, so `{declared.name}` never is that"
            context.report.error("CEP316", message, node.span)
            return None
        try:
            values.append(as_declared(value.value, kind))
        except ValueError as error:
            message = f"{_shown(value)} cannot be read as {article(str(kind.not_null()))}: {error}"
            context.report.error("CEP316", message, node.span)
            return None
    return tuple(values)


def _check_option(context: Context, schema: Schema, option: str, name: str | None) -> None:
    if name is None:
        return
    if name not in schema.fields:
        message = f"the {option} field `{name}` is not among the fields of `{schema.name}`"
        context.report.error("CEP204", message, schema.span, did_you_mean(closest(name, schema.fields)))
        return
    kind = schema.fields[name].type
    if option == "time" and kind.name not in ("timestamp", "any"):
        message = f"the time field `{name}` is {article(str(kind))}, not a timestamp"
        hint = f"declare it `{name}: timestamp`: ISO 8601 text and numbers are read as one"
        context.report.error("CEP317", message, schema.fields[name].span, hint)
    elif option == "id" and kind.name in ("list", "map"):
        message = f"the id field `{name}` is {article(str(kind))}"
        context.report.error("CEP317", message, schema.fields[name].span, "an id is a string or a number")


def fits(value: Constant, kind: Type) -> bool:
    """Whether a constant may be the value of a field: text stands for times and addresses, an int for any number."""
    given = value.type
    if kind.name == "any" or given.name in ("any", kind.name):
        if given.name == "list" and given.item is not None and kind.item is not None:
            return given.item.name in ("any", kind.item.name) or _widens(given.item, kind.item)
        return True
    if given.name == "null":
        return kind.optional
    return _widens(given, kind)


def as_declared(value: object, kind: Type) -> object:
    """A value that :func:`fits`, as a field of this type holds it: microseconds for the text of a time or duration.

    Raises:
        ValueError: the text is no time, duration or address.
    """
    if kind.name == "timestamp" and isinstance(value, str):
        return parse_time(value)
    if isinstance(value, str):
        if kind.name == "duration":
            return parse_duration(value, signed=True)
        if kind.name == "ip":
            ip_address(value)
    return value


def never(value: object, declared: SchemaField) -> bool:
    """Whether a constant that fits a field is outside its domain; null is in each."""
    if declared.domain is None or value is None:
        return False
    try:
        return outside(as_declared(value, declared.type), declared.domain)
    except ValueError:
        return True


def _widens(given: Type, kind: Type) -> bool:
    if kind.name in NUMBERS:
        return given.name in NUMBERS and (kind.name != "int" or given.name == "int")
    match kind.name:
        case "timestamp":
            return given.name in ("string", "int", "float")
        case "ip" | "duration":
            return given.name == "string"
        case "string":
            return given.name == "ip"
    return kind.name == "any"


def _shown(value: Constant) -> str:
    return f'"{value.value}"' if isinstance(value.value, str) else str(value.value)


# ---- constants ----


class ConstantChecker:
    """Computes the ``let`` constants, in the order in which they need each other."""

    def __init__(self, context: Context, namespace: Namespace, expressions: ExpressionChecker) -> None:
        self.context = context
        self.report = context.report
        self.namespace = namespace
        self.expressions = expressions

    def compute(self, overrides: Mapping[str, object]) -> dict[str, Constant]:
        """All constants; the context gets them too, those that were reported poisoned."""
        self._check_names(overrides)
        self.context.broken.update(self.namespace.broken_constants)
        for name in self.namespace.constants:
            self._compute(name, overrides, [])
        found = self.context.constants
        return {n: c for n, c in found.items() if isinstance(c, Constant) and not is_poison(c)}

    def _check_names(self, overrides: Mapping[str, object]) -> None:
        known = [*self.namespace.constants, *self.namespace.broken_constants]
        for name in overrides:
            if name not in known:
                message = f"no constant is called `{name}`"
                hint = did_you_mean(closest(name, known)) or "the rules declare it with `let NAME = …`"
                self.report.error("CEP510", message, option_span(name), hint)

    def _compute(self, name: str, overrides: Mapping[str, object], path: list[str]) -> None:
        if name in self.context.constants:
            return
        declared = self.namespace.constants[name]
        if name in path:
            shown = " → ".join(f"`{n}`" for n in [*path[path.index(name) :], name])
            message = f"the constant needs itself: {shown}"
            self.report.error("CEP212", message, declared.span)
            self.context.constants[name] = poison(declared.span)
            return
        for needed in names_in(declared.value):
            if needed in self.namespace.constants:
                self._compute(needed, overrides, [*path, name])
        if name in self.context.constants:
            return
        value = self._value(declared)
        if name in overrides and not is_poison(value):
            value = self._override(name, overrides[name], value)
        self.context.constants[name] = value

    def _value(self, declared: syntax.Constant) -> Expression:
        scope = Scope("constant", f"the constant `{declared.name}`")
        value = self.expressions.check(declared.value, scope)
        if isinstance(value, Pattern):
            return value
        folded = constant(self.report, value, f"the constant `{declared.name}`")
        return folded if folded is not None else poison(declared.span)

    def _override(self, name: str, given: object, declared: Expression) -> Expression:
        span = option_span(name)
        value = self._given(name, given, declared, span)
        if value is None:
            return poison(span)
        if isinstance(declared, Constant) and not _same_kind(value.type, declared.type):
            kind = declared.type.not_null()
            message = f"the constant `{name}` is {article(str(kind))}, not {article(str(value.type))}"
            hint = f"write it as in the rules, such as `--set {name}=5m`" if kind.name == "duration" else None
            self.report.error("CEP511", message, span, hint)
            return poison(span)
        return value

    def _given(self, name: str, given: object, declared: Expression, span: Span) -> Constant | None:
        if not isinstance(given, str):
            value = python_constant(given, span)
            if value is None:
                self._no_value(name, span)
            return value
        if declared.type.name == "string" and given[:1] not in ("'", '"'):
            return Constant(given, Type("string"), span=span)
        parsed = parse_expression(given, span.file)
        if parsed.value is None or parsed.diagnostics:
            self._no_value(name, span)
            return None
        scope = Scope("constant", f"`--set {name}=…`")
        return constant(self.report, self.expressions.check(parsed.value, scope), f"the value of `{name}`")

    def _no_value(self, name: str, span: Span) -> None:
        message = f"what is given for the constant `{name}` is no value of the language"
        hint = 'write a number, a duration such as `5m`, a list, or text in quotes: `"eu"`'
        self.report.error("CEP511", message, span, hint)


def option_span(name: str) -> Span:
    """Where an override stands."""
    return Span(f"--set {name}", 1, 1, 1, len(name) + 1)


def python_constant(value: object, span: Span) -> Constant | None:
    """A Python value as a constant; null for what the language has no literal for."""
    match value:
        case bool():
            return Constant(value, Type("bool"), span=span)
        case int():
            return Constant(value, Type("int"), span=span)
        case float():
            return Constant(value, Type("float"), span=span)
        case str():
            return Constant(value, Type("string"), span=span)
        case timedelta():
            us = value // timedelta(microseconds=1)
            return Constant(us, Type("duration"), span=span)
        case list() | tuple():
            items = [python_constant(item, span) for item in value]
            if any(item is None for item in items):
                return None
            return Constant(tuple(i.value for i in items if i is not None), Type("list"), span=span)
    return None


def _same_kind(given: Type, declared: Type) -> bool:
    if declared.name in ("any", "null") or given.name == declared.name:
        return True
    return given.name in NUMBERS and declared.name in NUMBERS and not (declared.name == "int" and given.name != "int")


def names_in(node: syntax.Expression | syntax.Lambda) -> list[str]:
    """The bare names in an expression."""
    if isinstance(node, syntax.Name):
        return [node.text]
    return [name for part in parts_of(node) for name in names_in(part)]


# ---- tables ----


def check_table(table: syntax.Table) -> CheckedTable:
    """A reference table; its file is read when the rules run."""
    return CheckedTable(table.name, table.path, table.key, span=table.span)

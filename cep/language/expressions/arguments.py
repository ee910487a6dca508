"""Arguments beside their parameters, for functions and aggregates. Language layer."""

from __future__ import annotations

from cep.diagnostics import did_you_mean
from cep.functions.records import AggregateRecord, FunctionRecord, ParameterRecord
from cep.language import syntax
from cep.language.checked import Constant, Expression
from cep.language.expressions.scope import Context
from cep.language.report import article, is_poison, listed
from cep.language.words import closest
from cep.types import Type


def placed(
    context: Context, node: syntax.Call, record: FunctionRecord | AggregateRecord
) -> list[tuple[ParameterRecord, syntax.Expression | syntax.Lambda | None]] | None:
    """The arguments beside their parameters, null where a default stands in; null where they do not fit (reported)."""
    given: dict[str, syntax.Expression | syntax.Lambda] = {}
    rest: list[tuple[ParameterRecord, syntax.Expression | syntax.Lambda | None]] = []
    names = [parameter.name for parameter in record.parameters]
    hint = f"it is `{record.signature}`"
    for index, argument in enumerate(node.arguments):
        parameter = record.parameter(index)
        if argument.name is not None:
            parameter = next((p for p in record.parameters if p.name == argument.name), None)
            if parameter is None:
                message = f"`{record.name}` has no argument `{argument.name}`"
                near = did_you_mean(closest(argument.name, names)) or hint
                context.report.error("CEP306", message, argument.span, near)
                return None
        elif parameter is None:
            wants = len(record.parameters)
            count = f"{'only ' if wants else ''}{wants or 'no'} argument{'' if wants == 1 else 's'}"
            message = f"`{record.name}` takes {count}, {len(node.arguments)} are given"
            context.report.error("CEP306", message, node.span, hint)
            return None
        if parameter.name in given:
            if not parameter.repeats:
                message = f"`{record.name}` is given `{parameter.name}` twice"
                context.report.error("CEP306", message, argument.span, hint)
                return None
            rest.append((parameter, argument.value))
        else:
            given[parameter.name] = argument.value
    missing = [p.name for p in record.parameters if p.required and p.name not in given]
    if missing:
        message = f"`{record.name}` lacks its argument {listed(missing)}"
        context.report.error("CEP306", message, node.span, hint)
        return None
    first = [
        (p, given.get(p.name)) for p in record.parameters if p.name in given or not (p.repeats and p.default == ())
    ]
    return [*first, *rest]


def default_of(parameter: ParameterRecord) -> Constant:
    """The default of a parameter as an expression."""
    value = parameter.default
    assert value is None or isinstance(value, str | int | float | bool)
    kind = {str: "string", int: "int", float: "float", bool: "bool", type(None): "null"}[type(value)]
    return Constant(value, Type(kind))


def check_argument(
    context: Context,
    parameter: ParameterRecord,
    value: Expression,
    record: FunctionRecord | AggregateRecord,
) -> bool:
    """Whether the argument fits; reports one of another type, and a constant that the parameter refuses."""
    if is_poison(value):
        return True
    if not parameter.accepts(value.type):
        wanted = " or ".join(str(kind) for kind in parameter.types)
        message = (
            f"`{record.name}` wants {article(wanted)} as `{parameter.name}`, "
            f"this is {article(str(value.type.not_null()))}"
        )
        context.report.error("CEP307", message, value.span, _argument_hint(parameter, value, record))
        return False
    if isinstance(value, Constant) and parameter.check is not None and value.value is not None:
        problem = parameter.check(value.value)
        if problem is not None:
            context.report.error("CEP307", problem, value.span)
            return False
    return True


def _argument_hint(
    parameter: ParameterRecord, value: Expression, record: FunctionRecord | AggregateRecord
) -> str | None:
    kinds = {kind.name for kind in parameter.types}
    if value.type.name == "list" and "list" not in kinds:
        if isinstance(record, AggregateRecord):
            return "an aggregate looks at one value of each event"
        return "take one element: `[0]`, or each: `map(…, x -> …)`"
    if "duration" in kinds and value.type.name in ("int", "float") and kinds == {"duration"}:
        return "write a unit, such as `5 minutes`"
    if kinds <= {"string", "ip"}:
        return "convert it with `string(…)`"
    if "timestamp" in kinds and value.type.name in ("int", "float"):
        return "convert it with `timestamp(…)`"
    if value.type.name in ("string", "ip") and kinds & {"int", "float"}:
        return "convert it with `float(…)` or `int(…)`"
    if kinds == {"list"}:
        return f"put brackets around it: `[…]`; it is `{record.signature}`"
    return f"it is `{record.signature}`"

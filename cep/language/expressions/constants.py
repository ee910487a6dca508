"""Values that are known when the rules are loaded: folding, and durations where one is wanted. Language layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cep.diagnostics import Span
from cep.functions import operators
from cep.functions.records import EvaluationError
from cep.functions.registry import find_function
from cep.language.checked import (
    Between,
    Binary,
    Call,
    Conditional,
    Constant,
    Expression,
    IsNull,
    Lambda,
    ListOf,
    Unary,
)
from cep.language.report import Report, article, is_poison
from cep.types import Type

LONGEST_US = 10_000 * 365 * 86_400 * 1_000_000 + 2_425 * 86_400 * 1_000_000
"""10,000 years, leap days included: the longest duration that bounds anything."""

_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operators.add,
    "-": operators.subtract,
    "*": operators.multiply,
    "/": operators.divide,
    "%": operators.modulo,
    "**": operators.power,
    "==": operators.equal,
    "!=": operators.not_equal,
    "<": operators.less,
    "<=": operators.less_equal,
    ">": operators.greater,
    ">=": operators.greater_equal,
    "in": lambda value, items: operators.contains_value(items, value),
    "like": operators.like,
}


class NotConstant(Exception):
    """The expression depends on events."""


def fold(expression: Expression) -> Constant:
    """The constant that the expression always gives.

    Raises:
        NotConstant: it depends on events, or on something that is not computed here.
        EvaluationError: it always fails (a division by zero, an overflow).
    """
    if isinstance(expression, Constant):
        return expression
    value = _value(expression)
    if expression.type.name == "duration" and isinstance(value, float):
        value = round(value)
    if isinstance(value, list):
        value = tuple(value)
    return Constant(value, expression.type, span=expression.span)


def _value(node: Expression | Lambda) -> Any:
    match node:
        case Constant(value=value):
            return value
        case ListOf(items=items):
            return tuple(_value(item) for item in items)
        case Unary(operator="-", operand=operand):
            return operators.negate(_value(operand))
        case Unary(operand=operand):
            value = _value(operand)
            return None if value is None else not value
        case Binary():
            return _binary(node)
        case Between(value=value, low=low, high=high, negated=negated):
            inside = _and(
                operators.less_equal(_value(low), _value(value)),
                operators.less_equal(_value(value), _value(high)),
            )
            return inside if inside is None else inside != negated
        case IsNull(value=value, negated=negated):
            return (_value(value) is None) != negated
        case Conditional(condition=condition, consequence=yes, alternative=no):
            return _value(yes) if _value(condition) is True else _value(no)
        case Call():
            return _call(node)
    raise NotConstant


def _binary(node: Binary) -> Any:
    left = _value(node.left)
    match node.operator:
        case "and":
            return _and(left, _value(node.right))
        case "or":
            right = _value(node.right)
            return True if left is True or right is True else None if None in (left, right) else False
        case "??":
            return _value(node.right) if left is None else left
        case "not in" | "not like":
            result = _OPERATIONS[node.operator[4:]](left, _value(node.right))
            return None if result is None else not result
    operation = _OPERATIONS.get(node.operator)
    if operation is None:
        raise NotConstant
    return operation(left, _value(node.right))


def _and(left: Any, right: Any) -> bool | None:
    return False if left is False or right is False else None if None in (left, right) else True


def _call(node: Call) -> Any:
    record = find_function(node.function)
    if record is None or record.takes_events or record.takes_event_time:
        raise NotConstant
    values = [_value(argument) for argument in node.arguments]
    if record.null == "propagate" and None in values:
        return None
    types = [a.type for a in node.arguments if not isinstance(a, Lambda)]
    return record.implementation_for(types)(*values)


def constant(report: Report, expression: Expression, what: str) -> Constant | None:
    """The constant, or null where it was reported (also when the expression itself was)."""
    if is_poison(expression):
        return None
    try:
        return fold(expression)
    except NotConstant:
        message = f"{what} must be known when the rules are loaded"
        hint = "write a literal or the name of a constant"
        report.error("CEP312", message, expression.span, hint)
    except EvaluationError as error:
        report.error("CEP312", f"{what} cannot be computed: {error.reason}", expression.span)
    return None


def duration_us(report: Report, expression: Expression, what: str = "a duration", least_us: int = 1) -> int | None:
    """Microseconds of a duration where one is wanted; null where it was reported."""
    if not is_poison(expression) and expression.type.name not in ("duration", "any"):
        _refuse_duration(report, expression.type, what, expression.span)
        return None
    value = constant(report, expression, what)
    if value is None:
        return None
    if isinstance(value.value, bool) or not isinstance(value.value, int):
        _refuse_duration(report, value.type, what, expression.span)
        return None
    if value.value < least_us:
        message = f"{what} must be longer than zero"
        report.error("CEP313", message, expression.span, "write a positive duration such as `5 minutes`")
        return None
    if value.value > LONGEST_US:
        message = f"{what} is longer than 10,000 years"
        report.error("CEP313", message, expression.span, "leave it out where nothing shall expire")
        return None
    return value.value


def _refuse_duration(report: Report, kind: Type, what: str, span: Span) -> None:
    hint = "write a unit, such as `5 minutes`, `30s` or `1h30m`"
    message = f"{what} must be a duration, this is {article(str(kind.not_null()))}"
    report.error("CEP313", message, span, hint)

"""Expressions by definition: a naive, three-valued interpreter of checked expressions.

Part of the oracle (see :mod:`tests.oracle.patterns`). Nothing is remembered between evaluations; aggregates are
computed from all their events each time.

The definition (S6, S15, section 5):

1. A missing field, a field of a missing event and a position outside a list are null.
2. Comparison and arithmetic with null are unknown; unknown is null.
3. Comparison and arithmetic of unlike kinds are unknown at run time. Bool is no number. Int and float are one kind and
   compare by their exact values. Text compares by code points. Lists, maps and bools are equal or not, never smaller.
4. ``and`` is false if an operand is false, else unknown if one is unknown; ``or`` the same with true; ``not`` of
   unknown is unknown. An operand that is no bool counts as unknown. Operands are evaluated from left to right, and not
   at all once the result is certain, so that ``y != 0 and x / y > 2`` never fails.
5. ``v in list`` is ``v == a or v == b or …`` without the nulls in the list; it is unknown for a null ``v`` (even where
   the list is empty) and where the right side is no list. ``not in`` is its ``not``; ``between`` is ``>= and <=``.
6. A condition holds only when it is true; ``if`` takes the alternative when its condition is not true.
7. ``/`` is true division and gives a float, ``%`` takes the sign of the divisor. Division by zero, and a result that no
   float can hold, fail the evaluation.
8. Aggregates skip nulls, and values of their filter's unknown or false. ``count`` and ``sum`` of nothing are 0, the
   others null. ``sum`` is exact and rounded once at its end: an int where all are ints, else a float; ``avg`` is a
   float. ``first`` and ``last`` are the first and last that are not null. ``distinct`` lists in order of first
   appearance, and of equal values (1 and 1.0) shows the first.

Readings of the specification (it leaves these open):

* ``sum`` and ``avg`` skip what is no number; ``min`` and ``max`` are those of the numbers, and of the texts where there
  is no number; of equal ones they show the first.
* Functions of null, and of values of a kind that they do not take, are null. ``round`` is that of Python (half to
  even), ``contains`` takes text or a list.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from cep.language import checked as c
from tests.oracle.values import EvaluationFailure, OracleEvent, Order, Unsupported, Value, kind, same


@dataclass(frozen=True)
class Scope:
    """What names mean while one expression is evaluated.

    ``events`` are all events bound so far in the match, or all of the window, in order. ``steps`` holds the bound
    steps only. ``window`` are its bounds in microseconds, ``before`` is what the key's previous evaluation saw, ``own``
    gives what the window of an aggregate's own holds (null where it is not evaluated). The engine's operators, when they
    run under this interpreter, give the values of such aggregates and the sides of a ``crosses`` at the previous
    evaluation instead.
    """

    candidate: OracleEvent | None = None
    steps: Mapping[str, Sequence[OracleEvent]] = field(default_factory=dict)
    previous: OracleEvent | None = None
    events: Sequence[OracleEvent] = ()
    keys: Mapping[str, Value] = field(default_factory=dict)
    locals: Mapping[str, Value] = field(default_factory=dict)
    window: tuple[int, int] | None = None
    before: Scope | None = None
    own: Callable[[c.CheckedWindow], Sequence[OracleEvent] | None] | None = None
    own_values: Mapping[Order, Value] = field(default_factory=dict)
    sides: Mapping[c.Binary, tuple[Value, Value] | None] = field(default_factory=dict)


def holds(condition: c.Expression | None, scope: Scope) -> bool:
    """Whether a condition is true (no condition always is).

    Raises:
        EvaluationFailure: the data does not allow it.
    """
    return condition is None or evaluate(condition, scope) is True


def evaluate(expression: c.Expression, scope: Scope) -> Value:
    """The value of an expression.

    Raises:
        EvaluationFailure: a division by zero or the like.
        Unsupported: a form that later issues define.
    """
    match expression:
        case c.Constant(value=value):
            return list(value) if isinstance(value, tuple) else value
        case c.Field(event=reference, name=name):
            event = find_event(reference, scope)
            return None if event is None else event.fields.get(name)
        case c.StepValues(step=step, name=name):
            return [event.fields.get(name) for event in scope.steps.get(step, ())]
        case c.KeyValue(name=name):
            return scope.keys[name]
        case c.Local(name=name):
            return scope.locals[name]
        case c.WindowBound(edge=edge):
            assert scope.window is not None
            return scope.window[0 if edge == "start" else 1]
        case c.Member(target=target, name=name):
            return _inside(evaluate(target, scope), name)
        case c.Index(target=target, index=index):
            return _inside(evaluate(target, scope), evaluate(index, scope))
        case c.ListOf(items=items):
            return [evaluate(item, scope) for item in items]
        case c.Call(function=function, arguments=arguments):
            return _call(function, [_argument(argument, scope) for argument in arguments])
        case c.Aggregate():
            return _aggregate(expression, scope)
        case c.Unary(operator="not", operand=operand):
            return _not(evaluate(operand, scope))
        case c.Unary(operand=operand):
            value = evaluate(operand, scope)
            return -value if kind(value) == "number" else None
        case c.Binary():
            return _binary(expression, scope)
        case c.Between(value=value, low=low, high=high, negated=negated):
            at_least = c.Binary(operator=">=", left=value, right=low)
            at_most = c.Binary(operator="<=", left=value, right=high)
            inside = _binary(c.Binary(operator="and", left=at_least, right=at_most), scope)
            return _not(inside) if negated else inside
        case c.IsNull(value=value, missing=missing, negated=negated):
            answer = _is_missing(value, scope) if missing else evaluate(value, scope) is None
            return answer is not negated
        case c.Conditional(condition=condition, consequence=consequence, alternative=alternative):
            taken = consequence if evaluate(condition, scope) is True else alternative
            return evaluate(taken, scope)
        case _:
            raise Unsupported(type(expression).__name__)


def find_event(reference: c.EventReference, scope: Scope) -> OracleEvent | None:
    """The event that is meant; null where there is none."""
    match reference:
        case c.Candidate():
            return scope.candidate
        case c.StepEvent(step=step, which=which):
            events = scope.steps.get(step, ())
            return (events[-1] if which == "last" else events[0]) if events else None
        case c.StepEventAt(step=step, index=index):
            found: OracleEvent | None = _inside(list(scope.steps.get(step, ())), evaluate(index, scope))
            return found
        case c.PreviousEvent():
            return scope.previous
        case c.EdgeEvent(edge=edge):
            return scope.events[0 if edge == "first" else -1] if scope.events else None


def _inside(target: Value, index: Value) -> Value:
    if isinstance(target, dict) and isinstance(index, str):
        return target.get(index)
    if isinstance(target, (list, tuple)) and isinstance(index, int) and not isinstance(index, bool):
        return target[index] if -len(target) <= index < len(target) else None
    return None


def _is_missing(expression: c.Expression, scope: Scope) -> bool:
    match expression:
        case c.Field(event=reference, name=name):
            event = find_event(reference, scope)
            return event is None or name not in event.fields
        case c.Member(target=target, name=name):
            holder = evaluate(target, scope)
            return not (isinstance(holder, dict) and name in holder)
        case _:
            return evaluate(expression, scope) is None


# ---- operators ----


def _not(value: Value) -> Value:
    return (not value) if isinstance(value, bool) else None


def _binary(expression: c.Binary, scope: Scope) -> Value:
    operator = expression.operator
    if operator.startswith("crosses"):
        return _crosses(expression, scope)
    left = evaluate(expression.left, scope)
    if operator in ("and", "or"):
        certain = operator == "or"
        if left is certain:
            return certain
        right = evaluate(expression.right, scope)
        if right is certain:
            return certain
        return (not certain) if isinstance(left, bool) and isinstance(right, bool) else None
    if operator == "??":
        return left if left is not None else evaluate(expression.right, scope)
    right = evaluate(expression.right, scope)
    if operator in ("in", "not in"):
        found = _is_in(left, right)
        return _not(found) if operator == "not in" else found
    if operator in _COMPARISONS:
        return compare(operator, left, right)
    if operator in _ARITHMETIC:
        return _arithmetic(operator, left, right)
    raise Unsupported(operator)


def _crosses(expression: c.Binary, scope: Scope) -> bool | None:
    """``not beyond`` at the previous evaluation and ``beyond`` now."""
    sides = (expression.left, expression.right)
    is_above = expression.operator == "crosses above"
    was: bool | None = False
    if scope.sides.get(expression) is not None:
        was = compare("<=" if is_above else ">=", *scope.sides[expression])
    elif scope.before is not None:
        try:
            was = compare("<=" if is_above else ">=", *(evaluate(side, scope.before) for side in sides))
        except EvaluationFailure:
            was = None
    now = compare(">" if is_above else "<", *(evaluate(side, scope) for side in sides))
    if was is False or now is False:
        return False
    return None if was is None or now is None else True


_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def compare(operator: str, left: Value, right: Value) -> bool | None:
    """Unknown with null and between unlike kinds."""
    if left is None or right is None or kind(left) != kind(right):
        return None
    if operator == "==":
        return same(left, right)
    if operator == "!=":
        return not same(left, right)
    if kind(left) not in ("number", "text"):
        return None
    answers: dict[str, bool] = {
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }
    return answers[operator]


def _is_in(value: Value, items: Value) -> bool | None:
    if value is None or kind(items) != "list":
        return None
    answers = [compare("==", value, item) for item in items if item is not None]
    if True in answers:
        return True
    return None if None in answers else False


_ARITHMETIC: dict[str, Callable[[Value, Value], Value]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "%": lambda left, right: left % right,
    "**": lambda left, right: left**right,
}


def _arithmetic(operator: str, left: Value, right: Value) -> Value:
    if operator == "+" and kind(left) == kind(right) == "text":
        return left + right
    if not kind(left) == kind(right) == "number":
        return None
    try:
        result = _ARITHMETIC[operator](left, right)
    except ArithmeticError as error:
        raise EvaluationFailure(str(error)) from error
    if isinstance(result, complex) or (isinstance(result, float) and not math.isfinite(result)):
        raise EvaluationFailure(f"{left} {operator} {right} is no number")
    return result


# ---- functions ----


def _argument(argument: c.Expression | c.Lambda, scope: Scope) -> Value:
    if isinstance(argument, c.Lambda):
        raise Unsupported("a lambda")
    return evaluate(argument, scope)


def _call(name: str, arguments: list[Value]) -> Value:
    if name not in _FUNCTIONS:
        raise Unsupported(name)
    kinds, function = _FUNCTIONS[name]
    if not all(kind(value) in allowed for value, allowed in zip(arguments, kinds, strict=False)):
        return None
    return function(*arguments)


def _contains(whole: Value, part: Value) -> bool | None:
    if kind(whole) == "list":
        return any(same(item, part) for item in whole)
    return part in whole if kind(part) == "text" else None


_TEXT = ("text",)
_NUMBER = ("number",)
_FUNCTIONS: dict[str, tuple[tuple[tuple[str, ...], ...], Callable[..., Value]]] = {
    "lower": ((_TEXT,), lambda text: text.lower()),
    "upper": ((_TEXT,), lambda text: text.upper()),
    "trim": ((_TEXT,), lambda text: text.strip()),
    "length": ((("text", "list"),), len),
    "contains": ((("text", "list"), ("text", "number", "bool", "list", "map")), _contains),
    "starts_with": ((_TEXT, _TEXT), lambda text, start: text.startswith(start)),
    "ends_with": ((_TEXT, _TEXT), lambda text, end: text.endswith(end)),
    "abs": ((_NUMBER,), abs),
    "round": ((_NUMBER, _NUMBER), round),
    "floor": ((_NUMBER,), math.floor),
    "ceil": ((_NUMBER,), math.ceil),
}


# ---- aggregates ----


def _aggregate(expression: c.Aggregate, scope: Scope) -> Value:
    if expression.parameters:
        raise Unsupported(f"{expression.function} with parameters")
    step = expression.step
    events: Sequence[OracleEvent] | None = scope.events if step is None else scope.steps.get(step, ())
    known = (expression.function, expression.argument, expression.where, expression.over)
    if known in scope.own_values:
        return scope.own_values[known]
    if expression.over is not None:
        assert scope.own is not None
        events = scope.own(expression.over)
        if events is None:
            return None
    scopes = [replace(scope, candidate=event) for event in events]
    scopes = [each for each in scopes if holds(expression.where, each)]
    if expression.argument is None:
        if expression.function != "count":
            raise Unsupported(f"{expression.function} without an argument")
        return len(scopes)
    values = [evaluate(expression.argument, each) for each in scopes]
    return aggregate(expression.function, [value for value in values if value is not None])


def aggregate(function: str, values: list[Value]) -> Value:
    """An aggregate of values that are not null, in the order of their events.

    Raises:
        EvaluationFailure: the sum is too large for a float.
    """
    match function:
        case "count":
            return len(values)
        case "count_distinct":
            return len(_distinct(values))
        case "distinct":
            return _distinct(values)
        case "first":
            return values[0] if values else None
        case "last":
            return values[-1] if values else None
        case "sum":
            numbers = [value for value in values if kind(value) == "number"]
            if all(isinstance(value, int) for value in numbers):
                return sum(numbers)
            return _rounded(sum(map(Fraction, numbers)))
        case "avg":
            numbers = [value for value in values if kind(value) == "number"]
            return _rounded(Fraction(sum(map(Fraction, numbers))) / len(numbers)) if numbers else None
        case "min" | "max":
            numbers = [value for value in values if kind(value) == "number"]
            ordered = numbers or [value for value in values if kind(value) == "text"]
            if not ordered:
                return None
            return min(ordered) if function == "min" else max(ordered)
        case _:
            raise Unsupported(function)


def _distinct(values: list[Value]) -> list[Value]:
    found: list[Value] = []
    for value in values:
        if not any(same(value, other) for other in found):
            found.append(value)
    return found


def _rounded(number: Fraction | int) -> float:
    try:
        return float(number)
    except OverflowError as error:
        raise EvaluationFailure(str(error)) from error

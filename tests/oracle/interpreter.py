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
   float or no int of 64 bits can hold, fail the evaluation.
8. Aggregates skip nulls, and events for which their filter is unknown or false; see :mod:`tests.oracle.aggregates`.

Readings of the specification (it leaves these open):

* Functions of null, and of values of a kind that they do not take, are null; see :mod:`tests.oracle.functions`.
* ``like`` compares the whole text, ``*`` is any text and ``?`` one character; ``matches`` finds a regular expression
  anywhere in the text. Both are unknown for what is no text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cep.language import checked as c
from tests.oracle.aggregates import aggregate, top
from tests.oracle.functions import call
from tests.oracle.values import (
    EvaluationFailure,
    JoinedOracleEvent,
    OracleEvent,
    Order,
    Unsupported,
    Value,
    kind,
    same,
)

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


@dataclass(frozen=True)
class Scope:
    """What names mean while one expression is evaluated.

    ``events`` are all events bound so far in the match, or all of the window, in order. ``steps`` holds the bound
    steps only. ``window`` are its bounds in microseconds, ``before`` is what the key's previous evaluation saw, ``own``
    gives what the window of an aggregate's own holds (null where it is not evaluated) and its length;
    ``length_us`` is that of the window, null where it is no time. ``timeout`` is what ``on timeout emit`` reads
    besides. ``joined`` is the joined event whose roles the names of inputs and tables mean. The engine's operators,
    when they run under this interpreter, give the values of aggregates with windows of their own and the sides of a
    ``crosses`` at the previous evaluation instead.
    """

    candidate: OracleEvent | None = None
    steps: Mapping[str, Sequence[OracleEvent]] = field(default_factory=dict)
    previous: OracleEvent | None = None
    events: Sequence[OracleEvent] = ()
    keys: Mapping[str, Value] = field(default_factory=dict)
    locals: Mapping[str, Value] = field(default_factory=dict)
    window: tuple[int, int] | None = None
    timeout: Mapping[str, Value] = field(default_factory=dict)
    joined: JoinedOracleEvent | None = None
    before: Scope | None = None
    own: Callable[[c.CheckedWindow], tuple[Sequence[OracleEvent] | None, int | None]] | None = None
    length_us: int | None = None
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
        case c.Pattern(regex=regex, flags=flags):
            return re.compile(regex, sum(_FLAGS[flag] for flag in flags))
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
        case c.TimeoutValue(name=name):
            return scope.timeout[name]
        case c.Member(target=target, name=name):
            return _inside(evaluate(target, scope), name)
        case c.Index(target=target, index=index):
            return _inside(evaluate(target, scope), evaluate(index, scope))
        case c.ListOf(items=items):
            return [evaluate(item, scope) for item in items]
        case c.Call():
            return _call(expression, scope)
        case c.Aggregate():
            return _aggregate(expression, scope)
        case c.Unary(operator="not", operand=operand):
            return _not(evaluate(operand, scope))
        case c.Unary(operand=operand):
            value = evaluate(operand, scope)
            return _fitting(-value) if kind(value) == "number" else None
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
        case c.StepEvent(step=step) if scope.joined is not None and step in scope.joined.parts:
            return scope.joined.parts[step]
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
        case c.Pattern(regex=regex, flags=flags):
            return re.compile(regex, sum(_FLAGS[flag] for flag in flags))
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
    if operator in ("like", "not like", "matches", "not matches"):
        found = _fits(operator.removeprefix("not "), left, right)
        return _not(found) if operator.startswith("not ") else found
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


def _fits(operator: str, text: Value, pattern: Value) -> bool | None:
    if kind(text) != "text" or not isinstance(pattern, (str, re.Pattern)):
        return None
    if isinstance(pattern, re.Pattern):
        return pattern.search(text) is not None
    if operator == "matches":
        return None
    regex = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(regex, text, re.DOTALL) is not None


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
    return _fitting(result)


def _fitting(number: Value) -> Value:
    if isinstance(number, int) and not -(2**63) <= number < 2**63:
        raise EvaluationFailure(f"{number} does not fit 64 bits")
    return number


# ---- functions ----


def _call(expression: c.Call, scope: Scope) -> Value:
    arguments: list[Value] = []
    for argument in expression.arguments:
        match argument:
            case c.Lambda():
                arguments.append(_function_of(argument, scope))
            case c.EventValue(event=reference):
                arguments.append(find_event(reference, scope))
            case _:
                arguments.append(evaluate(argument, scope))
    if expression.function == "age":
        assert scope.candidate is not None
        arguments.insert(0, scope.candidate.time_us)
    return call(expression.function, arguments)


def _function_of(argument: c.Lambda, scope: Scope) -> Callable[[Value], Value]:
    return lambda value: evaluate(argument.body, replace(scope, locals={**scope.locals, argument.parameter: value}))


# ---- aggregates ----


def _aggregate(expression: c.Aggregate, scope: Scope) -> Value:
    known = (expression.function, expression.argument, expression.where, expression.parameters, expression.over)
    if known in scope.own_values:
        return scope.own_values[known]
    length_us = scope.length_us
    if expression.over is not None:
        assert scope.own is not None
        events, length_us = scope.own(expression.over)
        if events is None:
            return None
        scope = replace(scope, events=events)
    scopes = _ranged(expression, scope)
    columns: list[list[Value]] = []
    constants: list[Value] = []
    rank: c.Aggregate | None = None
    for number, part in enumerate((expression.argument, *expression.parameters)):
        if isinstance(part, c.Aggregate):
            rank = part
        elif number > 0 and isinstance(part, c.Constant):
            constants.append(part.value)
        elif part is not None:
            columns.append([evaluate(part, each) for each in scopes])
    if expression.function in ("rate", "slope", "ewma"):
        columns.append([each.candidate.time_us for each in scopes if each.candidate is not None])
    elif expression.argument is None:
        columns.append([True] * len(scopes))
    if rank is not None:
        rows = list(zip(columns[0], scopes, strict=True))
        return top(rows, constants[0], rank.function, lambda taken: _measure(rank, taken, scope))
    return aggregate(expression.function, columns, constants, length_us)


def _ranged(expression: c.Aggregate, scope: Scope) -> list[Scope]:
    """The scope of each event that is ranged over and that the filter lets pass."""
    step = expression.step
    events = scope.events if step is None else scope.steps.get(step, ())
    scopes = [replace(scope, candidate=event) for event in events]
    if scope.joined is not None:
        scopes = [
            replace(scope, candidate=event if step is None else event.parts[step], joined=event)
            for event in scope.events
            if isinstance(event, JoinedOracleEvent) and (step is None or event.parts[step] is not None)
        ]
    return [each for each in scopes if holds(expression.where, each)]


def _measure(rank: c.Aggregate, taken: list[Value], scope: Scope) -> Value:
    """The rank over the events that one value has."""
    events = [each.candidate for each in taken]
    step = rank.step
    inner = replace(scope, events=events) if step is None else replace(scope, steps={**scope.steps, step: events})
    return _aggregate(rank, inner)

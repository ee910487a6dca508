"""Conditions that say something else than they seem to: always true or false, ``not x == v``. Language layer.

Only warnings: nothing here makes rules unusable. What hangs on a constant that ``let`` gives or on the argument of a
definition is a switch, and may well be always true.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from cep.diagnostics import Span
from cep.functions.records import EvaluationError
from cep.language import syntax
from cep.language.checked import (
    Aggregate,
    Between,
    Binary,
    Call,
    Candidate,
    Checked,
    Constant,
    Expression,
    Field,
    IsNull,
    KeyValue,
    StepEvent,
    Unary,
)
from cep.language.checking.always import alternatives_that_cover, out_of_range
from cep.language.checking.contradictions import Contradiction, Subject, contradictions, known
from cep.language.expressions.constants import NotConstant, fold
from cep.language.expressions.domains import types_of_event
from cep.language.expressions.operators import ORDERED, family
from cep.language.expressions.scope import Context, Scope
from cep.language.report import Report
from cep.types import ANY, Type

Part = tuple[syntax.Expression | None, Expression]
"""A condition as written, where that is known, and as checked."""


def warn_of_condition(context: Context, parts: Sequence[Part], scope: Scope) -> None:
    """Warns of a whole condition: its conjuncts, or all of it as one of them."""
    _warn_of_constant_parts(context.report, parts)
    conditions = [condition for _, condition in parts]
    for found in contradictions_in(conditions):
        _report(context.report, found)
    for part in (part for condition in conditions for part in _parts(condition)):
        _warn_of_range(context.report, part)
        if isinstance(part, Binary) and part.operator == "or":
            _warn_of_cover(context.report, part)
    _warn_of_not(context, conditions, scope)


def warn_together(report: Report, conditions: Sequence[Sequence[Expression]], span: Span) -> None:
    """Warns of a phrase whose conditions (of each of its event types) contradict each other, none of them itself."""
    found = []
    for each in conditions:
        if len(each) < 2 or any(contradictions_in([condition]) for condition in each):
            return
        together = contradictions([part for condition in each for part in _flat(condition, "and")])
        if not together:
            return
        found.append(together[0])
    if found:
        _report(report, found[0], span)


# ---- always true, always false ----


def contradictions_in(conditions: Sequence[Expression]) -> list[Contradiction]:
    """Those of conditions that must hold together, and those of each side of an ``or`` in them."""
    found = []
    stack = [conditions]
    while stack:
        conjuncts = [part for condition in stack.pop() for part in _flat(condition, "and")]
        found.extend(contradictions(conjuncts))
        for conjunct in conjuncts:
            if isinstance(conjunct, Binary) and conjunct.operator == "or":
                stack.extend([side] for side in reversed(_flat(conjunct, "or")))
    return found


def _warn_of_cover(report: Report, node: Expression) -> None:
    found = alternatives_that_cover(_flat(node, "or"))
    if found is None:
        return
    name, nulls = _shown(found[0].subject), found[0].operator in ("null", "not null")
    message = f"one of these always holds{'' if nulls else f' where {name} is not null'}"
    hint = "leave them out" if nulls else f"write `{name.strip('`')} is not null`, or leave them out"
    report.warning("CEP425", message, found[0].span.to(found[1].span), hint)


def _warn_of_range(report: Report, part: Expression) -> None:
    found = out_of_range(part)
    if found is not None:
        fact, always, shown = found
        message = f"this {'always' if always else 'never'} holds: {_shown(fact.subject)} is {shown}"
        report.warning("CEP425", message, fact.span, "leave it out" if always else "compare with a value in between")


def conjuncts_of(condition: Expression) -> list[Expression]:
    """What stands between the top-level ``and`` of a condition."""
    return _flat(condition, "and")


def _report(report: Report, found: Contradiction, span: Span | None = None) -> None:
    name = _shown(found.fact.subject)
    hint = "leave one of them out, or join them by `or`"
    if found.other is None or (found.other.span == found.fact.span and span is None):
        report.warning("CEP425", f"no value of {name} meets all that is asked of it", span or found.fact.span, hint)
        return
    related = ((found.other.span, "the other is here"),) if found.other.span not in (span, found.fact.span) else ()
    message = f"this never holds: no value of {name} meets both conditions"
    report.warning("CEP425", message, span or found.fact.span, hint, related)


def _warn_of_constant_parts(report: Report, parts: Sequence[Part]) -> None:
    stack = list(reversed(parts))
    while stack:
        node, checked = stack.pop()
        if isinstance(checked, Binary) and checked.operator in ("and", "or"):
            same = isinstance(node, syntax.Binary) and node.operator == checked.operator
            left, right = (node.left, node.right) if same and isinstance(node, syntax.Binary) else (None, None)
            stack += [(right, checked.right), (left, checked.left)]
            continue
        if isinstance(checked, Unary) and checked.operator == "not" and isinstance(checked.operand, Binary):
            _warn_of_fraction(report, checked.operand)
        _warn_of_fraction(report, checked)
        if node is not None and not _depends_on_names(node):
            _warn_of_constant(report, checked)


def _warn_of_constant(report: Report, checked: Expression) -> None:
    try:
        if checked.type.name != "bool" or not _is_sound(checked):
            return
        value = fold(checked).value
    except (NotConstant, EvaluationError, RecursionError):
        return
    if value is not None:
        word = "true" if value is True else "false"
        hint = "leave it out" if value is True else "compare a field: `FIELD == …`"
        report.warning("CEP425", f"this condition is always {word}", checked.span, hint)


def _is_sound(node: Expression) -> bool:
    """Whether literals are combined as their types allow: of what was reported as an error nothing else is told."""
    match node:
        case Constant(type=kind):
            return kind != ANY
        case Unary(operator=operator, operand=operand):
            return _is_sound(operand) and (operator == "-" or operand.type.name == "bool")
        case Binary(operator=operator, left=left, right=right):
            return _is_sound(left) and _is_sound(right) and node.type != ANY and _fits(operator, left.type, right.type)
        case Between(value=value, low=low, high=high):
            parts = (value, low, high)
            return all(_is_sound(part) and _fits("<", value.type, part.type) for part in parts)
        case IsNull(value=value, missing=False):
            return _is_sound(value)
    return False


def _fits(operator: str, left: Type, right: Type) -> bool:
    match operator:
        case "and" | "or":
            return left.name == right.name == "bool"
        case "==" | "!=":
            return family(left) == family(right)
        case "<" | "<=" | ">" | ">=":
            return family(left) == family(right) and family(left) in ORDERED
        case "in" | "not in":
            return right.item is not None and family(left) == family(right.item)
        case "like" | "not like":
            return left.name == right.name == "string"
    return True


def _depends_on_names(node: syntax.Expression) -> bool:
    stack: list[object] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, syntax.Name):
            return True
        if isinstance(part, tuple):
            stack.extend(part)
        elif isinstance(part, syntax.Node):
            stack.extend(getattr(part, f.name) for f in dataclasses.fields(part) if f.name != "span")
    return False


def _warn_of_fraction(report: Report, node: Expression) -> None:
    if not isinstance(node, Binary) or node.operator not in ("==", "!="):
        return
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if not isinstance(one, Subject) or one.type.name != "int":
            continue
        constant = known(other)
        if constant is not None and isinstance(constant.value, float) and not constant.value.is_integer():
            never = "never" if node.operator == "==" else "always"
            message = f"this {never} holds: {_shown(one)} is a whole number, {constant.value} is not"
            report.warning("CEP425", message, node.span, "compare with a whole number, or with `<` and `>`")


# ---- `not x == v` ----


def _warn_of_not(context: Context, conditions: Sequence[Expression], scope: Scope) -> None:
    parts = [part for condition in conditions for part in _parts(condition)]
    tested = [part.value for part in parts if isinstance(part, IsNull)]
    for part in parts:
        match part:
            case Unary("not", Binary(operator="==" | "in" as operator, left=left, right=right)):
                if operator == "==" and not isinstance(left, Field | KeyValue):
                    left, right = right, left
                if _may_lack(context, left, scope) and left not in tested:
                    name = _shown(left)
                    denied = "!=" if operator == "==" else "not in"
                    message = f"events without {name} do not pass: `not` of an unknown is unknown"
                    plain = name.strip("`")
                    hint = f"write `{plain} {denied} {_value(right)} or {plain} is null`"
                    context.report.warning("CEP426", message, part.span, hint)


def _may_lack(context: Context, node: Expression, scope: Scope) -> bool:
    """Whether it is a key or a declared field that may be null."""
    if isinstance(node, KeyValue):
        return node.type.optional
    if not isinstance(node, Field):
        return False
    if isinstance(node.event, StepEvent) and node.event.step not in scope.steps:
        return False
    found = context.types.find(types_of_event(node.event, scope), node.name)
    return found.type.optional or (found.field is not None and found.type == ANY)


# ---- parts ----


def _flat(node: Expression, operator: str) -> list[Expression]:
    """What stands between ``and`` (or ``or``), in the order written. Chains are long: no recursion."""
    found: list[Expression] = []
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, Binary) and part.operator == operator:
            stack += [part.right, part.left]
        else:
            found.append(part)
    return found


def _parts(node: Expression) -> Iterator[Expression]:
    """The condition and what logic joins in it, not what aggregates and lambdas ask of others."""
    stack = [node]
    while stack:
        part = stack.pop()
        yield part
        match part:
            case Binary(operator="and" | "or"):
                stack += [part.right, part.left]
            case Unary(operator="not"):
                stack.append(part.operand)


def _shown(subject: Checked) -> str:
    match subject:
        case Field(event=Candidate(), name=name) | KeyValue(name=name):
            return f"`{name}`"
        case Field(event=StepEvent(step=step), name=name):
            return f"`{step}.{name}`"
        case Field(name=name):
            return f"`{name}`"
    if isinstance(subject, Call):
        return f"`{subject.function}(…)`"
    if isinstance(subject, Aggregate):
        plain = subject.argument is None and subject.where is None and subject.step is None
        return f"`{subject.function}({'' if plain else '…'})`"
    return "it"


def _value(node: Expression) -> str:
    if not isinstance(node, Constant) or node.value is None or isinstance(node.value, tuple):
        return "[…]" if isinstance(node, Constant) and isinstance(node.value, tuple) else "…"
    if isinstance(node.value, bool):
        return str(node.value).lower()
    if isinstance(node.value, str):
        return f'"{node.value}"'
    return str(node.value) if node.type.name in ("int", "float", "decimal") else "…"

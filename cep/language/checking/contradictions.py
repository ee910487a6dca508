"""Conditions on one field that no value meets together: ``x > 5 and x < 3``. Language layer.

Each conjunct that compares a field with a constant is a :class:`Fact` about it. Where the kinds of the constants
differ, or nothing is known of how values compare (addresses), nothing is concluded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cep.diagnostics import Span
from cep.functions.records import EvaluationError
from cep.language.checked import (
    Aggregate,
    Between,
    Binary,
    Call,
    Constant,
    Expression,
    Field,
    IsNull,
    KeyValue,
    Member,
    Unary,
)
from cep.language.expressions.constants import NotConstant, fold
from cep.language.expressions.operators import ORDERED, family
from cep.language.words import word_set

Subject = Field | KeyValue | Member | Aggregate | Call
"""What is the same value wherever it stands in one condition; of calls those of :data:`REPEATABLE` functions."""

REPEATABLE = word_set(
    "abs ceil date distance_km floor hour length lower minute round speed_kmh sqrt time trim upper weekday"
)
"""Functions of which an application has no say in what they give."""

_TURNED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_DENIED = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<", "in": "not in", "not in": "in"}


@dataclass(frozen=True, slots=True)
class Fact:
    """``subject operator value``; the operators ``null`` and ``not null`` have no value."""

    subject: Subject
    operator: str
    value: Any
    kind: str
    span: Span


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Facts that are never true together: ``fact`` and the ``other`` before it, or (null) more than two."""

    fact: Fact
    other: Fact | None


def known(expression: Expression) -> Constant | None:
    """The constant that the expression always gives, if it does and is not null."""
    try:
        constant = fold(expression)
    except (NotConstant, EvaluationError, RecursionError):
        return None
    return None if constant.value is None else constant


def contradictions(conjuncts: Sequence[Expression]) -> list[Contradiction]:
    """At most one for each subject, in the order of the subjects."""
    by_subject: list[tuple[Subject, list[Fact]]] = []
    for fact in (fact for conjunct in conjuncts for fact in facts_of(conjunct)):
        for subject, facts in by_subject:
            if subject == fact.subject:
                facts.append(fact)
                break
        else:
            by_subject.append((fact.subject, [fact]))
    return [_told(facts) for _, facts in by_subject if contradict(facts)]


def _told(facts: list[Fact]) -> Contradiction:
    for index, fact in enumerate(facts):
        for other in facts[:index]:
            if contradict([other, fact]):
                return Contradiction(fact, other)
    return Contradiction(facts[-1], None)


# ---- facts ----


def denied(fact: Fact) -> Fact | None:
    """What holds where the fact does not and its subject is not null; null for what cannot be denied."""
    if fact.operator in ("null", "not null"):
        return replace(fact, operator="not null" if fact.operator == "null" else "null")
    return replace(fact, operator=_DENIED[fact.operator]) if fact.operator in _DENIED else None


def facts_of(node: Expression) -> list[Fact]:
    """What one conjunct says of subjects; nothing for what is not such a comparison."""
    match node:
        case Unary("not", Binary(operator=operator, left=left, right=right)) if operator in _DENIED:
            return _compared(_DENIED[operator], left, right, node.span)
        case Unary("not", Field() | KeyValue() | Member() as subject):
            return [Fact(subject, "==", False, "bool", node.span)]
        case Field() | KeyValue() | Member():
            return [Fact(node, "==", True, "bool", node.span)]
        case Binary(operator=operator, left=left, right=right) if operator in _DENIED:
            return _compared(operator, left, right, node.span)
        case Between(value=value, low=low, high=high, negated=False):
            return [*_compared(">=", value, low, node.span), *_compared("<=", value, high, node.span)]
        case IsNull(value=Field() | KeyValue() | Member() | Aggregate() as subject, missing=False, negated=negated):
            return [Fact(subject, "not null" if negated else "null", None, "", node.span)]
    return []


def _is_subject(node: Expression) -> bool:
    if isinstance(node, Call):
        return node.function in REPEATABLE
    return isinstance(node, Subject)


def _compared(operator: str, left: Expression, right: Expression, span: Span) -> list[Fact]:
    if not _is_subject(left):
        if operator not in _TURNED or not _is_subject(right):
            return []
        operator, left, right = _TURNED[operator], right, left
    assert isinstance(left, Subject)
    constant = known(right)
    if constant is None or left.type.name == "ip":
        return []
    kind = constant.type
    if operator in ("in", "not in"):
        if not isinstance(constant.value, tuple) or kind.item is None:
            return []
        kind = kind.item
    return [Fact(left, operator, constant.value, family(kind), span)]


# ---- what they leave ----


def contradict(facts: Sequence[Fact]) -> bool:
    """Whether facts about one subject are never true together."""
    if any(fact.operator == "null" for fact in facts):
        return any(fact.operator != "null" for fact in facts)
    facts = [fact for fact in facts if fact.operator != "not null"]
    if len({fact.kind for fact in facts}) != 1:
        return False
    values = _values(facts)
    if values is not None:
        return not any(all(_meets(value, fact) for fact in facts) for value in values)
    return facts[0].kind in ORDERED and _is_empty(facts)


def _values(facts: list[Fact]) -> tuple[object, ...] | None:
    """All values that can be meant, null where they are not listed."""
    for fact in facts:
        if fact.operator == "==":
            return (fact.value,)
        if fact.operator == "in":
            return tuple(value for value in fact.value if value is not None)
    return None


def _meets(value: Any, fact: Fact) -> bool:
    match fact.operator:
        case "==":
            return bool(value == fact.value)
        case "!=":
            return bool(value != fact.value)
        case "in":
            return value in fact.value
        case "not in":
            return value not in fact.value
    if fact.kind not in ORDERED:
        return True
    match fact.operator:
        case "<":
            return bool(value < fact.value)
        case "<=":
            return bool(value <= fact.value)
        case ">":
            return bool(value > fact.value)
    return bool(value >= fact.value)


def _is_empty(facts: list[Fact]) -> bool:
    """Whether nothing lies between the highest lower bound and the lowest upper bound."""
    lows = [_bound(fact) for fact in facts if fact.operator in (">", ">=")]
    highs = [_bound(fact) for fact in facts if fact.operator in ("<", "<=")]
    if not lows or not highs:
        return False
    low, high = max(value for value, _ in lows), min(value for value, _ in highs)
    strict = (low, True) in lows or (high, True) in highs
    return bool(low > high or (low == high and strict))


def _bound(fact: Fact) -> tuple[Any, bool]:
    """The bound, and whether it is itself outside: for whole numbers the next one inside."""
    value, strict = fact.value, fact.operator in ("<", ">")
    if fact.subject.type.name != "int" or fact.kind != "number" or not math.isfinite(value):
        return value, strict
    if fact.operator in (">", ">="):
        return (math.floor(value) + 1 if strict else math.ceil(value)), False
    return (math.ceil(value) - 1 if strict else math.floor(value)), False

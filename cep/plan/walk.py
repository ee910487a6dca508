"""Looking through checked expressions: conjuncts, what they read, whether they can fail. Plan layer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cache
from typing import Any

from cep.functions import FUNCTIONS
from cep.language.checked import (
    Aggregate,
    Binary,
    Call,
    Candidate,
    EdgeEvent,
    EventValue,
    Expression,
    Field,
    KeyValue,
    PatternNode,
    PreviousEvent,
    Role,
    Sequence,
    StepEvent,
    StepEventAt,
    StepValues,
    Unary,
)


def conjuncts(expression: Expression | None) -> list[Expression]:
    """The expression split at its top-level ``and``; nothing for null."""
    if expression is None:
        return []
    if isinstance(expression, Binary) and expression.operator == "and":
        return [*conjuncts(expression.left), *conjuncts(expression.right)]
    return [expression]


def walk(node: object) -> Iterator[object]:
    """The node and everything below it, in the order written."""
    stack = [node]
    while stack:
        part = stack.pop()
        yield part
        if isinstance(part, tuple):
            stack.extend(reversed(part))
        elif names := _parts(type(part)):  # type: ignore[arg-type]  # a class is hashable
            stack.extend([getattr(part, name) for name in names])


@cache
def _parts(kind: Any) -> tuple[str, ...]:
    """The fields of a node in which others may be, last first; none for what is no node."""
    if not dataclasses.is_dataclass(kind):
        return ()
    return tuple(f.name for f in reversed(dataclasses.fields(kind)) if f.name not in ("span", "type"))


def is_local(expression: Expression) -> bool:
    """Whether it looks at the candidate event and constants only."""
    tied = (StepEvent, StepEventAt, StepValues, PreviousEvent, EdgeEvent, Role, KeyValue, Aggregate)
    return not any(isinstance(node, tied) for node in walk(expression))


_TOTAL = frozenset(
    {"==", "!=", "<", "<=", ">", ">=", "and", "or", "??", "in", "not in", "like", "not like", "matches", "not matches"}
)


def may_fail(expression: Expression) -> bool:
    """Whether evaluating it can be an error in the data (S15): arithmetic and functions can."""
    for node in walk(expression):
        if isinstance(node, Call) or (isinstance(node, Unary) and node.operator == "-"):
            return True
        if isinstance(node, Binary) and node.operator not in _TOTAL:
            return True
    return False


def event_fields(expression: Expression) -> set[str]:
    """Top-level fields of any event that the expression reads."""
    names: set[str] = set()
    for node in walk(expression):
        if isinstance(node, (Field, StepValues)):
            names.add(node.name)
        elif isinstance(node, Call) and any(isinstance(a, EventValue) for a in node.arguments):
            names.update(FUNCTIONS[node.function].event_fields)
    return names


def candidate_fields(expression: Expression) -> set[str]:
    """Top-level fields of the candidate event that the expression reads."""
    return {n.name for n in walk(expression) if isinstance(n, Field) and isinstance(n.event, Candidate)}


def step_fields(expression: Expression, step: str) -> set[str]:
    """Top-level fields of the events of a step that the expression reads."""
    names: set[str] = set()
    for node in walk(expression):
        if (isinstance(node, StepValues) and node.step == step) or (
            isinstance(node, Field) and getattr(node.event, "step", None) == step
        ):
            names.add(node.name)
        elif isinstance(node, Aggregate) and node.step == step:
            for part in (node.argument, node.where, *node.parameters):
                names |= set() if part is None else candidate_fields(part)
    return names


def aggregates(expression: Expression) -> list[Aggregate]:
    """The aggregates in it, each once, in the order written; not those by which another one ranks."""
    return list(dict.fromkeys(_aggregates(expression)))


def _aggregates(node: object) -> Iterator[Aggregate]:
    if isinstance(node, Aggregate):
        yield node
    elif dataclasses.is_dataclass(node):
        for f in dataclasses.fields(node):
            if f.name not in ("span", "type"):
                yield from _aggregates(getattr(node, f.name))
    elif isinstance(node, tuple):
        for item in node:
            yield from _aggregates(item)


def elements(pattern: PatternNode) -> list[PatternNode]:
    """The pattern as a flat list: groups of plain sequences are opened."""
    if isinstance(pattern, Sequence):
        return [e for part in (pattern.first, *(link.element for link in pattern.links)) for e in elements(part)]
    return [pattern]

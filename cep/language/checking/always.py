"""Conditions that every value meets, and those that a function never gives: ``x > 5 or x <= 5``. Language layer.

Simple interval reasoning, one subject at a time, with the facts of :mod:`cep.language.checking.contradictions`: of an
``or`` the alternatives are denied, and where their denials contradict each other one of them always holds. A function
with a range, such as ``hour`` (0 to 23), brings the bounds of that as facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cep.diagnostics import Span
from cep.language.checked import Aggregate, Binary, Call, Expression
from cep.language.checking.contradictions import Fact, Subject, contradict, denied, facts_of

RANGES: dict[str, tuple[int, int | None]] = {
    "abs": (0, None), "approx_count_distinct": (0, None), "count": (0, None), "count_distinct": (0, None),
    "distance_km": (0, None), "hour": (0, 23), "length": (0, None), "minute": (0, 59), "speed_kmh": (0, None),
    "sqrt": (0, None), "stddev": (0, None), "variance": (0, None), "weekday": (1, 7),
}  # fmt: skip
"""The least and the greatest value (null: there is none) of functions and aggregates of numbers."""


def alternatives_that_cover(alternatives: Sequence[Expression]) -> tuple[Fact, Fact] | None:
    """Two facts of which one always holds, if their subject is not null; of the alternatives of one ``or``."""
    seen: list[Fact] = []
    for alternative in alternatives:
        facts = facts_of(alternative)
        if len(facts) != 1:
            continue
        for other in seen:
            if other.subject == facts[0].subject and _cover(other, facts[0]):
                return other, facts[0]
        seen.append(facts[0])
    return None


def _cover(one: Fact, other: Fact) -> bool:
    denials = [denied(one), denied(other)]
    if any(fact is None or fact.operator in ("null", "not null") for fact in denials):
        return {one.operator, other.operator} == {"null", "not null"}
    return contradict([fact for fact in denials if fact is not None])


def out_of_range(part: Expression) -> tuple[Fact, bool, str] | None:
    """A comparison that a function's range decides: the fact, whether it always (else never) holds, and the range."""
    if not isinstance(part, Binary) or part.operator in ("and", "or"):
        return None
    for fact in facts_of(part):
        bounds = list(_bounds(fact.subject, fact.span))
        if not bounds or fact.kind != "number":
            continue
        shown = " to ".join(str(bound.value) for bound in bounds) if len(bounds) > 1 else f"at least {bounds[0].value}"
        if contradict([*bounds, fact]):
            return fact, False, shown
        opposite = denied(fact)
        if opposite is not None and contradict([*bounds, opposite]):
            return fact, True, shown
    return None


def _bounds(subject: Subject, span: Span) -> Iterator[Fact]:
    if not isinstance(subject, Call | Aggregate) or subject.function not in RANGES:
        return
    low, high = RANGES[subject.function]
    if subject.type.name not in ("int", "float"):
        return
    yield Fact(subject, ">=", low, "number", span)
    if high is not None:
        yield Fact(subject, "<=", high, "number", span)

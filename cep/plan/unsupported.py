"""What the language knows and this version does not run yet: said with CEP490, never run as something else.

Plan layer. The list shrinks as operators are added.
"""

from __future__ import annotations

from collections.abc import Iterator

from cep.diagnostics import Diagnostic, Span
from cep.language.checked import (
    CheckedJoin,
    CheckedLookup,
    CheckedRule,
    EventValue,
    StepEventAt,
)
from cep.plan.walk import walk

_ROW = "a row of a table where an event is wanted"
_INSTEAD = {
    _ROW: "a row has no time; write its columns, as in `distance_km(lat, lon, homes.lat, homes.lon)`",
}


def unsupported(rule: CheckedRule) -> list[Diagnostic]:
    """One diagnostic for each construct of the rule that does not run yet, in the order written."""
    found = [*_clauses(rule), *(() if rule.pattern is not None else _window(rule))]
    found.sort(key=lambda pair: (pair[1].line, pair[1].column))
    return [
        Diagnostic(
            "CEP490", f"{what} is part of the language but does not run yet in this version", span, _INSTEAD.get(what)
        )
        for what, span in found
    ]


def _clauses(rule: CheckedRule) -> Iterator[tuple[str, Span]]:
    spans = rule.clause_spans
    if rule.to:
        yield "`to`", spans.get("to", rule.span)


def _window(rule: CheckedRule) -> Iterator[tuple[str, Span]]:
    yield from _joins(rule)
    if rule.input is not None:
        yield from (("`any(…)` as a step", a.span) for a in rule.input.alternatives if a.type is None)


def _joins(rule: CheckedRule) -> Iterator[tuple[str, Span]]:
    """What has no meaning yet over joined events."""
    for join in rule.joins:
        if isinstance(join, CheckedJoin):
            yield from (("`any(…)` as a step", a.span) for a in join.input.alternatives if a.type is None)
    tables = {join.table for join in rule.joins if isinstance(join, CheckedLookup)}
    if rule.joins:
        if rule.at_most is not None and rule.at_most.keys is not None:
            yield "`at most … per` with keys of its own in a rule that joins or looks up", rule.at_most.span
        for node in walk((rule.where, rule.when, rule.having, rule.emit, rule.joins)):
            if isinstance(node, StepEventAt):
                yield "an event of the window by position in a rule that joins or looks up", node.span
            elif isinstance(node, EventValue) and getattr(node.event, "step", None) in tables:
                yield _ROW, node.span

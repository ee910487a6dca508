"""What the language knows and this version does not run yet: said with CEP490, never run as something else.

Plan layer. The list shrinks as operators are added.
"""

from __future__ import annotations

from collections.abc import Iterator

from cep.diagnostics import Diagnostic, Span
from cep.language.checked import (
    Aggregate,
    CheckedRule,
    Expectation,
    PreviousEvent,
    StepEventAt,
    WindowBound,
)
from cep.plan.walk import walk

WINDOW_AGGREGATES = frozenset({"count", "sum", "avg", "min", "max", "count_distinct", "distinct", "first", "last"})


def unsupported(rule: CheckedRule) -> list[Diagnostic]:
    """One diagnostic for each construct of the rule that does not run yet, in the order written."""
    found = [*_clauses(rule), *(_pattern(rule) if rule.pattern is not None else _window(rule)), *_expressions(rule)]
    found.sort(key=lambda pair: (pair[1].line, pair[1].column))
    return [
        Diagnostic("CEP490", f"{what} is part of the language but does not run yet in this version", span)
        for what, span in found
    ]


def _clauses(rule: CheckedRule) -> Iterator[tuple[str, Span]]:
    spans = rule.clause_spans
    if rule.to:
        yield "`to`", spans.get("to", rule.span)
    if rule.at_most is not None and rule.at_most.keys is not None:
        yield "`at most … per` with keys of its own", rule.at_most.span


def _pattern(rule: CheckedRule) -> Iterator[tuple[str, Span]]:
    for part in walk(rule.pattern):
        if isinstance(part, Expectation):
            yield "`expect … from`", part.span


def _window(rule: CheckedRule) -> Iterator[tuple[str, Span]]:
    spans = rule.clause_spans
    for join in rule.joins:
        yield "`join` and `lookup`", join.span
    if rule.window is None:
        yield "a rule over windows without `over`", spans.get("from", rule.span)
    elif rule.window.kind != "last_time":
        yield "a window other than `over last DURATION`", rule.window.span
    if rule.firing.kind not in ("rising", "every_time"):
        yield "firing other than once on rising and `every time`", rule.firing.span
    if rule.having is not None:
        yield "`having` in a rule over windows", spans.get("having", rule.span)
    if rule.input is not None:
        yield from (("`any(…)` as a step", a.span) for a in rule.input.alternatives if a.type is None)


def _expressions(rule: CheckedRule) -> Iterator[tuple[str, Span]]:
    over_window = rule.input is not None
    trees = (rule.pattern, rule.input, rule.where, rule.having, rule.emit, rule.when)
    for node in (n for tree in trees for n in walk(tree)):
        if isinstance(node, Aggregate):
            if node.function not in WINDOW_AGGREGATES:
                yield f"the aggregate `{node.function}`", node.span
            elif node.over is not None:
                yield "an aggregate with a window of its own", node.span
        elif over_window and isinstance(node, PreviousEvent):
            yield "`prev` in a rule over windows", node.span
        elif over_window and isinstance(node, WindowBound):
            yield "`window.start` and `window.end`", node.span
        elif over_window and isinstance(node, StepEventAt):
            yield "an event of the window by position", node.span
        elif getattr(node, "operator", None) in ("crosses above", "crosses below"):
            yield f"`{node.operator}`", node.span  # type: ignore[attr-defined]

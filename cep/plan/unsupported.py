"""What the language knows and this version does not run yet: said with CEP490, never run as something else.

Plan layer. The list shrinks as operators are added.
"""

from __future__ import annotations

from collections.abc import Iterator

from cep.diagnostics import Diagnostic, Span
from cep.language.checked import (
    Absence,
    Aggregate,
    Bounded,
    CheckedJoin,
    CheckedLookup,
    CheckedRule,
    Choice,
    Consecutive,
    EventValue,
    Expectation,
    Loop,
    PatternNode,
    PreviousEvent,
    Sequence,
    SomeOf,
    Step,
    StepEventAt,
    Until,
    WindowBound,
)
from cep.plan.walk import elements, walk

WINDOW_AGGREGATES = frozenset({"count", "sum", "avg", "min", "max", "count_distinct", "distinct", "first", "last"})

_ROW = "a row of a table where an event is wanted"
_INSTEAD = {
    _ROW: "a row has no time; write its columns, as in `distance_km(lat, lon, homes.lat, homes.lon)`",
    "`or` between steps": "for one event of several types write `define NAME as A or B`, or `(A or B) as name`",
    "a step that may be empty (`optional`, `any number of`, `up to`)": "write a rule for each case",
    "`any(…)` as a step": "name the event types: `(A or B) as name`",
    "`and`, `all of` and `N of` between steps": "write a rule for each order: `A then B`, `B then A`",
}
_FORMS: dict[type, str] = {
    Consecutive: "`consecutive`",
    Choice: "`or` between steps",
    SomeOf: "`and`, `all of` and `N of` between steps",
    Until: "`until`",
    Bounded: "`within` on a part of a pattern",
    Expectation: "`expect … from`",
}


def unsupported(rule: CheckedRule) -> list[Diagnostic]:
    """One diagnostic for each construct of the rule that does not run yet, in the order written."""
    found = [*_clauses(rule), *(_pattern(rule) if rule.pattern is not None else _window(rule)), *_expressions(rule)]
    found.sort(key=lambda pair: (pair[1].line, pair[1].column))
    return [
        Diagnostic(
            "CEP490", f"{what} is part of the language but does not run yet in this version", span, _INSTEAD.get(what)
        )
        for what, span in found
    ]


def _clauses(rule: CheckedRule) -> Iterator[tuple[str, Span]]:
    spans = rule.clause_spans
    if rule.after_match is not None and rule.after_match.strategy != "past_last":
        yield "`after match` other than `skip past last event`", spans.get("after_match", rule.span)
    if rule.on_timeout is not None:
        yield "`on timeout emit`", spans.get("on_timeout", rule.span)
    if rule.limit is not None:
        yield "`limit`", spans.get("limit", rule.span)
    if rule.to:
        yield "`to`", spans.get("to", rule.span)
    if rule.at_most is not None and rule.at_most.keys is not None:
        yield "`at most … per` with keys of its own", rule.at_most.span


def _pattern(rule: CheckedRule) -> Iterator[tuple[str, Span]]:
    assert rule.pattern is not None
    yield from _nodes(rule.pattern)
    parts = elements(rule.pattern)
    absences = [isinstance(part, Absence) for part in parts]
    if absences[0] and len(parts) > 1:
        yield "a `no` at the start of a longer pattern", parts[0].span
    for number, part in enumerate(parts[1:], start=1):
        before = parts[number - 1]
        if isinstance(part, Absence) and isinstance(before, Absence):
            closing = number == len(parts) - 1
            if closing or part.duration_us is not None or before.duration_us is not None:
                yield "one `no` after another, where one has a deadline or closes the pattern,", part.span


def _nodes(pattern: PatternNode) -> Iterator[tuple[str, Span]]:
    if isinstance(pattern, Sequence):
        yield from _nodes(pattern.first)
        for link in pattern.links:
            if link.contiguity == "strict":
                yield "`then immediately`", link.span
            elif link.contiguity == "every":
                yield "`then every`", link.span
            elif link.minimum_us is not None or link.maximum_us is not None:
                yield "a bound on a single step", link.span
            yield from _nodes(link.element)
    elif isinstance(pattern, Absence):
        if not isinstance(pattern.element, Step):
            yield "`no` of a loop or a group", pattern.span
        else:
            yield from _nodes(pattern.element)
    elif isinstance(pattern, Loop):
        yield from _loop(pattern)
    elif isinstance(pattern, Step):
        yield from (("`any(…)` as a step", a.span) for a in pattern.alternatives if a.type is None)
    else:
        yield _FORMS[type(pattern)], pattern.span


def _loop(loop: Loop) -> Iterator[tuple[str, Span]]:
    if not isinstance(loop.element, Step):
        yield "a loop over a group", loop.span
        return
    if loop.minimum == 0:
        yield "a step that may be empty (`optional`, `any number of`, `up to`)", loop.span
    elif loop.mode != "relaxed":
        yield f"a loop with `{loop.mode}`", loop.span
    elif not loop.greedy:
        yield "a reluctant loop", loop.span
    yield from _nodes(loop.element)


def _window(rule: CheckedRule) -> Iterator[tuple[str, Span]]:
    spans = rule.clause_spans
    yield from _joins(rule)
    if rule.window is None and not rule.joins:
        yield "a rule over windows without `over`", spans.get("from", rule.span)
    elif rule.window is not None and rule.window.kind != "last_time":
        yield "a window other than `over last DURATION`", rule.window.span
    if rule.firing.kind not in ("rising", "every_time"):
        yield "firing other than once on rising and `every time`", rule.firing.span
    if rule.having is not None:
        yield "`having` in a rule over windows", spans.get("having", rule.span)
    if rule.input is not None:
        yield from _nodes(rule.input)


def _joins(rule: CheckedRule) -> Iterator[tuple[str, Span]]:
    """What has no meaning yet over joined events."""
    for join in rule.joins:
        if isinstance(join, CheckedJoin):
            yield from _nodes(join.input)
    tables = {join.table for join in rule.joins if isinstance(join, CheckedLookup)}
    if rule.joins:
        if rule.at_most is not None and rule.at_most.keys is not None:
            yield "`at most … per` with keys of its own in a rule that joins or looks up", rule.at_most.span
        for node in walk((rule.where, rule.when, rule.having, rule.emit, rule.joins)):
            if isinstance(node, StepEventAt):
                yield "an event of the window by position in a rule that joins or looks up", node.span
            elif isinstance(node, EventValue) and getattr(node.event, "step", None) in tables:
                yield _ROW, node.span


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

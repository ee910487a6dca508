"""What the language knows and this version does not run yet: said with CEP490, never run as something else.

Plan layer. The list shrinks as operators are added.
"""

from __future__ import annotations

from collections.abc import Iterator

from cep.diagnostics import Diagnostic, Span
from cep.language.checked import (
    Absence,
    Bounded,
    CheckedRule,
    Choice,
    Consecutive,
    Expectation,
    Loop,
    PatternNode,
    Sequence,
    SomeOf,
    Step,
    Until,
)
from cep.plan.walk import elements

_INSTEAD = {
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
    found = [*_clauses(rule), *(_pattern(rule) if rule.pattern is not None else _window(rule))]
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
    for join in rule.joins:
        yield "`join` and `lookup`", join.span
    if rule.input is not None:
        yield from _nodes(rule.input)

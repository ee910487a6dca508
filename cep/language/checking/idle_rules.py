"""Rules, and steps of rules, that do nothing of their own among the others. Language layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cep.language import syntax
from cep.language.checked import CheckedJoin, CheckedRule, Expectation, PatternNode, Step
from cep.language.checking.bounds import children_of
from cep.language.checking.namespace import Namespace
from cep.language.checking.never_matching import warn_of_emitted, warn_of_where
from cep.language.checking.rule_tests import emits_of
from cep.language.report import Report, listed


def warn_of_steps_without_events(report: Report, namespace: Namespace, rules: Sequence[CheckedRule]) -> None:
    """Steps whose events only disabled rules emit."""
    emitters: dict[str, list[CheckedRule]] = {}
    for rule in rules:
        for emit in emits_of(rule):
            emitters.setdefault(emit.type, []).append(rule)
    given = {row.type for test in namespace.tests for row in test.given if isinstance(row, syntax.TimedEvent)}
    known = {*namespace.events, *given, *namespace.broken_phrases}
    silent = {t for t, by in emitters.items() if t not in known and all(rule.disabled for rule in by)}
    of_rules = {
        t: [emit for rule in by if not rule.disabled for emit in emits_of(rule) if emit.type == t]
        for t, by in emitters.items()
        if t not in known
    }
    for rule in (rule for rule in rules if not rule.disabled):
        warn_of_emitted(report, list(_steps(rule)), of_rules)
        warn_of_where(report, rule, list(_steps(rule)) if rule.pattern is not None else [])
        for step in _steps(rule):
            types = list(dict.fromkeys(alternative.type for alternative in step.alternatives))
            if types and silent.issuperset(types):
                names = [str(event_type) for event_type in types]
                disabled = [r for event_type in names for r in emitters[event_type]]
                message = f"this never comes: only disabled rules emit {listed(names, 'or')}"
                hint = f"enable {listed(list(dict.fromkeys(r.name for r in disabled)), 'or')}, or declare the type"
                related = tuple((r.name_span, "this rule is disabled") for r in {r.name: r for r in disabled}.values())
                report.warning("CEP427", message, step.alternatives[0].span, hint, related)


def _steps(rule: CheckedRule) -> Iterator[Step]:
    if rule.input is not None:
        yield rule.input
    yield from (join.input for join in rule.joins if isinstance(join, CheckedJoin))
    if rule.window is not None and rule.window.event is not None:
        yield rule.window.event
    stack: list[PatternNode] = [rule.pattern] if rule.pattern is not None else []
    while stack:
        node = stack.pop()
        if isinstance(node, Step):
            yield node
        elif isinstance(node, Expectation):
            yield node.element
        else:
            stack.extend(reversed(list(children_of(node))))


def warn_of_shadowed(report: Report, rules: Sequence[CheckedRule]) -> None:
    """Rules that find and emit what one before them does. Where they send it, and how often, counts as logic."""
    before: dict[tuple[object, ...], list[tuple[CheckedRule, CheckedRule]]] = {}
    for rule in (rule for rule in rules if not rule.disabled):
        alike = before.setdefault((rule.emit.type, rule.reads, rule.within_us, len(rule.where)), [])
        logic = replace(rule, name="", doc=None, severity=None, tags=(), meta=())
        first = next((other for other, others in alike if _same(logic, others)), None)
        if first is None:
            alike.append((rule, logic))
        elif first.name != rule.name:  # else it is reported as declared twice
            message = f"`{rule.name}` finds and emits the same as `{first.name}`"
            hint = "leave one of them out, or let them differ in more than their names"
            report.warning("CEP224", message, rule.name_span, hint, ((first.name_span, "the other is here"),))


def _same(one: CheckedRule, other: CheckedRule) -> bool:
    try:
        return one == other
    except RecursionError:
        return False

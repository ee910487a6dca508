"""Rules whose every match another rule finds as well. Language layer.

Told only where it is certain: both rules look at single events (a pattern of one event, or ``from`` without ``over``),
are alike but for their conditions (names, docs, severity, tags and ``meta`` aside), and each conjunct of the wider
condition stands in the narrower one, or follows from a comparison of the same field with a constant there:
``amount > 5_000`` includes ``amount > 10_000 and country == "DE"``. Patterns of several events are left out, since what
a match uses up makes it another question, and so is a ``when`` of a rule over windows, which fires on rising.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cep.language.checked import CheckedRule, Expression, Step
from cep.language.checking.conditions import conjuncts_of
from cep.language.checking.contradictions import contradict, denied, facts_of
from cep.language.report import Report

MOST_ALIKE = 200
"""How many rules that are alike are compared with each other."""


def warn_of_included(report: Report, rules: Sequence[CheckedRule]) -> None:
    """Warns of the rule with the narrower condition."""
    groups: dict[tuple[object, ...], list[tuple[CheckedRule, CheckedRule, list[Expression]]]] = {}
    for rule in (rule for rule in rules if not rule.disabled):
        conditions = _conditions(rule)
        if conditions is None:
            continue
        logic = _without_conditions(rule)
        group = groups.setdefault((rule.emit.type, rule.reads), [])
        if len(group) < MOST_ALIKE:
            group.append((rule, logic, conditions))
    for group in groups.values():
        told: set[str] = set()
        for rule, logic, conditions in group:
            for wider, other_logic, wider_conditions in group:
                if rule.name == wider.name or rule.name in told or logic != other_logic:
                    continue
                if _includes(wider_conditions, conditions) and not _includes(conditions, wider_conditions):
                    _tell(report, rule, wider)
                    told.add(rule.name)


def _tell(report: Report, rule: CheckedRule, wider: CheckedRule) -> None:
    message = f"whatever `{rule.name}` finds, `{wider.name}` finds too, and emits the same"
    hint = f"exclude it from `{wider.name}`, or let them differ in what they emit"
    report.warning("CEP224", message, rule.name_span, hint, ((wider.name_span, "the wider rule is here"),))


def _conditions(rule: CheckedRule) -> list[Expression] | None:
    """The conjuncts that an event must meet; null for rules that look at more than one event."""
    step = rule.pattern if rule.pattern is not None else rule.input
    if not isinstance(step, Step) or len(step.alternatives) != 1:
        return None
    if rule.joins or rule.window is not None or rule.when is not None:
        return None
    parts = [step.alternatives[0].condition, *(conjunct.expression for conjunct in rule.where), rule.having]
    return [part for each in parts if each is not None for part in conjuncts_of(each)]


def _without_conditions(rule: CheckedRule) -> CheckedRule:
    step = rule.pattern if rule.pattern is not None else rule.input
    assert isinstance(step, Step)
    bare = replace(step, name="", label="", alternatives=(replace(step.alternatives[0], condition=None),))
    return replace(
        rule,
        name="",
        doc=None,
        severity=None,
        tags=(),
        meta=(),
        pattern=None if rule.pattern is None else bare,
        input=None if rule.input is None else bare,
        where=(),
        having=None,
    )


def _includes(wider: Sequence[Expression], narrower: Sequence[Expression]) -> bool:
    facts = [fact for part in narrower for fact in facts_of(part)]
    for part in wider:
        if part in narrower:
            continue
        asked = facts_of(part)
        if not asked:
            return False
        for fact in asked:
            opposite = denied(fact)
            same = [each for each in facts if each.subject == fact.subject]
            if opposite is None or not same or contradict(same) or not contradict([*same, opposite]):
                return False
    return True

"""A whole rule in English. Plan layer.

:func:`sentences` is what ``cep explain`` prints first and what a picture of the rules shows beside a node.
"""

from __future__ import annotations

from cep.durations import duration_text
from cep.language import checked as c
from cep.language.words import quoted
from cep.plan.english.firing import pattern_sentences
from cep.plan.english.windows import window_sentences
from cep.plan.english.wording import counted, key_names, listed, span, with_article
from cep.plan.plan import PatternPlan, RulePlan
from cep.plan.windows import Session


def english(rule: RulePlan) -> str:
    """What the rule waits for, when it fires and when again, as one paragraph."""
    return " ".join(sentences(rule))


def sentences(rule: RulePlan) -> list[str]:
    """The same, a sentence or two for each thing that is said."""
    written = rule.written
    assert written is not None, "the planner notes the rule as it was written"
    if isinstance(rule.operator, PatternPlan):
        told = pattern_sentences(written, rule.operator)
    else:
        told = window_sentences(written)
    told.append(_emits(written, _dated(rule)))
    if written.at_most is not None:
        told.append(_at_most(written, written.at_most))
    return told


def _dated(rule: RulePlan) -> str:
    """What the time of the derived event is, where it is not that of an event."""
    if isinstance(rule.operator, PatternPlan):
        finishes = [place.finish.when for place in rule.operator.automaton.places.values() if place.finish is not None]
        return ", dated at the deadline" if {"after_last", "limit"} & set(finishes) else ""
    if isinstance(rule.operator.window, Session):
        return ", dated at the session's end"
    return ", dated at the window's end" if rule.operator.waits else ""


def _emits(rule: c.CheckedRule, dated: str) -> str:
    emit = rule.emit
    names = [quoted(field.name) for field in emit.fields]
    what = f"It emits {with_article(quoted(emit.type))}"
    if emit.star:
        pairs = any(isinstance(join, c.CheckedJoin) for join in rule.joins)
        one = "event that completed the pair" if pairs else "last event"
        further = f" and {listed(names, 'and')}" if names else ""
        return f"{what} with all fields of the {one}{further}{dated}."
    return f"{what} with {listed(names, 'and')}{dated}." if names else f"{what}{dated}."


def _at_most(rule: c.CheckedRule, bound: c.CheckedAtMost) -> str:
    keys = rule.keys if bound.keys is None else bound.keys
    for_each = f" for each {key_names(keys)}" if keys else ""
    return (
        f"It emits at most {counted(bound.count)} every {span(bound.every_us)}{for_each}: what comes sooner is held "
        f"back and counted, and its events are used up (exactly {duration_text(bound.every_us)} later is late enough)."
    )

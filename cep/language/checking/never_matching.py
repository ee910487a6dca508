"""Steps that can never match, told by their conditions and what is around them. Language layer.

Only warnings, in rules that are sound. Two things are looked at, each one subject at a time: what ``where`` asks of a
step besides its own condition, and what rules emit where no source brings events of the type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cep.language.checked import (
    Alternative,
    Candidate,
    CheckedEmit,
    CheckedRule,
    Constant,
    Expression,
    Field,
    Step,
    StepEvent,
)
from cep.language.checking.conditions import conjuncts_of
from cep.language.checking.contradictions import Fact, contradict, facts_of
from cep.language.expressions.operators import family
from cep.language.report import Report


def warn_of_where(report: Report, rule: CheckedRule, steps: Sequence[Step]) -> None:
    """Warns of what ``where`` asks of a step that its own condition excludes."""
    asked: dict[tuple[str, str], list[Fact]] = {}
    for fact in (f for each in rule.where for part in conjuncts_of(each.expression) for f in facts_of(part)):
        match fact.subject:
            case Field(event=StepEvent(step=step, which="only"), name=field) as subject:
                of_candidate = replace(fact, subject=replace(subject, event=Candidate()))
                asked.setdefault((step, field), []).append(of_candidate)
    named = {step.name: step for step in steps}
    for (name, field), facts in asked.items():
        if name not in named or contradict(facts):
            continue
        clashes = [_clash(alternative, field, facts) for alternative in named[name].alternatives]
        if clashes and all(clash is not None for clash in clashes):
            message = f"the step `{name}` never matches: no `{name}.{field}` meets this and its own condition"
            related = tuple((clash.span, "its own condition") for clash in clashes[:1] if clash is not None)
            report.warning("CEP427", message, facts[-1].span, "leave one of them out", related)


def _clash(alternative: Alternative, field: str, asked: Sequence[Fact]) -> Fact | None:
    """What the step's own condition says of the field, if that and what is asked are never true together."""
    own = list(_own_facts(alternative.condition, field))
    return own[0] if own and not contradict(own) and contradict([*own, *asked]) else None


def _own_facts(condition: Expression | None, field: str | None = None) -> Iterator[Fact]:
    for part in [] if condition is None else conjuncts_of(condition):
        for fact in facts_of(part):
            subject = fact.subject
            if isinstance(subject, Field) and isinstance(subject.event, Candidate) and field in (None, subject.name):
                yield fact


def warn_of_emitted(report: Report, steps: Sequence[Step], emits: Mapping[str, list[CheckedEmit]]) -> None:
    """Warns of a step whose condition no rule that emits its type ever meets.

    ``emits`` are the types that come from rules alone, with what enabled rules emit of them.
    """
    for step in steps:
        clashes = [_never_emitted(alternative, emits) for alternative in step.alternatives]
        if clashes and all(clash is not None for clash in clashes):
            fact, values = next(clash for clash in clashes if clash is not None)
            assert isinstance(fact.subject, Field)
            message = f"this never comes: no rule emits `{step.alternatives[0].type}` with such `{fact.subject.name}`"
            related = tuple((value.span, "it is emitted so") for value in values)
            report.warning("CEP427", message, fact.span, "compare with what is emitted", related)


def _never_emitted(
    alternative: Alternative, emits: Mapping[str, list[CheckedEmit]]
) -> tuple[Fact, list[Constant]] | None:
    found = emits.get(alternative.type or "", [])
    by_field: dict[str, list[Fact]] = {}
    for fact in _own_facts(alternative.condition):
        assert isinstance(fact.subject, Field)
        by_field.setdefault(fact.subject.name, []).append(fact)
    for field, facts in by_field.items():
        values = [value for emit in found for value in _constants(emit, field)]
        known = found and len(values) == len(found) and not contradict(facts)
        if known and all(contradict([*facts, _fact(facts[0], value)]) for value in values):
            return facts[0], values
    return None


def _constants(emit: CheckedEmit, field: str) -> list[Constant]:
    values = [each.value for each in emit.fields if each.name == field]
    return [value for value in values if isinstance(value, Constant) and value.value is not None]


def _fact(fact: Fact, value: Constant) -> Fact:
    return Fact(fact.subject, "==", value.value, family(value.type), value.span)

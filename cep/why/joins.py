"""Joins that found no partner: the nearest candidates. Why layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cep.durations import duration_text
from cep.event import Event, event_id
from cep.functions.records import EvaluationError
from cep.functions.values import same_key
from cep.plan.expression_text import expression_text
from cep.plan.generate.scope import Scope
from cep.plan.plan import JoinStage, LookupPlan, RulePlan
from cep.runtime.joined import JoinedEvent
from cep.runtime.operators.joining.lookup import find_row
from cep.timestamps import format_time
from cep.types import ANY
from cep.why.conditions import ConditionTree, Shown, distance
from cep.why.report import Reason
from cep.why.showing import Telling
from cep.why.watching import Offered, Story, Watch

_MOST = 200
_SCOPE = Scope(over_window=True)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two sides that are no partners."""

    left: JoinedEvent
    right: Event
    conditions: tuple[Shown, ...]
    apart_us: int
    cost: float


def no_partner(watch: Watch, rule: RulePlan, story: Story, telling: Telling) -> list[Reason]:
    """Why nothing was joined for a key, the nearest pair first."""
    join = rule.join
    assert join is not None
    joined = [
        JoinedEvent(each.event.time_us, each.event.about, (each.event,), story.key)
        for each in _of_role(story.offered, join.roles[0].fits)
    ]
    if not joined:
        return [_one_side(rule, story, telling, 0)]
    operator = next(each for each in watch.operators if each.rule.number == rule.number)
    for stage in join.stages:
        if isinstance(stage, LookupPlan):
            find = find_row(stage, _SCOPE, operator.around, rule.name)
            for each in joined:
                each.roles = (*each.roles, find(each.roles[0] if stage.of_event else each))
            continue
        others = [each.event for each in _of_role(story.offered, join.roles[stage.role].fits)]
        if not others:
            return [_one_side(rule, story, telling, stage.role)]
        pairs = list(_pairs(watch, stage, join.roles[stage.role].name, joined, others, story.key))
        if not pairs:  # the only event of both sides is one and the same
            return [_one_side(rule, story, telling, stage.role)]
        partners = [pair for pair in pairs if pair.cost == 0]
        if not partners:
            pairs.sort(key=lambda pair: (round(pair.cost, 4), -max(pair.left.time_us, pair.right.time_us)))
            return [_reason(rule, stage, pair, telling) for pair in pairs[:5]]
        joined = [
            JoinedEvent(max(p.left.time_us, p.right.time_us), p.right.about, (*p.left.roles, p.right), story.key)
            for p in partners[-_MOST:]
        ]
    return []


def _of_role(offered: Sequence[Offered], fits: Any) -> list[Offered]:
    return [o for o in offered if o.kind in fits and o.mask >> fits[o.kind].bit & 1][-_MOST:]


def _one_side(rule: RulePlan, story: Story, telling: Telling, role: int) -> Reason:
    assert rule.join is not None
    missing = rule.join.roles[role]
    others = [
        telling.event(offered.event, other.label)
        for other in rule.join.roles
        if other is not missing and other.fits
        for offered in _of_role(story.offered, other.fits)[-3:]
    ]
    text = f"no partner: no event came for `{missing.label}` with this key"
    last = story.offered[-1].event.time_us if story.offered else None
    return Reason("no_partner", text, 1.6, last, events=tuple(others), waited=f"`{missing.label}`")


def _pairs(
    watch: Watch, stage: JoinStage, name: str, joined: Sequence[JoinedEvent], others: Sequence[Event], key: Any
) -> Iterator[_Pair]:
    earlier = watch.functions.values(stage.earlier, _SCOPE)
    own = watch.functions.values(stage.own, _SCOPE)
    rest = ConditionTree(stage.rest, watch.functions, _SCOPE) if stage.rest else None
    sides = zip(stage.earlier, stage.own, strict=True)
    texts = [(expression_text(a), expression_text(b, name)) for a, b in sides]
    rights = [(other, _values(own, other, key)) for other in others]
    for left in joined:
        lefts = _values(earlier, left, key)
        for right, values in rights:
            if any(right is part for part in left.roles):
                continue
            shown = [_equality(text, a, b) for text, a, b in zip(texts, lefts, values, strict=True)]
            if rest is not None:
                pair = JoinedEvent(max(left.time_us, right.time_us), right.about, (*left.roles, right), key)
                shown += rest.of((), pair, key)
            apart_us = abs(left.time_us - right.time_us)
            over_us = max(0, apart_us - stage.within_us)
            cost = distance(shown) if shown else 0.0
            cost += 0.2 + 0.6 * over_us / (over_us + max(1, stage.within_us)) if over_us else 0.0
            yield _Pair(left, right, tuple(shown), apart_us, cost)


def _values(values: Any, event: Event, key: Any) -> tuple[Any, ...]:
    try:
        found: tuple[Any, ...] = values((), event, key, None)
        return found
    except EvaluationError:
        return (None,) * 8


def _equality(sides: tuple[str, str], left: Any, right: Any) -> Shown:
    verdict = None if left is None or right is None else bool(same_key(left) == same_key(right))
    return Shown(" == ".join(sides), verdict, ((sides[0], left, ANY), (sides[1], right, ANY)))


def _reason(rule: RulePlan, stage: JoinStage, pair: _Pair, telling: Telling) -> Reason:
    assert rule.join is not None
    left = next(part for part in pair.left.roles if isinstance(part, Event))
    names = f"{telling.kind(left)} {event_id(left)} and {telling.kind(pair.right)} {event_id(pair.right)}"
    false = [each.text for each in pair.conditions if each.verdict is not True]
    why = [f"`{text}` was not true" for text in false]
    if pair.apart_us > stage.within_us:
        apart, within = duration_text(pair.apart_us), duration_text(stage.within_us)
        why.append(f"they are {apart} apart, and `within {within}` allows {within}")
    labels = [role.label for role in rule.join.roles]
    return Reason(
        "no_partner", f"the nearest pair, {names}, was not joined: {' and '.join(why)}", 1.0 + pair.cost,
        max(pair.left.time_us, pair.right.time_us),
        events=(telling.event(left, labels[0]), telling.event(pair.right, labels[stage.role])),
        conditions=pair.conditions,
        notes=(f"partners could come until {format_time(left.time_us + stage.within_us)}",),
    )  # fmt: skip

"""What is behind a derived event: events, roles, conditions, bounds, and when it can fire again. Why layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from cep.durations import duration_text
from cep.event import Event
from cep.language.words import quoted
from cep.plan.automaton import Edge, Fit
from cep.plan.catalogue import ANY_TYPE
from cep.plan.generate.scope import Scope
from cep.plan.generate.support import Bound
from cep.plan.plan import PatternPlan, RulePlan, WindowPlan
from cep.plan.windows import Sliding
from cep.runtime.joined import JoinedEvent
from cep.runtime.state import DERIVED
from cep.timestamps import format_time
from cep.why.alignments import Judge
from cep.why.conditions import ConditionTree, Shown, value_text
from cep.why.patterns import bound_so_far, judge_of
from cep.why.report import EventShown, Explained
from cep.why.showing import Telling
from cep.why.watching import Emission, Offered, Watch

_MOST_EVENTS = 100
_DEEPEST = 12


class Matches:
    """The derived events of a watch, by id."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        emissions = [*watch.emissions, *(e for story in watch.stories.values() for e in story.emissions)]
        self.by_id: Mapping[str, Emission] = {e.derived.id: e for e in emissions if e.derived is not None}
        self._all = emissions
        self._tellings: dict[str, Telling] = {}
        self._judges: dict[tuple[str, Any], Judge] = {}

    def explain(self, emission: Emission, deep: int = 0) -> Explained:
        """The derived event with its causes."""
        rule, derived = emission.rule, emission.derived
        assert derived is not None
        telling = self._telling(rule)
        if isinstance(rule.operator, PatternPlan):
            events, conditions, facts = self._pattern(emission, rule.operator, telling)
        else:
            events, conditions, facts = self._window(emission, rule.operator, telling)
        if derived.degraded:
            facts.append("degraded: a limit had dropped something that may have mattered")
        shown = events[-_MOST_EVENTS:]
        return Explained(
            derived.type,
            derived.id,
            rule.name,
            derived.time_us,
            telling.key(emission.key) if rule.keys else (),
            tuple((quoted(name), value_text(value)) for name, value in derived.fields.items()),
            tuple(shown),
            max(0, emission.total - len(emission.events)) + len(events) - len(shown),
            tuple((title, each) for title, each in conditions if each),
            tuple(facts),
            tuple(self._again(emission)),
            tuple(self._causes(emission, deep)),
        )

    def brief(self, emission: Emission) -> Explained:
        """Only what it is."""
        derived = emission.derived
        assert derived is not None
        key = self._telling(emission.rule).key(emission.key) if emission.rule.keys else ()
        return Explained(derived.type, derived.id, derived.rule, derived.time_us, key)

    def _telling(self, rule: RulePlan) -> Telling:
        if rule.name not in self._tellings:
            self._tellings[rule.name] = Telling(self._watch.plan, rule, self._watch.engine.projection)
        return self._tellings[rule.name]

    def _judge(self, rule: RulePlan, key: Any) -> Judge:
        if (rule.name, key) not in self._judges:
            self._judges[rule.name, key] = judge_of(self._watch, rule, key)
        return self._judges[rule.name, key]

    def _causes(self, emission: Emission, deep: int) -> Iterator[Explained]:
        if deep >= _DEEPEST:
            return
        parts = [p for e in emission.events for p in (e.events if isinstance(e, JoinedEvent) else [e])]
        for event in parts[-_MOST_EVENTS:]:
            cause = self.by_id.get(str(event.id)) if event.about and event.about[0] is DERIVED else None
            if cause is not None:
                yield self.explain(cause, deep + 1)

    # ---- patterns ----

    def _pattern(
        self, emission: Emission, plan: PatternPlan, telling: Telling
    ) -> tuple[list[EventShown], list[tuple[str, tuple[Shown, ...]]], list[str]]:
        judge = self._judge(emission.rule, emission.key)
        taken = _steps_of(emission.bound)
        events = [
            telling.event(event, plan.steps[step].label, self._conditions(judge, plan, taken[:number], step, event))
            for number, (step, event) in enumerate(taken)
        ]
        bound = emission.bound
        conditions: list[tuple[str, tuple[Shown, ...]]] = []
        if not emission.timed_out:
            groups = [number for number, group in enumerate(plan.ends) if self._are_due(group, bound)]
            conditions.append(("where, over what loops hold", judge.ends_shown(bound, groups, emission.event)))
            tree = self._watch.tree(emission.rule)
            if tree is not None:
                conditions.append(("having", tree.of(bound, emission.event, emission.key, bound.taken)))
        return events, conditions, list(self._facts(emission, plan, taken))

    @staticmethod
    def _are_due(group: Sequence[Any], bound: Bound) -> bool:
        return any(all(bound[other] for other in due.others) for due in group)

    @staticmethod
    def _conditions(
        judge: Judge, plan: PatternPlan, before: Sequence[tuple[int, Event]], step: int, event: Event
    ) -> tuple[Shown, ...]:
        kind = judge.kind_of(event)
        fits = plan.steps[step].fits
        kind = kind if kind in fits else ANY_TYPE
        fit = fits.get(kind)
        if fit is None:
            return ()
        local = judge.local_shown(Offered(event, kind, 0, judge.key, 0), 1 << fit.bit)
        return local + judge.ties_shown(step, kind, bound_so_far(len(plan.steps), before), event)

    def _facts(self, emission: Emission, plan: PatternPlan, taken: Sequence[tuple[int, Event]]) -> Iterator[str]:
        if plan.within_us is not None and len(taken) > 0:
            span_us = taken[-1][1].time_us - taken[0][1].time_us
            within = duration_text(plan.within_us)
            yield f"last − first = {duration_text(span_us)}, `within {within}` allows {within}"
        for (step, event), (following, later) in pairwise(taken):
            edge = _edge(plan, step, following)
            if edge is not None:
                yield from self._edge_facts(plan, edge, plan.steps[following].label, later.time_us - event.time_us)
        if emission.timed_out:
            missing = emission.bound.missing_step
            named = ", ".join(f"`{name}`" for name in (missing if isinstance(missing, list) else [missing]))
            yield f"ran out of time at {format_time(emission.time_us)}: {named} had not come"
        elif taken:
            yield from self._finish_facts(emission, plan, *taken[-1])
        elif emission.awaited is not None:
            yield f"no `{emission.awaited}` came at all up to the deadline {format_time(emission.time_us)}"

    @staticmethod
    def _edge_facts(plan: PatternPlan, edge: Edge, label: str, after_us: int) -> Iterator[str]:
        after = duration_text(after_us)
        if edge.minimum_us:
            yield f"`{label}` came {after} later, at least {duration_text(edge.minimum_us)} was wanted"
        for opening in edge.opens:
            if opening.base_us is not None:
                most = duration_text(opening.base_us + opening.length_us)
                yield f"`{label}` came {after} later, up to {most} is allowed"
        for number, watch in enumerate(plan.automaton.watches):
            if edge.watches >> number & 1:
                stays = "" if watch.until_us is None else f" for {duration_text(watch.until_us)}"
                yield f"no `{watch.label}`{stays} came before `{label}`"
        if edge.strict:
            yield f"`{label}` was the very next event"

    @staticmethod
    def _finish_facts(emission: Emission, plan: PatternPlan, step: int, event: Event) -> Iterator[str]:
        finish = plan.automaton.places[step].finish
        if finish is None:
            return
        for number, watch in enumerate(plan.automaton.watches):
            if finish.watches >> number & 1:
                waited = duration_text(max(0, emission.time_us - event.time_us))
                yield (
                    f"no `{watch.label}` came up to the deadline {format_time(emission.time_us)}, "
                    f"{waited} after `{plan.steps[step].label}`"
                )

    # ---- windows ----

    def _window(
        self, emission: Emission, plan: WindowPlan, telling: Telling
    ) -> tuple[list[EventShown], list[tuple[str, tuple[Shown, ...]]], list[str]]:
        events: list[EventShown] = []
        seen: set[tuple[str, int]] = set()
        for event in emission.events[-_MOST_EVENTS:]:
            for label, fits, part in _parts(emission.rule, plan, event):
                if (label, id(part)) not in seen:
                    seen.add((label, id(part)))
                    events.append(telling.event(part, label, self._input(fits, part)))
        tree = self._watch.tree(emission.rule)
        conditions: list[tuple[str, tuple[Shown, ...]]] = []
        if tree is not None:
            title = "when" if plan.having is None else "when and having" if plan.when is not None else "having"
            conditions.append((title, tree.shown(emission.values)))
        return events, conditions, list(self._window_facts(emission, plan))

    def _input(self, fits: Mapping[str, Fit], event: Event) -> tuple[Shown, ...]:
        kind = self._watch.engine.projection.kind_of(event)
        fit = fits.get(kind)
        condition = None if fit is None else self._watch.plan.types[kind].conditions[fit.bit]
        if condition is None:
            return ()
        return ConditionTree([condition], self._watch.functions, Scope()).of((), event, None)

    def _window_facts(self, emission: Emission, plan: WindowPlan) -> Iterator[str]:
        noun = "event" if emission.total == 1 else "events"
        form = plan.window
        start_us, end_us = emission.window or (None, 0)
        if plan.waits and start_us is not None:
            yield f"the window from {format_time(start_us)} to {format_time(end_us)} held {emission.total:,} {noun}"
        elif isinstance(form, Sliding) and form.length_us is not None:
            since = format_time(emission.time_us - form.length_us)
            yield f"the window, from {since} on ({duration_text(form.length_us)}), held {emission.total:,} {noun}"
        elif emission.total > 1 or isinstance(form, Sliding):
            yield f"the window held {emission.total:,} {noun}"

    # ---- when again ----

    def _again(self, emission: Emission) -> Iterator[str]:
        rule = emission.rule
        if isinstance(rule.operator, PatternPlan):
            yield _skip_text(rule.operator)
        else:
            yield from _firing_text(rule.operator, emission)
        at_most = rule.at_most
        if at_most is None:
            return
        named = f"`at most {at_most.count} every {duration_text(at_most.every_us)}`"
        if at_most.keys is not None:
            yield f"{named}, counted by {', '.join(f'`{key.name}`' for key in at_most.keys)}"
            return
        counted = [
            e.time_us
            for e in self._all
            if e.rule.number == rule.number and e.key == emission.key and e.derived is not None
            and emission.time_us - at_most.every_us < e.time_us <= emission.time_us
        ]  # fmt: skip
        if len(counted) >= at_most.count:
            first_us = sorted(counted)[-at_most.count]
            yield f"{named}: the next one is possible from {format_time(first_us + at_most.every_us)} on"
        else:
            yield f"{named}: {len(counted)} of {at_most.count} so far"


def _parts(rule: RulePlan, plan: WindowPlan, event: Event) -> Iterator[tuple[str, Mapping[str, Fit], Event]]:
    """The events of a joined event with their roles; an event itself. Rows of tables are no events."""
    if rule.join is None or not isinstance(event, JoinedEvent):
        yield plan.label, plan.fits, event
        return
    for role, part in zip(rule.join.roles, event.roles, strict=True):
        if isinstance(part, Event):
            yield role.label, role.fits, part


def _steps_of(bound: Bound) -> list[tuple[int, Event]]:
    """The events in their order, with the numbers of their steps."""
    steps = {id(event): step for step, events in enumerate(bound) for event in events}
    return [(steps[id(event)], event) for event in bound.taken]


def _edge(plan: PatternPlan, step: int, following: int) -> Edge | None:
    edges = [edge for edge in plan.automaton.places[step].edges if edge.target == following]
    again = [edge for edge in edges if edge.again is not None]
    return next(iter(again if step == following and again else edges), None)


def _skip_text(plan: PatternPlan) -> str:
    named = "" if plan.skip.step is None else plan.steps[plan.skip.step].name
    match plan.skip.strategy:
        case "past_last":
            return "its events take part in no other match of this rule and key (skip past last event)"
        case "to_next":
            return "the next match of this key begins with a later event than this one (skip to next event)"
        case "to_first":
            return f"the next match of this key begins no earlier than the first `{named}` (skip to first)"
        case "to_last":
            return f"the next match of this key begins no earlier than the last `{named}` (skip to last)"
    return "its events may take part in further matches (no skip)"


def _firing_text(plan: WindowPlan, emission: Emission) -> Iterator[str]:
    firing = plan.firing
    if plan.waits:
        yield "each window is evaluated once, when it closes"
    elif plan.when is None:
        yield "without `when` each evaluation emits"
    elif firing.kind == "rising":
        yield "again once the condition has not been true, or the window has been empty (on rising)"
    elif firing.kind == "every_time":
        yield "at the next evaluation that is true (`every time`)"
    elif firing.kind == "every_count":
        yield f"after {firing.count} more true evaluations (`every {firing.count}`)"
    else:
        length_us = firing.duration_us or 0
        next_us = emission.time_us + length_us
        yield f"from {format_time(next_us)} on, while true (`while true every {duration_text(length_us)}`)"

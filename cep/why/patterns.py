"""Why a rule over a pattern did not fire: the nearest alignments of a key, as reasons. Why layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from cep.durations import duration_text
from cep.event import Event, event_id
from cep.functions.records import EvaluationError
from cep.language.words import number_word
from cep.plan.generate.scope import Scope, scope_of
from cep.plan.generate.support import Bound
from cep.plan.plan import PatternPlan, RulePlan
from cep.runtime.emitter import Emitter
from cep.runtime.operators.operator import Surroundings
from cep.runtime.operators.pattern import PatternOperator
from cep.runtime.operators.runs import Start
from cep.timestamps import format_time
from cep.why.alignments import MISSING, Alignment, Fault, Judge, Result
from cep.why.following import Follower
from cep.why.names import emitters_note, near_types
from cep.why.report import EventShown, Reason
from cep.why.showing import Telling, step_phrase
from cep.why.unused import Unused
from cep.why.watching import Emission, Offered, Story, Watch

_MOST_EVENTS = 12
_MOST_TRIED = 3
_ALONE, _AMONG_MANY = 120, 12


class PatternReasons:
    """The reasons of one rule. ``many``: many keys are asked for, so that less is kept of each."""

    def __init__(self, watch: Watch, rule: RulePlan, telling: Telling, unused: Unused, many: bool = False) -> None:
        plan = rule.operator
        assert isinstance(plan, PatternPlan)
        self._watch = watch
        self._rule = rule
        self._plan = plan
        self._telling = telling
        self._unused = unused
        self._most = _AMONG_MANY if many else _ALONE
        self._having = watch.tree(rule)

    def judge(self, key: Any) -> Judge:
        """The moves of this pattern, for a key."""
        return judge_of(self._watch, self._rule, key)

    def of(self, story: Story) -> list[Reason]:
        """The reasons of a key, the nearest first."""
        judge = self.judge(story.key)
        follower = Follower(judge, self._plan.within_us, self._plan.every, self._most)
        self._expect(follower, judge, story)
        rows = sorted([*story.offered, *self._unused.of(story.key)], key=lambda o: (o.event.time_us, o.serial))
        for offered in rows:
            follower.follow(offered)
        results = follower.end(self._watch.watermark_us)
        if not follower.started:
            results = self._first_never_held(follower, results)
        found = list(self._reasons(story, judge, results, rows))
        return found if follower.started or results else [self._nothing_started(judge, story)]

    def _nothing_started(self, judge: Judge, story: Story) -> Reason:
        """Events came, but none of a type with which a match begins."""
        first = [self._plan.steps[edge.target] for edge in judge.automaton.start]
        kinds = list(dict.fromkeys(kind for step in first for kind in step.fits))
        label = " or ".join(dict.fromkeys(f"`{step.label}`" for step in first))
        last = self._telling.event(story.offered[-1].event) if story.offered else None
        cost = MISSING * len(judge.shortest())
        names = " or ".join(f"`{kind}`" for kind in kinds)
        never = [kind for kind in kinds if not self._watch.count(kind)]
        notes = [*near_types(self._watch.types, never), *emitters_note(self._watch.plan, never)]
        if len(never) == len(kinds):
            text = f"a match begins with {label}, but no event of type {names} ever came"
            code = "no_event_of_type"
        else:
            text = f"a match begins with {label}, but no event of type {names} came with this key"
            code = "missing"
        time_us = story.offered[-1].event.time_us if story.offered else None
        return Reason(code, text, cost, time_us, waited=label, event=last, notes=tuple(notes))

    def _expect(self, follower: Follower, judge: Judge, story: Story) -> None:
        """`expect … from TABLE`: a key of the table begins as if its event had come."""
        expected = self._plan.expected
        begun_us = self._watch.begun_us
        if expected is None or begun_us is None:
            return
        if not story.expected:
            return
        event = self._watch.engine.projection.make({})
        event.time_us = begun_us
        run = judge.suppose(judge.automaton, expected.step, event, story.key, Start(0, begun_us))
        follower.suppose(Alignment(run, (), None, judge.path(run)))

    @staticmethod
    def _first_never_held(follower: Follower, results: list[Result]) -> list[Result]:
        """No event could start a run: the nearest to it comes first."""
        begun = [each for each in results if each.faults and each.faults[0].code == "condition"]
        if not begun or (results[0].faults and results[0].faults[0].code != "condition"):
            return results
        first = min(begun, key=lambda each: (round(each.faults[0].cost, 4), each.cost, -each.end_us))
        return [first, *(each for each in results if each is not first)]

    # ---- results to reasons ----

    def _reasons(
        self, story: Story, judge: Judge, results: Sequence[Result], rows: Sequence[Offered]
    ) -> Iterator[Reason]:
        starts: set[int] = set()
        deciding: set[tuple[str, int]] = set()
        emitted = _by_events(story.emissions)
        used = self._used(story)
        for result in results:
            start = result.alignment.run.start.serial
            reason = None
            if any(id(event) in used for event in result.events[:1]):
                continue
            if not result.faults and not result.missing:
                if start in starts:
                    continue
                reason = self._not_emitted(story, result, emitted)
                if reason is None:
                    known = emitted.get(_identity(result.events))
                    if known is not None and known.derived is not None and not known.flushed:
                        starts.add(start)
                    continue
            else:
                fault = result.faults[0] if result.faults else None
                about = result.alignment.run.last.event if fault is None or fault.event is None else fault.event
                place = (fault.code if fault is not None else "missing", id(about))
                if start in starts or place in deciding:
                    continue
                deciding.add(place)
                reason = self._reason(judge, result, rows)
            starts.add(start)
            yield replace(reason, key=self._telling.key(story.key))

    def _used(self, story: Story) -> set[int]:
        """The events of matches, with which nothing else begins; empty where a time is asked about."""
        if self._watch.at_us is not None or self._plan.skip.strategy != "past_last":
            return set()
        fired = [e for e in story.emissions if e.derived is not None and not e.flushed]
        return {id(event) for emission in fired for event in emission.events}

    def _not_emitted(self, story: Story, result: Result, emitted: dict[tuple[int, ...], Emission]) -> Reason | None:
        """A match without faults that was not emitted; null where it was, or where it cannot be told why not."""
        events = result.events
        found = emitted.get(_identity(events))
        base = self._base(result, result.alignment)
        if found is not None:
            if found.derived is not None and not found.flushed:
                return None
            if found.held:
                notes = tuple(at_most_notes(self._rule, story, found))
                text = f"complete at {format_time(result.end_us)}, and held back by {at_most_text(self._rule)}"
                return replace(base, code="at_most", cost=0.2, time_us=result.end_us, notes=notes, text=text)
            if found.failed is not None:
                return replace(
                    base, code="failed", cost=0.3, time_us=result.end_us, text=f"complete, but {found.failed}"
                )
            return None
        user = self._used_by(story, result)
        if user is not None:
            return replace(
                base, code="skip", cost=0.25, time_us=result.end_us,
                text=f"complete at {format_time(result.end_us)}, but {self._skip_text(user, events)}",
            )  # fmt: skip
        limits = [name for (rule, name) in self._watch.engine.counters.limits if rule == self._rule.name]
        if limits:
            text = f"complete at {format_time(result.end_us)}, but the limit `{limits[0]}` had dropped the run"
            return replace(base, code="limit", cost=0.3, time_us=result.end_us, text=text)
        return None

    def _used_by(self, story: Story, result: Result) -> Emission | None:
        """The match that removed a run: it shares an event with it, or began where it must not begin again."""
        ids = {id(event) for event in result.events}
        earlier = [
            e
            for e in story.emissions
            if e.time_us <= result.end_us and not e.flushed and (e.derived is not None or e.held)
        ]
        for emission in reversed(earlier):
            if any(id(event) in ids for event in emission.events):
                return emission
        first_us = result.events[0].time_us if result.events else result.end_us
        if self._plan.skip.strategy in ("to_first", "to_last"):
            return next((e for e in reversed(earlier) if e.events and e.events[0].time_us <= first_us), None)
        return None

    def _skip_text(self, user: Emission, events: Sequence[Event]) -> str:
        name = f"match {user.derived.id}" if user.derived is not None else "a match that `at most` held back"
        at = format_time(user.time_us)
        strategy = self._plan.skip.strategy
        if strategy == "past_last":
            shared = sum(id(event) in {id(each) for each in user.events} for event in events)
            noun = "its event was" if shared == len(events) == 1 else f"{shared} of its {len(events)} events were"
            return f"{noun} used by the {name} at {at} (`after match skip past last event`)"
        if strategy == "no_skip" or not self._plan.every:
            return f"the {name} at {at} began with the same event, and a start yields one match"
        return f"it was skipped by the {name} at {at}"

    def _reason(self, judge: Judge, result: Result, rows: Sequence[Offered]) -> Reason:
        if not result.faults:
            return self._missing(judge, result)
        fault = result.faults[0]
        at = self._where(result, fault)
        base = self._base(result, at)
        further = [self._told(f) for f in result.faults[1:]]
        further += self._missing_notes(result)
        step = self._step_of(result, fault, at)
        text = self._sentence(fault, step, at, judge)
        event = None if fault.event is None else self._telling.event(fault.event, step or "", note=fault.told)
        tried = tuple(self._tried(at, fault.event)) if at is not None else ()
        return replace(
            base, code=fault.code, text=text, cost=result.cost, event=event, conditions=fault.conditions,
            tried=tried, notes=tuple(further), time_us=result.end_us if fault.event is None else fault.event.time_us,
        )  # fmt: skip

    def _where(self, result: Result, fault: Fault) -> Alignment | None:
        """Where the run stood before its first fault; null where it could not even start."""
        node: Alignment | None = result.alignment
        if fault not in result.alignment.faults:
            return node
        while node is not None and fault in node.faults:
            node = node.before
        return node

    def _step_of(self, result: Result, fault: Fault, at: Alignment | None) -> str | None:
        """The label of the step for which the fault's event came."""
        if fault.code in ("absence", "contiguity", "until", "pending"):
            return None
        node: Alignment | None = result.alignment
        if fault not in result.alignment.faults:
            return None
        while node is not None and node.before is not at:
            node = node.before
        return None if node is None else self._plan.steps[node.run.place].label

    def _base(self, result: Result, at: Alignment | None) -> Reason:
        held: tuple[EventShown, ...] = ()
        waited = deadline_us = None
        if at is not None:
            links = [link for link in reversed(list(at.run.last.back())) if link.step >= 0]
            shown = [self._telling.event(link.event, self._plan.steps[link.step].label) for link in links]
            held = tuple(shown[-_MOST_EVENTS:])
            if at.path:
                waited = self._waited(at)
                deadline_us = self._deadline(at)
        return Reason("unknown", "", result.cost, result.end_us, events=held, waited=waited, deadline_us=deadline_us)

    def _waited(self, at: Alignment) -> str:
        """``the third `failed login` of three``."""
        step = at.path[0]
        count = sum(1 for link in at.run.last.back() if link.step == step)
        of = count + sum(1 for each in at.path if each == step)
        return step_phrase(self._plan, step, count + 1 if self._plan.steps[step].loops else 0, of)

    def _deadline(self, at: Alignment) -> int | None:
        judge = self.judge(at.run.key)
        return judge.timeout_us(judge.automaton, at.run)

    def _missing_notes(self, result: Result) -> Iterator[str]:
        if result.missing:
            labels = dict.fromkeys(self._plan.steps[step].label for step in result.missing)
            counts = {label: sum(self._plan.steps[s].label == label for s in result.missing) for label in labels}
            told = [f"`{label}`" if n == 1 else f"{number_word(n)} `{label}`" for label, n in counts.items()]
            yield f"after that {', '.join(told)} would still be missing"

    def _told(self, fault: Fault) -> str:
        """A further fault as a note."""
        event = "" if fault.event is None else f" ({self._telling.kind(fault.event)} {event_id(fault.event)})"
        false = [each.text for each in fault.conditions if each.verdict is not True]
        return f"then also {_SHORT.get(fault.code, fault.code)}{event}" + (f": {' and '.join(false)}" if false else "")

    def _missing(self, judge: Judge, result: Result) -> Reason:
        at = result.alignment
        base = self._base(result, at)
        step = self._plan.steps[at.path[0]]
        tried = tuple(self._tried(at, None))
        notes: list[str] = []
        never = [kind for kind in step.fits if not self._watch.count(kind)]
        if len(never) == len(step.fits):
            names = " or ".join(f"`{kind}`" for kind in never)
            notes += [*near_types(self._watch.types, never), *emitters_note(self._watch.plan, never)]
            text = f"waited for {base.waited}, but no event of type {names} ever came"
            return replace(base, code="no_event_of_type", text=text, notes=tuple(notes), cost=result.cost)
        over = base.deadline_us is not None and (self._watch.watermark_us or 0) > base.deadline_us
        if over and base.deadline_us is not None:
            text = (
                f"{base.waited} did not come up to {format_time(base.deadline_us)}, the end of {self._bound_name(at)}"
            )
            return replace(base, code="missing", text=text, tried=tried, cost=result.cost)
        text = f"{base.waited} has not come"
        if self._watch.watermark_us is not None:
            text += f"; event time has come to {format_time(self._watch.watermark_us)}"
        return replace(base, code="waiting", text=text, tried=tried, cost=result.cost)

    def _bound_name(self, at: Alignment) -> str:
        within_us = self._plan.within_us
        if within_us is not None and self._deadline(at) == at.run.start.time_us + within_us:
            return f"`within {duration_text(within_us)}`"
        return "the bound on this step"

    def _tried(self, at: Alignment, but: Event | None) -> Iterator[EventShown]:
        """Other events that could not be taken there, the nearest first."""
        ranked = sorted(at.tried, key=lambda tried: (round(tried.cost, 4), -tried.offered.event.time_us))
        shown: set[int] = set()
        for tried in ranked:
            event = tried.offered.event
            if event is but or id(event) in shown:
                continue
            shown.add(id(event))
            label = self._plan.steps[tried.step].label
            note = "; ".join(_SHORT.get(fault.code, fault.code) for fault in tried.faults)
            conditions = [each for fault in tried.faults for each in fault.conditions if each.verdict is not True]
            yield self._telling.event(event, label, conditions, note)
            if len(shown) >= _MOST_TRIED:
                return

    # ---- sentences ----

    def _sentence(self, fault: Fault, step: str | None, at: Alignment | None, judge: Judge) -> str:
        event = fault.event
        name = "the event" if event is None else f"{self._telling.kind(event)} {event_id(event)}"
        where = f" for `{step}`" if step else ""
        match fault.code:
            case "condition":
                return f"{name} does not meet the condition of {_article(step)}: {_false(fault)}"
            case "where":
                return f"{name} came{where}, but {_false(fault)}"
            case "having":
                return f"complete with {name}, but `having` was not true: {_false(fault)}"
            case "within":
                return f"{name} came{where} {self._late_by(fault)} after the end of `within {self._within()}`"
            case "step_bound":
                return f"{name} came{where} {self._late_by(fault)} after the end of {_bound_text(fault.label)}"
            case "too_early":
                what = "before the absence was over" if fault.label == "quiet" else "too early"
                return f"{name} came{where} {what}: not before {format_time(fault.limit_us or 0)}"
            case "absence":
                return f"{name} came at {format_time(event.time_us if event else 0)}, where no `{fault.label}` may come"
            case "contiguity":
                return f"{name} came in between, where the very next event was wanted"
            case "until":
                return f"{name} came, which closed the loop before it was complete"
            case "pending":
                return self._pending_text(fault)
        return f"{name} came{where}, but {fault.told}"

    def _pending_text(self, fault: Fault) -> str:
        label = f"no `{fault.label}`" if fault.label else "the end of the wait"
        if fault.limit_us is None:
            return f"{label} has no deadline by time"
        reached = (
            "no event has come"
            if self._watch.watermark_us is None
            else f"only to {format_time(self._watch.watermark_us)}"
        )
        return f"{label} is not over: its deadline is {format_time(fault.limit_us)}, and event time has come {reached}"

    def _late_by(self, fault: Fault) -> str:
        assert fault.event is not None
        return duration_text(fault.event.time_us - (fault.limit_us or 0))

    def _within(self) -> str:
        return duration_text(self._plan.within_us or 0)


_SHORT = {
    "condition": "its condition was not true",
    "where": "a condition across steps was not true",
    "having": "`having` was not true",
    "within": "after `within`",
    "step_bound": "after the bound of the step",
    "too_early": "too early",
    "absence": "after an event that had to stay away",
    "contiguity": "not the very next event",
    "late": "it came late",
    "dead_letter": "it was a dead letter",
    "key_null": "its key is null",
    "pending": "a deadline had not come",
}


def _article(step: str | None) -> str:
    return f"`{step}`" if step else "its step"


def _bound_text(label: str) -> str:
    return f"the bound of {label}" if label else "the bound on the step"


def _false(fault: Fault) -> str:
    """The conditions that were not true, with their values."""
    leaves = [leaf for each in fault.conditions if each.verdict is not True for leaf in each.leaves()]
    false = [leaf for leaf in leaves if leaf.verdict is not True]
    told = [f"`{leaf.text}` {leaf.outcome()}" for leaf in false]
    return ", ".join(told[:3]) or "its condition is not true"


def _identity(events: Sequence[Event]) -> tuple[int, ...]:
    return tuple(id(event) for event in events[-200:])


def _by_events(emissions: Sequence[Emission]) -> dict[tuple[int, ...], Emission]:
    found: dict[tuple[int, ...], Emission] = {}
    for emission in emissions:
        place = _identity(emission.events)
        if place not in found or found[place].derived is None:
            found[place] = emission
    return found


def at_most_text(rule: RulePlan) -> str:
    """``at most 1 every 1 hour``."""
    assert rule.at_most is not None
    return f"`at most {rule.at_most.count} every {duration_text(rule.at_most.every_us)}`"


def at_most_notes(rule: RulePlan, story: Story, held: Emission) -> Iterator[str]:
    """The emissions that counted, and from when on the next one is possible."""
    at_most = rule.at_most
    assert at_most is not None
    since_us = held.time_us - at_most.every_us
    counted = [e for e in story.emissions if e.derived is not None and since_us < e.time_us <= held.time_us]
    for emission in counted[-at_most.count :]:
        assert emission.derived is not None
        yield f"counted: {emission.derived.id} at {format_time(emission.time_us)}"
    if len(counted) >= at_most.count:
        first = counted[-at_most.count]
        yield f"the next one is possible from {format_time(first.time_us + at_most.every_us)} on"


def judge_of(watch: Watch, rule: RulePlan, key: Any) -> Judge:
    """The moves of a pattern, for showing: what fails on the data is not reported once more."""
    plan = rule.operator
    assert isinstance(plan, PatternPlan)
    bench = bench_of(watch, rule)
    whole = scope_of(rule)
    plain = Scope(steps=whole.steps, keys=whole.keys, single_key=whole.single_key, optional=whole.optional)
    judge = Judge(bench, plan, plain, lambda key, limit: None)
    judge.prepare(plan.automaton, watch.tree(rule), key, watch.engine.projection.kind_of)
    judge.local_conditions = {kind: known.conditions for kind, known in watch.plan.types.items()}
    return judge


def bench_of(watch: Watch, rule: RulePlan) -> PatternOperator:
    """An operator of the rule that runs nothing."""

    def ignore(name: str, event: Event, error: EvaluationError) -> None:
        """What failed was reported when it happened."""

    operator = next(each for each in watch.operators if each.rule.number == rule.number)
    around: Surroundings = replace(operator.around, report=ignore)
    emitter: Emitter = operator.emitter
    return PatternOperator(rule, emitter, around)


def bound_so_far(width: int, steps: Sequence[tuple[int, Event]]) -> Bound:
    """What is bound after these events."""
    bound = Bound(width)
    for step, event in steps:
        bound[step].append(event)
        bound.taken.append(event)
    return bound

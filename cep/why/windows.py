"""Why a rule over windows did not fire: its evaluations, the nearest to true first. Why layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cep.durations import duration_text
from cep.event import Event, event_id
from cep.plan.generate.scope import Scope
from cep.plan.plan import RulePlan, WindowPlan
from cep.plan.windows import Batch, Hopping, Sliding
from cep.timestamps import format_time
from cep.why.conditions import ConditionTree, Shown, distance
from cep.why.joins import no_partner
from cep.why.names import emitters_note, near_types
from cep.why.patterns import at_most_notes, at_most_text
from cep.why.report import Reason
from cep.why.showing import Telling
from cep.why.unused import Unused
from cep.why.watching import Evaluation, Offered, Story, Watch

_FALSE, _COMPARED, _REFUSED, _UNUSED = 1.0, 1.3, 1.5, 0.95
_MOST_OF_A_KIND = 20


class WindowReasons:
    """The reasons of one rule."""

    def __init__(self, watch: Watch, rule: RulePlan, telling: Telling, unused: Unused) -> None:
        plan = rule.operator
        assert isinstance(plan, WindowPlan)
        self._watch = watch
        self._rule = rule
        self._plan = plan
        self._telling = telling
        self._unused = unused
        self._tree = watch.tree(rule)
        self._inputs: dict[tuple[str, int], ConditionTree] = {}

    def of(self, story: Story) -> list[Reason]:
        """The reasons of a key, the nearest first."""
        found = list(self._evaluations(story))
        nearest = min((reason.cost - _FALSE for reason in found if reason.cost >= _FALSE), default=0.0)
        found += [*self._not_evaluated(story), *self._refused(story), *self._refused_by_where(story)]
        if not any(reason.cost < _FALSE for reason in found):
            found += [self._not_used(offered, nearest) for offered in self._unused.of(story.key)]
        if self._joins and not story.joined:
            found += no_partner(self._watch, self._rule, story, self._telling)
        if not found and not any(emission.derived is not None for emission in story.emissions):
            found = [self._no_input()]
        found.sort(key=lambda reason: (round(reason.cost, 4), -(reason.time_us or 0)))
        key = self._telling.key(story.key)
        return [replace(reason, key=key) for reason in _some_of_each(found)]

    def _no_input(self) -> Reason:
        """Only events came that reset a window."""
        fits = self._plan.fits if self._rule.join is None else self._rule.join.roles[0].fits
        names = " or ".join(f"`{kind}`" for kind in fits)
        never = [kind for kind in fits if not self._watch.count(kind)]
        notes = (*near_types(self._watch.types, never), *emitters_note(self._watch.plan, never))
        if len(never) == len(fits):
            return Reason("no_event_of_type", f"no event of type {names} ever came", 2.0, notes=notes)
        return Reason("missing", f"no event of type {names} came with this key", 2.0, notes=notes)

    # ---- evaluations ----

    def _evaluations(self, story: Story) -> Iterator[Reason]:
        fired: Evaluation | None = None
        for evaluation in story.evaluations:
            if evaluation.full is not None:
                yield self._not_full(evaluation)
            elif evaluation.failed:
                yield self._reason(evaluation, "failed", 1.2, "an aggregate could not be computed on this data", ())
            elif not evaluation.true:
                yield self._false(evaluation)
            elif evaluation.flushed:
                yield self._open(evaluation)
            elif not evaluation.fired:
                yield self._held_by_firing(evaluation, fired)
            elif evaluation.held:
                yield self._held_by_at_most(story, evaluation)
            else:
                yield from self._failed_emission(story, evaluation)
                fired = evaluation

    def _reason(
        self, evaluation: Evaluation, code: str, cost: float, text: str, conditions: Sequence[Shown], *notes: str
    ) -> Reason:
        event = self._telling.event(evaluation.event, note="")
        about = [*notes, *self._window_notes(evaluation)]
        return Reason(
            code, text, cost, evaluation.time_us, event=event, conditions=tuple(conditions), notes=tuple(about)
        )

    def _window_notes(self, evaluation: Evaluation) -> Iterator[str]:
        start_us, end_us = evaluation.window or (None, 0)
        if self._plan.waits and start_us is not None:
            yield f"the window from {format_time(start_us)} to {format_time(end_us)}"

    def _shown(self, evaluation: Evaluation) -> tuple[Shown, ...]:
        return () if self._tree is None else self._tree.shown(evaluation.values)

    def _false(self, evaluation: Evaluation) -> Reason:
        shown = self._shown(evaluation)
        false = [
            leaf for each in shown if each.verdict is not True for leaf in each.leaves() if leaf.verdict is not True
        ]
        told = ", ".join(f"`{each.text}` was {'unknown' if each.verdict is None else 'false'}" for each in false[:3])
        text = f"at {format_time(evaluation.time_us)} the condition was not true: {told}"
        if evaluation.flushed:
            text = f"{self._open_text(evaluation)}, and as it stands {told}"
        code = "condition" if not _is_having(self._plan, shown) else "having"
        return self._reason(evaluation, code, _FALSE + distance(shown), text, shown)

    def _open_text(self, evaluation: Evaluation) -> str:
        reached = (
            "nowhere yet" if self._watch.watermark_us is None else f"only to {format_time(self._watch.watermark_us)}"
        )
        what = "the window closes at" if self._plan.waits else "a partner may come until"
        return f"{what} {format_time(evaluation.time_us)}, and event time has come {reached}"

    def _open(self, evaluation: Evaluation) -> Reason:
        text = f"{self._open_text(evaluation)}; as it stands the rule would fire then"
        return self._reason(evaluation, "pending", 0.1, text, self._shown(evaluation))

    def _not_full(self, evaluation: Evaluation) -> Reason:
        form = self._plan.window
        wanted = form.count if isinstance(form, Sliding) and form.count is not None else 0
        text = (
            f"at {format_time(evaluation.time_us)} the window held {evaluation.full} of {wanted} events; "
            "it is evaluated once full (`partial` evaluates before)"
        )
        missing = 1 - (evaluation.full or 0) / max(1, wanted)
        return self._reason(evaluation, "window_not_full", 1.2 + missing, text, ())

    def _held_by_firing(self, evaluation: Evaluation, fired: Evaluation | None) -> Reason:
        firing, at = self._plan.firing, format_time(evaluation.time_us)
        shown = self._shown(evaluation)
        if firing.kind == "every_count":
            text = (
                f"at {at} the condition was true for the {evaluation.true_count + 1}. time since the last firing; "
                f"`every {firing.count}` fires at the {firing.count}."
            )
            return self._reason(evaluation, "every_count", 0.22, text, shown)
        if firing.kind == "while_true" and evaluation.fired_us is not None:
            next_us = evaluation.fired_us + (firing.duration_us or 0)
            every = f"`while true every {duration_text(firing.duration_us or 0)}`"
            text = (
                f"at {at} the condition was true, but the rule had fired at {format_time(evaluation.fired_us)}; "
                f"{every} lets it fire from {format_time(next_us)} on"
            )
            return self._reason(evaluation, "pace", 0.22, text, shown)
        since = "" if fired is None else f" since {format_time(fired.time_us)}"
        text = f"at {at} the condition was true, but it had been true{since}: the rule fires once, when it becomes true"
        note = "`every time` fires at each true evaluation, `while true every D` again after a while"
        return self._reason(evaluation, "rising", 0.2, text, shown, note)

    def _held_by_at_most(self, story: Story, evaluation: Evaluation) -> Reason:
        held = [e for e in story.emissions if e.held and e.time_us == evaluation.time_us]
        notes = list(at_most_notes(self._rule, story, held[-1])) if held else []
        text = (
            f"at {format_time(evaluation.time_us)} the condition was true, and {at_most_text(self._rule)} held it back"
        )
        return self._reason(evaluation, "at_most", 0.2, text, self._shown(evaluation), *notes)

    def _failed_emission(self, story: Story, evaluation: Evaluation) -> Iterator[Reason]:
        for emission in story.emissions:
            if emission.failed is not None and emission.time_us == evaluation.time_us:
                text = f"at {format_time(evaluation.time_us)} the condition was true, but {emission.failed}"
                yield self._reason(evaluation, "failed", 0.3, text, self._shown(evaluation))

    # ---- windows that are not evaluated ----

    def _not_evaluated(self, story: Story) -> Iterator[Reason]:
        """Events between two windows, and windows by count that never became full."""
        form = self._plan.window
        refused = {id(refusal.event) for refusal in story.refusals}
        entered: list[Event] = [*story.joined] if self._joins else [o.event for o in story.offered if self._enters(o)]
        entered = [event for event in entered if id(event) not in refused]
        if isinstance(form, Hopping):
            for event in [event for event in entered if form.first(event.time_us) is None][-_MOST_OF_A_KIND:]:
                shown = self._telling.event(event)
                text = f"{shown.type} {shown.id} lies between two windows"
                yield Reason("no_window", text, _COMPARED, event.time_us, event=shown)
        if isinstance(form, Batch) and entered and len(entered) % form.count:
            held = len(entered) % form.count
            text = f"the open window holds {held} of {form.count} events; it is evaluated when it is full"
            shown = self._telling.event(entered[-1])
            cost = 1.2 + 1 - held / form.count
            yield Reason("window_not_full", text, cost, entered[-1].time_us, event=shown)

    @property
    def _joins(self) -> bool:
        return self._rule.join is not None and self._rule.join.joins

    def _enters(self, offered: Offered) -> bool:
        fits = self._plan.fits if self._rule.join is None else self._rule.join.roles[0].fits
        return offered.kind in fits and bool(offered.mask >> fits[offered.kind].bit & 1)

    # ---- events that did not come in ----

    def _refused(self, story: Story) -> Iterator[Reason]:
        """Events of the input that its condition does not let in."""
        entries = [self._plan.fits] if self._rule.join is None else [role.fits for role in self._rule.join.roles]
        for offered in story.offered:
            fits = [fits[offered.kind] for fits in entries if offered.kind in fits]
            if not fits or any(offered.mask >> fit.bit & 1 for fit in fits):
                continue
            shown = self._input_shown(offered, fits[0].bit)
            told = _false_leaves(shown, "is")
            name = f"{offered.kind} {event_id(offered.event)}"
            yield Reason(
                "condition", f"{name} did not enter the window: {told or 'its condition is not true'}",
                _REFUSED + 0.4 * (distance(shown) or 1.0), offered.event.time_us,
                event=self._telling.event(offered.event), conditions=shown,
            )  # fmt: skip

    def _refused_by_where(self, story: Story) -> Iterator[Reason]:
        for refusal in story.refusals:
            event = self._telling.event(refusal.event)
            text = f"{event.type} {event.id} did not enter the window: {_false_leaves(refusal.shown, 'is')}"
            cost = _COMPARED + 0.3 * distance(refusal.shown)
            yield Reason("where", text, cost, event.time_us, event=event, conditions=refusal.shown)

    def _input_shown(self, offered: Offered, bit: int) -> tuple[Shown, ...]:
        condition = self._watch.plan.types[offered.kind].conditions[bit]
        if condition is None:
            return ()
        place = (offered.kind, bit)
        if place not in self._inputs:
            self._inputs[place] = ConditionTree([condition], self._watch.functions, Scope())
        return self._inputs[place].of((), offered.event, None)

    def _not_used(self, offered: Offered, nearest: float) -> Reason:
        name = f"{offered.kind} {event_id(offered.event)}"
        text = f"{name} is not in the window: {offered.told}"
        event = self._telling.event(offered.event)
        return Reason(offered.fate, text, _UNUSED + 0.9 * nearest, offered.event.time_us, event=event)


def _false_leaves(shown: Sequence[Shown], verb: str) -> str:
    leaves = [leaf for each in shown if each.verdict is not True for leaf in each.leaves()]
    false = [leaf for leaf in leaves if leaf.verdict is not True]
    return ", ".join(f"`{leaf.text}` {leaf.outcome(verb)}" for leaf in false[:3])


def _is_having(plan: WindowPlan, shown: Sequence[Shown]) -> bool:
    """Whether `when` was true and `having` was not."""
    if plan.having is None or plan.when is None or not shown:
        return False
    return shown[0].verdict is True and shown[-1].verdict is not True


def _some_of_each(reasons: Sequence[Reason]) -> Iterator[Reason]:
    counts: dict[str, int] = {}
    for reason in reasons:
        counts[reason.code] = counts.get(reason.code, 0) + 1
        if counts[reason.code] <= _MOST_OF_A_KIND:
            yield reason

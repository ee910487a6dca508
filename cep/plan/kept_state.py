"""What a rule keeps between events, and what bounds it. Plan layer.

Each line says how many there may be at most and for how long, per key where the rule has one. Where the rule itself
bounds nothing, the limit is named that then holds (S13).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cep.durations import duration_text
from cep.language import checked as c
from cep.language.words import quoted
from cep.plan.plan import JoinStage, PatternPlan, RulePlan, WindowGroup, WindowPlan
from cep.plan.windows import Batch, Calendar, Form, Hopping, Session, Single, Sliding, longest_us


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of thing that is kept.

    ``per``: key, run, or another value; empty for the whole rule. ``most`` and ``longest_us`` are null where the rule
    does not bound them; ``limit`` is the limit of the engine that holds in that case.
    """

    what: str
    per: str = "key"
    most: int | None = None
    longest_us: int | None = None
    limit: str | None = None
    timed: bool = True

    @property
    def text(self) -> str:
        """``per key: events of the window; at most 100, for at most 10 minutes``."""
        if self.most is not None:
            many = f"at most {self.most:,}"
        elif self.limit is not None:
            many = f"number not bounded by the rule, the limit `{self.limit}` holds"
        else:
            many = ""
        long = ""
        if self.longest_us is not None:
            long = f"for at most {duration_text(self.longest_us)}"
        elif self.timed:
            long = "for any length of time"
        bounds = ", ".join(part for part in (many, long) if part)
        head = f"per {self.per}: {self.what}" if self.per else self.what
        return f"{head}; {bounds}" if bounds else head

    @property
    def data(self) -> dict[str, object]:
        """The same as plain data; durations in microseconds."""
        return {
            "what": self.what,
            "per": self.per or None,
            "at_most": self.most,
            "longest_us": self.longest_us,
            "limit": None if self.most is not None else self.limit,
        }


def kept_state(rule: RulePlan) -> list[Kept]:
    """All that a rule keeps, in the order of the operators; empty for one that keeps nothing."""
    operator = rule.operator
    kept = list(_joined(rule))
    per = "key" if rule.keys else ""
    kept += _of_windows(operator, per) if isinstance(operator, WindowPlan) else _of_pattern(operator, per)
    if rule.at_most is not None:
        own = rule.at_most.keys
        name = per if own is None else ", ".join(quoted(key.name) for key in own)
        kept.append(Kept("times of emissions", name, rule.at_most.count, rule.at_most.every_us))
    if rule.keys and kept:
        kept.append(Kept("keys with state", "", limit="keys", timed=False))
    return kept


def _joined(rule: RulePlan) -> Iterator[Kept]:
    if rule.join is None:
        return
    for stage in rule.join.stages:
        if isinstance(stage, JoinStage):
            label = rule.join.roles[stage.role].label
            yield Kept(f"`{label}` events and what they are joined to", "", None, stage.within_us, "join_events")


# ---- patterns ----


def _of_pattern(pattern: PatternPlan, per: str) -> Iterator[Kept]:
    if pattern.counts_only:
        before = pattern.steps[0].minimum - 1
        if before:
            yield Kept("the newest events that fit", per, before, pattern.within_us)
        return
    if _at_once(pattern):
        return
    if isinstance(pattern.written, c.Absence | c.Expectation) and isinstance(pattern.written.element, c.Step):
        # Each such event ends the wait before it.
        yield Kept("the wait since the newest event", per, 1, pattern.written.duration_us)
        yield from _from_the_start(pattern)
        return
    longest_us = _longest_us(pattern)
    yield Kept("runs (partial matches)", per, pattern.limit, longest_us, "runs_per_key")
    yield Kept("runs over all keys", "", limit="runs_per_rule", timed=False)
    for step in pattern.bound:
        if step.maximum is None:
            yield Kept(f"events of `{step.name}`", "run", None, longest_us, "loop_events", timed=False)
    if pattern.sets_timers:
        yield Kept("timer for its deadline", "run", 1, timed=False)
    yield from _from_the_start(pattern)


def _from_the_start(pattern: PatternPlan) -> Iterator[Kept]:
    if pattern.expected is not None:
        yield Kept(f"a wait for each key of table `{pattern.expected.table}`, from the start", "", timed=False)


def _at_once(pattern: PatternPlan) -> bool:
    """Whether the first event completes every match, so that nothing waits."""
    places = [pattern.automaton.places[edge.target] for edge in pattern.automaton.start]
    return all(
        p.finish is not None and p.finish.when == "at_once" and not p.finish.full and not p.edges for p in places
    )


def _longest_us(pattern: PatternPlan) -> int | None:
    """How long a run may live; null where nothing ends it."""
    assert pattern.written is not None
    wait_us = max((p.finish.after_us for p in pattern.automaton.places.values() if p.finish is not None), default=0)
    if pattern.within_us is not None:
        return pattern.within_us + wait_us
    return _span_us(pattern.written)


def _span_us(node: c.PatternNode) -> int | None:
    """The longest time from the first event of a part to its end."""
    match node:
        case c.Step():
            return 0
        case c.Bounded():
            return node.within_us
        case c.Absence() | c.Expectation():
            return None  # the silence of a key that is not yet over is waited for anew with each event
        case c.Sequence():
            total_us = _span_us(node.first)
            for link in node.links:
                if isinstance(link.element, c.Absence):  # without a time of its own it ends with the next step
                    longest_us: int | None = link.element.duration_us or 0
                else:
                    longest_us = link.maximum_us
                total_us = None if total_us is None or longest_us is None else total_us + longest_us
            return total_us
        case c.Choice():
            spans = [_span_us(member) for member in node.members]
            return None if None in spans else max(span for span in spans if span is not None)
    return None


# ---- windows ----


def _of_windows(plan: WindowPlan, per: str) -> Iterator[Kept]:
    yield from dict.fromkeys(each for group in plan.groups for each in _of_group(group, per))
    if plan.reads_previous:
        yield Kept("the event before", per, 1)
    if plan.crosses:
        yield Kept("the two sides of a crossing at the evaluation before", per, len(plan.crosses))
    if plan.firing.kind in ("every_count", "while_true"):
        yield Kept("when, or how often, it fired", per, 1)


def _of_group(group: WindowGroup, per: str) -> Iterator[Kept]:
    form = group.form
    if isinstance(form, Single):
        return
    if group.keeps_events:
        yield _events(form, per)
    else:
        yield Kept("the aggregates of the window", per, timed=False)
        yield Kept("its newest events, for the evidence", per, None, longest_us(form), "evidence", timed=False)
    if isinstance(form, Hopping | Calendar | Session):
        yield Kept("open windows, with a timer for the end", per, _open_windows(form), longest_us(form))


def _events(form: Form, per: str) -> Kept:
    match form:
        case Sliding():
            return Kept("events of the window", per, form.count, form.length_us, "window_events")
        case Batch():
            return Kept("events of the open window", per, form.count)
    return Kept("events of the open windows", per, None, longest_us(form), "window_events")


def _open_windows(form: Form) -> int:
    return -(-form.length_us // form.step_us) if isinstance(form, Hopping) else 1

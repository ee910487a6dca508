"""Windows in words, for :mod:`cep.plan.explain`. Plan layer."""

from __future__ import annotations

from cep.durations import duration_text
from cep.plan.expression_text import expression_text
from cep.plan.plan import WindowPlan
from cep.plan.windows import Batch, Calendar, Form, Hopping, Session, Single, Sliding


def contents_text(form: Form, types: str | None) -> str:
    """What one window holds: ``the last 10 minutes of `Payment```. ``types`` is null for pairs of a join."""
    events = types or "pairs"
    match form:
        case Single():
            return "each pair by itself" if types is None else f"each event of {events} by itself"
        case Sliding(since=str(label)):
            return f"the events of {events} since the last `{label}`"
        case Sliding(count=int(count)):
            within = "" if form.length_us is None else f" within {duration_text(form.length_us)}"
            return f"the last {_many(count, types)}{within}"
        case Sliding(length_us=int(length_us)):
            return f"the last {duration_text(length_us)} of {events}"
        case Sliding():
            return f"all events of {events} so far"
        case Hopping() if form.length_us == form.step_us:
            return f"each {_span(form.length_us)} of {events}"
        case Hopping():
            return f"{duration_text(form.length_us)} of {events}, beginning every {_span(form.step_us)}"
        case Calendar():
            return f"each {form.unit} of {events} by the clock of {form.zone}"
        case Session():
            most = "" if form.maximum_us is None else f", {duration_text(form.maximum_us)} at most"
            return f"each session of {events}: no gap of more than {duration_text(form.gap_us)}{most}"
        case Batch():
            return f"each {_many(form.count, types)}"


def _many(count: int, types: str | None) -> str:
    return _events(count, True) if types is None else f"{_events(count)} of {types}"


def evaluated_text(form: Form, pairs: bool = False) -> str | None:
    """When a window is evaluated, where its contents do not say it. ``pairs``: what it holds are those of a join."""
    one = "pair" if pairs else "event"
    match form:
        case Hopping() | Calendar():
            return "evaluated once, at its end, which is not part of it"
        case Session():
            return f"evaluated once, at its end: the last {one} and the gap, or the longest time"
        case Batch():
            return f"evaluated once, at its last {one}"
        case Sliding(count=int(count)):
            return (
                f"evaluated from the first {one} on"
                if form.partial
                else f"evaluated once it holds {_events(count, pairs)}"
            )
    return None


def window_sentence(plan: WindowPlan, types: str | None) -> list[str]:
    """What a rule over windows looks at, and when it fires.

    ``types``: the types or the phrase it reads, null for the pairs of a join.
    """
    form = plan.window
    what = f"looks at {_looked_at(form, 'pair' if types is None else f'{types} event')}"
    condition = " and ".join(f"`{expression_text(part)}`" for part in (plan.when, plan.having) if part is not None)
    which = f" for which {condition} is true" if condition else ""
    if isinstance(form, Hopping | Calendar | Session | Batch):
        one = "pair" if types is None else "event"
        at = f"last {one}" if isinstance(form, Batch) else "end"
        return [f"{what}, and fires at the {at} of each{which}."]
    always = plan.firing.kind == "rising" and (plan.when is None or isinstance(form, Single))
    if always or plan.firing.kind == "every_time":
        return [f"{what} and fires at each of them{which}."]
    return [f"{what} {_fires(plan, condition)}", *_again(plan)]


def _looked_at(form: Form, one: str) -> str:
    match form:
        case Single():
            return f"each {one} by itself"
        case Sliding(since=str(label)):
            return f"the {one}s since the last `{label}`"
        case Sliding(count=int(count)):
            many = one if count == 1 else f"{one}s"
            within = "" if form.length_us is None else f" within {duration_text(form.length_us)}, both ends included"
            once = "" if form.partial else ", once there are so many"
            return f"the last {count} {many}{within}{once},"
        case Sliding(length_us=int(length_us)):
            return f"the {one}s of the last {_span(length_us)}, both ends included,"
        case Sliding():
            return f"all {one}s so far"
        case Hopping() if form.length_us == form.step_us:
            return f"the {one}s of each {_span(form.length_us)}"
        case Hopping():
            return f"the {one}s of {duration_text(form.length_us)}, beginning every {_span(form.step_us)}"
        case Calendar():
            return f"the {one}s of each {form.unit} by the clock of {form.zone}"
        case Session():
            most = "" if form.maximum_us is None else f" or after {duration_text(form.maximum_us)}"
            return f"sessions of {one}s, which end with a gap of more than {duration_text(form.gap_us)}{most}"
        case Batch():
            return f"each {one}" if form.count == 1 else f"each {form.count} {one}s"


def _fires(plan: WindowPlan, condition: str) -> str:
    firing = plan.firing
    match firing.kind:
        case "every_count":
            return f"and fires at every {_ordinal(firing.count or 1)} of them for which {condition} is true."
        case "while_true":
            assert firing.duration_us is not None
            least = duration_text(firing.duration_us)
            return f"and fires while {condition} is true, at events at least {least} apart."
    return f"and fires when {condition} becomes true."


def _again(plan: WindowPlan) -> list[str]:
    if plan.firing.kind != "rising":
        return []
    return ["It fires again only after the condition has been false, or the window empty."]


def state_texts(plan: WindowPlan, pairs: bool = False) -> list[str]:
    """What is kept per key for the windows of a rule. ``pairs``: what they hold are those of a join."""
    kept = [
        (_state(group.form) if group.keeps_events else _running(group.form)).replace("events of", _held(pairs))
        for group in plan.groups
        if not isinstance(group.form, Single)
    ]
    if plan.reads_previous:
        kept.append("per key the event before")
    if plan.firing.kind in ("every_count", "while_true"):
        kept.append("per key when it fired")
    return list(dict.fromkeys(kept))


def _held(pairs: bool) -> str:
    return "pairs of" if pairs else "events of"


def _running(form: Form) -> str:
    timer = ", and a timer for its end" if isinstance(form, Hopping | Calendar | Session) else ""
    return f"per key the aggregates of the window and its newest events, up to the limit `evidence`{timer}"


def _state(form: Form) -> str:
    limit = "up to the limit `window_events`"
    match form:
        case Sliding(since=None, count=None, length_us=int(length_us)):
            return f"per key the events of the last {duration_text(length_us)}, {limit}"
        case Sliding(count=int(count)):
            return f"per key the last {_events(count)}, {limit}"
        case Sliding():
            return f"per key all events of the window, {limit}"
        case Batch():
            return f"per key the events of the open window, {limit}"
        case _:
            return f"per key the events of the open windows, {limit}, and a timer for their end"


def _events(count: int, pairs: bool = False) -> str:
    one = "pair" if pairs else "event"
    return one if count == 1 else f"{count} {one}s"


def _ordinal(count: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{count}{'th' if count % 100 in (11, 12, 13) else endings.get(count % 10, 'th')}"


def _span(duration_us: int) -> str:
    """``10 minutes``, and ``minute`` for one: what follows `each`, `every` and `the last`."""
    return duration_text(duration_us).removeprefix("1 ")

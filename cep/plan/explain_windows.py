"""Windows in words, for :mod:`cep.plan.explain`. Plan layer."""

from __future__ import annotations

from cep.durations import duration_text
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


def _events(count: int, pairs: bool = False) -> str:
    one = "pair" if pairs else "event"
    return one if count == 1 else f"{count} {one}s"


def _span(duration_us: int) -> str:
    """``10 minutes``, and ``minute`` for one: what follows `each`, `every` and `the last`."""
    return duration_text(duration_us).removeprefix("1 ")

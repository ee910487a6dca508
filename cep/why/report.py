"""What `cep why` answers: plain data, as text and as JSON. Why layer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cep.diagnostics import visible
from cep.timestamps import format_time
from cep.why.conditions import Shown

Paint = Callable[[str, str], str]
"""Puts a text in a style: ``good``, ``error``, ``warning``, ``strong``, ``dim`` or ``name``."""

_MARKS = {True: ("✓", "good"), False: ("✗", "error"), None: ("?", "warning")}


@dataclass(frozen=True, slots=True)
class EventShown:
    """An event with its role, and the fields that the rule reads."""

    step: str
    id: str
    type: str
    time_us: int
    fields: tuple[tuple[str, str], ...] = ()
    conditions: tuple[Shown, ...] = ()
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        told: dict[str, Any] = {"step": self.step} if self.step else {}
        told |= {"id": self.id, "type": self.type, "time": format_time(self.time_us), "fields": dict(self.fields)}
        if self.conditions:
            told["conditions"] = [each.to_dict() for each in self.conditions]
        if self.note:
            told["note"] = self.note
        return told


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule did not fire, or not then.

    ``code`` is one of :data:`CODES`; ``text`` says it in a sentence. ``events`` is what the run held, ``waited`` the
    step that it waited for, until ``deadline_us``; ``event`` what decided, with its ``conditions``; ``tried`` further
    events that could not be taken; ``notes`` what else is to be known. ``cost`` is smaller the nearer it was.
    """

    code: str
    text: str
    cost: float
    time_us: int | None = None
    key: tuple[tuple[str, str], ...] = ()
    events: tuple[EventShown, ...] = ()
    waited: str | None = None
    deadline_us: int | None = None
    event: EventShown | None = None
    conditions: tuple[Shown, ...] = ()
    tried: tuple[EventShown, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data; what does not apply is left out."""
        told: dict[str, Any] = {"code": self.code, "text": self.text}
        told |= {"time": format_time(self.time_us)} if self.time_us is not None else {}
        told |= {"key": dict(self.key)} if self.key else {}
        told |= {"events": [each.to_dict() for each in self.events]} if self.events else {}
        told |= {"waited_for": self.waited} if self.waited is not None else {}
        told |= {"deadline": format_time(self.deadline_us)} if self.deadline_us is not None else {}
        told |= {"event": self.event.to_dict()} if self.event is not None else {}
        told |= {"conditions": [each.to_dict() for each in self.conditions]} if self.conditions else {}
        told |= {"tried": [each.to_dict() for each in self.tried]} if self.tried else {}
        told |= {"notes": list(self.notes)} if self.notes else {}
        return told


CODES = {
    "disabled": "the rule is disabled",
    "no_event_of_type": "no event of a type that the rule needs ever came",
    "no_event_of_key": "events came, but none with this key",
    "key_null": "the event's key is null, so it takes no part",
    "late": "the event came behind the watermark",
    "dead_letter": "the event could not be used",
    "condition": "an event of the type did not meet the condition of its step, or of the window",
    "where": "a condition across steps was not true",
    "having": "complete, but `having` was not true",
    "missing": "a step waited in vain",
    "waiting": "a step still waits, and its time is not over",
    "pending": "an absence or a window has not come to its deadline yet",
    "within": "the event came after `within`",
    "step_bound": "the event came after the bound of a step or a part",
    "too_early": "the event came before the bound of its step, or before an absence was over",
    "absence": "an event came that had to stay away",
    "contiguity": "another event came in between",
    "until": "the event of `until` came before the loop was complete",
    "skip": "its events were used by another match",
    "limit": "a limit removed the run",
    "at_most": "`at most` held it back",
    "failed": "an expression failed on this data",
    "rising": "the condition had been true since earlier",
    "every_count": "the rule fires at every so many true evaluations",
    "pace": "the rule fires again only after a while",
    "window_not_full": "the window does not hold enough events yet",
    "no_window": "the event lies between two windows",
    "no_partner": "one side of a join found no partner",
    "no_event": "no events came at all",
    "unknown": "nothing that could be told",
}
"""The codes of reasons."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A derived event and what is behind it.

    ``conditions`` are titles with conditions of the whole match, ``facts`` the bounds and what else had to hold,
    ``again`` when the rule can fire next, ``causes`` the derived events among its events.
    """

    type: str
    id: str
    rule: str
    time_us: int
    key: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str], ...] = ()
    events: tuple[EventShown, ...] = ()
    more: int = 0
    conditions: tuple[tuple[str, tuple[Shown, ...]], ...] = ()
    facts: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    causes: tuple[Explained, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "type": self.type,
            "id": self.id,
            "rule": self.rule,
            "time": format_time(self.time_us),
            "key": dict(self.key),
            "fields": dict(self.fields),
            "events": [each.to_dict() for each in self.events],
            "more_events": self.more,
            "conditions": [
                {"of": title, "conditions": [each.to_dict() for each in shown]} for title, shown in self.conditions
            ],
            "facts": list(self.facts),
            "again": list(self.again),
            "causes": [each.to_dict() for each in self.causes],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The answer: ``fired`` are the derived events of rule and key, the newest first, ``reasons`` the nearest first.

    ``matches`` explains derived events, ``earlier`` are some that came before the time that was asked for. ``more``
    counts the reasons that were left out.
    """

    rule: str | None
    asked: str
    fired: tuple[Explained, ...] = ()
    reasons: tuple[Reason, ...] = ()
    matches: tuple[Explained, ...] = ()
    more: int = 0
    total_fired: int = 0
    earlier: tuple[Explained, ...] = ()

    @property
    def did_fire(self) -> bool:
        """Whether the rule fired for what was asked."""
        return bool(self.fired)

    def lines(self, paint: Paint | None = None) -> list[str]:
        """As text, without line breaks; control characters of what comes from outside are made visible."""
        page = _Page(paint or (lambda text, style: text))
        page.report(self)
        return page.lines

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        if self.matches:
            return {"matches": [each.to_dict() for each in self.matches]}
        return {
            "rule": self.rule,
            "asked": self.asked,
            "fired": self.total_fired,
            "derived": [each.to_dict() for each in self.fired],
            "derived_earlier": [each.to_dict() for each in self.earlier],
            "reasons": [each.to_dict() for each in self.reasons],
            "more_reasons": self.more,
        }

    def to_json(self) -> str:
        """One JSON object."""
        return json.dumps(self.as_dict(), ensure_ascii=False)

    def __str__(self) -> str:
        return "\n".join(self.lines())


class _Page:
    """Writes a report; every text goes through :func:`visible`."""

    def __init__(self, paint: Paint) -> None:
        self._paint = paint
        self.lines: list[str] = []

    def _line(self, indent: int, *pieces: str | tuple[str, str]) -> None:
        shown = [visible(p) if isinstance(p, str) else self._paint(visible(p[0]), p[1]) for p in pieces if p]
        self.lines.append((" " * indent + "".join(shown)).rstrip())

    def _gap(self) -> None:
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def report(self, report: Report) -> None:
        for match in report.matches:
            self._gap()
            self._explained(match, 0)
        if report.matches:
            return
        self._line(0, (report.asked, "strong"))
        for match in report.fired:
            self._line(2, ("✓", "good"), f" {format_time(match.time_us)}  ", (match.type, "name"), f"  {match.id}")
        if report.total_fired > len(report.fired):
            self._line(2, f"… and {report.total_fired - len(report.fired):,} more")
        for match in report.earlier:
            self._line(2, ("earlier", "dim"), f" {format_time(match.time_us)}  ", (match.type, "name"), f"  {match.id}")
        if report.fired and report.reasons:
            self._gap()
            self._line(0, ("Besides, the nearest that did not:", "strong"))
        for number, reason in enumerate(report.reasons, 1):
            self._gap()
            self._reason(number, reason)
        if report.more:
            self._gap()
            self._line(0, (f"{report.more:,} more that came less near; --limit shows more", "dim"))

    def _reason(self, number: int, reason: Reason) -> None:
        self._line(0, (f"{number}. ", "strong"), (reason.text, "strong"), (f"  [{reason.code}]", "dim"))
        if reason.key:
            self._line(3, ("key      ", "dim"), ", ".join(f"{name} = {value}" for name, value in reason.key))
        self._events("held", reason.events, 3)
        if reason.waited is not None:
            until = "" if reason.deadline_us is None else f", until {format_time(reason.deadline_us)}"
            self._line(3, ("waited   ", "dim"), f"for {reason.waited}{until}")
        if reason.event is not None:
            self._events("came", [reason.event], 3)
        for condition in reason.conditions:
            self._condition(condition, 12)
        if reason.tried:
            self._events("also", reason.tried, 3)
        for note in reason.notes:
            self._line(3, ("note     ", "dim"), note)

    def _events(self, label: str, events: Sequence[EventShown], indent: int) -> None:
        width = max((len(visible(event.step)) for event in events), default=0)
        for event in events:
            title, label = f"{label:<9}", ""
            pieces: list[str | tuple[str, str]] = [(title, "dim")]
            if width:
                pieces.append((f"{event.step:<{width}}  ", "name"))
            pieces.append(f"{event.type} {event.id}  {format_time(event.time_us)}  ")
            pieces.append(", ".join(f"{name} = {value}" for name, value in event.fields))
            self._line(indent, *pieces)
            if event.note:
                self._line(indent + 11, event.note)
            for condition in event.conditions:
                self._condition(condition, indent + 11)

    def _condition(self, shown: Shown, indent: int) -> None:
        mark, style = _MARKS[shown.verdict]
        told = [f"{text} = {value}" for text, value in shown.values if not value.startswith("failed: ")]
        told += [f"failed: {shown.failed}"] if shown.failed else []
        told += ["unknown"] if shown.verdict is None and not shown.failed else []
        values = f"   ({', '.join(told)})" if told else ""
        self._line(indent, (mark, style), f" {shown.text}", (values, "dim"))
        for part in shown.parts:
            self._condition(part, indent + 2)

    def _explained(self, match: Explained, indent: int) -> None:
        fields = ", ".join(f"{name} = {value}" for name, value in match.fields)
        self._line(indent, (match.type, "strong"), f"({fields})  ", (match.id, "dim"))
        key = ", ".join(f"{name} = {value}" for name, value in match.key)
        self._line(indent + 2, f"rule {match.rule} fired at {format_time(match.time_us)}", f" for {key}" if key else "")
        if match.more:
            self._line(indent + 2, (f"… {match.more:,} earlier events", "dim"))
        self._events("events", match.events, indent + 2)
        for title, conditions in match.conditions:
            self._line(indent + 2, (title, "dim"))
            for condition in conditions:
                self._condition(condition, indent + 4)
        self._rows("held", match.facts, indent + 2)
        self._rows("again", match.again, indent + 2)
        for cause in match.causes:
            self._line(indent + 2, (f"because of {cause.type} {cause.id}:", "dim"))
            self._explained(cause, indent + 4)

    def _rows(self, label: str, rows: Sequence[str], indent: int) -> None:
        for title, row in zip(_titles(label), rows, strict=False):
            self._line(indent, (f"{title:<9}", "dim"), row)


def _titles(first: str) -> Iterator[str]:
    yield first
    while True:
        yield ""

"""The summary of a run as a person reads it. CLI layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cep.cli.terminal import Console, counted, visible
from cep.diagnostic_codes import CODES
from cep.diagnostics import did_you_mean, suggestion
from cep.durations import UNITS_US, format_duration
from cep.event import DeadLetter, LateEvent
from cep.pipeline.summary import SourceState, Summary, Unseen
from cep.timestamps import TIME_FIELDS

_MOST_ROWS = 20
_REASON_LENGTH = 160
_TITLE_WIDTH = 13
_MOST_TYPES = 10
_UNFINISHED = {
    "interrupted": "an interrupted run",
    "terminated": "a terminated run",
    "stopped": "a run that stopped",
    "reader_gone": "a run whose reader left",
}


_HINTS = {
    "CEP610": "`--type NAME` names the type of all, `--type-field NAME` the field that holds it",
    "CEP612": "`--time-zone ZONE` reads times without an offset",
    "CEP616": "`--max-skew none` allows any time",
}


_READABLE_US = [
    count * unit
    for unit, counts in (
        (UNITS_US["millisecond"], (1, 10, 100, 500)),
        (UNITS_US["second"], (1, 2, 5, 10, 15, 30)),
        (UNITS_US["minute"], (1, 2, 5, 10, 15, 30)),
        (UNITS_US["hour"], (1, 2, 3, 6, 12, 24)),
    )
    for count in counts
]
"""The values of ``--lateness`` that are recommended; a longer wait hides what is wrong with the times."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for: files for what could not be used; ``live`` where standard input is read."""

    late: str | None = None
    dead: str | None = None
    live: bool = False


def tell(summary: Summary, console: Console, asked: Asked) -> None:
    """The whole summary, several lines."""
    console.line(console.paint(headline(summary), "strong"))
    for title, rows in (
        ("derived", _derived(summary)),
        ("late", _late(summary, asked.late)),
        ("dead letters", _dead(summary, asked.dead)),
        ("pending", _pending(summary)),
        ("held back", _by_rule(summary.held_back, "by `at most`")),
        ("null keys", _by_rule(summary.null_keys, "took no part: their key is null")),
        ("limits hit", _limits(summary)),
        ("tables", _tables(summary)),
        ("sources", _sources(summary)),
    ):
        for number, row in enumerate(rows):
            head = " " * _TITLE_WIDTH if number else console.paint(f"{title:{_TITLE_WIDTH}}", "dim")
            console.line(f"  {head}{row}")
    for message, hint in warnings(summary, asked):
        console.warning(message, hint)


def warnings(summary: Summary, asked: Asked) -> Iterator[tuple[str, str | None]]:
    """What is suspicious about the events, each with a hint if there is one."""
    if summary.without_time:
        whose = "its" if summary.without_time == 1 else "their"
        yield (
            f"{counted(summary.without_time, 'event')} had no time of {whose} own: {whose} arrival was taken"
            f" (fields looked for: {', '.join(TIME_FIELDS)})",
            None if asked.live else "of events in files this is rarely wanted",
        )
    for table in summary.tables:
        for column in table.lacks:
            near = suggestion(column, table.columns)
            told = f"the table `{visible(table.name)}` has no column `{visible(column)}`, which rules read"
            yield told, did_you_mean(near)
        if table.failed is not None:
            told = f"the table `{visible(table.name)}` could not be read again: {visible(table.failed)}"
            yield told, "the rows that were read before stayed in force"
    types = [each for each in summary.unseen if each.field is None]
    if len(types) == 1:
        yield f"no event had the type `{types[0].type}`, which rules read", did_you_mean(types[0].near)
    elif types:
        shown = ", ".join(_unseen_type(each) for each in types[:_MOST_TYPES])
        more = f" and {len(types) - _MOST_TYPES} more" if len(types) > _MOST_TYPES else ""
        yield f"no event had the types {shown}{more}, which rules read", None
    for each in summary.unseen:
        if each.field is not None:
            what = f"no event of the type `{each.type}` had the field `{each.field}`, which rules read"
            yield what, did_you_mean(each.near)


def _unseen_type(unseen: Unseen) -> str:
    near = did_you_mean(unseen.near)
    return f"`{unseen.type}` ({near})" if near else f"`{unseen.type}`"


def headline(summary: Summary) -> str:
    """``1,000 events in 0.02 s (50,000/s), 3 derived``, and how it ended where it did not reach the end."""
    text = (
        f"{counted(summary.events, 'event')} in {summary.seconds:,.2f} s"
        f" ({summary.events_per_second:,.0f}/s), {sum(summary.derived.values()):,} derived"
    )
    before = {
        "interrupted": "interrupted: ",
        "terminated": "terminated: ",
        "stopped": "stopped on an error: ",
        "reader_gone": "the reader of the output went away: ",
    }
    return before.get(summary.ended, "") + text


def _derived(summary: Summary) -> Iterator[str]:
    found = {rule: count for rule, count in summary.derived.items() if count}
    yield from _rows({visible(rule): count for rule, count in found.items()})
    silent = [visible(rule) for rule, count in summary.derived.items() if not count]
    if silent:
        shown = ", ".join(silent[:5]) + (f" and {len(silent) - 5} more" if len(silent) > 5 else "")
        yield f"nothing by {shown}"


def _rows(counts: dict[str, int]) -> Iterator[str]:
    width = max(map(len, counts), default=0)
    digits = max((len(f"{count:,}") for count in counts.values()), default=0)
    for number, (name, count) in enumerate(counts.items()):
        if number == _MOST_ROWS:
            yield f"and {counted(len(counts) - _MOST_ROWS, 'more rule')}; `--json` lists all"
            return
        yield f"{name:{width}}  {count:>{digits},}"


def _by_rule(counts: dict[str, int], what: str) -> Iterator[str]:
    for number, row in enumerate(_rows({visible(rule): count for rule, count in counts.items()})):
        yield row if number else f"{row} {what}"


def _late(summary: Summary, path: str | None) -> Iterator[str]:
    if not summary.late:
        return
    them = "it" if summary.late == 1 else "them"
    where = f"in {visible(path)}" if path else f"not kept; `--late FILE` keeps {them}"
    enough_us = _enough_lateness_us(summary)
    wait = f"`--lateness {format_duration(enough_us)}` waits for {them}" if enough_us else ""
    yield f"{counted(summary.late, 'event')}, {where}{f', {wait}' if wait and not path else ''}"
    for event in summary.first_late:
        yield f"{_place(event)}: {format_duration(event.watermark_us - event.time_us)} behind"
    yield from _and_more(summary.late, len(summary.first_late))


def _enough_lateness_us(summary: Summary) -> int | None:
    """What ``--lateness`` would have had to be for all late events, rounded up; null where that is too long."""
    least_us = summary.lateness_us + summary.worst_lateness_us
    return next((us for us in _READABLE_US if us >= least_us), None)


def _and_more(total: int, shown: int) -> Iterator[str]:
    if 0 < shown < total:
        yield f"… and {total - shown:,} more"


def _dead(summary: Summary, path: str | None) -> Iterator[str]:
    if not summary.dead_letters:
        return
    total = sum(summary.dead_letters.values())
    yield f"{total:,}, " + (f"in {visible(path)}" if path else "not kept; `--dead-letters FILE` keeps them")
    for code, count in summary.dead_letters.items():
        title = f" {CODES[code].title}" if code in CODES else ""
        hint = f"; {_HINTS[code]}" if code in _HINTS else ""
        yield f"{count:,} {code}{title}{hint}"
    for letter in summary.first_dead:
        yield letter_text(letter)
    yield from _and_more(total, len(summary.first_dead))


def letter_text(letter: DeadLetter) -> str:
    """``logins.jsonl:12: CEP601 the record is not JSON``."""
    reason = letter.reason if len(letter.reason) <= _REASON_LENGTH else f"{letter.reason[: _REASON_LENGTH - 1]}…"
    return f"{_place(letter)}: {letter.code} {visible(reason)}"


def _place(letter: DeadLetter | LateEvent) -> str:
    return _position(letter.source, letter.partition, letter.position)


def _position(source: str, partition: str, position: int) -> str:
    return visible(f"{source}:{partition}:{position}" if partition else f"{source}:{position}")


def _pending(summary: Summary) -> Iterator[str]:
    total = sum(summary.pending.values())
    waits, them = ("absence still waits", "it") if total == 1 else ("absences still wait", "them")
    if summary.windowed.issuperset(summary.pending):
        waits = "window is still open" if total == 1 else "windows are still open"
    elif not summary.windowed.isdisjoint(summary.pending):
        waits = "absences and windows still wait"
    advice = f"`--at-end flush` fires {them}"
    if summary.ended != "complete":
        how = _UNFINISHED[summary.ended]
        advice = f"{how} does not flush {them}"
    for number, row in enumerate(_rows({visible(rule): count for rule, count in summary.pending.items()})):
        yield row if number else f"{row} {waits}; {advice}"


def _limits(summary: Summary) -> Iterator[str]:
    for hit in summary.limits:
        yield f"{visible(hit.rule) or 'engine'}: {hit.limit}, {counted(hit.count, 'time')}; the oldest was dropped"


def _tables(summary: Summary) -> Iterator[str]:
    for state in summary.tables:
        again = f", read again {counted(state.changes, 'time')} with other rows" if state.changes else ""
        yield f"{visible(state.name)}: {counted(state.rows, 'row')}{again}"


def _sources(summary: Summary) -> Iterator[str]:
    """Where each stopped; of a run to the end only those that could not be read to theirs."""
    shown = [state for state in summary.sources if summary.ended != "complete" or not state.complete]
    for state in shown[:_MOST_ROWS]:
        yield _stopped_at(state)
    if len(shown) > _MOST_ROWS:
        yield f"and {len(shown) - _MOST_ROWS} more; `--json` lists all"


def _stopped_at(state: SourceState) -> str:
    name = visible(f"{state.source}:{state.partition}" if state.partition else state.source)
    if state.complete:
        return f"{name}: read to its end"
    if not state.position:
        return f"{name}: nothing was read"
    return f"{name}: read up to {state.position:,}"

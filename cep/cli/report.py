"""The summary of a run as a person reads it. CLI layer."""

from __future__ import annotations

from collections.abc import Iterator

from cep.cli.terminal import Console, counted, hint_of, visible
from cep.diagnostic_codes import CODES
from cep.event import DeadLetter, LateEvent
from cep.pipeline.summary import SourceState, Summary
from cep.timestamps import format_duration

_MOST_ROWS = 20
_REASON_LENGTH = 160
_TITLE_WIDTH = 13


_HINTS = {
    "CEP610": "`--type NAME` names the type of all, `--type-field NAME` the field that holds it",
    "CEP612": "`--time-zone ZONE` reads times without an offset",
    "CEP616": "`--max-skew none` allows any time",
}


def tell(summary: Summary, console: Console, late_path: str | None, dead_path: str | None) -> None:
    """The whole summary, several lines."""
    console.line(console.paint(headline(summary), "strong"))
    for title, rows in (
        ("derived", _derived(summary)),
        ("late", _late(summary, late_path)),
        ("dead letters", _dead(summary, dead_path)),
        ("pending", _pending(summary)),
        ("held back", _by_rule(summary.held_back, "by `at most`")),
        ("null keys", _by_rule(summary.null_keys, "took no part: their key is null")),
        ("limits hit", _limits(summary)),
        ("sources", _sources(summary)),
    ):
        for number, row in enumerate(rows):
            head = " " * _TITLE_WIDTH if number else console.paint(f"{title:{_TITLE_WIDTH}}", "dim")
            console.line(f"  {head}{row}")
    for each in summary.unseen:
        what = f"no event of the type `{each.type}` had the field `{each.field}`"
        if each.field is None:
            what = f"no event had the type `{each.type}`"
        console.warning(f"{what}, which rules read", hint_of(each.near))


def headline(summary: Summary) -> str:
    """``1,000 events in 0.02 s (50,000/s), 3 derived``, and how it ended where it did not reach the end."""
    text = (
        f"{counted(summary.events, 'event')} in {summary.seconds:,.2f} s"
        f" ({summary.events_per_second:,.0f}/s), {sum(summary.derived.values()):,} derived"
    )
    before = {
        "interrupted": "interrupted: ",
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
    where = f"in {visible(path)}" if path else "not kept; `--late FILE` keeps them, `--lateness 1m` waits for them"
    yield f"{counted(summary.late, 'event')}, {where}"
    for event in summary.first_late:
        yield f"{_place(event)}: {format_duration(event.watermark_us - event.time_us)} behind"


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
    for number, row in enumerate(_rows({visible(rule): count for rule, count in summary.pending.items()})):
        hint = f" {'absence still waits' if total == 1 else 'absences still wait'}; `--at-end flush` fires them"
        yield row if number else f"{row}{hint}"


def _limits(summary: Summary) -> Iterator[str]:
    for hit in summary.limits:
        yield f"{visible(hit.rule) or 'engine'}: {hit.limit}, {counted(hit.count, 'time')}; the oldest was dropped"


def _sources(summary: Summary) -> Iterator[str]:
    """Where each stopped; nothing where all were read to their ends."""
    if summary.ended == "complete":
        return
    for state in summary.sources[:_MOST_ROWS]:
        yield _stopped_at(state)
    if len(summary.sources) > _MOST_ROWS:
        yield f"and {len(summary.sources) - _MOST_ROWS} more; `--json` lists all"


def _stopped_at(state: SourceState) -> str:
    name = visible(f"{state.source}:{state.partition}" if state.partition else state.source)
    if state.complete:
        return f"{name}: read to its end"
    if not state.position:
        return f"{name}: nothing was read"
    share = f" ({min(state.bytes_read / state.bytes_total, 1):.0%})" if state.bytes_total else ""
    return f"{name}: read up to {state.position:,}{share}"

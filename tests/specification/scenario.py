"""Streams as short text, and what the rules derive from them in the same notation.

``"a1 b1@5 x=3 -> 9 c@9.000001"``: events named a1, b1 and c, of the types A, B and C, at seconds 0, 5 and 9 µs later than
9. Without ``@`` an event comes a second after the one before, the first at 0. What holds ``=`` is a field of the event
before it, in JSON or as bare text. ``-> 9`` lets time pass to second 9 (:meth:`Engine.advance`). A name with a capital
letter is the type as it stands: ``Login@60 user=ann``.

Second 0 is 2026-01-01T00:00:00Z. Derived events are shown as the names of their evidence and their second:
``"a1 b1 @5"``. All expected values in this folder are worked out by hand from the specification.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import cep
from cep.event import Batch

ZERO_US = 1_767_225_600_000_000
SOURCE = "s"


@dataclass(frozen=True)
class Pushed:
    """An event of a stream."""

    name: str
    at_us: int
    record: dict[str, Any]


@dataclass(frozen=True)
class Passing:
    """Time that passes without an event."""

    at_us: int


def moment(second: str | int | Fraction) -> str:
    """ISO text of a second of the scenario: ``5`` or ``"5.000001"``."""
    whole, rest = divmod(int(Fraction(second) * 1_000_000), 1_000_000)
    hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
    days, hours = divmod(hours, 24)
    fraction = f".{rest:06d}" if rest else ""
    return f"2026-01-{days + 1:02d}T{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}Z"


def stream(text: str) -> list[Pushed | Passing]:
    """The events of a text, in its order."""
    found: list[Pushed | Passing] = []
    at = Fraction(-1)
    words = iter(text.split())
    for word in words:
        if word == "->":
            at = Fraction(next(words))
            found.append(Passing(ZERO_US + int(at * 1_000_000)))
            continue
        name, equals, value = word.partition("=")
        if equals:
            last = found[-1]
            assert isinstance(last, Pushed)
            last.record[name] = _value(value)
            continue
        name, _, time = word.partition("@")
        at = Fraction(time) if time else at + 1
        letters = re.match(r"[A-Za-z]+", name)
        assert letters, word
        kind = letters[0] if letters[0] != letters[0].lower() else letters[0].capitalize()
        found.append(Pushed(name, ZERO_US + int(at * 1_000_000), {"type": kind, "time": moment(at)}))
    return found


def records(text: str) -> list[dict[str, Any]]:
    """The events of a text as JSON objects."""
    return [item.record for item in stream(text) if isinstance(item, Pushed)]


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@dataclass
class Played:
    """What came of a scenario. ``steps`` has the derived events of each event pushed."""

    engine: cep.Engine
    derived: list[cep.DerivedEvent] = field(default_factory=list)
    steps: list[list[cep.DerivedEvent]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def found(self) -> list[str]:
        """``"a1 b1 @5"`` of each derived event."""
        return [self.show(each) for each in self.derived]

    @property
    def types(self) -> list[str]:
        """``"X @5"`` of each derived event."""
        return [f"{each.type} @{second(each)}" for each in self.derived]

    @property
    def times(self) -> list[str]:
        """The second of each derived event."""
        return [second(each) for each in self.derived]

    def values(self, *fields: str) -> list[Any]:
        """The field of each derived event, or a tuple of several."""
        rows = [tuple(each.fields[name] for name in fields) for each in self.derived]
        return [row[0] for row in rows] if len(fields) == 1 else rows

    def show(self, derived: cep.DerivedEvent) -> str:
        """The names of its evidence, and its second."""
        events = [self.names.get(each.id, each.id) for each in derived.evidence]
        return " ".join([*events, f"@{second(derived)}"])


def second(derived: cep.DerivedEvent) -> str:
    """The second of the scenario at which it stands."""
    whole, rest = divmod(derived.time_us - ZERO_US, 1_000_000)
    return f"{whole}.{rest:06d}" if rest else str(whole)


def play(rules: str, events: str, *, end: str = "finish", **options: Any) -> Played:
    """Push a stream into an engine of these rules. ``end``: ``finish``, ``flush``, or ``open`` for neither."""
    return continue_with(Played(cep.Engine.from_rules(rules, **options)), events, end=end)


def continue_with(played: Played, events: str, *, end: str = "finish") -> Played:
    """Push more into the engine of a scenario."""
    engine = played.engine
    for item in stream(events):
        if isinstance(item, Passing):
            derived = engine.advance(item.at_us)
        else:
            played.names[f"{SOURCE}:{len(played.names) + 1}"] = item.name
            derived = engine.push(item.record, source=SOURCE)
            played.steps.append(derived)
        played.derived.extend(derived)
    if end != "open":
        played.derived.extend(engine.finish() if end == "finish" else engine.flush())
    return played


def found(rules: str, events: str, **options: Any) -> list[str]:
    """``"a1 b1 @5"`` of each derived event of a stream."""
    return play(rules, events, **options).found


def lines(derived: Iterable[cep.DerivedEvent]) -> list[bytes]:
    """The bytes of derived events."""
    return [each.to_json() for each in derived]


def batch(engine: cep.Engine, rows: list[dict[str, Any]], first: int, source: str = SOURCE) -> Batch:
    """Records as a file's source would hand them over, decoded by the engine's projection. ``first``: the position."""
    encoded = [json.dumps(row).encode() for row in rows]
    events = engine.projection.decode_lines(b"\n".join(encoded))
    if engine.projection.whole:
        for event, line in zip(events, encoded, strict=True):
            event.keep_raw(line)
    return Batch(source, "", events, range(first, first + len(rows)), lambda index: encoded[index])


def push_batches(engine: cep.Engine, rows: list[dict[str, Any]], size: int) -> list[cep.DerivedEvent]:
    """Push records in batches of a size."""
    derived: list[cep.DerivedEvent] = []
    for start in range(0, len(rows), size):
        derived.extend(engine.push_batch(batch(engine, rows[start : start + size], start + 1)))
    return derived


def refusal(rules: str) -> list[str]:
    """The codes with which rules are refused, in order."""
    try:
        cep.Engine.from_rules(rules)
    except cep.RuleError as error:
        return [each.code for each in error.diagnostics if each.severity == "error"]
    return []

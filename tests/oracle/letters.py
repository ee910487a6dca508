"""Streams as short text, and what an oracle made of them in the same notation.

``"b1 b2 x=3 c@9"``: events named b1, b2 and c, of the types B, B and C, at seconds 0, 1 and 9 (without ``@`` an event
comes a second after the one before); what holds ``=`` is a field of the event before it. A type with a capital letter
is taken as it is: ``Login7@60``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from cep.timestamps import SECOND_US
from tests.oracle.engine import OracleResult, run
from tests.oracle.rules import load
from tests.oracle.values import OracleEvent, Value

_WORDS = {"null": None, "true": True, "false": False}


def stream(text: str, source: str = "s", partition: str = "") -> list[OracleEvent]:
    """The events of a text, in its order."""
    events: list[OracleEvent] = []
    at = Fraction(-1)
    for word in text.split():
        name, equals, value = word.partition("=")
        if equals:
            events[-1].fields[name] = _value(value)
            continue
        name, _, time = word.partition("@")
        at = Fraction(time) if time else at + 1
        letters = re.match(r"[A-Za-z_]+", name)
        assert letters, word
        kind = letters[0] if letters[0] != letters[0].lower() else letters[0].capitalize()
        order = (source, partition, len(events))
        events.append(OracleEvent(kind, int(at * SECOND_US), {}, name, order))
    return events


def _value(text: str) -> Value:
    if text in _WORDS:
        return _WORDS[text]
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d+\.\d+", text) else text.strip('"')


def result(rules: str, events: str, end: Literal["keep", "flush"] = "keep") -> OracleResult:
    """What the rules make of a stream."""
    return run(load(rules), stream(events), end)


def found(rules: str, events: str, end: Literal["keep", "flush"] = "keep") -> list[str]:
    """The evidence of each derived event and its second: ``"b1 b2 c @9"``."""
    return [_shown(each.time_us, each.evidence) for each in result(rules, events, end).derived]


def waiting(rules: str, events: str) -> list[str]:
    """The same of the pending matches and their deadlines."""
    return [_shown(each.deadline_us, each.evidence) for each in result(rules, events).pending]


def emitted(rules: str, events: str, *names: str) -> list[tuple[Value, ...]]:
    """The values of these fields of each derived event."""
    return [tuple(each.fields[name] for name in names) for each in result(rules, events).derived]


def _shown(time_us: int, evidence: list[tuple[str, str]]) -> str:
    return " ".join(_names(evidence)) + f" @{_seconds(time_us)}"


def _names(evidence: list[tuple[str, str]]) -> Iterator[str]:
    return (identity for _, identity in evidence)


def _seconds(time_us: int) -> str:
    seconds, rest = divmod(time_us, SECOND_US)
    return f"{seconds}.{rest:06d}" if rest else str(seconds)

"""Why a derived event that a test expects did not come. Testing layer.

The one place where tests ask for a reason: :func:`explain_miss`. It says what the engine tells of itself after the
test: what still waits, types and fields that no event had, keys that were null, what `at most` or a limit held back.
Where that says nothing, the test's events are looked at as `cep why` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cep.language import syntax
from cep.language.checked import RuleSet
from cep.language.report import listed
from cep.plan.field_uses import field_uses
from cep.testing.given import SOURCE, Played, occurrences
from cep.testing.results import Expected
from cep.testing.telling import short_time
from cep.why import why_not


@dataclass(frozen=True, slots=True)
class Miss:
    """A derived event that is missing, its ``emitters`` among the test's rules, and what became of the events."""

    expected: Expected
    emitters: tuple[str, ...]
    played: Played
    rules: RuleSet
    test: syntax.RuleTest


def explain_miss(miss: Miss) -> list[str]:
    """Sentences without full stops, the likeliest reason first; none where nothing is known."""
    return [reason for name in miss.emitters for reason in _reasons(name, miss)]


def _reasons(name: str, miss: Miss) -> list[str]:
    return [*_certain(name, miss)] or [*_from_why(name, miss)] or [*_counted(name, miss)]


def _from_why(name: str, miss: Miss) -> Iterator[str]:
    """What `cep why` says of the rule at the time at which it was expected, with the conditions that decided."""
    engine, events = miss.played.engine, list(_events(miss))
    if miss.played.problems or engine.plan.tables or not events:
        return
    rule = next(plan for plan in engine.plan.rules if plan.name == name)
    wanted = miss.expected.fields
    key = {part.name: wanted[part.name] for part in rule.keys if part.name in wanted}
    asked = key if rule.keys and len(key) == len(rule.keys) else None
    report = why_not(engine, events, name, asked, at=miss.expected.time_us, limit=2, source=SOURCE)
    for reason in report.reasons:
        if reason.code == "unknown":
            continue
        yield reason.text
        for shown in reason.conditions:
            if shown.verdict is not True:
                values = ", ".join(f"{text} = {value}" for text, value in shown.values)
                yield f"`{shown.text}` did not hold" + (f": {values}" if values else "")


def _events(miss: Miss) -> Iterator[Mapping[str, Any] | int]:
    """What was pushed, and the instants to which time passed; nothing where a file was read."""
    if any(isinstance(row, syntax.Fixture) for row in miss.test.given):
        return
    records = iter(miss.played.records)
    for at_us, row in occurrences(miss.test):
        if isinstance(row, syntax.TimePasses):
            yield miss.played.zero_us + at_us + 1
        else:
            pushed = next(records, None)
            if pushed is not None:
                yield pushed[1]


def _certain(name: str, miss: Miss) -> Iterator[str]:
    """What needs no further look: it still waits, or a type never came."""
    engine = miss.played.engine
    rule = next(rule for rule in miss.rules.rules if rule.name == name)
    waiting = engine.pending().get(name)
    if waiting:
        at_us = engine.watermark_us
        ended = "" if at_us is None else f" and the test ends at {short_time(max(0, at_us - miss.played.zero_us))}"
        yield f"`{name}` still waits ({waiting} pending){ended}: let time pass with `then at …`"
        return
    unseen = engine.unseen()
    for event_type in dict.fromkeys(kind for kind in rule.reads if kind in unseen):
        if not unseen[str(event_type)]:
            yield f"no event had the type `{event_type}`, which `{name}` reads"


def _counted(name: str, miss: Miss) -> Iterator[str]:
    """What the engine counted of the rule, which may be the reason."""
    engine = miss.played.engine
    rule = next(rule for rule in miss.rules.rules if rule.name == name)
    unseen = engine.unseen()
    uses = field_uses(engine.plan, next(plan for plan in engine.plan.rules if plan.name == name))
    for event_type in dict.fromkeys(kind for kind in rule.reads if kind in unseen):
        own = {use.name for use in uses if use.types == {event_type}}
        fields = [field for field in unseen[str(event_type)] if field in own]
        if fields:
            yield f"no event of the type `{event_type}` had {listed(fields)}"
    counters = engine.counters
    if counters.null_keys[name]:
        yield f"{counters.null_keys[name]} of the events took no part in `{name}`: their key is null"
    if counters.held_back[name]:
        yield f"`at most` held back {counters.held_back[name]} of `{name}`"
    for (limited, limit), count in counters.limits.items():
        if limited == name:
            yield f"the limit `{limit}` was hit {count} times"

"""Why a derived event that a test expects did not come. Testing layer.

The one place where tests ask for a reason: :func:`explain_miss`. It says what the engine tells of itself after the
test: what still waits, types and fields that no event had, keys that were null, what `at most` or a limit held back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cep.language import syntax
from cep.language.checked import RuleSet
from cep.language.report import listed
from cep.plan.field_uses import field_uses
from cep.testing.given import Played
from cep.testing.results import Expected
from cep.testing.telling import short_time


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
    return [reason for name in miss.emitters for reason in _of_rule(name, miss)]


def _of_rule(name: str, miss: Miss) -> Iterator[str]:
    engine = miss.played.engine
    rule = next(rule for rule in miss.rules.rules if rule.name == name)
    waiting = engine.pending().get(name)
    if waiting:
        at_us = engine.watermark_us
        ended = "" if at_us is None else f" and the test ends at {short_time(max(0, at_us - miss.played.zero_us))}"
        yield f"`{name}` still waits ({waiting} pending){ended}: let time pass with `then at …`"
        return
    unseen = engine.unseen()
    uses = field_uses(engine.plan, next(plan for plan in engine.plan.rules if plan.name == name))
    for event_type in dict.fromkeys(kind for kind in rule.reads if kind in unseen):
        own = {use.name for use in uses if use.types == {event_type}}
        fields = [field for field in unseen[str(event_type)] if field in own]
        if not unseen[str(event_type)]:
            yield f"no event had the type `{event_type}`, which `{name}` reads"
        elif fields:
            yield f"no event of the type `{event_type}` had {listed(fields)}"
    counters = engine.counters
    if counters.null_keys[name]:
        yield f"{counters.null_keys[name]} of the events took no part in `{name}`: their key is null"
    if counters.held_back[name]:
        yield f"`at most` held back {counters.held_back[name]} of `{name}`"
    for (limited, limit), count in counters.limits.items():
        if limited == name:
            yield f"the limit `{limit}` was hit {count} times"

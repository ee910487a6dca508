"""How pairs of rules and streams are run on both sides, and what is compared of what they derive.

Of each derived event: rule, type, time, the fields with their order and the types of their values, and the evidence with
its labels. Ids are compared by what they stand for: an input event's place in the stream, and which of its rule's
derived events it is.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from hypothesis import event, note, settings

from cep.engine import Engine
from cep.event import DeadLetter, DerivedEvent
from cep.language.checked import RuleSet
from cep.timestamps import format_time, parse_time
from tests.oracle.engine import OracleDerived, run
from tests.oracle.rules import load
from tests.oracle.values import OracleEvent
from tests.properties.generate_rules import Scenario, oracle_events

Shown = tuple[str, str, int, str, list[tuple[str, str]]]

_MANY = {500: 2_000, 5_000: 100_000}
_PART = {500: 100, 5_000: 25_000}


def pattern_examples(share: float = 1.0) -> int:
    """How many pairs of patterns of every form are looked at: 2,000 in CI, 100,000 in the night, or a share of it."""
    usual = settings.default.max_examples
    return max(1, int(_MANY.get(usual, usual) * share))


def window_examples(share: float = 1.0) -> int:
    """How many pairs a test of windows looks at: as many as of patterns."""
    return pattern_examples(share)


def by_event(letters: list[DeadLetter]) -> list[DeadLetter]:
    """Dead letters in the order of their events, those of one event by rule: rules that share a window fail together."""
    return sorted(letters, key=lambda letter: (letter.position or 0, letter.rule or ""))


def part_examples(share: float = 1.0) -> int:
    """How many each test looks at that holds the engine against itself: 100 in CI, 25,000 in the night."""
    usual = settings.default.max_examples
    return max(1, int(_PART.get(usual, usual // 4) * share))


@dataclass(frozen=True)
class Results:
    """What one side makes of a pair: to the end of the input, with the flush that follows, what waits, what is late."""

    kept: list[Shown]
    flushed: list[Shown]
    pending: dict[str, int]
    late: list[str]


def engine_results(scenario: Scenario, engine: Engine | None = None) -> Results:
    """What the engine derives."""
    engine = engine or Engine.from_rules(scenario.rules, lateness=scenario.lateness_us)
    for name in sorted(set(scenario.partitions)):
        engine.open("push", name)
    derived: list[DerivedEvent] = []
    for index, record in enumerate(scenario.events):
        derived += engine.push(dict(record), partition=scenario.partition(index), position=index)
    derived += engine.finish()
    kept = len(derived)
    pending = {rule: count for rule, count in engine.pending().items() if count}
    derived += engine.flush()
    shown = _shown(derived)
    return Results(shown[:kept], shown, pending, [str(late.position) for late in engine.take_late()])


def _shown(derived: list[DerivedEvent]) -> list[Shown]:
    names: dict[str, str] = {}
    ordinals: Counter[str] = Counter()
    for each in derived:
        names[each.id] = f"{each.rule}#{ordinals[each.rule]}"
        ordinals[each.rule] += 1
    assert len(names) == len(derived), "two derived events with one id"

    def name(event_id: str) -> str:
        return names.get(event_id) or event_id.rpartition(":")[2]

    return [
        (
            each.rule,
            each.type,
            each.time_us,
            shown_fields(each.fields),
            [(item.step, name(item.id)) for item in each.evidence],
        )
        for each in derived
    ]


def shown_fields(fields: dict[str, object]) -> str:
    """As JSON. ``deadline`` in microseconds: a derived event carries it as text, and the oracle as it is."""
    deadline = fields.get("deadline")
    return json.dumps(fields | {"deadline": parse_time(deadline)} if isinstance(deadline, str) else fields)


def written_fields(rules: RuleSet, derived: OracleDerived) -> dict[str, object]:
    """The fields that the oracle gives as the engine writes them: times as text."""
    emits = [emit for rule in rules.rules if rule.name == derived.rule for emit in (rule.emit, rule.on_timeout)]
    times = {f.name for emit in emits if emit is not None for f in emit.fields if f.value.type.name == "timestamp"}
    return {
        name: format_time(value) if name in times and isinstance(value, int) else value
        for name, value in derived.fields.items()
    }


def oracle_results(scenario: Scenario) -> Results:
    """What the oracle derives.

    Raises:
        Unsupported: the oracle does not define this.
    """
    rules, events = load(scenario.rules), oracle_events(scenario)
    kept, flushed = (_oracle(rules, events, end, scenario.lateness_us) for end in ("keep", "flush"))
    return Results(kept[0], flushed[0], kept[1], kept[2])


def _oracle(
    rules: RuleSet, events: list[OracleEvent], end: Literal["keep", "flush"], lateness_us: int
) -> tuple[list[Shown], dict[str, int], list[str]]:
    result = run(rules, events, end, lateness_us)
    shown = [
        (each.rule, each.type, each.time_us, shown_fields(written_fields(rules, each)), each.evidence)
        for each in result.derived
    ]
    return shown, dict(Counter(each.rule for each in result.pending)), result.late


def runs_unlimited(engine: Engine) -> bool:
    """Whether no limit has been hit: limits do not show in the oracle."""
    return not engine.counters.limits


def assert_equal(scenario: Scenario) -> None:
    """The engine and the oracle agree on a pair. A pair that hits a limit is counted and passed over."""
    note(repr(scenario))
    engine = Engine.from_rules(scenario.rules, lateness=scenario.lateness_us)
    expected = oracle_results(scenario)
    found = engine_results(scenario, engine)
    if not runs_unlimited(engine):
        event("a limit was hit")
        return
    event("matches" if found.flushed else "no match")
    assert found == expected

"""A test that fires and one that nearly does, found by trying, with the engine as judge. Testing layer.

The first attempts are the plainest: the shortest example of the pattern, the same values everywhere. Then chance takes
over, seeded, so that the same rules give the same suggestion. Of what fires all is left out that it fires without.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from cep.language.checked import Absence, CheckedJoin, CheckedRule, Expectation, Step
from cep.plan.walk import walk
from cep.testing.results import RuleTestResult
from cep.testing.running import RuleTests
from cep.testing.suggesting.drawing import ZERO_US, Draw, Manner
from cep.testing.suggesting.pools import Path
from cep.testing.suggesting.scenario import Happening, Scenario
from cep.testing.suggesting.shapes import (
    DAY_US,
    SECOND_US,
    Choices,
    Take,
    Wait,
    bound_us,
    closes_after_us,
    counts_of,
    gap_us,
    inputs_of,
    is_closing,
    parts_of,
)

TRIES = 400
_PLAIN_TRIES = 3
_HOURS_US = tuple(hour * 3_600 * SECOND_US for hour in (3, 9, 12, 20, 23, 33, 57, 81))


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A scenario that does not fire, and in what it differs from the one that does."""

    scenario: Scenario
    how: str


class Search:
    """Tries scenarios for one rule."""

    def __init__(self, tests: RuleTests, rule: CheckedRule) -> None:
        self._tests = tests
        self._rule = rule
        blank = Scenario(()).test("", rule.name)
        self._draw = Draw(tests.rules, rule, tests.engine_of(blank))
        self.tries = 0

    @property
    def unmet(self) -> set[str]:
        """The steps for which no event was found that meets their condition by itself."""
        return self._draw.unmet

    def fires(self, scenario: Scenario) -> RuleTestResult | None:
        """What came, where the rule fired and every event could be used."""
        self.tries += 1
        result = self._tests.run_one(scenario.test("try", self._rule.name))
        return None if result.problems or not result.actual else result

    def stays_silent(self, scenario: Scenario) -> bool:
        """Whether nothing came, although every event could be used."""
        self.tries += 1
        result = self._tests.run_one(scenario.test("try", self._rule.name))
        return not result.problems and not result.actual

    # ---- a scenario that fires ----

    def positive(self) -> Scenario | None:
        """The smallest scenario found in which the rule fires."""
        for attempt in range(TRIES):
            scenario = self._attempt(attempt)
            if scenario is not None and self.fires(scenario) is not None:
                return self._smaller(scenario)
        return None

    def _attempt(self, attempt: int) -> Scenario | None:
        plain = attempt < _PLAIN_TRIES
        chance = None if plain else Random(attempt)  # noqa: S311 - examples, no secrets
        manner = Manner(chance, attempt)
        if chance is not None and attempt > TRIES // 8 and chance.random() < 0.5:
            manner.zero_us = ZERO_US + chance.choice(_HOURS_US)
        scenario = self._pattern(chance, manner) if self._rule.pattern is not None else self._window(attempt, manner)
        if scenario is None or manner.zero_us == ZERO_US:
            return scenario
        return replace(scenario, zero_us=manner.zero_us)

    def _pattern(self, chance: Random | None, manner: Manner) -> Scenario | None:
        parts = parts_of(self._rule, Choices(chance))
        taken = sum(isinstance(part, Take) for part in parts)
        gap = gap_us(bound_us(self._rule), taken)
        if chance is not None and chance.random() < 0.3:
            gap = max(1, bound_us(self._rule) // max(1, taken + 1))
        events: list[Happening] = []
        now_us, until_us = 0, None
        for number, part in enumerate(parts):
            until_us = None
            if isinstance(part, Wait):
                if part.duration_us is not None:
                    now_us += part.duration_us
                    until_us = now_us
                    now_us += 0 if number == len(parts) - 1 else SECOND_US
                elif is_closing(self._rule, part, parts[-1]) and events:
                    until_us = events[0].at_us + (self._rule.within_us or 0)
                continue
            if events and not isinstance(parts[number - 1], Wait):
                now_us += max(part.low_us or 0, min(gap, part.high_us if part.high_us is not None else gap))
            values = self._draw.values(part, len(events), manner)
            if values is None:
                return None
            events.append(Happening(now_us, self._draw.type_of(part), values))
        if until_us is None and (self._rule.on_timeout is not None and chance is not None and chance.random() < 0.3):
            until_us = now_us + bound_us(self._rule) + SECOND_US
        return Scenario(tuple(events), until_us, self._tables(chance))

    def _window(self, attempt: int, manner: Manner) -> Scenario | None:
        counts = counts_of(self._rule)
        count = counts[attempt % len(counts)] if manner.chance is None else manner.chance.choice(counts)
        inputs = inputs_of(self._rule)
        events: list[Happening] = []
        gap = gap_us(bound_us(self._rule), count * len(inputs) + 1)
        if manner.chance is not None and manner.chance.random() < 0.3:
            gap = max(1, bound_us(self._rule) // (count * len(inputs) + 1))
        for number in range(count * len(inputs)):
            step = inputs[number % len(inputs)]
            choice = 0 if manner.chance is None else manner.chance.randrange(len(step.alternatives))
            take = Take(step.alternatives[choice], step.name)
            values = self._draw.values(take, number // len(inputs), manner)
            if values is None:
                return None
            events.append(Happening(number * gap, self._draw.type_of(take), values))
        after_us = closes_after_us(self._rule.window)
        waits = [join.within_us for join in self._rule.joins if isinstance(join, CheckedJoin) and join.left]
        after_us = max([wait for wait in (after_us, *waits) if wait is not None], default=None)
        until_us = None if after_us is None else events[-1].at_us + after_us
        return Scenario(tuple(events), until_us, self._tables(manner.chance))

    def _tables(self, chance: Random | None) -> dict[str, tuple[dict[str, Any], ...]] | None:
        """A row for each table that the rule reads, the key's columns as its keys."""
        plans = self._tests.tables_of(self._rule.name)
        found: dict[str, tuple[dict[str, Any], ...]] = {}
        expects = any(isinstance(node, Expectation) for node in walk(self._rule.pattern))
        for name, plan in plans.items():
            row: dict[str, Any] = {}
            for number, column in enumerate(plan.key):
                path: Path = (column,)
                if expects and number < len(self._rule.keys):
                    path = self._rule.keys[number].path
                row[column] = self._draw.key_value("", path, column)
            for column in plan.columns:
                pool = self._draw.pools.values((column,), None)
                row.setdefault(column, pool[0] if chance is None else chance.choice(pool))
            found[name] = (row,)
        return found or None

    # ---- smaller, and not quite ----

    def _smaller(self, scenario: Scenario) -> Scenario:
        """Without the events, the zero and the end that it fires without."""
        number = 0
        while number < len(scenario.events) and len(scenario.events) > 1:
            fewer = scenario.without(number)
            if self.fires(fewer) is not None:
                scenario = fewer
            else:
                number += 1
        for less in (replace(scenario, until_us=None), replace(scenario, zero_us=None)):
            if less != scenario and self.fires(less) is not None:
                scenario = less
        return scenario

    def near_miss(self, scenario: Scenario) -> NearMiss | None:
        """The first change of a scenario with which the rule stays silent."""
        for near in self._changes(scenario):
            if near.scenario.events and self.stays_silent(near.scenario):
                return near
        return None

    def _changes(self, scenario: Scenario) -> Iterator[NearMiss]:
        events = scenario.events
        last = len(events) - 1
        yield from self._kept_away(scenario)
        bound = self._rule.within_us or (bound_us(self._rule) if self._rule.window is not None else None)
        if bound is not None and bound < DAY_US * 40 and last > 0:
            unit = SECOND_US if bound >= SECOND_US else 1
            yield NearMiss(scenario.moved(last, events[0].at_us + bound + unit), "the last event comes too late")
        if last > 0:
            yield NearMiss(scenario.without(last), "one event fewer")
            yield NearMiss(scenario.without(0), "without the first event")
        for number in range(last, -1, -1):
            yield from self._other_values(scenario, number)
        for path in self._draw.key_paths(events[last].type):
            yield NearMiss(scenario.changed(last, path, None), f"an event without `{'.'.join(map(str, path))}`")
        if scenario.until_us is not None and scenario.until_us > 0:
            yield NearMiss(replace(scenario, until_us=scenario.until_us - 1), "the time is not over")

    def _kept_away(self, scenario: Scenario) -> Iterator[NearMiss]:
        """What must not come does, at the last instant."""
        if scenario.until_us is None or self._rule.pattern is None:
            return
        absences = [node for node in walk(self._rule.pattern) if isinstance(node, Absence | Expectation)]
        steps = [step for node in absences for step in walk(node.element) if isinstance(step, Step)]
        for step in steps:
            take = Take(step.alternatives[0], step.name)
            values = self._draw.values(take, 0, Manner(None))
            if values is not None:
                event = Happening(scenario.until_us, self._draw.type_of(take), values)
                yield NearMiss(scenario.with_event(event), "what must not come does, at the last instant")

    def _other_values(self, scenario: Scenario, number: int) -> Iterator[NearMiss]:
        """One event with another value of one field."""
        event = scenario.events[number]
        keys = self._draw.key_paths(event.type)
        which = "the last event" if number and number == len(scenario.events) - 1 else "an event"
        for path in event.values:
            shown = ".".join(map(str, path))
            if path in keys and len(scenario.events) > 1:
                other = self._draw.key_value(event.type, path, keys[path], 1)
                yield NearMiss(scenario.changed(number, path, other), f"{which} has another `{shown}`")
            elif path not in keys:
                for value in self._draw.pool(event.type, path)[:12]:
                    if value != event.values[path]:
                        yield NearMiss(scenario.changed(number, path, value), f"{which} has another `{shown}`")

"""Runs that wait for an equal value, found by that value instead of one by one. Runtime layer.

Where every way on from a place is tied by an equality of something that is bound with something of the next event
(``B(x == a.x)``), the runs that wait there are kept by the value that they wait for. What is found is still tested in
full: the index only leaves out runs for which the equality cannot hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cep.event import Event
from cep.functions.records import EvaluationError
from cep.functions.values import same_key
from cep.plan.generate.functions import ExpressionCompiler, Values
from cep.plan.generate.scope import Scope
from cep.plan.generate.support import Bound
from cep.plan.plan import PatternPlan
from cep.plan.ties import sides
from cep.runtime.operators.runs import Run

UNKNOWN = object()
"""Stands for a value that could not be told: such a run is always looked at."""


class Ties:
    """The places whose runs are kept by value. ``scopes`` are those of the conditions of each step."""

    def __init__(self, plan: PatternPlan, compiler: ExpressionCompiler, plain: Scope, scopes: list[Scope]) -> None:
        self._width = len(plan.steps)
        self._nothing = Bound(self._width)
        self._waited: dict[int, Values] = {}
        self._brought: dict[tuple[int, str], Values] = {}
        for number, place in plan.automaton.places.items():
            found = sides(plan, place)
            if found is None:
                continue
            waited, brought = found
            self._waited[number] = compiler.values([waited], plain)
            for kind, (target, expression) in brought.items():
                self._brought[number, kind] = compiler.values([expression], scopes[target])

    def __contains__(self, place: int) -> bool:
        return place in self._waited

    def waited(self, run: Run) -> Any:
        """What the run waits for at its place; null can never come."""
        try:
            (value,) = self._waited[run.place](run.events_by_step(self._width), None, run.key, None)
            return None if value is None else same_key(value)
        except EvaluationError:
            return UNKNOWN

    def brought(self, place: int, kind: str, event: Event, key: Any) -> Any:
        """What an event of this type brings for the runs at a place."""
        values = self._brought.get((place, kind))
        if values is None:
            return UNKNOWN
        try:
            (value,) = values(self._nothing, event, key, None)
            return None if value is None else same_key(value)
        except EvaluationError:
            return UNKNOWN


def candidates(by_value: Mapping[Any, dict[Run, None]], value: Any) -> Iterable[Run]:
    """The runs that an event with this value can concern."""
    if value is UNKNOWN:
        return [run for runs in by_value.values() for run in runs]
    found = list(by_value.get(value, ())) if value is not None else []
    return [*found, *by_value.get(UNKNOWN, ())]

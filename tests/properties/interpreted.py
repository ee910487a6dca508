"""The runtime under the oracle's interpreter instead of generated code: the same operators, naive expressions.

:class:`InterpretedFunctions` has the methods of :class:`cep.plan.generate.functions.ExpressionCompiler`. Taking records in (event
time, declared types) stays generated: it has no expressions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from cep.event import Event
from cep.functions import EvaluationError
from cep.language.checked import CheckedKey, Expression
from cep.plan.generate.functions import Functions
from cep.plan.generate.scope import Scope
from cep.plan.generate.support import bound_events, canonical_key, key_value
from cep.plan.intake import EventClock
from cep.plan.plan import TypePlan
from cep.projection import Projection
from tests.oracle import interpreter
from tests.oracle.values import EvaluationFailure, OracleEvent


class _WindowSteps(Mapping[str, Sequence[OracleEvent]]):
    """In a rule over windows the only step is the input, whatever it is called."""

    def __init__(self, window: Sequence[OracleEvent]) -> None:
        self._window = window

    def __getitem__(self, name: str) -> Sequence[OracleEvent]:
        return self._window

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class InterpretedFunctions:
    """Functions that walk the expression each time they are called."""

    def __init__(self, projection: Projection, clock: EventClock) -> None:
        self._projection = projection
        self._intake = Functions(projection, clock)

    def reader(self, plan: TypePlan) -> Any:
        take_in = self._intake.intake(plan)
        mask = self.masker(plan)

        def read(event: Event) -> int:
            take_in(event)
            return mask(event)

        return read

    def masker(self, plan: TypePlan) -> Any:
        tests = self.conditions(plan)
        return lambda event: sum(test(event) << bit for bit, test in enumerate(tests))

    def time_reader(self) -> Any:
        return self._intake.time_reader()

    def conditions(self, plan: TypePlan) -> list[Any]:
        return [self._test(condition) for condition in plan.conditions]

    def _test(self, condition: Expression | None) -> Any:
        def test(event: Event) -> int:
            scope = interpreter.Scope(candidate=self._event(event))
            return int(condition is None or self._evaluate(condition, scope) is True)

        return test

    def condition(self, parts: Sequence[Expression], scope: Scope) -> Any:
        def holds(bound: Any, event: Any, key: Any, events: Any) -> bool:
            known = self._scope(scope, bound, event, key, events)
            return all(self._evaluate(part, known) is True for part in parts)

        return holds

    def values(self, parts: Sequence[Expression], scope: Scope) -> Any:
        def values(bound: Any, event: Any, key: Any, events: Any) -> tuple[Any, ...]:
            known = self._scope(scope, bound, event, key, events)
            return tuple(self._evaluate(part, known) for part in parts)

        return values

    def key(self, keys: Sequence[CheckedKey], event_type: str) -> Any:
        def key_of(event: Event) -> Any:
            fields = self._event(event).fields
            found: list[Any] = []
            for key in keys:
                value: Any = fields
                for part in key.by_type.get(event_type, key.path):
                    value = value.get(part) if isinstance(value, dict) else None
                if value is None and not key.optional:
                    return None
                found.append(None if value is None else canonical_key(value))
            return found[0] if len(keys) == 1 and not keys[0].optional else tuple(found)

        return key_of

    def _evaluate(self, expression: Expression, scope: interpreter.Scope) -> Any:
        try:
            return interpreter.evaluate(expression, scope)
        except EvaluationFailure as failure:
            raise EvaluationError(str(failure)) from None

    def _scope(self, scope: Scope, bound: Any, event: Any, key: Any, events: Any) -> interpreter.Scope:
        parts = key if isinstance(key, tuple) else (key,)
        keys = {name: key_value(parts[number]) for name, number in scope.keys.items()}
        if scope.over_window:
            return self._window_scope(scope, bound, event, keys, [self._event(e) for e in events or ()])
        steps = {name: [self._event(e) for e in bound[number]] for name, number in scope.steps.items()}
        held = [self._event(e) for e in (events if scope.complete else bound_events(bound))]
        previous = held[-1] if held else None
        if scope.current is not None:
            steps[scope.current] = [self._event(event)]
        bound_steps = {name: found for name, found in steps.items() if found}
        candidate = self._event(event) if event is not None else None
        timeout = {name: getattr(bound, name, None) for name in ("matched_steps", "missing_step", "deadline")}
        return interpreter.Scope(candidate, bound_steps, previous, held, keys, timeout=timeout)

    def _window_scope(
        self, scope: Scope, bound: Any, event: Any, keys: dict[str, Any], window: list[OracleEvent]
    ) -> interpreter.Scope:
        """What is around a window comes from the operator; aggregates over the window are computed from its events."""
        around = list(bound[scope.around :])
        previous, start_us, end_us, sides = around if len(around) > 1 else (*around, *[None] * (4 - len(around)))
        known = {
            a: bound[number] for a, number in scope.aggregates.items() if a.over is not None or a.function == "rate"
        }
        return interpreter.Scope(
            candidate=self._event(event),
            steps=_WindowSteps(window),
            previous=None if previous is None else self._event(previous),
            events=window,
            keys=keys,
            window=None if end_us is None else (start_us, end_us),
            own_values={(a.function, a.argument, a.where, a.parameters, a.over): value for a, value in known.items()},
            sides={crossing: sides[number] for crossing, number in scope.crosses.items()} if sides is not None else {},
        )

    def _event(self, event: Event) -> OracleEvent:
        fields = {
            name: value
            for name, attribute in self._projection.attributes.items()
            if (value := getattr(event, attribute, msgspec.UNSET)) is not msgspec.UNSET
        }
        return OracleEvent(str(fields.get("type")), event.time_us, fields, str(event.id), (event.time_us, "", "", 0))

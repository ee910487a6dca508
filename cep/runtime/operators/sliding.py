"""Sliding windows in time: `over last D`, evaluated at each event. Runtime layer.

Per key the events of the window in order, the values that the aggregates took from each, and one accumulator per
aggregate. An event enters and leaves each accumulator once, so the cost per event does not depend on the length of the
window, but for aggregates that list values.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any

from cep.event import Event
from cep.functions.records import EvaluationError
from cep.functions.values import same_key
from cep.plan.generate.scope import Scope, scope_of
from cep.plan.plan import AggregatePlan, RulePlan, WindowPlan
from cep.runtime.emitter import Derived, Emitter
from cep.runtime.operators.accumulators import Accumulator, make_accumulator
from cep.runtime.operators.operator import Operator, Receiver, Surroundings
from cep.runtime.state import EventTable, pack_key, unpack_key


class KeyWindow:
    """The window of one key. ``armed``: the rule may fire on the next evaluation that is true."""

    __slots__ = ("accumulators", "armed", "degraded", "events", "rows")

    def __init__(self, aggregates: Sequence[AggregatePlan], length_us: int) -> None:
        self.events: deque[Event] = deque()
        self.rows: deque[tuple[Any, ...]] = deque()
        self.accumulators: list[Accumulator] = [make_accumulator(a, length_us) for a in aggregates]
        self.armed = True
        self.degraded = False

    def enter(self, event: Event, row: tuple[Any, ...]) -> None:
        """The event comes in with what the aggregates take from it; nulls are skipped."""
        self.events.append(event)
        self.rows.append(row)
        for accumulator, value in zip(self.accumulators, row, strict=True):
            if value is not None:
                accumulator.add(value)

    def leave(self) -> None:
        """The oldest event goes."""
        self.events.popleft()
        for accumulator, value in zip(self.accumulators, self.rows.popleft(), strict=True):
            if value is not None:
                accumulator.remove(value)

    def values(self) -> tuple[Any, ...]:
        """The aggregates as they stand."""
        return tuple([accumulator.value() for accumulator in self.accumulators])


class SlidingOperator(Operator):
    """A rule over a sliding window in time."""

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings) -> None:
        super().__init__(rule, emitter, around)
        plan = rule.operator
        assert isinstance(plan, WindowPlan)
        self._plan = plan
        self._windows: dict[Any, KeyWindow] = {}
        scope = scope_of(rule)
        self._plain = Scope(keys=scope.keys, single_key=scope.single_key, over_window=True)
        self._rows = around.compiler.values([a.taken for a in plan.aggregates], self._plain)
        self._when = around.compiler.condition([plan.when], scope) if plan.when is not None else None
        self._on_rising = plan.when is not None and plan.firing.kind == "rising"

    def receiver(self, event_type: str) -> Receiver:
        """See :class:`Operator`."""
        key_of = self.compile_key(event_type)
        _, tie = self.compile_fit(self._plan.fits[event_type], self._plain)

        def receive(event: Event, mask: int) -> Derived | None:
            key = self.key_of(key_of, event)
            if key is None or (tie is not None and not self.holds(tie, (), event, key)):
                return None
            try:
                row = self._rows((), event, key, None)
                for value in row:
                    if value.__class__ is list or value.__class__ is dict:
                        same_key(value)  # refuses what nests too deeply, before any accumulator has it
            except EvaluationError as error:
                self.around.report(self.rule.name, event, error)
                return None
            window = self._windows.get(key)
            if window is None:
                window = self._begin(key, event.time_us)
            return self._evaluate(window, event, key, row)

        return receive

    def _evaluate(self, window: KeyWindow, event: Event, key: Any, row: tuple[Any, ...]) -> Derived | None:
        """S10: look at the window without the event, let it enter, look again."""
        oldest = event.time_us - self._plan.length_us
        events = window.events
        before_us = events[0].time_us if events else oldest
        while events and events[0].time_us < oldest:
            window.leave()
        if not events:
            window.armed = True
            window.degraded = False
        elif self._on_rising and not window.armed and before_us < oldest:
            # Where nothing has expired this is the window that was looked at last, and found true.
            before = self._values(window, event)
            window.armed = before is None or not self._is_true(before, events[-1], key, events)
        window.enter(event, row)
        if len(events) > self.limits.window_events:
            window.leave()
            window.degraded = True
            self.count_limit("window_events")
        values = self._values(window, event)
        if values is None:
            window.armed = True
            return None
        if self._when is not None:
            true = self._is_true(values, event, key, events)
            if self._on_rising:
                fires, window.armed = true and window.armed, not true
            else:
                fires = true
            if not fires:
                return None
        shown = list(islice(events, max(0, len(events) - self.limits.evidence - 1), None))
        roles = [(self._plan.label, shown)]
        degraded = window.degraded or self.is_degraded(event.time_us)
        return self.emit(values, event, key, events, roles, event.time_us, None, degraded)

    def _values(self, window: KeyWindow, event: Event) -> tuple[Any, ...] | None:
        """The aggregates; null where one of them fails on this data (an int sum beyond 64 bits)."""
        try:
            return window.values()
        except EvaluationError as error:
            self.around.report(self.rule.name, event, error)
            return None

    def _is_true(self, values: tuple[Any, ...], event: Event, key: Any, events: deque[Event]) -> bool:
        assert self._when is not None
        return self.holds(self._when, values, event, key, events)

    def _begin(self, key: Any, now_us: int) -> KeyWindow:
        if len(self._windows) >= self.room:
            self.make_room(self._windows, now_us, self._plan.length_us)
        window = self._windows[key] = KeyWindow(self._plan.aggregates, self._plan.length_us)
        return window

    def expire(self, now_us: int) -> None:
        """See :class:`Operator`. A window without events is as if it had never been: it re-arms."""
        oldest = now_us - self._plan.length_us
        for key in [key for key, window in self._windows.items() if window.events[-1].time_us < oldest]:
            del self._windows[key]

    def snapshot(self, table: EventTable) -> Any:
        """See :class:`Operator`."""
        return [
            [
                pack_key(key),
                w.armed,
                w.degraded,
                [table.number(e) for e in w.events],
            ]
            for key, w in self._windows.items()
        ]

    def restore(self, state: Any, table: EventTable) -> None:
        """See :class:`Operator`. What the aggregates took is taken again: it depends on the events alone."""
        self._windows = {}
        for packed, armed, degraded, numbers in state:
            key = unpack_key(packed)
            window = self._windows[key] = KeyWindow(self._plan.aggregates, self._plan.length_us)
            window.armed = armed
            window.degraded = degraded
            for number in numbers:
                event = table.event(number)
                window.enter(event, self._rows((), event, key, None))

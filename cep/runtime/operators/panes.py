"""Hopping and tumbling windows kept in panes: each event is added once, whole panes come into and go out of a window.

Runtime layer. A specialised form of :class:`cep.runtime.operators.closing.AlignedOperator`, against which the tests
hold it. A pane is as long as the step. It holds sums, and of its events the newest, which the evidence needs: so
neither its memory nor the limit `window_events` bounds what it counts, as with windows that only grow. What the ended
panes of a key hold together is kept too, so that a condition that does not hold costs little.

One timer serves all keys, which then close their windows in the order of the keys (S5).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from operator import attrgetter
from typing import Any

from cep.event import Event
from cep.functions.exact import usable
from cep.functions.records import EvaluationError
from cep.plan.generate.functions import Condition
from cep.plan.generate.panes import CALLS
from cep.plan.generate.scope import scope_of
from cep.plan.generate.support import key_order
from cep.plan.kept import COUNT, KeptWindow
from cep.plan.plan import AggregatePlan, RulePlan, WindowPlan
from cep.plan.windows import Hopping
from cep.runtime.emitter import Derived, Emitter
from cep.runtime.operators.accumulators.sums import AvgAccumulator, SumAccumulator, scaled
from cep.runtime.operators.operator import Operator, Output, Receiver, Surroundings
from cep.runtime.operators.running import RUNNING, pack_accumulator, unpack_accumulator
from cep.runtime.state import EventTable, pack_key, unpack_key
from cep.runtime.timers import Waiting


class _Clock:
    """What the one timer wakes: at ``deadline_us`` windows end, null where no key has any."""

    __slots__ = ("alive", "deadline_us", "key", "serial")

    def __init__(self) -> None:
        self.alive = True
        self.deadline_us: int | None = None
        self.key: tuple[Any, ...] = ()
        self.serial = 0


class PaneOperator(Operator):
    """A rule over such a window."""

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings, window: KeptWindow) -> None:
        super().__init__(rule, emitter, around)
        assert isinstance(rule.operator, WindowPlan)
        assert isinstance(window.form, Hopping)
        self._plan = rule.operator
        self._window = window
        self._length_us, self._step_us = window.form.length_us, window.form.step_us
        self._states: dict[Any, Any] = {}
        self._clock = _Clock()
        self._closing: Iterator[Any] | None = None
        self._keep = max(1, min(self.limits.evidence + 1, self.limits.window_events))
        self._class = _fields_class("Pane", window, ["start_us", "events", "n", "odd"])
        self._state_class = _fields_class(
            "PaneState", window, ["key", "order", "ended", "pane", "until_us", "n", "odd"]
        )
        self._sums = [(number, c.kind) for number, c in enumerate(window.columns) if c.kind != "values"]
        self._totals = [(f"sum{number}", f"skipped{number}") for number, _ in self._sums]
        self._may_hold: Callable[..., bool] = getattr(around.compiler, "closing")(window)  # noqa: B009
        self._values = [(number, c) for number, c in enumerate(window.columns) if c.kind == "values"]
        self._getters = [self._getter(aggregate) for aggregate in self._plan.aggregates]
        conditions = [part for part in (self._plan.when, self._plan.having) if part is not None]
        scope = scope_of(rule)
        self._condition: Condition | None = around.compiler.condition(conditions, scope) if conditions else None

    # ---- events ----

    def receiver(self, event_type: str) -> Receiver:
        """See :class:`Operator`: a generated one."""
        compiler: Any = self.around.compiler
        key_of = self.compile_key(event_type)
        calls: dict[str, Any] = {
            "find": self._states.get,
            "begin": self._begin,
            "turn": self._turn,
            "key_of": lambda event: self.key_of(key_of, event),
            "failed": self._failed,
            "odd": self._odd,
        }
        receive: Receiver = compiler.panes(self._window, event_type)(*[calls[name] for name in CALLS])
        return receive

    def _failed(self, event: Event, error: EvaluationError) -> None:
        self.around.report(self.rule.name, event, error)

    def _begin(self, key: Any, now_us: int) -> Any:
        """The pane for a key's first event."""
        if len(self._states) >= self.room:
            self.make_room(self._states, now_us, self._length_us)
        return self._turn(self._new_state(key), now_us)

    def _new_state(self, key: Any) -> Any:
        """One key: the panes that have ended, oldest first, and ``pane``, which takes events before ``until_us``.

        ``until_us`` is in the past where no pane takes events; ``pane`` is null then. ``n``, the sums, and how many
        have ``odd`` numbers, are those of the panes that have ended.
        """
        state = self._states[key] = self._state_class()
        state.key = key
        state.order = key_order(key)
        state.ended = deque()
        state.pane = None
        state.until_us = state.n = state.odd = 0
        for number, _ in self._sums:
            setattr(state, f"sum{number}", 0)
            setattr(state, f"skipped{number}", 0)
        return state

    def _turn(self, state: Any, now_us: int) -> Any:
        """The pane for an event that comes after the last one has ended."""
        if state.pane is not None:
            self._end_pane(state)
        start_us = now_us // self._step_us * self._step_us
        state.until_us = start_us + self._step_us
        pane = state.pane = self._new_pane(start_us)
        self._wake_at(state.until_us)
        return pane

    def _end_pane(self, state: Any) -> None:
        state.ended.append(state.pane)
        self._count(state, state.pane, 1)
        state.pane = None
        state.until_us = 0

    def _count(self, state: Any, pane: Any, sign: int) -> None:
        """Add what a pane holds to what the state holds together, or take it out."""
        state.n += sign * pane.n
        if pane.odd is not None:
            state.odd += sign
        for total, skipped in self._totals:
            setattr(state, total, getattr(state, total) + sign * getattr(pane, total))
            setattr(state, skipped, getattr(state, skipped) + sign * getattr(pane, skipped))

    def _new_pane(self, start_us: int) -> Any:
        pane = self._class()
        pane.start_us = start_us
        pane.events = deque(maxlen=self._keep)
        pane.n = 0
        pane.odd = None
        for number, _ in self._sums:
            setattr(pane, f"sum{number}", 0)
            setattr(pane, f"skipped{number}", 0)
        for number, column in self._values:
            for place, aggregate in enumerate(column.aggregates):
                setattr(pane, f"kept{number}_{place}", RUNNING[aggregate.function]())
        return pane

    def _odd(self, pane: Any, number: int, value: Any) -> None:
        """A value that is no plain number of a column of sums."""
        if value.__class__ is float and self._window.columns[number].kind == "float":
            plain = scaled(value)
            if plain is not None:
                setattr(pane, f"sum{number}", getattr(pane, f"sum{number}") + plain)
                return
        if not usable(value):
            setattr(pane, f"skipped{number}", getattr(pane, f"skipped{number}") + 1)
            return
        if pane.odd is None:
            pane.odd = {}
        pane.odd.setdefault(number, SumAccumulator()).add(value)

    # ---- windows ----

    def _wake_at(self, end_us: int) -> None:
        clock = self._clock
        if clock.deadline_us is None:
            clock.deadline_us = end_us
            self.around.timers.set(end_us, self.rule.number, clock)

    def fire(self, run: Waiting, deadline_us: int) -> Output:
        """See :class:`Operator`. Where rules read what a key's window derives, the next keys wait for another call."""
        if self._closing is None:
            self._closing = iter(sorted(self._states.values(), key=attrgetter("order")))
        self._clock.deadline_us = None
        found: list[Derived] = []
        for state in self._closing:
            derived = self._close(state, deadline_us)
            if derived is not None:
                found.append(derived)
                if derived.event is not None:
                    self._wake_at(deadline_us)
                    return found
        self._closing = None
        if self._states:
            self._wake_at(deadline_us + self._step_us)
        return found or None

    def _close(self, state: Any, end_us: int) -> Derived | None:
        """Evaluate the key's window that ends then, and let go of the pane that is in no later one."""
        ended = state.ended
        if state.pane is not None and state.pane.start_us < end_us:
            self._end_pane(state)
        derived = None
        if ended and self._may_hold(state, ended[-1].events[-1], state.key, ended[-1].events):
            derived = self._evaluate(state, end_us)
        next_us = end_us + self._step_us - self._length_us
        while ended and ended[0].start_us < next_us:
            self._count(state, ended.popleft(), -1)
        if not ended and state.pane is None:
            del self._states[state.key]
        return derived

    def _evaluate(self, state: Any, end_us: int) -> Derived | None:
        panes = state.ended
        event = panes[-1].events[-1]
        try:
            bound = tuple([get(panes) for get in self._getters])
        except EvaluationError as error:
            self.around.report(self.rule.name, event, error)
            return None
        if self._plan.looks_around:
            bound = (*bound, None, end_us - self._length_us, end_us, ())
        if self._condition is not None and not self.holds(self._condition, bound, event, state.key, (event,)):
            return None
        shown: list[Event] = []
        for pane in reversed(panes):
            shown[:0] = islice(pane.events, max(0, len(pane.events) + len(shown) - self._keep), None)
            if len(shown) >= self._keep:
                break
        roles = [(self._plan.label, shown)]
        return self.emit(bound, event, state.key, shown, roles, end_us, None, self.is_degraded(end_us))

    def _getter(self, aggregate: AggregatePlan) -> Callable[[Any], Any]:
        """An aggregate of a window's panes."""
        if aggregate == COUNT:
            return lambda panes: sum([pane.n for pane in panes])
        number, place = self._window.place(aggregate)
        if self._window.columns[number].kind == "values":
            return _merging(aggregate.function, attrgetter(f"kept{number}_{place}"))
        total, skipped = attrgetter(f"sum{number}"), attrgetter(f"skipped{number}")
        make = AvgAccumulator if aggregate.function == "avg" else SumAccumulator
        is_scaled = self._window.columns[number].kind == "float"

        def summed(panes: Any) -> Any:
            odd = [pane.odd[number] for pane in panes if pane.odd is not None and number in pane.odd]
            count = sum([pane.n - skipped(pane) for pane in panes]) - sum([each.count for each in odd])
            found = make.holding(sum(map(total, panes)), count, is_scaled)
            for each in odd:
                found.merge(each)
            return found.value()

        return summed

    def pending(self) -> list[Waiting]:
        """See :class:`Operator`: each open window once."""
        found: list[Waiting] = []
        for state in self._states.values():
            open_us = self._clock.deadline_us or 0
            for pane in [*state.ended, *([] if state.pane is None else [state.pane])]:
                first_us = max(open_us, pane.start_us + self._step_us)
                last_us = pane.start_us + self._length_us
                found += [self._clock] * len(range(first_us, last_us + 1, self._step_us))
                open_us = max(open_us, last_us + self._step_us)
        return found

    def expire(self, now_us: int) -> None:
        """See :class:`Operator`. Windows close by the timer, and nothing is left of a key without one."""

    # ---- snapshots ----

    def snapshot(self, table: EventTable) -> Any:
        """See :class:`Operator`."""
        keys = [
            [
                pack_key(key),
                [self._pack_pane(pane, table) for pane in state.ended],
                None if state.pane is None else self._pack_pane(state.pane, table),
            ]
            for key, state in self._states.items()
        ]
        return [self._clock.deadline_us, keys]

    def _pack_pane(self, pane: Any, table: EventTable) -> list[Any]:
        odd = [[number, pack_accumulator(kept)] for number, kept in (pane.odd or {}).items()]
        sums = [[str(getattr(pane, f"sum{n}")), getattr(pane, f"skipped{n}")] for n, _ in self._sums]
        kept = [pack_accumulator(getattr(pane, f)) for f in self._kept_fields()]
        return [pane.start_us, pane.n, [table.number(event) for event in pane.events], sums, odd, kept]

    def _kept_fields(self) -> list[str]:
        return [f"kept{number}_{place}" for number, c in self._values for place in range(len(c.aggregates))]

    def restore(self, state: Any, table: EventTable) -> None:
        """See :class:`Operator`."""
        deadline_us, keys = state
        for packed, ended, pane in keys:
            key = unpack_key(packed)
            restored = self._new_state(key)
            for each in ended:
                restored.pane = self._unpack_pane(each, table)
                self._end_pane(restored)
            if pane is not None:
                restored.pane = self._unpack_pane(pane, table)
                restored.until_us = restored.pane.start_us + self._step_us
        if deadline_us is not None:
            self._wake_at(deadline_us)

    def _unpack_pane(self, packed: Any, table: EventTable) -> Any:
        start_us, n, events, sums, odd, kept = packed
        pane = self._new_pane(start_us)
        pane.n = n
        pane.events.extend(table.event(number) for number in events)
        for (number, _), (total, skipped) in zip(self._sums, sums, strict=True):
            setattr(pane, f"sum{number}", int(total))
            setattr(pane, f"skipped{number}", skipped)
        for number, each in odd:
            made = SumAccumulator()
            unpack_accumulator(each, made)
            pane.odd = {**(pane.odd or {}), number: made}
        for field, each in zip(self._kept_fields(), kept, strict=True):
            unpack_accumulator(each, getattr(pane, field))
        return pane


def _merging(function: str, kept: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An aggregate that has an accumulator in each pane."""
    make = RUNNING[function]
    if function in ("min", "max", "first", "last"):

        def gathered(panes: Any) -> Any:
            found = make()
            for pane in panes:
                value = kept(pane).value()
                if value is not None:
                    found.add(value)
            return found.value()

        return gathered

    def merged(panes: Any) -> Any:
        found: Any = make()
        for pane in panes:
            found.merge(kept(pane))
        return found.value()

    return merged


def _fields_class(name: str, window: KeptWindow, fields: list[str]) -> Any:
    """A class with these fields and those that the columns need."""
    fields = list(fields)
    for number, column in enumerate(window.columns):
        if column.kind == "values":
            fields += [f"kept{number}_{place}" for place in range(len(column.aggregates))]
        else:
            fields += [f"sum{number}", f"skipped{number}"]
    return type(name, (), {"__slots__": tuple(fields)})

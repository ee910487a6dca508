"""Windows that slide, for rules that the generated receiver of :mod:`cep.plan.generate.sliding` knows. Runtime layer.

A specialised form of :class:`cep.runtime.operators.sliding.SlidingOperator`, against which the tests hold it. Rules
that differ only in their condition and in what they emit share one :class:`Kept`: events and aggregates are there once,
and each rule adds the bit that says whether it may fire. The receiver of the first of them speaks for all.

A key's state is there only while its window holds an event.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, Protocol

from cep.event import Event
from cep.functions.exact import usable
from cep.functions.records import EvaluationError
from cep.plan.generate.functions import Condition, KeyFunction
from cep.plan.generate.scope import Scope, scope_of
from cep.plan.generate.sliding import CALLS
from cep.plan.kept import COUNT, KeptWindow
from cep.plan.plan import AggregatePlan, LookupPlan, RulePlan, WindowPlan
from cep.plan.windows import length_us
from cep.runtime.emitter import Derived, Emitter
from cep.runtime.operators.accumulators import make_accumulator
from cep.runtime.operators.accumulators.sums import AvgAccumulator, SumAccumulator, scaled
from cep.runtime.operators.operator import Operator, Output, Receiver, Surroundings
from cep.runtime.state import EventTable, pack_key, unpack_key


class KeptState(Protocol):
    """One key's window, as :mod:`cep.plan.generate.sliding` lists its fields. ``lost_us``: as in contents."""

    key: Any
    m: deque[Event]
    true: int
    odd: dict[int, SumAccumulator] | None
    lost_us: int | None


class Kept:
    """The window that some rules share, per key. Made by the graph; :meth:`join` for each of the rules."""

    def __init__(self, window: KeptWindow, around: Surroundings) -> None:
        self.window = window
        self.around = around
        self.rules: list[KeptRule] = []
        self.states: dict[Any, Any] = {}
        self.degraded_until_us: int | None = None
        self.length_us = window.form.length_us
        self._swept_us: int | None = None
        self._length_us = length_us(window.form)
        self._sums = [(number, c.kind) for number, c in enumerate(window.columns) if c.kind != "values"]
        self._values = [(number, c) for number, c in enumerate(window.columns) if c.kind == "values"]
        makers = {
            f"kept{number}_{place}": (f"make{number}_{place}", partial(make_accumulator, aggregate, self._length_us))
            for number, column in self._values
            for place, aggregate in enumerate(column.aggregates)
        }
        compiler: Any = around.compiler
        self._fresh: Callable[[Any], Any] = compiler.fresh(window, _state_class(window), makers)
        self._most = around.limits.window_events
        first = window.rules[0]
        whole = scope_of(first)
        plain = Scope(keys=whole.keys, single_key=whole.single_key, over_window=True)
        self._take = around.compiler.values([column.taken for column in window.columns], plain)
        self._getters = {a: self._getter(a) for rule in window.rules for a in _plan(rule).aggregates}

    def join(self, rule: RulePlan, emitter: Emitter) -> KeptRule:
        """The operator of one of the rules."""
        made = KeptRule(rule, emitter, self.around, self)
        self.rules.append(made)
        return made

    def receiver(
        self, event_type: str, lookup: LookupPlan | None = None, rows: Mapping[str, Any] | None = None
    ) -> Receiver:
        """The generated one. With ``lookup`` it looks rows up itself; ``rows`` are the names that it needs for that."""
        compiler: Any = self.around.compiler
        key_of = self.rules[0].compile_key(event_type)
        calls: dict[str, Any] = {name: getattr(self, f"_{name}", None) for name in CALLS}
        calls |= {"find": self.states.get, "begin": self.begin, "key_of": self._key_of(key_of), "most": self._most}
        calls |= rows or {}
        receive: Receiver = compiler.sliding(self.window, event_type, lookup)(*calls.values())
        return receive

    def _key_of(self, function: KeyFunction) -> Callable[[Event], Any]:
        def key_of(event: Event) -> Any:
            try:
                key = function(event)
            except EvaluationError as error:
                self._failed(event, error)
                return None
            if key is None:
                for operator in self.rules:
                    self.around.counters.null_keys[operator.rule.name] += 1
            return key

        return key_of

    def _failed(self, event: Event, error: EvaluationError) -> None:
        """What the aggregates take from the event, or its key, failed: it takes no part, and each rule is told."""
        for operator in self.rules:
            self.around.report(operator.rule.name, event, error)

    # ---- keys ----

    def begin(self, key: Any, now_us: int) -> Any:
        """A key's first event is about to come in."""
        self._make_way(now_us)
        state = self.states[key] = self._fresh(key)
        return state

    def _renew(self, state: KeptState, now_us: int) -> None:
        """All that a key had has expired: it begins anew, behind the others."""
        del self.states[state.key]
        self._make_way(now_us)
        state.true = 0
        state.lost_us = None
        self.states[state.key] = state

    def _make_way(self, now_us: int) -> None:
        if self.length_us is not None and (self._swept_us is None or now_us - self._swept_us > self.length_us):
            self._swept_us = now_us
            self.expire(now_us)
        first = self.rules[0]
        if len(self.states) >= first.room:
            first.make_room(self.states, now_us, self.length_us)

    def expire(self, now_us: int) -> None:
        """Forget the keys whose events have all expired."""
        if self.length_us is None:
            return
        oldest_us = now_us - self.length_us
        for key in [key for key, state in self.states.items() if state.m[-1].time_us < oldest_us]:
            del self.states[key]

    # ---- what the receiver calls ----

    def _odd(self, state: KeptState, number: int, value: Any) -> Any:
        """How a value that is no plain number of the column is kept: scaled after all, null, or a tuple of it."""
        kind = self.window.columns[number].kind
        if value.__class__ is float and kind == "float":
            plain = scaled(value)
            if plain is not None:
                return plain
        if not usable(value):
            setattr(state, f"skipped{number}", getattr(state, f"skipped{number}") + 1)
            return None
        if state.odd is None:
            state.odd = {}
        state.odd.setdefault(number, SumAccumulator()).add(value)
        return (value,)

    def _drop(self, state: KeptState, number: int, old: Any) -> None:
        """What :meth:`_odd` gave, and is no int, leaves."""
        if old is None:
            setattr(state, f"skipped{number}", getattr(state, f"skipped{number}") - 1)
            return
        assert state.odd is not None
        accumulator = state.odd[number]
        accumulator.remove(old[0])
        if not accumulator.count:
            del state.odd[number]
            state.odd = state.odd or None

    def _lose(self, state: Any) -> None:
        """The oldest event goes because of the limit `window_events`."""
        state.lost_us = state.m.popleft().time_us
        for number, _ in self._sums:
            old = getattr(state, f"taken{number}").popleft()
            if old.__class__ is int:
                setattr(state, f"sum{number}", getattr(state, f"sum{number}") - old)
            else:
                self._drop(state, number, old)
        for number, column in self._values:
            old = getattr(state, f"taken{number}").popleft()
            for place in range(len(column.aggregates) if old is not None else 0):
                getattr(state, f"kept{number}_{place}").remove(old)
        self.rules[0].count_limit("window_events")

    def _slowly(self, state: KeptState, last: Event, event: Event, bits: int) -> int:
        """Which of the rules hold, one by one; what fails is reported."""
        true = 0
        for bit, operator in enumerate(self.rules):
            if bits >> bit & 1 and operator.is_true(state, last, event):
                true |= 1 << bit
        return true

    def _fire(self, state: KeptState, event: Event, bits: int) -> Output:
        """What the rules derive."""
        if len(self.rules) == 1:
            return self.rules[0].derive(state, event)
        found = [operator.derive(state, event) for bit, operator in enumerate(self.rules) if bits >> bit & 1]
        return [derived for derived in found if derived is not None] or None

    # ---- values ----

    def value(self, state: KeptState, aggregate: AggregatePlan) -> Any:
        """An aggregate as it stands. Raises as :meth:`Accumulator.value`."""
        return self._getters[aggregate](state)

    def _getter(self, aggregate: AggregatePlan) -> Callable[[Any], Any]:
        if aggregate == COUNT:
            return lambda state: len(state.m)
        number, place = self.window.place(aggregate)
        kind = self.window.columns[number].kind
        if kind == "values":
            return lambda state: getattr(state, f"kept{number}_{place}").value()
        make = AvgAccumulator if aggregate.function == "avg" else SumAccumulator

        def summed(state: Any) -> Any:
            odd = None if state.odd is None else state.odd.get(number)
            plain = len(state.m) - getattr(state, f"skipped{number}") - (0 if odd is None else odd.count)
            found = make.holding(getattr(state, f"sum{number}"), plain, kind == "float")
            if odd is not None:
                found.merge(odd)
            return found.value()

        return summed

    # ---- snapshots ----

    def restore(self, bit: int, packed: Sequence[Any], table: EventTable) -> None:
        """Take over what a rule's operator gave; the windows come with the first of them."""
        for packed_key, armed, _, _, (main, _, _) in packed:
            key = unpack_key(packed_key)
            if bit == 0:
                state = self.states[key] = self._fresh(key)
                self._restore_window(state, main, table)
            if not armed and key in self.states:
                self.states[key].true |= 1 << bit

    def _restore_window(self, state: Any, main: Sequence[Any], table: EventTable) -> None:
        for event_number in main[0]:
            event = table.event(event_number)
            state.m.append(event)
            for number, value in enumerate(self._take((), event, state.key, None)):
                kind = self.window.columns[number].kind
                if kind == "values":
                    for place in range(len(self.window.columns[number].aggregates) if value is not None else 0):
                        getattr(state, f"kept{number}_{place}").add(value)
                    kept = value
                else:
                    kept = value if kind == "int" and value.__class__ is int else self._odd(state, number, value)
                    if kept.__class__ is int:
                        setattr(state, f"sum{number}", getattr(state, f"sum{number}") + kept)
                getattr(state, f"taken{number}").append(kept)
        state.lost_us = main[4]


class KeptRule(Operator):
    """One of the rules that share a window."""

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings, kept: Kept) -> None:
        self.kept = kept
        super().__init__(rule, emitter, around)
        self.plan = _plan(rule)
        self._bit = len(kept.rules)
        self.speaks = self._bit == 0
        self._aggregates = self.plan.aggregates
        conditions = [part for part in (self.plan.when, self.plan.having) if part is not None]
        scope = scope_of(rule)
        self._condition: Condition | None = around.compiler.condition(conditions, scope) if conditions else None

    @property
    def degraded_until_us(self) -> int | None:
        """That of the window."""
        return self.kept.degraded_until_us

    @degraded_until_us.setter
    def degraded_until_us(self, time_us: int | None) -> None:
        self.kept.degraded_until_us = time_us

    def receiver(self, event_type: str) -> Receiver:
        """See :class:`Operator`: that of all rules."""
        return self.kept.receiver(event_type)

    def count_limit(self, name: str) -> None:
        """The limit has dropped something that all rules have."""
        for operator in self.kept.rules:
            self.counters.limits[operator.rule.name, name] += 1

    def is_true(self, state: KeptState, last: Event, event: Event) -> bool:
        """Whether `when` and `having` hold, ``last`` being the newest event in the window; what fails is reported."""
        try:
            values = self._values(state)
        except EvaluationError as error:
            self.around.report(self.rule.name, event, error)
            return False
        return self._condition is None or self.holds(self._condition, values, last, state.key, state.m)

    def derive(self, state: KeptState, event: Event) -> Derived | None:
        """The derived event."""
        events = state.m
        values = self._values(state)
        shown = list(islice(events, max(0, len(events) - self.limits.evidence - 1), None))
        since_us = None if self.kept.length_us is None else event.time_us - self.kept.length_us
        lacks = state.lost_us is not None and (since_us is None or state.lost_us >= since_us)
        degraded = self.is_degraded(event.time_us) or lacks
        roles = [(self.plan.label, shown)]
        return self.emit(values, event, state.key, events, roles, event.time_us, None, degraded)

    def _values(self, state: KeptState) -> tuple[Any, ...]:
        return tuple([self.kept.value(state, aggregate) for aggregate in self._aggregates])

    def expire(self, now_us: int) -> None:
        """See :class:`Operator`."""
        self.kept.expire(now_us)

    def snapshot(self, table: EventTable) -> Any:
        """See :class:`Operator`: as the general operator has it, whole for each rule."""
        return [
            [pack_key(key), not state.true >> self._bit & 1, 0, None, [self._window(state, table), [], []]]
            for key, state in self.kept.states.items()
        ]

    def _window(self, state: KeptState, table: EventTable) -> list[Any]:
        events = [table.number(event) for event in state.m]
        return [events, None, self.kept._length_us, state.m[0].time_us, state.lost_us, None, None]

    def restore(self, state: Any, table: EventTable) -> None:
        """See :class:`Operator`."""
        self.kept.restore(self._bit, state, table)


def _plan(rule: RulePlan) -> WindowPlan:
    assert isinstance(rule.operator, WindowPlan)
    return rule.operator


def _state_class(window: KeptWindow) -> Any:
    """The class of a key's state, with the fields that its columns need."""
    fields = ["key", "m", "true", "odd", "lost_us"]
    for number, column in enumerate(window.columns):
        fields.append(f"taken{number}")
        if column.kind == "values":
            fields += [f"kept{number}_{place}" for place in range(len(column.aggregates))]
        else:
            fields += [f"sum{number}", f"skipped{number}"]
    return type("KeptState", (), {"__slots__": tuple(fields)})

"""Rules that join: pairs of events of several inputs, near each other in time. Runtime layer.

A symmetric hash join, as the interval joins of Flink are, over event time: an event looks for partners among those that
came before it on the other side, and is then kept for those that come after it, for as long as they may be near enough.
Several joins follow one another: what one makes is the left side of the next, at the time at which it was made.

=================  =====================================================
here               in Flink
=================  =====================================================
stage              operator of an interval join
earlier, side      left and right buffer
left-over          row padded with nulls, emitted when the interval ends
=================  =====================================================

Since everything comes in the order of time (S1), each side expires from its front.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import Any

from cep.event import Event
from cep.functions.records import EvaluationError
from cep.functions.values import same_key
from cep.plan.generate.functions import Condition, Values
from cep.plan.generate.scope import Scope
from cep.plan.plan import JoinStage, LookupPlan, RulePlan, WindowPlan
from cep.runtime.emitter import Derived, Emitter
from cep.runtime.joined import JoinedEvent
from cep.runtime.operators.joining.before_window import JOINED, BeforeWindow, MakeWindow
from cep.runtime.operators.joining.buffers import Earlier, Side
from cep.runtime.operators.joining.lookup import Find, find_row
from cep.runtime.operators.operator import Output, Receiver, Surroundings
from cep.runtime.state import EventTable, pack_key, unpack_key
from cep.runtime.timers import Waiting


class _Join:
    """One join: its sides, and how partners are found."""

    __slots__ = ("earlier", "earlier_values", "left", "others", "own_values", "passes", "role", "within_us")

    def __init__(self, plan: JoinStage, scope: Scope, around: Surroundings) -> None:
        compiler = around.compiler
        self.role = plan.role
        self.left = plan.left
        self.within_us = plan.within_us
        self.earlier_values: Values = compiler.values(plan.earlier, scope)
        self.own_values: Values = compiler.values(plan.own, scope)
        self.passes: Condition | None = compiler.condition(plan.rest, scope) if plan.rest else None
        self.earlier: Side[Earlier] = Side(plan.within_us)
        self.others: Side[Event] = Side(plan.within_us)


class JoinOperator(BeforeWindow):
    """A rule with joins, and perhaps look-ups between and after them."""

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings, make: MakeWindow) -> None:
        plan = rule.operator
        assert isinstance(plan, WindowPlan)
        entry = next(iter(plan.fits.values()))
        super().__init__(rule, emitter, around, make, replace(rule, operator=replace(plan, fits={JOINED: entry})))
        self._entry_bit = 1 << entry.bit
        self._enter = self.window.receiver(JOINED)
        scope = Scope(over_window=True)
        self._stages: list[Find | _Join] = [
            find_row(stage, scope, around, rule.name) if isinstance(stage, LookupPlan) else _Join(stage, scope, around)
            for stage in self.join.stages
        ]
        self._joins = [stage for stage in self._stages if isinstance(stage, _Join)]
        self._span_us = sum(join.within_us for join in self._joins)
        self._serial = 0

    def receiver(self, event_type: str) -> Receiver:
        """See :class:`Operator`."""
        key_of = self.compile_key(event_type)
        fits = [role.fits.get(event_type) for role in self.join.roles]
        bits = [0 if fit is None else 1 << fit.bit for fit in fits]
        resets = self._resets(event_type)
        reset = self.window.receiver(event_type)

        def receive(event: Event, mask: int) -> Output:
            key = self.key_of(key_of, event)
            if key is None:
                return None
            now_us = event.time_us
            self.expire_sides(now_us)
            if mask & resets:
                reset(event, mask)
            begun = [JoinedEvent(now_us, event.about, (event,), key)] if mask & bits[0] else []
            derived = self._pass_on(begun, 0, event, key, lambda role: bool(mask & bits[role]))
            self._bound_events(now_us)
            return derived

        return receive

    def _resets(self, event_type: str) -> int:
        """The bits of the events that clear the window, or one that an aggregate has of its own."""
        plan = self.rule.operator
        assert isinstance(plan, WindowPlan)
        fits = [group.resets[event_type] for group in plan.groups if event_type in group.resets]
        return sum({1 << fit.bit for fit in fits})

    # ---- the stages ----

    def _pass_on(
        self,
        joined: list[JoinedEvent],
        first: int,
        event: Event | None,
        key: Any,
        fills: Callable[[int], bool],
    ) -> Output:
        """Take what has been joined so far through the stages from ``first`` on, and into the window.

        ``event`` is the one that came, null where time has passed; ``fills`` tells which roles it may fill.
        """
        for number, stage in enumerate(self._stages[first:], start=first):
            if not isinstance(stage, _Join):
                for each in joined:
                    each.roles = (*each.roles, stage(each))
            elif event is not None and fills(stage.role):
                joined = self._both_sides(stage, number, joined, event, key)
            elif joined:
                joined = self._from_left(stage, number, joined, event)
        return self._into_window(joined)

    def _both_sides(
        self, stage: _Join, number: int, joined: list[JoinedEvent], event: Event, key: Any
    ) -> list[JoinedEvent]:
        """An event that may be a partner, besides what may have come of it as another role."""
        pairs: list[JoinedEvent] = []
        entry = self._hash_of(stage.own_values, event, key)
        if entry is not None:
            for earlier in stage.earlier.find(entry):
                pair = JoinedEvent(event.time_us, event.about, (*earlier.joined.roles, event), key)
                if stage.passes is None or self._passes(stage.passes, pair, event):
                    earlier.alive = False
                    pairs.append(pair)
        pairs += self._from_left(stage, number, joined, event)
        if entry is not None:
            stage.others.add(entry, event)
        return pairs

    def _from_left(
        self, stage: _Join, number: int, joined: Iterable[JoinedEvent], event: Event | None
    ) -> list[JoinedEvent]:
        """What was joined so far, and has just been made, looks for partners that came before it."""
        pairs: list[JoinedEvent] = []
        for each in joined:
            entry = self._hash_of(stage.earlier_values, each, each.key)
            found = False
            for other in () if entry is None else stage.others.find(entry):
                if any(other is part for part in each.roles):
                    continue  # an event fills one role of a match
                pair = JoinedEvent(each.time_us, each.about, (*each.roles, other), each.key)
                if stage.passes is None or self._passes(stage.passes, pair, event):
                    found = True
                    pairs.append(pair)
            waits = stage.left and not found
            if entry is not None or waits:
                self._serial += 1
                self._keep(stage, number, entry, each, waits, self._serial)
        return pairs

    def _keep(self, stage: _Join, number: int, entry: Hashable, joined: JoinedEvent, waits: bool, serial: int) -> None:
        earlier = Earlier(joined, number, serial, joined.time_us + stage.within_us if waits else None)
        stage.earlier.add(entry, earlier)
        if earlier.deadline_us is not None:
            self.around.timers.set(earlier.deadline_us, self.rule.number, earlier)

    def _hash_of(self, values_of: Values, event: Event, key: Any) -> tuple[Hashable, ...] | None:
        """What partners have in common: the rule's key and the values of `on`; null where one of them is null."""
        try:
            values = values_of((), event, key, None)
            if None in values:
                return None
            return (key, *[value if value.__class__ is str else same_key(value) for value in values])
        except EvaluationError as error:
            self.window.around.report(self.rule.name, event, error)
            return None

    def _passes(self, condition: Condition, pair: JoinedEvent, event: Event | None) -> bool:
        try:
            return condition((), pair, pair.key, None)
        except EvaluationError as error:
            self.window.around.report(self.rule.name, pair if event is None else event, error)
            return False

    def _into_window(self, joined: Iterable[JoinedEvent]) -> Output:
        derived: list[Derived] = []
        for each in joined:
            given = self._enter(each, self._entry_bit)
            if given is not None:
                derived += given if isinstance(given, list) else (given,)
        return derived or None

    # ---- time ----

    def fire(self, run: Waiting, deadline_us: int) -> Output:
        """See :class:`Operator`. What has waited for a partner in vain goes on without one, at its deadline."""
        if not isinstance(run, Earlier):
            return super().fire(run, deadline_us)
        run.alive = False
        self.expire_sides(deadline_us)
        before = run.joined
        alone = JoinedEvent(deadline_us, before.about, (*before.roles, None), before.key)
        derived = self._pass_on([alone], run.stage + 1, None, before.key, lambda role: False)
        self._bound_events(deadline_us)
        return derived

    def pending(self) -> list[Waiting]:
        """See :class:`Operator`."""
        waiting = [earlier for join in self._joins for earlier in join.earlier if earlier.alive]
        waiting.sort(key=lambda earlier: (earlier.deadline_us, earlier.serial))
        return [*waiting, *super().pending()]

    def expire_sides(self, now_us: int) -> None:
        """Let go what is too old for a partner of this time."""
        for join in self._joins:
            join.earlier.expire(now_us)
            join.others.expire(now_us)

    def expire(self, now_us: int) -> None:
        """See :class:`Operator`."""
        self.expire_sides(now_us)
        super().expire(now_us)

    def _bound_events(self, now_us: int) -> None:
        """The limit `join_events`: the oldest go, and what is derived while they could have mattered is degraded."""
        sides: list[Side[Any]] = [side for join in self._joins for side in (join.earlier, join.others)]
        while sum(map(len, sides)) > self.limits.join_events:
            held = [side for side in sides if side.oldest_us is not None]
            dropped = min(held, key=lambda side: side.oldest_us or 0).drop()
            if isinstance(dropped, Earlier):
                dropped.alive = False
            self.count_limit("join_events")
            self.degraded_until_us = max(self.degraded_until_us or now_us, now_us + self._span_us)

    # ---- snapshots ----

    def snapshot(self, table: EventTable) -> Any:
        """See :class:`Operator`."""
        return {
            "serial": self._serial,
            "window": super().snapshot(table),
            "joins": [
                [
                    [[table.number(each.joined), each.serial, each.alive] for each in join.earlier],
                    [[table.number(event), pack_key(entry[0])] for entry, event in join.others.entries()],
                ]
                for join in self._joins
            ],
        }

    def restore(self, state: Any, table: EventTable) -> None:
        """See :class:`Operator`. What partners have in common is computed again: it depends on the events alone."""
        super().restore(state["window"], table)
        self._serial = state["serial"]
        for join, (earlier, others) in zip(self._joins, state["joins"], strict=True):
            for place, serial, waits in earlier:
                joined = table.event(place)
                assert isinstance(joined, JoinedEvent)
                entry = self._hash_of(join.earlier_values, joined, joined.key)
                self._keep(join, self._stages.index(join), entry, joined, waits, serial)
            for place, packed in others:
                event, key = table.event(place), unpack_key(packed)
                join.others.add(self._hash_of(join.own_values, event, key), event)

"""What rules over windows share, whether their windows slide or close. Runtime layer.

What the aggregates take from an event, the windows that aggregates have of their own, the condition (`when` and
`having`), what was seen at the previous evaluation, and what stands around a window. Per key the subclasses keep a
:class:`KeyState`.
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
from cep.plan.plan import RulePlan, WindowPlan
from cep.runtime.emitter import Derived, Emitter
from cep.runtime.operators.contents import Contents, Row, SlidingContents, contents_of
from cep.runtime.operators.operator import Operator, Surroundings
from cep.runtime.state import EventTable, pack_value, unpack_value

Sides = tuple[tuple[Any, Any] | None, ...]
"""For each ``crosses`` its two sides at an evaluation."""


class KeyState:
    """One key: the rule's window, those that aggregates have of their own, what was seen at the last evaluation."""

    __slots__ = ("key", "main", "own", "sides")

    def __init__(self, key: Any, main: Contents, own: Sequence[Contents], sides: Sides) -> None:
        self.key = key
        self.main = main
        self.own = own
        self.sides = sides


class WindowOperator(Operator):
    """A rule over windows."""

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings) -> None:
        super().__init__(rule, emitter, around)
        plan = rule.operator
        assert isinstance(plan, WindowPlan)
        self.plan = plan
        scope = scope_of(rule)
        compiler = around.compiler
        plain = Scope(keys=scope.keys, single_key=scope.single_key, over_window=True)
        self._plain = plain
        self._take = compiler.values([a.taken for a in plan.aggregates], plain)
        conditions = [part for part in (plan.when, plan.having) if part is not None]
        self._condition = compiler.condition(conditions, scope) if conditions else None
        self._sides = [compiler.values([each.left, each.right], scope) for each in plan.crosses]
        self._no_sides: Sides = (None,) * len(plan.crosses)
        self._slices: list[slice] = []
        start = 0
        for group in plan.groups:
            self._slices.append(slice(start, start + len(group.aggregates)))
            start += len(group.aggregates)
        self._owns = len(plan.groups) > 1

    # ---- events ----

    def new_state(self, key: Any) -> tuple[Any, Contents, list[Contents], Sides]:
        """What a :class:`KeyState` is made of."""
        main, *own = [contents_of(group, self.limits) for group in self.plan.groups]
        return key, main, own, self._no_sides

    def compile_input(self, event_type: str) -> tuple[int, Any]:
        """The bit of the input for a type (0 where it is none of it) and what `where` ties to ``prev`` and keys."""
        return self.compile_fit(self.plan.fits.get(event_type), self._plain)

    def reset_bits(self, event_type: str) -> list[tuple[int, int]]:
        """For the windows with resets of this type: the place among the groups, and the bit."""
        found = [(place, group.resets.get(event_type)) for place, group in enumerate(self.plan.groups)]
        return [(place, 1 << fit.bit) for place, fit in found if fit is not None]

    @staticmethod
    def reset(state: KeyState, bits: list[tuple[int, int]], event: Event, mask: int) -> None:
        """Clear the windows that the event resets."""
        for place, bit in bits:
            if mask & bit:
                contents = state.own[place - 1] if place else state.main
                assert isinstance(contents, SlidingContents)
                contents.reset(event.time_us)

    def row_of(self, event: Event, key: Any) -> Row | None:
        """What the aggregates take from an event; null where one of them fails on it, which is reported."""
        try:
            row = self._take((), event, key, None)
            for value in row:
                if value.__class__ is list or value.__class__ is dict:
                    same_key(value)  # refuses what nests too deeply, before any accumulator has it
        except EvaluationError as error:
            self.around.report(self.rule.name, event, error)
            return None
        return row

    def enter(self, state: KeyState, event: Event, row: Row) -> None:
        """The event enters the rule's window and those of its aggregates."""
        if not self._owns:
            state.main.enter(event, row)
        else:
            state.main.enter(event, row[self._slices[0]])
            self.enter_own(state, event, row)
        self.bound_events(state.main)

    def enter_own(self, state: KeyState, event: Event, row: Row) -> None:
        """The event enters the windows that aggregates have of their own."""
        for contents, part in zip(state.own, self._slices[1:], strict=True):
            contents.enter(event, row[part])
            self.bound_events(contents)

    def bound_events(self, contents: Contents) -> None:
        """The limit `window_events`: the oldest goes."""
        if len(contents.events) > self.limits.window_events:
            contents.lose()
            self.count_limit("window_events")

    # ---- evaluation ----

    def values(self, state: KeyState, event: Event) -> Row | None:
        """All aggregates as they stand; null where one of them fails on this data, which is reported."""
        try:
            if not self._owns:
                return state.main.values()
            return (*state.main.values(), *self.own_values(state))
        except EvaluationError as error:
            self.around.report(self.rule.name, event, error)
            return None

    @staticmethod
    def own_values(state: KeyState) -> Row:
        """The aggregates with windows of their own. Raises as :meth:`Contents.values`."""
        return tuple([value for contents in state.own for value in contents.own_values()])

    def bound(self, values: Row, state: KeyState, start_us: int | None, end_us: int) -> Row:
        """What the generated functions see as ``b``: the aggregates, and what is around the window."""
        if not self.plan.looks_around:
            return values
        return (*values, state.main.previous(), start_us, end_us, state.sides)

    def is_true(self, bound: Row, event: Event, key: Any, events: deque[Event]) -> bool:
        """Whether `when` and `having` are true."""
        return self._condition is None or self.holds(self._condition, bound, event, key, events)

    def remember(self, state: KeyState, bound: Row | None, event: Event, events: deque[Event]) -> None:
        """Keep the sides of each ``crosses`` for the next evaluation; null for what fails."""
        if not self._sides:
            return
        sides: list[tuple[Any, Any]] = []
        for evaluate in self._sides:
            try:
                left, right = (None, None) if bound is None else evaluate(bound, event, state.key, events)
            except EvaluationError:
                left = right = None
            sides.append((left, right))
        state.sides = tuple(sides)

    def fire_rule(
        self, state: KeyState, bound: Row, events: deque[Event], start_us: int | None, time_us: int
    ) -> Derived | None:
        """The derived event. ``start_us``: from when on the window had to be complete; null: from its beginning."""
        shown = list(islice(events, max(0, len(events) - self.limits.evidence - 1), None))
        degraded = self.is_degraded(time_us) or state.main.lacks(start_us) or any(c.lacks(None) for c in state.own)
        roles = [(self.plan.label, shown)]
        return self.emit(bound, events[-1], state.key, events, roles, time_us, None, degraded)

    # ---- snapshots ----

    def pack_state(self, state: KeyState, table: EventTable) -> list[Any]:
        """What a :class:`KeyState` holds, but for its key."""
        sides = [None if pair is None else [pack_value(side) for side in pair] for pair in state.sides]
        return [state.main.snapshot(table), [c.snapshot(table) for c in state.own], sides]

    def unpack_state(self, packed: list[Any], state: KeyState, table: EventTable) -> None:
        """Take over what :meth:`pack_state` gave. What the aggregates took is taken again: it depends on the events."""
        main, own, sides = packed
        for contents, kept, part in zip([state.main, *state.own], [main, *own], self._slices, strict=True):
            numbers = kept[0]
            rows = [self._take((), table.event(number), state.key, None)[part] for number in numbers]
            contents.restore(kept, table, rows)
        state.sides = tuple(None if s is None else (unpack_value(s[0]), unpack_value(s[1])) for s in sides)

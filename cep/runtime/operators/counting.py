"""Counting: `three A within D`, the match being the newest n events that fit. Runtime layer.

A specialised form of :class:`cep.runtime.operators.sequence.SequenceOperator` for patterns of one exact loop without
ties. Under `skip past last event`, of the runs of a key the oldest that is in time is always the first to complete, and
every other run shares its events: so the runs of a key are one list, each start an index in it. The tests hold the two
operators against each other. The limits on runs and loops do not bind here: a key holds fewer events than the count.
"""

from __future__ import annotations

from typing import Any

from cep.event import Event
from cep.functions.records import EvaluationError
from cep.plan.generate.inlined import Inlined, place
from cep.plan.plan import PatternPlan, RulePlan
from cep.runtime.emitter import Derived, Emitter
from cep.runtime.operators.operator import Operator, Receiver, Surroundings
from cep.runtime.state import EventTable, pack_key, unpack_key

_ONE = "derived = complete([e], e, key)"
_SEVERAL = """
known = find(key)
if known is None:
    if len(states) < operator.room:
        states[key] = e
    else:
        derived = receive(e, mask)
else:
    if known.__class__ is list:
        held = known
        held.append(e)
    else:
        held = states[key] = [known, e]
    if len(held) >= needed:
        del states[key]
        derived = complete(held, e, key)
"""
_SEVERAL_WITHIN = """
known = find(key)
if known is None:
    if len(states) < operator.room:
        states[key] = e
    else:
        derived = receive(e, mask)
else:
    if known.__class__ is list:
        held = known
        held.append(e)
    else:
        held = states[key] = [known, e]
    if len(held) >= needed:
        oldest = u - within_us
        while held[0].time_us < oldest:
            del held[0]
        if len(held) < needed:
            states[key] = states.pop(key)
        else:
            del states[key]
            derived = complete(held, e, key)
"""


class CountOperator(Operator):
    """The newest events per key, never more than the count less one between two events.

    What is out of time is dropped only when the count is reached: until then nobody asks. A key with one event, which
    most have, holds it bare, without a list.
    """

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings) -> None:
        super().__init__(rule, emitter, around)
        assert isinstance(rule.operator, PatternPlan)
        assert rule.operator.counts_only
        self._step = rule.operator.steps[0]
        self._within_us = rule.operator.within_us
        self._held: dict[Any, Event | list[Event]] = {}

    def receiver(self, event_type: str) -> Receiver:
        """See :class:`Operator`."""
        key_of = self.compile_key(event_type)
        needed = self._step.minimum
        within_us = self._within_us
        states = self._held
        find = states.get

        def receive(event: Event, mask: int) -> Derived | None:
            place(event)
            try:
                key = key_of(event)
            except EvaluationError as error:
                self.around.report(self.rule.name, event, error)
                return None
            if key is None:
                self.counters.null_keys[self.rule.name] += 1
                return None
            known = find(key)
            if known is None:
                if len(states) >= self.room:
                    self.make_room(states, event.time_us, within_us)
                if needed > 1:
                    states[key] = event
                    return None
                return self._complete([event], event, key)
            if isinstance(known, list):
                held = known
                held.append(event)
            else:
                held = states[key] = [known, event]
            if len(held) < needed:
                return None
            if within_us is not None:
                oldest = event.time_us - within_us
                while held[0].time_us < oldest:
                    del held[0]
                if len(held) < needed:
                    states[key] = states.pop(key)  # to the end: its first event is now a later one
                    return None
            del states[key]
            return self._complete(held, event, key)

        return receive

    def inlined(self, event_type: str) -> Inlined | None:
        """See :class:`Operator`: all that :meth:`receiver` does, but for making room."""
        body = _ONE if self._step.minimum == 1 else _SEVERAL if self._within_us is None else _SEVERAL_WITHIN
        names = {
            "operator": self,
            "states": self._held,
            "find": self._held.get,
            "needed": self._step.minimum,
            "within_us": self._within_us,
            "complete": self._complete,
        }
        return Inlined(self.rule.reads[event_type], self.rule.keys, self.receiver(event_type), body, names)

    def _complete(self, held: list[Event], event: Event, key: Any) -> Derived | None:
        for each in held:
            place(each)
        roles = [(self._step.label, held)]
        return self.emit([held], event, key, held, roles, event.time_us, None, self.is_degraded(event.time_us))

    def expire(self, now_us: int) -> None:
        """See :class:`Operator`.

        Keys stand nearly in the order of their first events, so the search ends at one whose first is in time; what it
        misses the next one finds. At the limit all keys are looked at, so that none is dropped there while one that
        has expired is kept.
        """
        if self._within_us is None:
            return
        oldest = now_us - self._within_us
        states = self._held
        everywhere = len(states) >= self.limits.keys
        expired = []
        for key, held in states.items():
            if isinstance(held, list):
                if held[-1].time_us < oldest:
                    expired.append(key)
                elif held[0].time_us >= oldest and not everywhere:
                    break
            elif held.time_us < oldest:
                expired.append(key)
            elif not everywhere:
                break
        for key in expired:
            del states[key]

    def snapshot(self, table: EventTable) -> Any:
        """See :class:`Operator`."""
        for held in self._held.values():
            for event in _listed(held):
                place(event)
        return [[pack_key(key), [table.number(e) for e in _listed(held)]] for key, held in self._held.items()]

    def restore(self, state: Any, table: EventTable) -> None:
        """See :class:`Operator`."""
        self._held.clear()  # the same dictionary: receivers hold on to it
        self._held.update((unpack_key(key), [table.event(n) for n in numbers]) for key, numbers in state)


def _listed(held: Event | list[Event]) -> list[Event]:
    return held if isinstance(held, list) else [held]

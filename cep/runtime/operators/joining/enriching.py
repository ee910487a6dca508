"""Rules that look up rows for the events of one input: each becomes a joined event at once. Runtime layer."""

from __future__ import annotations

from cep.event import Event
from cep.plan.generate.scope import Scope
from cep.plan.plan import LookupPlan, RulePlan
from cep.runtime.emitter import Emitter
from cep.runtime.joined import JoinedEvent
from cep.runtime.operators.joining.before_window import BeforeWindow, MakeWindow
from cep.runtime.operators.joining.lookup import NO_ROW, Find, find_row
from cep.runtime.operators.kept import KeptRule
from cep.runtime.operators.operator import Output, Receiver, Surroundings


class EnrichingOperator(BeforeWindow):
    """A rule of one input and look-ups. It has no state but that of its window."""

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings, make: MakeWindow) -> None:
        super().__init__(rule, emitter, around, make, rule)
        lookups = [stage for stage in self.join.stages if isinstance(stage, LookupPlan)]
        scope = Scope(over_window=True)
        by_text = len(lookups) == 1 and lookups[0].of_event and lookups[0].field is not None and not lookups[0].rest
        self._by_text = lookups[0] if by_text else None
        self._finds: list[tuple[Find, bool]] = [
            (find_row(plan, scope, around, rule.name), plan.of_event) for plan in lookups
        ]

    def _in_line(self, window: KeptRule, event_type: str, lookup: LookupPlan) -> Receiver:
        """The window's receiver, which looks the row up itself."""
        index = self.around.tables.index(lookup.table, lookup.columns)
        names = {"rows_of": index.by_key.get, "versions": index.versioned, "no_row": NO_ROW}
        names |= {"find_row": self._finds[0][0], "JoinedEvent": JoinedEvent}
        return window.kept.receiver(event_type, lookup, names)

    def receiver(self, event_type: str) -> Receiver:
        """See :class:`Operator`."""
        fit = self.join.roles[0].fits.get(event_type)
        if fit is not None and isinstance(self.window, KeptRule) and self._by_text is not None:
            return self._in_line(self.window, event_type, self._by_text)
        receive_joined = self.window.receiver(event_type)
        if fit is None:
            return receive_joined
        bit = 1 << fit.bit
        if len(self._finds) == 1 and self._finds[0][1]:
            find = self._finds[0][0]

            def receive_one(event: Event, mask: int) -> Output:
                if not mask & bit:
                    return receive_joined(event, mask)
                return receive_joined(JoinedEvent(event.time_us, event.about, (event, find(event))), mask)

            return receive_one

        def receive(event: Event, mask: int) -> Output:
            if not mask & bit:
                return receive_joined(event, mask)
            joined = JoinedEvent(event.time_us, event.about, (event,))
            for find, of_event in self._finds:
                joined.roles = (*joined.roles, find(event if of_event else joined))
            return receive_joined(joined, mask)

        return receive

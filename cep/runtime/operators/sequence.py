"""Sequences and counts with relaxed contiguity, bound names and absences. Runtime layer.

The method is that of SASE+ (Agrawal et al., SIGMOD 2008) under skip-till-next-match: every event that can start a match
starts a run, a run holds what it has bound and waits at one step. Departures: an event that fits a loop and the step
after it forks the run, so that all readings are kept (S12); runs stand in the order of their starts and, within one
start, of preference (the longer loop first), so that the first to complete in that order is the match (S11); a match
removes the runs that share an event with it at once.

=================  ==========================================
here               in the paper
=================  ==========================================
run                run, instance
step               state with its edges (take, proceed)
fit                predicate on an edge
forbidden, wait    no counterpart: absence is ours (S4)
=================  ==========================================

Cost per event: proportional to the live runs of its key.
"""

from __future__ import annotations

from typing import Any

from cep.event import Event
from cep.plan.generate.functions import Condition
from cep.plan.generate.scope import Scope, scope_of
from cep.plan.generate.support import bound_events
from cep.plan.plan import Forbidden, PatternPlan, RulePlan, StepPlan
from cep.runtime.emitter import Derived, Emitter
from cep.runtime.operators.operator import CompiledFit, Operator, Receiver, Surroundings, roles_of
from cep.runtime.state import EventTable, pack_key, unpack_key
from cep.runtime.timers import Waiting


class Run:
    """A partial match that lives.

    ``step`` is the step in progress, ``bound`` the events per step. ``blocked``: a forbidden event came after the last
    one bound, so this run cannot go on to the next step unless its loop takes another event first. ``deadline_us`` is
    set while the closing wait runs. ``serial`` numbers starts; readings of one start share it.
    """

    __slots__ = ("alive", "blocked", "bound", "deadline_us", "key", "serial", "start_us", "step")

    def __init__(self, key: Any, serial: int, start_us: int, bound: list[list[Event]], step: int = 0) -> None:
        self.key = key
        self.serial = serial
        self.start_us = start_us
        self.bound = bound
        self.step = step
        self.blocked = False
        self.deadline_us: int | None = None
        self.alive = True

    def fork(self) -> Run:
        """Another reading with the same events."""
        return Run(self.key, self.serial, self.start_us, [list(events) for events in self.bound], self.step)


class KeyState:
    """The runs of one key, in order. ``degraded`` once a limit dropped one of them."""

    __slots__ = ("degraded", "runs")

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.degraded = False


class View:
    """The pattern as seen by events of one type: which steps they fit, and what they spoil."""

    __slots__ = ("enter", "key_of", "spoil", "spoil_wait")

    def __init__(self, operator: SequenceOperator, plan: PatternPlan, event_type: str) -> None:
        self.key_of = operator.compile_key(event_type)
        scopes = operator.scopes
        self.enter = [
            operator.compile_fit(step.fits.get(event_type), scope)
            for step, scope in zip(plan.steps, scopes, strict=True)
        ]
        self.spoil = [
            [operator.compile_fit(f.fits.get(event_type), scopes[-1]) for f in step.forbidden] for step in plan.steps
        ]
        forbidden: Forbidden | None = plan.wait.forbidden if plan.wait is not None else None
        self.spoil_wait = operator.compile_fit(forbidden.fits.get(event_type) if forbidden else None, operator.plain)


class SequenceOperator(Operator):
    """Runs of a pattern, per key."""

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings) -> None:
        super().__init__(rule, emitter, around)
        plan = rule.operator
        assert isinstance(plan, PatternPlan)
        self._plan = plan
        self._last = len(plan.steps) - 1
        self._labels = [step.label for step in plan.steps]
        self._states: dict[Any, KeyState] = {}
        self._serial = 0
        whole = scope_of(rule)
        self.plain = Scope(steps=whole.steps, keys=whole.keys, single_key=whole.single_key)
        self.scopes = [self._scope_of_step(step) for step in plan.steps]
        compiler = around.compiler
        self._at_end: list[Condition | None] = [
            compiler.condition(step.at_end, self.plain) if step.at_end else None for step in plan.steps
        ]
        self._having = compiler.condition([plan.having], whole) if plan.having is not None else None

    def _scope_of_step(self, step: StepPlan) -> Scope:
        """A single step may be named by its own ties (`where ok.ip not in fails.ip`): the candidate is meant."""
        single = step.minimum == step.maximum == 1
        return Scope(
            steps=self.plain.steps,
            keys=self.plain.keys,
            single_key=self.plain.single_key,
            current=step.name if single else None,
        )

    def receiver(self, event_type: str) -> Receiver:
        """See :class:`Operator`."""
        view = View(self, self._plan, event_type)

        def receive(event: Event, mask: int) -> Derived | None:
            key = self.key_of(view.key_of, event)
            if key is None:
                return None
            state = self._states.get(key)
            winner: Run | None = None
            if state is not None:
                winner = self._advance(state, view, event, mask, key)
            if winner is None and self._fits(view.enter[0], [[] for _ in self._labels], event, mask, key):
                if state is None:
                    state = self._begin(key, event.time_us)
                winner = self._start(state, event, key)
            if state is not None and not state.runs:
                del self._states[key]
            return None if winner is None else self._match(winner, state, event, event.time_us)

        return receive

    # ---- runs ----

    def _fits(self, fit: CompiledFit, bound: list[list[Event]], event: Event, mask: int, key: Any) -> bool:
        bit, tie = fit
        return bool(mask & bit) and (tie is None or self.holds(tie, bound, event, key))

    def _start(self, state: KeyState, event: Event, key: Any) -> Run | None:
        """A new run; it wins at once where one event is the whole match."""
        self._serial += 1
        run = Run(key, self._serial, event.time_us, [[event], *([] for _ in range(self._last))])
        state.runs.append(run)
        if len(state.runs) > self.limits.runs_per_key:
            self._drop_oldest(state)
        if self._last == 0 and self._settle(run, event):
            self._remove_sharing(state, run)
            return run
        return None

    def _drop_oldest(self, state: KeyState) -> None:
        """The oldest start goes, with all its readings."""
        serial = state.runs[0].serial
        for run in state.runs:
            if run.serial == serial:
                run.alive = False
        state.runs = [run for run in state.runs if run.alive]
        state.degraded = True
        self.count_limit("runs_per_key")

    def _begin(self, key: Any, now_us: int) -> KeyState:
        if len(self._states) >= self.room:
            dropped = self.make_room(self._states, now_us, self._plan.within_us)
            for run in dropped.runs if dropped is not None else ():
                run.alive = False
        state = KeyState()
        self._states[key] = state
        return state

    def _advance(self, state: KeyState, view: View, event: Event, mask: int, key: Any) -> Run | None:
        """Offer the event to every run of the key. Gives the run that completed first, if one did."""
        now = event.time_us
        within_us = self._plan.within_us
        survivors: list[Run] = []
        winner: Run | None = None
        for run in state.runs:
            in_time = within_us is None or now - run.start_us <= within_us
            if not in_time and run.deadline_us is None:
                run.alive = False
                continue
            grows = in_time and self._may_grow(run) and self._fits(view.enter[run.step], run.bound, event, mask, key)
            moves = in_time and self._may_move(run, view, event, mask, key)
            if not grows and not moves:
                if self._spoiled(run, view, event, mask, key):
                    run.alive = False
                else:
                    survivors.append(run)
                continue
            readings = self._take(run, event, grows, moves)
            for reading in readings:
                if self._settle(reading, event):
                    winner = winner or reading
                elif reading.alive:
                    survivors.append(reading)
        state.runs = survivors
        if winner is not None:
            self._remove_sharing(state, winner)
        return winner

    def _take(self, run: Run, event: Event, grows: bool, moves: bool) -> list[Run]:
        """The readings after the event: the longer loop first."""
        readings: list[Run] = []
        moved = run
        if grows:
            if moves:
                moved = run.fork()
            run.bound[run.step].append(event)
            run.blocked = False
            readings.append(run)
        if moves:
            moved.step += 1
            moved.bound[moved.step].append(event)
            moved.blocked = False
            moved.deadline_us = None
            readings.append(moved)
        return readings

    def _may_grow(self, run: Run) -> bool:
        maximum = self._plan.steps[run.step].maximum
        held = len(run.bound[run.step])
        if maximum is not None and held >= maximum:
            return False
        if held >= self.limits.loop_events:
            self.count_limit("loop_events")
            self._states[run.key].degraded = True
            return False
        return True

    def _may_move(self, run: Run, view: View, event: Event, mask: int, key: Any) -> bool:
        """Whether the event can be the first of the next step."""
        here = run.step
        if here == self._last or run.blocked or len(run.bound[here]) < self._plan.steps[here].minimum:
            return False
        following = self._plan.steps[here + 1]
        if following.quiet_us is not None and event.time_us <= run.bound[here][-1].time_us + following.quiet_us:
            return False
        if not self._fits(view.enter[here + 1], run.bound, event, mask, key):
            return False
        at_end = self._at_end[here]
        return at_end is None or self.holds(at_end, run.bound, event, key)

    def _spoiled(self, run: Run, view: View, event: Event, mask: int, key: Any) -> bool:
        """Whether a forbidden event ends the run. A loop that may still take events is blocked instead."""
        here = run.step
        step = self._plan.steps[here]
        if run.blocked or len(run.bound[here]) < step.minimum:
            return False
        if here == self._last:
            hit = (
                run.deadline_us is not None
                and event.time_us <= run.deadline_us
                and self._fits(view.spoil_wait, run.bound, event, mask, key)
            )
        else:
            quiet_us = self._plan.steps[here + 1].quiet_us
            over = quiet_us is not None and event.time_us > run.bound[here][-1].time_us + quiet_us
            hit = not over and any(self._fits(fit, run.bound, event, mask, key) for fit in view.spoil[here + 1])
        if not hit:
            return False
        run.blocked = True
        run.deadline_us = None
        return step.maximum is not None and len(run.bound[here]) >= step.maximum

    def _settle(self, run: Run, event: Event) -> bool:
        """After the run took an event: whether it is now a match. It dies where it can be none any more."""
        here = run.step
        if here != self._last:
            return False
        step = self._plan.steps[here]
        held = len(run.bound[here])
        if held < step.minimum:
            return False
        wait = self._plan.wait
        if wait is not None:
            base_us = event.time_us if wait.after_last_us is not None else run.start_us
            deadline_us = base_us + (wait.after_last_us if wait.after_last_us is not None else wait.after_first_us or 0)
            if deadline_us != run.deadline_us:
                run.deadline_us = deadline_us
                self.around.timers.set(deadline_us, self.rule.number, run)
            return False
        if self._complete(run, event):
            run.alive = False
            return True
        run.alive = step.maximum is None or held < step.maximum
        return False

    def _complete(self, run: Run, event: Event) -> bool:
        """What is tested on the complete match: conditions on its closing loop, and `having`."""
        at_end = self._at_end[self._last]
        if at_end is not None and not self.holds(at_end, run.bound, event, run.key):
            return False
        if self._having is None:
            return True
        return self.holds(self._having, run.bound, event, run.key, bound_events(run.bound))

    def _remove_sharing(self, state: KeyState, winner: Run) -> None:
        """Skip past last event: the runs that hold an event of the match go."""
        taken = {id(event) for events in winner.bound for event in events}
        for run in state.runs:
            if run is winner or any(id(event) in taken for events in run.bound for event in events):
                run.alive = False
        state.runs = [run for run in state.runs if run.alive]

    def _match(self, run: Run, state: KeyState | None, event: Event, time_us: int) -> Derived | None:
        awaited = self._plan.wait.forbidden.label if self._plan.wait is not None else None
        degraded = (state is not None and state.degraded) or self.is_degraded(time_us)
        events = bound_events(run.bound)
        roles = roles_of(self._labels, run.bound)
        return self.emit(run.bound, event, run.key, events, roles, time_us, awaited, degraded)

    # ---- time ----

    def fire(self, run: Waiting, deadline_us: int) -> Derived | None:
        """The closing wait of a run is over. Of the readings of one start that end with it, the preferred one wins."""
        assert isinstance(run, Run)
        state = self._states[run.key]
        step = self._plan.steps[self._last]
        derived = None
        for reading in [r for r in state.runs if r.serial == run.serial and r.deadline_us == deadline_us]:
            event = reading.bound[self._last][-1]
            reading.deadline_us = None
            if self._complete(reading, event):
                self._remove_sharing(state, reading)
                derived = self._match(reading, state, event, deadline_us)
                break
            reading.alive = step.maximum is None or len(reading.bound[self._last]) < step.maximum
        state.runs = [r for r in state.runs if r.alive]
        if not state.runs:
            del self._states[run.key]
        return derived

    def pending(self) -> list[Waiting]:
        """See :class:`Operator`. Of runs that share events, the first."""
        waiting = [r for state in self._states.values() for r in state.runs if r.deadline_us is not None]
        waiting.sort(key=lambda run: (run.deadline_us, run.serial))
        taken: set[int] = set()
        chosen: list[Waiting] = []
        for run in waiting:
            own = {id(event) for events in run.bound for event in events}
            if not own & taken and self._complete(run, run.bound[self._last][-1]):
                taken |= own
                chosen.append(run)
        return chosen

    def expire(self, now_us: int) -> None:
        """See :class:`Operator`."""
        within_us = self._plan.within_us
        if within_us is None:
            return
        for key, state in list(self._states.items()):
            for run in state.runs:
                if run.deadline_us is None and now_us - run.start_us > within_us:
                    run.alive = False
            state.runs = [run for run in state.runs if run.alive]
            if not state.runs:
                del self._states[key]

    # ---- snapshots ----

    def snapshot(self, table: EventTable) -> Any:
        """See :class:`Operator`."""
        return {
            "serial": self._serial,
            "keys": [
                [pack_key(key), state.degraded, [_pack_run(run, table) for run in state.runs]]
                for key, state in self._states.items()
            ],
        }

    def restore(self, state: Any, table: EventTable) -> None:
        """See :class:`Operator`."""
        self._serial = state["serial"]
        self._states = {}
        for packed, degraded, runs in state["keys"]:
            key = unpack_key(packed)
            restored = self._states[key] = KeyState()
            restored.degraded = degraded
            for row in runs:
                run = _unpack_run(row, key, table)
                restored.runs.append(run)
                if run.deadline_us is not None:
                    self.around.timers.set(run.deadline_us, self.rule.number, run)


def _pack_run(run: Run, table: EventTable) -> list[Any]:
    bound = [[table.number(event) for event in events] for events in run.bound]
    return [run.serial, run.start_us, run.step, run.blocked, run.deadline_us, bound]


def _unpack_run(row: list[Any], key: Any, table: EventTable) -> Run:
    serial, start_us, step, blocked, deadline_us, bound = row
    run = Run(key, serial, start_us, [[table.event(number) for number in numbers] for numbers in bound], step)
    run.blocked = blocked
    run.deadline_us = deadline_us
    return run

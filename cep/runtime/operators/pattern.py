"""Patterns of every form: runs per key, moved by the automaton, selected as S11 says. Runtime layer.

Every event that can start a match starts a run (S11); an event moves the runs that wait for it, and those that read it
in several ways split, so that all readings are kept (S12). What completes is looked at in the order of start and
preference; a match removes others by the skip strategy at once. The method is that of SASE+ (Agrawal et al., "Efficient
pattern matching over event streams", SIGMOD 2008) with the two policies of skip till next and skip till any match as
flags of an edge; see :mod:`cep.plan.automaton` for the automaton and where it departs from others.

Cost per event: the runs of its key that wait where the event can matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cep.event import Event
from cep.plan.automaton import Finish
from cep.plan.generate.scope import Scope, scope_of, single_key
from cep.plan.plan import PatternPlan, RulePlan
from cep.runtime.emitter import Derived, Emitter
from cep.runtime.operators.bounding import RuleRuns
from cep.runtime.operators.keyed import KeyedOperator, Taker
from cep.runtime.operators.moves import Moves, View
from cep.runtime.operators.operator import Output, Surroundings
from cep.runtime.operators.reach import Reach, reach_of
from cep.runtime.operators.runs import KeyRuns, Link, Run, Start
from cep.runtime.operators.ties import Ties, candidates
from cep.runtime.state import EventTable, pack_key, unpack_key
from cep.runtime.tables import TableChange
from cep.runtime.timers import Waiting


class PatternOperator(KeyedOperator):
    """Runs of a pattern, per key. ``timeouts`` emits for runs that have run out of time."""

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings, timeouts: Emitter | None = None) -> None:
        super().__init__(rule, emitter, around)
        plan = rule.operator
        assert isinstance(plan, PatternPlan)
        self._plan = plan
        self._automaton = plan.automaton
        self._timeouts = timeouts
        self._width = len(plan.steps)
        self._labels = [step.label for step in plan.steps]
        self.states: dict[Any, KeyRuns] = {}
        whole = scope_of(rule)
        plain = Scope(steps=whole.steps, keys=whole.keys, single_key=whole.single_key, optional=whole.optional)
        self._moves = Moves(self, plan, plain, self._full, self._accepts)
        compiler = around.compiler
        self._having = compiler.condition([plan.having], whole) if plan.having is not None else None
        ties = Ties(plan, compiler, plain, self._moves.scopes)
        self._ties = ties if any(place in ties for place in self._automaton.places) else None
        self._expected = plan.expected
        if plan.expected is not None:
            self.tables = (plan.expected.table,)
        where = plan.expected.where if plan.expected is not None else ()
        self._expected_where = compiler.condition(where, plain) if where else None
        self._runs = RuleRuns(self.limits.runs_per_rule)
        self._timed = {
            number
            for number, place in self._automaton.places.items()
            if any(edge.limits or any(o.base_us is not None for o in edge.opens) for edge in place.edges)
        }
        self._run_limit = plan.limit if plan.limit is not None else self.limits.runs_per_key

    def begins(self, event_type: str) -> int:
        """See :class:`KeyedOperator`."""
        return self._moves.begins(self._automaton, event_type)

    def taker(self, event_type: str) -> Taker:
        """See :class:`KeyedOperator`."""
        view = self._moves.view(self._automaton, event_type)
        touched = _touched(view)
        within_us = self._plan.within_us

        def take(event: Event, mask: int, key: Any) -> Output:
            state = self.states.get(key)
            self._moves.serial += 1
            complete: list[Run] = []
            links: dict[tuple[int, int], Link] = {}
            if state is not None:
                state.expire(event.time_us, within_us)
                places = touched(mask)
                if places:
                    self._advance(state, view, places, event_type, event, mask, complete, links)
            state = self._start(state, view, event, mask, key, complete, links)
            if len(links) > 1:
                for link in links.values():
                    link.shared = True
            derived = self._select(state, complete, event.time_us) if complete and state is not None else None
            if state is not None and not state.count:
                self.states.pop(key, None)
            if self._runs.alive > self._runs.limit:
                self._bound_rule(event.time_us)
            return derived

        return take

    # ---- what is expected of the keys of a table ----

    def begin(self, time_us: int) -> None:
        """See :class:`Operator`."""
        if self._expected is not None:
            self._expect(self.around.tables.keys(self._expected.table), time_us)

    def table_changed(self, change: TableChange) -> None:
        """See :class:`Operator`. What is no longer in the table, and was never seen, is no longer expected."""
        for key in map(self._own_key, change.removed):
            state = self.states.get(key)
            for run in state.runs() if state is not None else ():
                if state is not None and run.last.step < 0:
                    state.remove(run)
        self._expect(change.added, change.at_us)

    def _own_key(self, key: tuple[Any, ...]) -> Any:
        """A key of the table as this rule holds its keys: the columns match `per` in order."""
        return key[0] if single_key(self.rule) else key

    def _expect(self, keys: Iterable[tuple[Any, ...]], at_us: int) -> None:
        assert self._expected is not None
        for key in map(self._own_key, keys):
            if key is None:
                continue
            event = self.emitter.unknown_event(at_us)
            self._moves.serial += 1
            start = Start(self._moves.serial, at_us)
            run = self._moves.suppose(self._automaton, self._expected.step, event, key, start)
            bound = run.events_by_step(self._width)
            if self._expected_where is not None and not self.holds(self._expected_where, bound, event, key):
                continue
            state = self.states.get(key) or self._begin(key, at_us)
            start.readings = [run]
            state.starts[start.serial] = start
            state.add(run)
            self._settle(state, run, True, [], at_us)
        if self._runs.alive > self._runs.limit:
            self._bound_rule(at_us)

    # ---- an event ----

    def _concerned(self, state: KeyRuns, places: Sequence[Reach], event_type: str, event: Event) -> list[Run]:
        """The runs that the event can concern."""
        ties = self._ties
        found: list[Run] = []
        for reach in places:
            runs = state.by_place[reach.place]
            if not runs:
                continue
            if ties is not None and reach.place in ties:
                key = next(iter(runs)).key
                brought = ties.brought(reach.place, event_type, event, key)
                found += candidates(state.by_value[reach.place], brought)
            else:
                found += reach.within_reach(runs, event.time_us)
        return found

    def _advance(
        self,
        state: KeyRuns,
        view: View,
        places: Sequence[Reach],
        event_type: str,
        event: Event,
        mask: int,
        complete: list[Run],
        links: dict[tuple[int, int], Link],
    ) -> None:
        """Offer the event to the runs that it can concern. ``links`` are those made for it."""
        concerned = self._concerned(state, places, event_type, event)
        for run in concerned:
            if not run.alive:
                continue
            place, last = run.place, run.last
            became = self._moves.offer(self._automaton, view, run, event, mask, links)
            if became is None:
                continue
            if len(became) == 1 and became[0] is run:
                if run.last is not last:
                    state.move(run, place)
                self._settle(state, run, run.last is not last, complete, event.time_us)
                continue
            last.shared = True
            run.start.split(run, became)
            for successor in became:
                if successor is not run:
                    state.add(successor)
            if run not in became:
                state.remove(run)
            for successor in became:
                self._settle(state, successor, successor is not run, complete, event.time_us)
            while state.count > self._run_limit:
                self._drop_oldest(state)

    def _start(
        self,
        state: KeyRuns | None,
        view: View,
        event: Event,
        mask: int,
        key: Any,
        complete: list[Run],
        links: dict[tuple[int, int], Link],
    ) -> KeyRuns | None:
        """The readings that the event starts."""
        start = Start(self._moves.serial, event.time_us)
        runs = self._moves.begin(self._automaton, view, event, mask, key, start)
        if not runs:
            return state
        if state is None:
            state = self._begin(key, event.time_us)
        start.readings = runs
        state.starts[start.serial] = start
        for number, run in enumerate(runs):
            links[-1, number] = run.last
            state.add(run)
            self._settle(state, run, True, complete, event.time_us)
        while state.count > self._run_limit:
            self._drop_oldest(state)
        return state

    def _drop_oldest(self, state: KeyRuns) -> None:
        state.drop_oldest()
        self.count_limit("runs_per_key" if self._plan.limit is None else "limit")

    def _bound_rule(self, now_us: int) -> None:
        """There are more runs than the rule may have, over all its keys."""

        def drop(key: Any) -> bool:
            state = self.states[key]
            known = state.oldest_start()
            state.expire(now_us, within_us)
            dropped = state.oldest_start() == known and state.drop_oldest()
            if not state.count:
                del self.states[key]
            return dropped

        within_us = self._plan.within_us
        dropped = self._runs.bound(self.states, lambda: self.expire(now_us), drop)
        if dropped:
            self.dropped_from_rule(dropped, now_us, within_us)

    def _full(self, key: Any, limit: str) -> None:
        self.states[key].degraded = True
        self.count_limit(limit)

    def _begin(self, key: Any, now_us: int) -> KeyRuns:
        if len(self.states) >= self.room:
            dropped = self.make_room(self.states, now_us, self._plan.within_us)
            for run in dropped.runs() if dropped is not None else ():
                dropped.remove(run)
        state = self.states[key] = KeyRuns(self._width, self._ties, self._runs)
        self._runs.begun(self._moves.serial, key)
        return state

    # ---- where a run stands ----

    def _settle(self, state: KeyRuns, run: Run, took: bool, complete: list[Run], now_us: int) -> None:
        """After something happened to a run: it is complete, waits for a time, goes on or ends."""
        if not run.alive:
            return
        finish = self._moves.finish(self._automaton, run)
        if finish is not None and self._is_complete(finish, run, took):
            if self._accepts(finish, run):
                complete.append(run)
                if finish.goes_on:
                    run.done = True
                    self._watch_time(run, None, False)
                    self._watch_death(state, run)
                return
            if finish.when == "until":
                finish = None  # nothing that comes makes a match of what is bound
        if finish is not None and finish.when != "at_once" and not finish.watches & run.spoiled:
            self._watch_time(run, self._moves.end_us(finish, run), True)
            return
        if not self._moves.can_go_on(self._automaton, run):
            state.remove(run)
            return
        deadline_us = None
        if self._timeouts is not None and not run.done and (finish is None or finish.when == "at_once"):
            deadline_us = self._moves.timeout_us(self._automaton, run)
        if deadline_us is not None and deadline_us < now_us:
            state.remove(run)  # what could still come in time has just been ruled out
            return
        self._watch_time(run, deadline_us, False)
        self._watch_death(state, run)

    def _is_complete(self, finish: Finish, run: Run, took: bool) -> bool:
        if finish.when == "at_once":
            return took
        if finish.when != "until":
            return False
        assert finish.until is not None
        closed = bool(run.registers[finish.until])
        return closed or (took and not self._moves.can_grow(self._automaton, run, finish.until))

    def _watch_time(self, run: Run, deadline_us: int | None, finishing: bool) -> None:
        run.finishing = finishing
        if deadline_us != run.deadline_us:
            run.deadline_us = deadline_us
            if deadline_us is not None:
                self.around.timers.postpone(deadline_us, self.rule.number, run)

    def _watch_death(self, state: KeyRuns, run: Run) -> None:
        """A run that no timer ends goes when the last of its ways on is out of time."""
        if run.deadline_us is not None or run.place not in self._timed:
            return
        dies_us = self._moves.timeout_us(self._automaton, run)
        if dies_us is not None and dies_us != run.dies_us:
            state.dies(run, dies_us)

    def _accepts(self, finish: Finish, run: Run) -> bool:
        """What is tested on the complete match: conditions on loops that end with it, and `having`."""
        if not self._moves.ends_well(run, finish.ends, run.last.event):
            return False
        if self._having is None:
            return True
        bound = run.events_by_step(self._width)
        return self.holds(self._having, bound, run.last.event, run.key, bound.taken)

    # ---- selection ----

    def _select(self, state: KeyRuns, complete: list[Run], time_us: int) -> Output:
        """Of what completes at one event, the matches, in order; each removes what its strategy says."""
        if len(complete) > 1:
            order = {id(run): number for start in _starts_of(complete) for number, run in enumerate(start.readings)}
            complete.sort(key=lambda run: (run.start.serial, order[id(run)]))
        matches: list[Run] = []
        seen: set[tuple[tuple[int, int], ...]] = set()
        for run in complete:
            if run.alive and self._plan.every:
                events = _taken_by(run)
                if events in seen:  # the same, only counted to other turns of loops in loops
                    finish = self._automaton.places[run.place].finish
                    if finish is None or not finish.goes_on:
                        state.remove(run)
                    continue
                seen.add(events)
            if run.alive and len(matches) >= self.limits.matches:
                state.remove(run)
                state.degraded = True
                self.count_limit("matches")
            elif run.alive:
                matches.append(run)
                self._remove_others(state, run)
        found: list[Derived] = []
        for run in matches:
            derived = self._match(state, run, time_us)
            if derived is not None:
                found.append(derived)
        return found or None

    def _remove_others(self, state: KeyRuns, match: Run) -> None:
        """The match is gone, unless its loop goes on, and so is what its strategy removes."""
        strategy = self._plan.skip.strategy
        finish = self._automaton.places[match.place].finish
        assert finish is not None or match.deadline_us is not None
        if finish is None or not finish.goes_on or strategy in ("past_last", "to_next"):
            state.remove(match)
        if not self._plan.every or strategy == "to_next":
            for run in match.start.readings:
                if run is not match:
                    state.remove(run)
        if strategy == "past_last":
            self._remove_sharing(state, match)
        elif strategy in ("to_first", "to_last"):
            assert self._plan.skip.step is not None
            named = [link.serial for link in match.last.back() if link.step == self._plan.skip.step]
            if named:
                self._remove_between(state, match.serial, named[-1 if strategy == "to_first" else 0])
            else:
                for run in match.start.readings:
                    state.remove(run)

    def _remove_sharing(self, state: KeyRuns, match: Run) -> None:
        """Skip past last event: the runs that hold an event of the match go. Those took one no earlier than it."""
        links = list(match.last.back())
        if any(link.shared for link in links[1:]):
            taken = {link.serial for link in links}
        elif links[0].shared:
            taken = {links[0].serial}
        else:
            return
        since = min(taken)
        for waiting in state.by_place:
            for run in _since(waiting, since):
                for link in run.last.back():
                    if link.serial in taken:
                        state.remove(run)
                    if link.serial <= since or not run.alive:
                        break

    def _remove_between(self, state: KeyRuns, since: int, up_to: int) -> None:
        """Skip to an event: what started with the match or between it and the event goes."""
        for run in state.runs():
            if since <= run.serial < up_to:
                state.remove(run)

    def _match(self, state: KeyRuns, run: Run, time_us: int) -> Derived | None:
        finish = self._automaton.places[run.place].finish
        assert finish is not None
        bound = run.events_by_step(self._width)
        return self.emit(
            bound, run.last.event, run.key, bound.taken, self._roles(run), time_us, finish.awaited,
            state.degraded or self.is_degraded(time_us),
        )  # fmt: skip

    def _roles(self, run: Run) -> list[tuple[str, list[Event]]]:
        """The events with the labels of their steps, in the order of the events."""
        links = reversed(list(run.last.back()))
        return [(self._labels[link.step], [link.event]) for link in links if link.step >= 0]

    # ---- time ----

    def fire(self, run: Waiting, deadline_us: int) -> Output:
        """A deadline of a start has passed: of its readings that end with it, the preferred one comes first."""
        assert isinstance(run, Run)
        state = self.states[run.key]
        found: list[Derived] = []
        seen: set[tuple[tuple[int, int], ...]] = set()
        for reading in [r for r in run.start.readings if r.alive and r.deadline_us == deadline_us]:
            if not reading.alive:
                continue
            events = _taken_by(reading) if self._plan.every else ()
            if events and events in seen:  # the same, only counted to other turns of loops in loops
                state.remove(reading)
                continue
            derived = self._ended(state, reading, deadline_us)
            if reading.deadline_us is not None:
                seen.add(events)
            if derived is not None:
                found.append(derived)
        if not state.count:
            self.states.pop(run.key, None)
        return found or None

    def _ended(self, state: KeyRuns, run: Run, deadline_us: int) -> Derived | None:
        """What comes of a run whose time is up."""
        if not run.finishing:
            self._remove_others(state, run)
            state.remove(run)
            return self._timed_out(state, run, deadline_us)
        finish = self._moves.finish(self._automaton, run)
        assert finish is not None
        if self._accepts(finish, run):
            self._remove_others(state, run)
            return self._match(state, run, deadline_us)
        run.deadline_us, run.finishing = None, False
        if not self._moves.can_go_on(self._automaton, run):
            state.remove(run)
        return None

    def _timed_out(self, state: KeyRuns, run: Run, deadline_us: int) -> Derived | None:
        assert self._timeouts is not None
        bound = run.events_by_step(self._width)
        names = [step.name for step in self._plan.steps]
        awaited = [names[number] for number in self._moves.awaited(self._automaton, run)]
        links = [link for link in run.last.back() if link.step >= 0]
        bound.matched_steps = list(dict.fromkeys(names[link.step] for link in reversed(links)))
        bound.missing_step = awaited[0] if len(awaited) == 1 else awaited or None
        bound.deadline = deadline_us
        return self.emit(
            bound, run.last.event, run.key, bound.taken, self._roles(run), deadline_us, ", ".join(awaited),
            state.degraded or self.is_degraded(deadline_us), emitter=self._timeouts,
        )  # fmt: skip

    def pending(self) -> list[Waiting]:
        """See :class:`Operator`. Those that their matches would remove are not among them."""
        chosen: list[Waiting] = []
        for state in self.states.values():
            waiting = [run for run in state.runs() if run.deadline_us is not None and self._would_end(run)]
            order = {id(run): place for start in _starts_of(waiting) for place, run in enumerate(start.readings)}
            waiting.sort(key=lambda run: (run.deadline_us, run.serial, order[id(run)]))
            chosen += self._selected(waiting)
        return chosen

    def _selected(self, waiting: Sequence[Run]) -> list[Run]:
        """Of runs of one key in the order of their ends, those that none before them would remove."""
        chosen: list[Run] = []
        strategy = self._plan.skip.strategy
        alone = not self._plan.every or strategy in ("past_last", "to_next")
        taken: set[int] = set()
        starts: set[int] = set()
        gone: list[tuple[int, int]] = []
        seen: set[tuple[int | None, object]] = set()
        for run in waiting:
            links = list(run.last.back())
            if self._plan.every and (run.deadline_us, _taken_by(run)) in seen:
                continue
            if strategy == "past_last" and any(id(link.event) in taken for link in links):
                continue
            if (alone and run.serial in starts) or any(since <= run.serial < up_to for since, up_to in gone):
                continue
            chosen.append(run)
            seen.add((run.deadline_us, _taken_by(run)))
            taken.update(id(link.event) for link in links)
            starts.add(run.serial)
            if strategy in ("to_first", "to_last"):
                named = [link.serial for link in links if link.step == self._plan.skip.step]
                up_to = named[-1 if strategy == "to_first" else 0] if named else run.serial + 1
                gone.append((run.serial, up_to))
        return chosen

    def _would_end(self, run: Run) -> bool:
        if not run.finishing:
            return True
        finish = self._moves.finish(self._automaton, run)
        return finish is not None and self._accepts(finish, run)

    def expire(self, now_us: int) -> None:
        """See :class:`Operator`."""
        within_us = self._plan.within_us
        if within_us is None and not self._timed:
            return
        for key, state in list(self.states.items()):
            state.expire(now_us, within_us)
            if not state.count:
                del self.states[key]

    # ---- snapshots ----

    def snapshot(self, table: EventTable) -> Any:
        """See :class:`Operator`."""
        return {
            "serial": self._moves.serial,
            "keys": [[pack_key(key), state.pack(table)] for key, state in self.states.items()],
            "until_sweep": self._runs.until_sweep,
            "timeouts": None if self._timeouts is None else self._timeouts.snapshot(),
        }

    def restore(self, state: Any, table: EventTable) -> None:
        """See :class:`Operator`."""
        self._moves.serial = state["serial"]
        self.states.clear()
        self._runs.alive, self._runs.until_sweep = 0, state.get("until_sweep", 0)
        for packed, row in state["keys"]:
            key = unpack_key(packed)
            restored = self.states[key] = KeyRuns.unpack(self._width, self._ties, self._runs, row, key, table)
            for run in restored.runs():
                if run.deadline_us is not None:
                    self.around.timers.postpone(run.deadline_us, self.rule.number, run)
                else:
                    self._watch_death(restored, run)
        if self._timeouts is not None:
            self._timeouts.restore(state["timeouts"])


def _since(waiting: dict[Run, None], serial: int) -> list[Run]:
    """The runs of a place whose last event is not earlier than the one of this number."""
    found: list[Run] = []
    for run in reversed(waiting):
        if run.last.serial < serial:
            break
        found.append(run)
    return found


def _touched(view: View) -> Callable[[int], tuple[Reach, ...]]:
    """The places where an event of this type and mask can matter."""
    known: dict[int, tuple[Reach, ...]] = {}

    def touched(mask: int) -> tuple[Reach, ...]:
        places = known.get(mask)
        if places is None:
            found = [reach_of(number, place, mask) for number, place in view.places.items()]
            places = tuple([reach for reach in found if reach is not None])
            if len(known) < _MASKS_KEPT:
                known[mask] = places
        return places

    return touched


_MASKS_KEPT = 4_096


def _starts_of(runs: Iterable[Run]) -> Iterable[Start]:
    return {run.start.serial: run.start for run in runs}.values()


def _taken_by(run: Run) -> tuple[tuple[int, int], ...]:
    """The events of a reading, each with its step."""
    return tuple([(link.serial, link.step) for link in run.last.back()])

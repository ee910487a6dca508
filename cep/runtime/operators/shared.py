"""Patterns whose steps are not tied together: readings that react alike move as one. Runtime layer.

A specialised form of :class:`cep.runtime.operators.pattern.PatternOperator` for the patterns that
:attr:`cep.plan.plan.PatternPlan.shareable` describes: what an event does to a reading follows there from where it
stands, the type of the event and its mask. So each such move is asked of :class:`~cep.runtime.operators.moves.Moves`
once and kept, and an event costs what the pattern is long, however many readings are alive; see
:mod:`cep.runtime.operators.cohorts` for how these are held. The tests hold the two operators against each other.

Cost per event: the cohorts of its key, of which there are at most as many as stands; per match the nodes behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from cep.event import Event
from cep.plan.automaton import Finish
from cep.plan.generate.scope import Scope, scope_of
from cep.plan.generate.support import Bound
from cep.plan.plan import PatternPlan, RulePlan
from cep.runtime.emitter import Derived, Emitter
from cep.runtime.operators.bounding import RuleRuns
from cep.runtime.operators.cohorts import Cohort, KeyCohorts, Node, Stand, token_of
from cep.runtime.operators.keyed import KeyedOperator, Taker
from cep.runtime.operators.moves import Moves, PlaceView, View, is_full
from cep.runtime.operators.operator import Output, Surroundings
from cep.runtime.operators.runs import Link, Run, Start
from cep.runtime.state import DERIVED, EventTable, pack_key, unpack_key

_MOVES_KEPT = 4_096


class Take(NamedTuple):
    """A way in which an event is bound. ``stand``: where the readings then are; null: they do not go on."""

    step: int
    stand: Stand | None
    complete: bool
    rank: int
    staying_first: bool


class Move(NamedTuple):
    """What an event does to readings that stand alike.

    ``stays``: where those are that live on without it, null: none do. ``full``: a loop would have taken it and may not.
    """

    takes: tuple[Take, ...]
    stays: Stand | None
    full: bool

    @property
    def factor(self) -> int:
        """How many readings each reading becomes."""
        return sum([take.stand is not None for take in self.takes]) + (self.stays is not None)


class SharedOperator(KeyedOperator):
    """Cohorts of readings, per key."""

    def __init__(self, rule: RulePlan, emitter: Emitter, around: Surroundings) -> None:
        super().__init__(rule, emitter, around)
        plan = rule.operator
        assert isinstance(plan, PatternPlan)
        assert plan.shareable or plan.waits_together
        self._plan = plan
        self._automaton = plan.automaton
        self._labels = [step.label for step in plan.steps]
        self.states: dict[Any, KeyCohorts] = {}
        whole = scope_of(rule)
        plain = Scope(steps=whole.steps, keys=whole.keys, single_key=whole.single_key, optional=whole.optional)
        self._refused = False
        self._moves = Moves(self, plan, plain, self._refuse)
        self._runs = RuleRuns(self.limits.runs_per_rule)
        self._run_limit = plan.limit if plan.limit is not None else self.limits.runs_per_key
        self._looping = {
            n for n, place in plan.automaton.places.items() if any(e.again is not None for e in place.edges)
        }

    def begins(self, event_type: str) -> int:
        """See :class:`KeyedOperator`."""
        return self._moves.begins(self._automaton, event_type)

    def taker(self, event_type: str) -> Taker:
        """See :class:`KeyedOperator`."""
        reads = self.rule.reads[event_type]
        moves_of = self._compiled(event_type)
        within_us = self._plan.within_us

        def take(event: Event, mask: int, key: Any) -> Output:
            state = self.states.get(key)
            self._moves.serial += 1
            starts, move_of = moves_of(event, mask & reads)
            complete: list[Node] = []
            concerned = False
            if state is not None:
                state.expire(None if within_us is None else event.time_us - within_us)
                concerned = self._advance(state, move_of, event, complete)
            if starts:
                state = self._start(state, starts, event, key, complete)
            elif not concerned and state is not None and state.cohorts:
                return None
            if state is None:
                return None
            derived = self._select(state, complete, event, key) if complete else None
            before = state.counted
            dropped = state.bound(self._run_limit)
            if dropped:
                self.counters.limits[self.rule.name, "runs_per_key" if self._plan.limit is None else "limit"] += dropped
            runs = self._runs
            runs.alive += state.counted - before
            state.sweep()
            if not state.cohorts:
                runs.alive -= state.counted
                self.states.pop(key, None)
            if runs.alive > runs.limit:
                self._bound_rule(event.time_us)
            return derived

        return take

    def _bound_rule(self, now_us: int) -> None:
        """There are more runs than the rule may have, over all its keys."""

        def drop(key: Any) -> bool:
            state = self.states[key]
            before = state.counted
            state.expire(None if within_us is None else now_us - within_us)
            dropped = bool(state.cohorts) and state.drop_oldest()
            self._runs.alive += state.counted - before
            if not state.cohorts:
                self._forget(key)
            return dropped

        within_us = self._plan.within_us
        dropped = self._runs.bound(self.states, lambda: self.expire(now_us), drop)
        if dropped:
            self.dropped_from_rule(dropped, now_us, within_us)

    def _forget(self, key: Any) -> None:
        self._runs.alive -= self.states.pop(key).counted

    # ---- what events do ----

    def _compiled(
        self, event_type: str
    ) -> Callable[[Event, int], tuple[tuple[Take, ...], Callable[[Stand], Move | None]]]:
        """For an event of the type with a mask: what it starts, and what it does where readings stand."""
        view = self._moves.view(self._automaton, event_type)
        of_source = _asks_for_source(view)
        known: dict[tuple[int, bool], tuple[tuple[Take, ...], Callable[[Stand], Move | None]]] = {}

        def moves_of(event: Event, mask: int) -> tuple[tuple[Take, ...], Callable[[Stand], Move | None]]:
            case = mask, of_source and event.about[0] is DERIVED
            found = known.get(case)
            if found is None:
                found = self._starts(view, event, mask), self._kept_moves(view, event, mask)
                if len(known) < _MOVES_KEPT:
                    known[case] = found
            return found

        return moves_of

    def _kept_moves(self, view: View, event: Event, mask: int) -> Callable[[Stand], Move | None]:
        """The moves at one mask. They do not depend on which event it is: it is only there to be asked about."""
        known: dict[Stand, Move | None] = {}

        def move_of(stand: Stand) -> Move | None:
            if stand in known:
                return known[stand]
            move = self._move(view, stand, event, mask)
            if len(known) < _MOVES_KEPT:
                known[stand] = move
            return move

        return move_of

    def _starts(self, view: View, event: Event, mask: int) -> tuple[Take, ...]:
        runs = self._moves.begin(self._automaton, view, event, mask, None, Start(0, event.time_us))
        return tuple([self._take(run, rank, False) for rank, run in enumerate(runs)])

    def _move(self, view: View, stand: Stand, event: Event, mask: int) -> Move | None:
        """Offer the event to a reading that stands there; null where it takes no notice."""
        seen = view.places[stand.place]
        if not seen.strict and not seen.interest & mask:
            return None
        last = Link(event, 0, stand.place, None)
        last.length = self.limits.loop_events if stand.full else 0
        run = Run(None, Start(0, event.time_us), last, stand.place, stand.registers)
        run.passed, run.spoiled = stand.passed, stand.spoiled
        self._refused = False
        became = self._moves.offer(self._automaton, view, run, event, mask, {})
        if became is None:
            return Move((), stand, True) if self._refused else None
        stays: Stand | None = None
        takes: list[Take] = []
        staying_first = len(became) > 1 and became[0] is run and run.last is last
        for rank, each in enumerate(became):
            if each is not run or each.last is not last:
                takes.append(self._take(each, rank, staying_first))
            elif self._moves.can_go_on(self._automaton, each) or self._waits(each):
                stays = self._stand(each, stand.full)
        return Move(tuple(takes), stays, self._refused)

    def _take(self, run: Run, rank: int, staying_first: bool) -> Take:
        finish = self._moves.finish(self._automaton, run)
        waits = finish is not None and finish.when != "at_once"
        lives = waits or ((finish is None or finish.goes_on) and self._moves.can_go_on(self._automaton, run))
        complete = finish is not None and not waits
        return Take(run.place, self._stand(run, False) if lives else None, complete, rank, staying_first)

    def _waits(self, run: Run) -> bool:
        """Whether the reading is complete once something has stayed away."""
        finish = self._moves.finish(self._automaton, run)
        return finish is not None and finish.when != "at_once" and not finish.watches & run.spoiled

    def _finish_of(self, stand: Stand) -> Finish | None:
        """How readings that stand there are or will be complete; null where they are not."""
        finish = self._automaton.places[stand.place].finish
        return finish if finish is not None and is_full(self._automaton, stand.registers, finish.full) else None

    def _stand(self, run: Run, full: bool) -> Stand:
        """Where a reading stands; whether an event has passed matters only where one must not."""
        strict = any(edge.strict for edge in self._automaton.places[run.place].edges)
        return Stand(run.place, run.registers, run.passed and strict, run.spoiled, full)

    def _refuse(self, key: Any, limit: str) -> None:
        self._refused = True

    # ---- an event ----

    def _advance(
        self, state: KeyCohorts, move_of: Callable[[Stand], Move | None], event: Event, complete: list[Node]
    ) -> bool:
        """Move the cohorts: each way of taking the event makes one node of all readings that take it.

        Gives whether the event mattered to one of them.
        """
        if self._looping:
            most = self.limits.loop_events
            for stand, cohort in state.cohorts.items():
                if cohort.longest >= most and stand.place in self._looping and not stand.full:
                    self._part_full(state)
                    break
        offered = [(stand, cohort, move_of(stand)) for stand, cohort in state.cohorts.items()]
        moves = [(stand, cohort, move) for stand, cohort, move in offered if move is not None]
        if not moves:
            return False
        if state.weights is not None:
            factors = {1 if move is None else move.factor for _, _, move in offered}
            state.multiply(factors.pop() if len(factors) == 1 else None)
        moved: list[tuple[Cohort, Stand]] = []
        taken: dict[Take, list[Cohort]] = {}
        for stand, cohort, move in moves:
            if move.full:
                state.degraded = True
                self.count_limit("loop_events")
            for take in move.takes:
                taken.setdefault(take, []).append(cohort)
            if move.stays != stand:
                del state.cohorts[stand]
                if move.stays is not None:
                    moved.append((cohort, move.stays))
        made = [(take, self._node(take, event, cohorts)) for take, cohorts in taken.items()]
        for cohort, stand in moved:
            state.put(stand, cohort)
        self._settle(state, made, complete)
        return True

    def _node(self, take: Take, event: Event, cohorts: Sequence[Cohort]) -> Node:
        serial = self._moves.serial
        node = Node(event, serial, take.step, token_of(serial, take.rank, take.staying_first))
        if cohorts:
            node.follow(cohorts)
        return node

    def _settle(self, state: KeyCohorts, made: Sequence[tuple[Take, Node]], complete: list[Node]) -> None:
        for take, node in made:
            if take.complete:
                complete.append(node)
            if take.stand is not None:
                state.add(take.stand, node)

    def _part_full(self, state: KeyCohorts) -> None:
        """Set those apart whose loops hold as much as they may. Of readings that are one node, the longest decides."""
        most = self.limits.loop_events
        state.rebuild()
        for stand, cohort in list(state.cohorts.items()):
            if cohort.longest < most or stand.place not in self._looping or stand.full:
                continue
            del state.cohorts[stand]
            for node in cohort.nodes:
                state.add(stand._replace(full=node.longest >= most), node)

    def _start(
        self, state: KeyCohorts | None, starts: Sequence[Take], event: Event, key: Any, complete: list[Node]
    ) -> KeyCohorts:
        """The readings that the event starts."""
        if state is None:
            if len(self.states) >= self.room:
                oldest = self.make_room(self.states, event.time_us, self._plan.within_us)
                self._runs.alive -= 0 if oldest is None else oldest.counted
            state = self.states[key] = KeyCohorts()
            self._runs.begun(self._moves.serial, key)
            within_us = self._plan.within_us
            state.oldest_us = None if within_us is None else event.time_us - within_us
        self._settle(state, [(take, self._node(take, event, ())) for take in starts], complete)
        living = sum([take.stand is not None for take in starts])
        if state.weights is not None and living:
            state.weights.append((self._moves.serial, event.time_us, living))
        return state

    # ---- selection ----

    def _select(self, state: KeyCohorts, complete: Sequence[Node], event: Event, key: Any) -> Output:
        """Of what completes at one event, the matches, in order; each removes what its strategy says."""
        more = False
        if self._plan.every:
            found, more = state.every_reading(complete, self.limits.matches)
            if more:
                self.count_limit("matches")
        else:
            past_last = self._plan.skip.strategy == "past_last"
            found = state.preferred_readings(complete, past_last)
            if past_last:
                state.rebuild(used=frozenset([node.serial for node in found[0]]))
            else:
                state.rebuild(ended=frozenset([nodes[0].serial for nodes in found]))
        degraded = more or state.degraded or self.is_degraded(event.time_us)
        matches = [self._match(nodes, event, key, degraded, event.time_us) for nodes in found]
        return [derived for derived in matches if derived is not None] or None

    def _match(self, nodes: Sequence[Node], event: Event, key: Any, degraded: bool, time_us: int) -> Derived | None:
        bound = Bound(len(self._labels))
        for node in nodes:
            bound[node.step].append(node.event)
            bound.taken.append(node.event)
        finish = self._automaton.places[nodes[-1].step].finish
        assert finish is not None
        roles = [(self._labels[node.step], [node.event]) for node in nodes]
        return self.emit(bound, event, key, bound.taken, roles, time_us, finish.awaited, degraded)

    # ---- time and snapshots ----

    def expire(self, now_us: int) -> None:
        """See :class:`Operator`."""
        within_us = self._plan.within_us
        if within_us is None:
            return
        for key, state in list(self.states.items()):
            state.expire(now_us - within_us)
            if not state.cohorts:
                self._forget(key)

    def snapshot(self, table: EventTable) -> Any:
        """See :class:`Operator`."""
        keys = [[pack_key(key), state.pack(table)] for key, state in self.states.items()]
        return {"serial": self._moves.serial, "keys": keys, "until_sweep": self._runs.until_sweep}

    def restore(self, state: Any, table: EventTable) -> None:
        """See :class:`Operator`."""
        self._moves.serial = state["serial"]
        self.states.clear()
        self.states |= {unpack_key(key): KeyCohorts.unpack(row, table) for key, row in state["keys"]}
        self._runs.until_sweep = state.get("until_sweep", 0)
        self._runs.alive = sum([each.counted for each in self.states.values()])


def _asks_for_source(view: View) -> bool:
    """Whether it matters to something if the event is one that a rule derived."""
    return any(role.source_only for _, role in view.start) or any(map(_place_asks_for_source, view.places.values()))


def _place_asks_for_source(place: PlaceView) -> bool:
    roles = [role for _, role in place.edges] + [role for _, role, _ in place.stops]
    roles += [role for _, _, _, role, _ in place.watches if role is not None]
    return any(role.source_only for role in roles)

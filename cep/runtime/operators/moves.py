"""What an event does to a run: the rules of the automaton, applied to one reading at a time. Runtime layer.

Stateless but for what is compiled: for each event type and place which bits open which edges. The order in which things
are looked at is that of the language: what closes a loop comes before its roles, a role before an absence, and only an
event that takes no role is held against what must stay away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from cep.event import Event
from cep.plan.automaton import Automaton, Edge, Finish, Fit, Registers, Watch
from cep.plan.generate.functions import Condition
from cep.plan.generate.scope import Scope
from cep.plan.generate.support import Bound
from cep.plan.plan import Due, PatternPlan
from cep.runtime.operators.operator import Operator
from cep.runtime.operators.runs import Link, Run, Start
from cep.runtime.state import DERIVED

Test = Callable[[Bound, Event, Any], bool]
"""A condition on what is bound and the event at hand."""

CompiledDue = tuple[Condition, tuple[int, ...]]


class Role:
    """What an event of one type must satisfy for a step: a bit of its mask, then conditions on what is bound."""

    __slots__ = ("bit", "joint", "source_only", "tie")

    def __init__(self, bit: int, tie: Condition | None, joint: Sequence[CompiledDue], source_only: bool) -> None:
        self.bit = bit
        self.tie = tie
        self.joint = joint
        self.source_only = source_only


class PlaceView:
    """A place as seen by events of one type. ``interest``: the bits that matter; ``strict``: every event does."""

    __slots__ = ("edges", "interest", "stops", "strict", "watches")

    def __init__(self) -> None:
        self.edges: list[tuple[Edge, Role]] = []
        self.watches: list[tuple[int, int, Watch, Role | None, View | None]] = []
        self.stops: list[tuple[int, Role, tuple[tuple[int, ...], ...]]] = []
        self.interest = 0
        self.strict = False


class View:
    """An automaton as seen by events of one type."""

    __slots__ = ("places", "start")

    def __init__(self) -> None:
        self.start: list[tuple[Edge, Role]] = []
        self.places: dict[int, PlaceView] = {}


class Moves:
    """The moves over one pattern.

    ``operator`` gives conditions, limits and the report of failures; ``full`` is told the key of a run that may take
    no more events, or hold no more readings of a group that must stay away, and the name of the limit; ``accepts``
    tells whether a complete run is a match. ``serial`` is the number of the event at hand, which the operator counts.
    """

    def __init__(
        self,
        operator: Operator,
        plan: PatternPlan,
        scope: Scope,
        full: Callable[[Any, str], None],
        accepts: Callable[[Finish, Run], bool] = lambda finish, run: True,
    ) -> None:
        self._operator = operator
        self._full = full
        self._accepts = accepts
        self.serial = 0
        self._plan = plan
        self._width = len(plan.steps)
        self._within_us = plan.within_us
        self._loop_events = operator.limits.loop_events
        self._inner_runs = operator.limits.runs_per_key
        self.scopes = [self._scope_of(number, scope) for number in range(self._width)]
        self._plain = replace(self._scope_of(None, scope), optional=frozenset(step.name for step in plan.steps))
        self.ends = [[self._due(due, self._plain) for due in group] for group in plan.ends]

    def _scope_of(self, number: int | None, whole: Scope) -> Scope:
        """A step that binds one event may be named by its own ties (`where ok.ip not in fails.ip`)."""
        current = None if number is None or self._plan.steps[number].loops else self._plan.steps[number].name
        return Scope(
            steps=whole.steps, keys=whole.keys, single_key=whole.single_key, current=current, optional=whole.optional
        )

    def _due(self, due: Due, scope: Scope) -> CompiledDue:
        return self._operator.around.compiler.condition([due.condition], scope), due.others

    # ---- what events of a type can do ----

    def view(self, automaton: Automaton, event_type: str) -> View:
        """The automaton for events of one type."""
        view = View()
        view.start = [(e, role) for e in automaton.start if (role := self._step_role(e.target, event_type)) is not None]
        for number, place in automaton.places.items():
            seen = view.places[number] = PlaceView()
            for edge in place.edges:
                role = self._step_role(edge.target, event_type)
                if role is not None:
                    seen.edges.append((edge, role))
                    seen.interest |= role.bit
            seen.strict = any(edge.strict for edge in place.edges)
            for stop in place.stops:
                role = self._role(stop.fits.get(event_type), self._plain, ())
                if role is not None:
                    seen.stops.append((stop.register, role, stop.ways))
                    seen.interest |= role.bit
            for index, watch in enumerate(automaton.watches):
                if place.watches >> index & 1:
                    self._watch(seen, index, watch, event_type)
        return view

    def begins(self, automaton: Automaton, event_type: str) -> int:
        """The bits of a mask with one of which an event of the type may start a reading."""
        fits = [self._plan.steps[edge.target].fits.get(event_type) for edge in automaton.start]
        return _joined([1 << fit.bit for fit in fits if fit is not None])

    def _watch(self, seen: PlaceView, index: int, watch: Watch, event_type: str) -> None:
        if watch.inner is not None:
            inner = self.view(watch.inner, event_type)
            bits = [role.bit for _, role in inner.start] + [p.interest for p in inner.places.values()]
            seen.watches.append((1 << index, index, watch, None, inner))
            seen.interest |= _joined(bits)
            seen.strict = seen.strict or any(p.strict for p in inner.places.values())
            return
        role = self._role(watch.fits.get(event_type), self._plain, ())
        if role is not None:
            seen.watches.append((1 << index, index, watch, role, None))
            seen.interest |= role.bit

    def _step_role(self, step: int, event_type: str) -> Role | None:
        plan = self._plan.steps[step]
        return self._role(plan.fits.get(event_type), self.scopes[step], plan.joint)

    def _role(self, fit: Fit | None, scope: Scope, joint: Sequence[Due]) -> Role | None:
        if fit is None:
            return None
        bit, tie = self._operator.compile_fit(fit, scope)
        return Role(bit, tie, [self._due(due, scope) for due in joint], fit.source_only)

    # ---- conditions ----

    def _fits(self, role: Role, run: Run | None, event: Event, mask: int, key: Any) -> bool:
        if not mask & role.bit or (role.source_only and event.about[0] is DERIVED):
            return False
        if role.tie is None and not role.joint:
            return True
        bound = Bound(self._width) if run is None else run.events_by_step(self._width)
        if role.tie is not None and not self._operator.holds(role.tie, bound, event, key):
            return False
        return all(
            self._operator.holds(condition, bound, event, key)
            for condition, others in role.joint
            if all(bound[other] for other in others)
        )

    def ends_well(self, run: Run, groups: Sequence[int], event: Event) -> bool:
        """Whether the conditions on loops that end here hold."""
        if not groups:
            return True
        bound = run.events_by_step(self._width)
        return all(
            self._operator.holds(condition, bound, event, run.key)
            for group in groups
            for condition, others in self.ends[group]
            if all(bound[other] for other in others)
        )

    # ---- registers ----

    def is_open(self, automaton: Automaton, run: Run, edge: Edge) -> bool:
        """Whether the run can still go this way, whatever the event and its time."""
        if (edge.strict and run.passed) or edge.watches & run.spoiled:
            return False
        if run.done and (edge.again is None or not automaton.registers[edge.again].every):
            return False
        registers = run.registers
        if edge.again is not None:
            most = automaton.registers[edge.again].maximum
            if most is not None and (registers[edge.again] or 0) >= most:
                return False
        if any(registers[register] for register in edge.closed):
            return False
        return is_full(automaton, registers, edge.full) and all(
            _may_begin(automaton, registers, register, bit) for register, bit in edge.members
        )

    def _in_time(self, run: Run, edge: Edge, time_us: int) -> bool:
        if self._within_us is not None and time_us - run.start.time_us > self._within_us:
            return False
        last_us = run.last.event.time_us
        if edge.quiet_us is not None and time_us <= last_us + edge.quiet_us:
            return False
        if time_us < last_us + edge.minimum_us:
            return False
        limit_us = _limit_us(edge, run.registers, last_us)
        return limit_us is None or time_us <= limit_us

    def _after(self, automaton: Automaton, run: Run, edge: Edge, event: Event) -> Registers:
        """The registers once the edge is taken."""
        if not (edge.resets or edge.members or edge.opens) and edge.again is None:
            return run.registers
        registers = list(run.registers)
        for register, value in edge.resets:
            registers[register] = value
        if edge.again is not None:
            most = automaton.registers[edge.again].maximum
            enough = most if most is not None else automaton.registers[edge.again].minimum
            registers[edge.again] = min((registers[edge.again] or 0) + 1, max(1, enough))
        for register, bit in edge.members:
            registers[register] = (registers[register] or 0) | 1 << bit
        for opening in edge.opens:
            base_us = event.time_us if opening.base_us is None else run.last.event.time_us + opening.base_us
            registers[opening.register] = base_us + opening.length_us
        return tuple(registers)

    # ---- moves ----

    def begin(self, automaton: Automaton, view: View, event: Event, mask: int, key: Any, start: Start) -> list[Run]:
        """The readings that the event starts, in the order of preference."""
        runs: list[Run] = []
        for edge, role in view.start:
            if self._fits(role, None, event, mask, key):
                runs.append(self._begun(automaton, edge, event, key, start, None))
        return runs

    def suppose(self, automaton: Automaton, step: int, event: Event, key: Any, start: Start) -> Run:
        """The reading of a key that is expected: as if the event had come and been bound to the step."""
        edge = next(edge for edge in automaton.start if edge.target == step)
        run = self._begun(automaton, edge, event, key, start, None)
        run.last.step = -1
        return run

    def _begun(
        self, automaton: Automaton, edge: Edge, event: Event, key: Any, start: Start, before: Link | None
    ) -> Run:
        registers = list(automaton.initial)
        for register, value in edge.resets:
            registers[register] = value
        for opening in edge.opens:
            if opening.base_us is None:  # a bound that counts from the event before has nothing to count from
                registers[opening.register] = event.time_us + opening.length_us
        return Run(key, start, Link(event, self.serial, edge.target, before), edge.target, tuple(registers))

    def offer(
        self, automaton: Automaton, view: View, run: Run, event: Event, mask: int, links: dict[tuple[int, int], Link]
    ) -> list[Run] | None:
        """What the run becomes: its successors in the order of preference; null where it took no notice of the event.

        A run that stays, or goes on alone, is among its own successors; one that ended is not. ``links`` are those made
        for this event, so that readings that differ in registers alone are known to hold the same.
        """
        seen = view.places[run.place]
        closed = False
        for register, role, ways in seen.stops:
            if not run.registers[register] and self._fits(role, run, event, mask, run.key):
                if not any(is_full(automaton, run.registers, way) for way in ways):
                    return []
                changed = list(run.registers)
                changed[register] = 1
                run.registers = tuple(changed)
                closed = True
        if closed and self._is_closed_match(automaton, run):
            return [run]
        taken = [
            edge
            for edge, role in seen.edges
            if mask & role.bit
            and self.is_open(automaton, run, edge)
            and self._in_time(run, edge, event.time_us)
            and self._fits(role, run, event, mask, run.key)
            and self.ends_well(run, edge.ends, event)
            and self._has_room(run, edge)
        ]
        stays = not taken or all(self._stays(automaton, run, edge) for edge in taken)
        if not taken:
            noticed = self._pass_by(automaton, seen, run, event, mask)
            return [run] if noticed or closed else None
        if len(taken) == 1 and not stays:
            (edge,) = taken
            registers = self._after(automaton, run, edge, event)
            run.take(self._link(run, edge, event, links), registers)
            return [run]
        successors = self._successors(automaton, run, taken, event, links)
        if stays:
            self._pass_by(automaton, seen, run, event, mask)
            first = any(edge.prefers_staying for edge in taken)
            successors.insert(0 if first else len(successors), run)
        return successors

    def _successors(
        self, automaton: Automaton, run: Run, taken: Sequence[Edge], event: Event, links: dict[tuple[int, int], Link]
    ) -> list[Run]:
        successors: list[Run] = []
        known: set[tuple[int, Registers]] = set()
        for edge in taken:
            registers = self._after(automaton, run, edge, event)
            if (edge.target, registers) not in known:
                known.add((edge.target, registers))
                link = self._link(run, edge, event, links)
                successors.append(Run(run.key, run.start, link, edge.target, registers))
        return successors

    def _link(self, run: Run, edge: Edge, event: Event, links: dict[tuple[int, int], Link]) -> Link:
        place = (id(run.last), edge.target)
        link = links.get(place)
        if link is None:
            link = links[place] = Link(event, self.serial, edge.target, run.last)
        return link

    def _stays(self, automaton: Automaton, run: Run, edge: Edge) -> bool:
        return edge.stays or any(is_full(automaton, run.registers, (register,)) for register in edge.stays_beyond)

    def _has_room(self, run: Run, edge: Edge) -> bool:
        if edge.again is None or run.last.length < self._loop_events:
            return True
        self._full(run.key, "loop_events")
        return False

    def _pass_by(self, automaton: Automaton, seen: PlaceView, run: Run, event: Event, mask: int) -> bool:
        """The event takes no role in the run: whether it changed it all the same."""
        noticed = seen.strict and not run.passed
        run.passed = True
        for bit, index, watch, role, inner in seen.watches:
            if run.spoiled & bit or not _in_zone(watch, run.last.event.time_us, event.time_us):
                continue
            if role is not None:
                spoils = self._fits(role, run, event, mask, run.key)
            else:
                assert inner is not None
                spoils = self._inside(watch, index, inner, run, event, mask)
            if spoils:
                run.spoiled |= bit
                noticed = True
        return noticed

    def _inside(self, watch: Watch, index: int, view: View, outer: Run, event: Event, mask: int) -> bool:
        """Whether the event completes a group that must stay away."""
        automaton = watch.inner
        assert automaton is not None
        if outer.inner is None:
            outer.inner = {}
        readings: list[Run] = []
        links: dict[tuple[int, int], Link] = {}
        for run in outer.inner.get(index, []):
            became = self.offer(automaton, view, run, event, mask, links)
            readings += [run] if became is None else became
        for edge, role in view.start:
            if self._fits(role, outer, event, mask, outer.key):
                readings.append(self._begun(automaton, edge, event, outer.key, outer.start, outer.last))
        waiting = [run for run in readings if self.can_go_on(automaton, run)]
        if len(waiting) > self._inner_runs:
            del waiting[: len(waiting) - self._inner_runs]
            self._full(outer.key, "runs_per_key")
        outer.inner[index] = waiting
        return any(run.last.event is event and self.finish(automaton, run) is not None for run in readings)

    # ---- where a run stands ----

    def finish(self, automaton: Automaton, run: Run) -> Finish | None:
        """How the run is complete where it stands, if it is or will be at a time."""
        finish = automaton.places[run.place].finish
        if finish is None or not is_full(automaton, run.registers, finish.full):
            return None
        return finish

    def _is_closed_match(self, automaton: Automaton, run: Run) -> bool:
        """Whether the stop that has just come makes a match of the run: that is before any role of the event."""
        finish = self.finish(automaton, run)
        if finish is None or finish.until is None or not run.registers[finish.until]:
            return False
        return self._accepts(finish, run)

    def can_go_on(self, automaton: Automaton, run: Run) -> bool:
        """Whether there is a further event that the run could take."""
        return any(self.is_open(automaton, run, edge) for edge in automaton.places[run.place].edges)

    def can_grow(self, automaton: Automaton, run: Run, closed: int) -> bool:
        """Whether the loop that a register closes can take a further event."""
        edges = automaton.places[run.place].edges
        return any(closed in edge.closed and self.is_open(automaton, run, edge) for edge in edges)

    def end_us(self, finish: Finish, run: Run) -> int | None:
        """When a run that waits is complete; null: at an event only."""
        if finish.when == "after_last":
            return int(run.last.event.time_us) + finish.after_us
        ends = [run.registers[register] for register in finish.limits]
        if self._within_us is not None:
            ends.append(run.start.time_us + self._within_us)
        end_us = min([end for end in ends if end is not None], default=None)
        return end_us if end_us is None else max(end_us, run.last.event.time_us + finish.after_us)

    def timeout_us(self, automaton: Automaton, run: Run) -> int | None:
        """When the run has run out of time: the latest time at which it could go on; null: never, or at no time."""
        last_us = run.last.event.time_us
        found: list[int] = []
        for edge in automaton.places[run.place].edges:
            if not self.is_open(automaton, run, edge):
                continue
            limit_us = _limit_us(edge, run.registers, last_us)
            if self._within_us is not None:
                end_us = run.start.time_us + self._within_us
                limit_us = end_us if limit_us is None else min(limit_us, end_us)
            if limit_us is None:
                return None
            found.append(limit_us)
        return max(found, default=None)

    def awaited(self, automaton: Automaton, run: Run) -> list[int]:
        """The steps that the run waits for, without those it could do without, in written order."""
        edges = [e for e in automaton.places[run.place].edges if self.is_open(automaton, run, e)]
        needed = {
            edge.target
            for edge in edges
            if not edge.further and not (edge.again is not None and is_full(automaton, run.registers, (edge.again,)))
        }
        return sorted(needed or {edge.target for edge in edges})


def is_full(automaton: Automaton, registers: Registers, which: Sequence[int]) -> bool:
    """Whether these loops have their minimum and these groups their members."""
    for number in which:
        register, value = automaton.registers[number], registers[number] or 0
        if register.kind == "turns":
            if value < register.minimum:
                return False
        elif (value | register.free).bit_count() < register.count:
            return False
    return True


def _may_begin(automaton: Automaton, registers: Registers, number: int, bit: int) -> bool:
    done = registers[number] or 0
    return not done >> bit & 1 and done.bit_count() < automaton.registers[number].count


def _limit_us(edge: Edge, registers: Registers, last_us: int) -> int | None:
    """The time up to which the edge may be taken, as far as parts of the pattern bound it."""
    limits = [limit for register in edge.limits if (limit := registers[register]) is not None]
    limits += [last_us + o.base_us + o.length_us for o in edge.opens if o.base_us is not None]
    return min(limits, default=None)


def _in_zone(watch: Watch, last_us: int, time_us: int) -> bool:
    if watch.after_us and time_us <= last_us + watch.after_us:
        return False
    return watch.until_us is None or time_us <= last_us + watch.until_us


def _joined(bits: Sequence[int]) -> int:
    whole = 0
    for bit in bits:
        whole |= bit
    return whole

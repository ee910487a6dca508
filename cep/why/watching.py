"""An engine that is watched: what was offered to a rule, what it evaluated, what it emitted. Why layer.

The operators are those of every run, as subclasses that also tell what they do, so that what is told is what happens.
The rule that is asked about is offered every event of the types that it reads, also those that none of its conditions
lets pass: its types are given one more condition, which always holds. Ids stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cep.engine import Engine
from cep.event import Batch, DeadLetter, DerivedEvent, Event, LateEvent
from cep.functions.records import EvaluationError
from cep.plan.catalogue import ANY_TYPE
from cep.plan.generate.functions import Functions
from cep.plan.generate.scope import scope_of, single_key
from cep.plan.generate.support import Bound, key_value
from cep.plan.intake import EventClock
from cep.plan.plan import PatternPlan, Plan, RulePlan, WindowPlan
from cep.runtime.emitter import Derived, Emitter, Roles
from cep.runtime.feed import Options
from cep.runtime.graph import Graph
from cep.runtime.joined import JoinedEvent
from cep.runtime.operators.closing import AlignedOperator, BatchOperator, ClosingState, SessionOperator
from cep.runtime.operators.contents import Row
from cep.runtime.operators.joining.operator import JoinOperator
from cep.runtime.operators.operator import Operator, Output, Receiver
from cep.runtime.operators.pattern import PatternOperator
from cep.runtime.operators.sliding import SlidingOperator, SlidingState
from cep.runtime.operators.window_operator import KeyState, WindowOperator
from cep.why.conditions import ConditionTree, Shown, all_true

_MOST_KEPT = 20_000
_MOST_EVIDENCE = 200

KeyTest = Callable[[Any], bool]


@dataclass(slots=True)
class Offered:
    """An event that came to the rule. ``fate`` is empty, or why it never reached the rule: it is only supposed then.

    ``serial`` is its place among what the rule was offered, ``kind`` its type, ``mask`` the conditions that it meets.
    """

    event: Event
    kind: str
    mask: int
    key: Any
    serial: int
    fate: str = ""
    told: str = ""


@dataclass(slots=True)
class Emission:
    """An emission, or one that `at most` held back (``held``) or that failed (``failed``).

    ``bound`` is what the generated functions saw, ``events`` the (newest) events of the match or window, ``total`` how
    many there were. ``flushed``: only because nothing more came. ``conditions`` are the values for the trees of a rule
    over windows.
    """

    rule: RulePlan
    key: Any
    time_us: int
    bound: Any
    event: Event | None
    events: tuple[Event, ...]
    total: int
    roles: list[tuple[str, list[Event]]]
    awaited: str | None = None
    derived: DerivedEvent | None = None
    held: bool = False
    failed: str | None = None
    flushed: bool = False
    timed_out: bool = False
    values: tuple[Any, ...] = ()
    window: tuple[int | None, int] | None = None


@dataclass(slots=True)
class Evaluation:
    """One evaluation of a rule over windows.

    ``true``: the condition; ``fired``: it led to an emission; ``armed`` and the rest are as before it. ``full`` is null
    where the window had what it needs, else how many events it had.
    """

    key: Any
    time_us: int
    event: Event
    values: tuple[Any, ...]
    row: Row
    true: bool
    fired: bool
    window: tuple[int | None, int] | None = None
    armed: bool = True
    true_count: int = 0
    fired_us: int | None = None
    full: int | None = None
    flushed: bool = False
    held: bool = False
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event of the input that `where` did not let into the window, because of what it is compared with."""

    event: Event
    shown: tuple[Shown, ...]


@dataclass
class Story:
    """All that was seen of one key of the rule."""

    key: Any
    offered: list[Offered] = field(default_factory=list)
    joined: list[JoinedEvent] = field(default_factory=list)
    emissions: list[Emission] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    expected: bool = False
    """Whether it is a key of the table of `expect … from TABLE`: it begins without an event."""
    rising_us: int | None = None
    """Since when the condition has been true without a break; of a rule that fires on rising."""


class Watch:
    """Made before the events are read: feed :attr:`engine`, then ask.

    Without ``rule`` the emissions of all rules are kept, else what concerns that rule, of the keys that ``key`` lets
    pass, up to ``at_us``.
    """

    def __init__(
        self,
        plan: Plan,
        options: Options | None = None,
        rule: RulePlan | None = None,
        key: KeyTest | None = None,
        at_us: int | None = None,
    ) -> None:
        self.at_us = at_us
        self._key = key
        self.plan = plan if rule is None else _offering_all(plan, rule)
        self.rule = None if rule is None else self.plan.rules[rule.number]
        self.options = replace(options or Options(), specialised=False, on_error="continue")
        self.types: Counter[str] = Counter()
        self.emitted_types: Counter[str] = Counter()
        self.keys: dict[Any, int] = {}
        self.null_keys: list[Offered] = []
        self.failed_keys = 0
        self.late: list[LateEvent] = []
        self.dead: list[tuple[DeadLetter, int | None]] = []
        self.stories: dict[Any, Story] = {}
        self.emissions: list[Emission] = []
        self.flushing = False
        self._serial = 0
        self.engine = WatchedEngine(self)
        self.functions = Functions(self.engine.projection, EventClock(self.options.zone))
        self._trees: dict[str, ConditionTree | None] = {}

    @property
    def operators(self) -> list[Operator]:
        """The operators, by the numbers of their rules."""
        return self.engine.graph.operators

    @property
    def begun_us(self) -> int | None:
        """The time of the first event that was released; only known where rules read tables."""
        return self.engine.graph.begun_us

    def finish(self) -> None:
        """After the last event: what waits for its turn is released, and what is still open is looked at."""
        self.engine.finish()
        self.engine.take_late()
        self.engine.take_dead_letters()
        self.watermark_us = self.engine.watermark_us
        if self.at_us is not None and self.watermark_us is not None:
            self.watermark_us = min(self.watermark_us, self.at_us)
        self._note_expected()
        self.flushing = True
        self.engine.flush()

    watermark_us: int | None = None

    def _note_expected(self) -> None:
        plan = None if self.rule is None else self.rule.operator
        if self.rule is None or not isinstance(plan, PatternPlan) or plan.expected is None or self.begun_us is None:
            return
        for parts in self.engine.tables.keys(plan.expected.table):
            story = self.story(parts[0] if single_key(self.rule) else parts)
            if story is not None:
                story.expected = True

    # ---- told by the engine and its operators ----

    def take(self, batch: Batch) -> None:
        """A batch is about to be taken in."""
        projection = self.engine.projection
        for event in batch.events:
            self.types[projection.kind_of(event)] += 1

    def listens(self, rule: RulePlan) -> bool:
        """Whether what is offered to this rule is kept."""
        return self.rule is not None and rule.number == self.rule.number

    def story(self, key: Any) -> Story | None:
        """What is known of a key; null where nobody asks for it."""
        found = self.stories.get(key)
        if found is None and (self._key is None or self._key(key)):
            found = self.stories[key] = Story(key)
        return found

    def offered(self, event: Event, kind: str, mask: int, key: Any) -> None:
        """The rule is offered an event."""
        if self._is_later(event.time_us) or self.flushing:
            return
        self._serial += 1
        offered = Offered(event, kind, mask, key, self._serial)
        if key is None:
            self.null_keys.append(offered)
            return
        self.keys[key] = self.keys.get(key, 0) + 1
        story = self.story(key)
        if story is None:
            return
        if isinstance(event, JoinedEvent) and kind not in self.plan.types:
            story.joined.append(event)
            return
        if not story.offered or story.offered[-1].event is not event:  # else the window of a join, after the join
            self.keep(story.offered, offered)

    def keep(self, rows: list[Any], row: Any) -> None:
        """Of very many, the newest are kept."""
        rows.append(row)
        if len(rows) > 2 * _MOST_KEPT:
            del rows[:_MOST_KEPT]

    def emitted(self, emission: Emission) -> None:
        """A rule emitted, or would have."""
        emission.flushed = self.flushing
        if emission.derived is not None and not self.flushing:
            self.emitted_types[emission.derived.type] += 1
        if self.rule is None:
            self.emissions.append(emission)
            return
        if not self.listens(emission.rule) or self._is_later(emission.time_us):
            return
        story = self.story(emission.key)
        if story is not None:
            story.emissions.append(emission)

    def refused(self, key: Any, refusal: Refusal) -> None:
        """An event did not come into the window."""
        story = None if self._is_later(refusal.event.time_us) else self.story(key)
        if story is not None:
            self.keep(story.refusals, refusal)

    def evaluated(self, evaluation: Evaluation) -> None:
        """A rule over windows was evaluated."""
        if self._is_later(evaluation.time_us) and not self.flushing:
            return
        evaluation.flushed = self.flushing
        story = self.story(evaluation.key)
        if story is not None:
            self.keep(story.evaluations, evaluation)

    def _is_later(self, time_us: int) -> bool:
        return self.at_us is not None and time_us > self.at_us

    def count(self, kind: str) -> int:
        """How many events of a type came, those that rules emitted among them."""
        if kind == ANY_TYPE:
            return self.types.total()
        return self.types[kind] + self.emitted_types[kind]

    def tree(self, rule: RulePlan) -> ConditionTree | None:
        """`when` and `having` of a rule over windows, `having` of one over a pattern; null where there is none."""
        if rule.name not in self._trees:
            plan = rule.operator
            parts = [plan.having] if isinstance(plan, PatternPlan) else [plan.when, plan.having]
            given = [part for part in parts if part is not None]
            tree = ConditionTree(given, self.functions, scope_of(rule)) if given else None
            self._trees[rule.name] = tree
        return self._trees[rule.name]


def _offering_all(plan: Plan, rule: RulePlan) -> Plan:
    """The same plan, in which the rule is called for every event of its types, and what it has no use for never."""
    types = dict(plan.types)
    reads = dict(rule.reads)
    for kind in rule.reads:
        known = types[kind]
        types[kind] = replace(known, conditions=(*known.conditions, None), owners=(*known.owners, (rule.name,)))
        reads[kind] |= 1 << len(known.conditions)
    needed = _needed(plan, rule)
    rules = [each if each.number in needed else replace(each, reads={}) for each in plan.rules]
    rules[rule.number] = replace(rule, reads=reads)
    return replace(plan, rules=tuple(rules), types=types)


def _needed(plan: Plan, rule: RulePlan) -> set[int]:
    """The rule, those that emit what it reads, and so on."""
    needed: set[int] = set()
    waiting = [rule]
    while waiting:
        each = waiting.pop()
        needed.add(each.number)
        waiting += [other for other in plan.rules if other.number not in needed and _emits(other) & set(each.reads)]
    return needed


def _emits(rule: RulePlan) -> set[str]:
    late = rule.operator.on_timeout if isinstance(rule.operator, PatternPlan) else None
    return {rule.emit.type} if late is None else {rule.emit.type, late.type}


class WatchedEngine(Engine):
    """The engine of a :class:`Watch`."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        super().__init__(watch.plan, watch.options, variants=_variants(watch))

    @property
    def graph(self) -> Graph:
        """Its operators."""
        return self._graph

    def push_batch(self, batch: Batch) -> list[DerivedEvent]:
        self._watch.take(batch)
        return super().push_batch(batch)

    def take_late(self) -> list[LateEvent]:
        late = super().take_late()
        self._watch.late += late
        return late

    def take_dead_letters(self) -> list[DeadLetter]:
        dead = super().take_dead_letters()
        self._watch.dead += [(letter, self.watermark_us) for letter in dead]
        return dead


# ---- operators that tell ----


class Telling(Operator):
    """What all of them tell: what they are offered and what they emit."""

    watch: Watch

    def receiver(self, event_type: str) -> Receiver:
        """See :class:`Operator`."""
        receive = super().receiver(event_type)  # type: ignore[safe-super]
        if not self.watch.listens(self.rule):
            return receive
        key_of = self.compile_key(event_type)

        def told(event: Event, mask: int) -> Output:
            try:
                self.watch.offered(event, event_type, mask, key_of(event))
            except EvaluationError:
                self.watch.failed_keys += 1
            return receive(event, mask)

        return told

    def emit(
        self,
        bound: Any,
        event: Event,
        key: Any,
        events: Any,
        roles: Roles,
        time_us: int,
        awaited: str | None = None,
        degraded: bool = False,
        emitter: Emitter | None = None,
    ) -> Derived | None:
        """See :class:`Operator`."""
        held_before = self.counters.held_back[self.rule.name]
        derived = super().emit(bound, event, key, events, roles, time_us, awaited, degraded, emitter)
        emission = Emission(
            self.watch.plan.rules[self.rule.number],  # the window of a join has a rule of its own
            key,
            time_us,
            _copied(bound),
            event,
            tuple(events)[-_MOST_EVIDENCE:],
            len(events),
            [(label, list(found)) for label, found in roles],
            awaited,
            None if derived is None else derived.public,
            self.counters.held_back[self.rule.name] > held_before,
            timed_out=emitter is not None,
        )
        if derived is None and not emission.held:
            emission.failed = "a field of `emit` could not be computed"
        tree = self.watch.tree(self.rule) if isinstance(self.rule.operator, WindowPlan) else None
        if tree is not None:
            emission.values = tree.values(bound, event, key, events)
        self.about(emission)
        self.watch.emitted(emission)
        return derived

    def about(self, emission: Emission) -> None:
        """Add what the operator knows."""


def _copied(bound: Any) -> Any:
    """What is bound, as it is now: a run that lives on goes on with the same lists."""
    if not isinstance(bound, Bound):
        return tuple(bound)
    copy = Bound(0)
    copy.extend(list(events) for events in bound)
    copy.taken = list(bound.taken)
    copy.matched_steps, copy.missing_step, copy.deadline = bound.matched_steps, bound.missing_step, bound.deadline
    return copy


class TellingPattern(Telling, PatternOperator):
    """A pattern; its runs are followed by :mod:`cep.why.alignments`."""


class TellingWindow(Telling, WindowOperator):
    """A rule over windows: also its evaluations."""

    _seen: tuple[Row, Event, tuple[Any, ...], bool] | None = None
    _held: bool = False
    _bounds: tuple[int | None, int] | None = None
    _aside = False

    def compile_input(self, event_type: str) -> tuple[int, Any]:
        """See :class:`WindowOperator`."""
        bit, tie = super().compile_input(event_type)
        fit = self.plan.fits.get(event_type)
        if tie is None or fit is None or not self.watch.listens(self.rule):
            return bit, tie
        tree = ConditionTree(fit.ties, self.around.compiler, self._plain)

        def told(bound: Any, event: Event, key: Any, events: Any) -> bool:
            shown = tree.of(bound, event, key)
            if not all_true(shown):
                self.watch.refused(key, Refusal(event, shown))
            return bool(tie(bound, event, key, events))

        return bit, told

    def is_true(self, bound: Row, event: Event, key: Any, events: Any) -> bool:
        """See :class:`WindowOperator`."""
        true = super().is_true(bound, event, key, events)
        if not self._aside and self.watch.listens(self.rule):
            tree = self.watch.tree(self.rule)
            values = () if tree is None else tree.values(bound, event, key, events)
            self._seen = (tuple(bound), event, values, true)
        return true

    def about(self, emission: Emission) -> None:
        """See :class:`Telling`."""
        emission.window = self._bounds
        self._held = emission.held

    def tell(self, state: KeyState, time_us: int, fired: bool, **about: Any) -> None:
        """What was just evaluated."""
        if self._seen is None:
            return
        row, event, values, true = self._seen
        self._seen = None
        held, self._held = self._held, False
        found = Evaluation(state.key, time_us, event, values, row, true, fired, self._bounds, held=held, **about)
        self.watch.evaluated(found)


class TellingSliding(TellingWindow, SlidingOperator):
    """A window that slides."""

    def _is_true_without(self, state: SlidingState, event: Event) -> bool:
        self._aside = True
        try:
            return super()._is_true_without(state, event)
        finally:
            self._aside = False

    def _fires(self, state: SlidingState, true: bool, now_us: int) -> bool:
        self._before = (state.armed, state.true_count, state.fired_us)
        self._fired = super()._fires(state, true, now_us)
        return self._fired

    _before: tuple[bool, int, int | None] = (True, 0, None)
    _fired = False

    def _evaluate(self, state: SlidingState, event: Event, row: Row, expired: bool) -> Output:
        self._seen, self._fired, self._held = None, False, False
        self._bounds = (None if self._length_us is None else event.time_us - self._length_us, event.time_us)
        derived = super()._evaluate(state, event, row, expired)
        if not self.watch.listens(self.rule):
            return derived
        if self._seen is not None:
            armed, true_count, fired_us = self._before
            self._note_rising(state, self._seen[3], self._fired, event.time_us)
            self.tell(state, event.time_us, self._fired, armed=armed, true_count=true_count, fired_us=fired_us)
            return derived
        found = Evaluation(state.key, event.time_us, event, (), (), False, False, self._bounds)
        if not self._evaluates_part and not state.main.is_full:
            found.full = len(state.main.events)
        else:
            found.failed = True
        self.watch.evaluated(found)
        return derived

    def _note_rising(self, state: SlidingState, true: bool, fired: bool, now_us: int) -> None:
        story = self.watch.story(state.key)
        if story is not None and (fired or not true):
            story.rising_us = now_us if true else None


class TellingClosing(TellingWindow):
    """A window that closes."""

    def _close(self, state: ClosingState, start_us: int, end_us: int, time_us: int) -> Output:
        self._seen, self._held, self._bounds = None, False, (start_us, end_us)
        derived: Output = super()._close(state, start_us, end_us, time_us)  # type: ignore[misc]
        if self.watch.listens(self.rule) and self._seen is not None:
            self.tell(state, time_us, self._seen[3])
        return derived


def _variants(watch: Watch) -> Mapping[type[Operator], Callable[..., Operator]]:
    """The operators that tell this watch."""

    def telling(*bases: type) -> Callable[..., Operator]:
        made: Callable[..., Operator] = type(f"Telling{bases[-1].__name__}", bases, {"watch": watch})
        return made

    return {
        PatternOperator: telling(TellingPattern),
        SlidingOperator: telling(TellingSliding),
        AlignedOperator: telling(TellingClosing, AlignedOperator),
        SessionOperator: telling(TellingClosing, SessionOperator),
        BatchOperator: telling(TellingClosing, BatchOperator),
        JoinOperator: telling(Telling, JoinOperator),
    }


def key_values(key: Any) -> tuple[Any, ...]:
    """The parts of a key as the values that they stand for."""
    parts = key if isinstance(key, tuple) else (key,)
    return tuple(key_value(part) for part in parts)

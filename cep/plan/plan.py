"""The plan: what the operators will do, as plain data. Plan layer.

Made once from a checked rule set by :func:`cep.plan.planner.plan_rules`, printed by ``cep explain``, read by the
runtime. No closures, no state: conditions are checked expressions, still to be
compiled; sets of conditions are bits, numbered per event type over all rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from typing import Literal as OneOf

from cep.diagnostics import NOWHERE, Span
from cep.functions.aggregates import AGGREGATES
from cep.functions.records import AggregateRecord
from cep.language.checked import (
    Aggregate,
    Binary,
    Call,
    Candidate,
    CheckedFiring,
    CheckedKey,
    CheckedRule,
    CheckedWindow,
    Conditional,
    Constant,
    EventValue,
    Expression,
    ListOf,
    PatternNode,
    SchemaField,
)
from cep.plan.automaton import Automaton, Fit
from cep.plan.windows import SETS_TIMERS, Form, Sliding
from cep.timestamps import TIME_FIELDS
from cep.types import ANY, TIMESTAMP, Type, list_of


@dataclass(frozen=True, slots=True)
class Due:
    """A conjunct of ``where`` that is due once the steps in ``others`` (their numbers) have bound something too."""

    condition: Expression
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One step of a pattern: ``minimum`` to ``maximum`` (null: unbounded) events in a row, each passing ``fits``.

    ``joint`` are conjuncts of ``where`` that tie members which may come in any order: each is tested at whichever of
    its steps comes last. ``loops``: it may bind several events in a match; ``optional``: a match may lack it;
    ``hidden``: it binds nothing in a match (inside ``no``).
    """

    name: str
    label: str
    fits: Mapping[str, Fit]
    minimum: int = 1
    maximum: int | None = 1
    joint: tuple[Due, ...] = ()
    loops: bool = False
    optional: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class SkipPlan:
    """What a match removes: see S11. ``step`` is the number of the one that is skipped to."""

    strategy: OneOf["past_last", "to_next", "to_first", "to_last", "no_skip"] = "past_last"
    step: int | None = None


@dataclass(frozen=True, slots=True)
class ExpectPlan:
    """``expect … from TABLE``: each key of the table begins as if ``step`` had come, of which nothing is known.

    ``where`` are the conjuncts that are due with that step.
    """

    table: str
    step: int
    where: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class PatternPlan:
    """A pattern: its steps by number (hidden ones last), the automaton over them, and what a match does.

    ``ends`` are groups of conditions, by number, that are tested when a loop ends. ``every``: a start may complete more
    than one match. ``limit`` bounds the live runs per key where the rule says so. ``on_timeout`` is emitted when a run
    has run out of time. ``expected``: keys that are waited for from the start. ``written`` is the pattern as the
    author wrote it, for telling.
    """

    steps: tuple[StepPlan, ...]
    automaton: Automaton
    within_us: int | None = None
    having: Expression | None = None
    ends: tuple[tuple[Due, ...], ...] = ()
    skip: SkipPlan = SkipPlan()
    every: bool = False
    limit: int | None = None
    on_timeout: EmitPlan | None = None
    expected: ExpectPlan | None = None
    written: PatternNode | None = None

    @property
    def bound(self) -> tuple[StepPlan, ...]:
        """The steps that bind events."""
        return tuple(step for step in self.steps if not step.hidden)

    @property
    def counts_only(self) -> bool:
        """Whether the match is simply the newest n events that fit: one loop, nothing tied, nothing to wait for."""
        if len(self.steps) != 1 or self.having is not None or self.ends or self.on_timeout is not None:
            return False
        step = self.steps[0]
        place = self.automaton.places[0]
        plain = self.skip.strategy == "past_last" and not self.every and self.limit is None
        relaxed = all(not edge.strict and not edge.limits for edge in place.edges)
        at_once = place.finish is not None and place.finish.when == "at_once" and not place.stops
        unbound = all(not edge.opens for edge in self.automaton.start)
        return plain and relaxed and at_once and unbound and all(not fit.ties for fit in step.fits.values())

    @property
    def shareable(self) -> bool:
        """Whether all readings that stand alike react alike: nothing ties steps together, and no part has a time.

        Only the rule's `within` is left, which is over for all readings of a start at once. Of the strategies those
        that do not depend on where a reading's start stands.
        """
        goes_on = any(p.finish is not None and p.finish.goes_on for p in self.automaton.places.values())
        return self._is_untied and self.automaton.stands_alone and (self.every or not goes_on)

    @property
    def waits_together(self) -> bool:
        """Whether the same holds but for an absence that closes the pattern, and readings that react alike end alike.

        They do where a loop without a maximum comes before the absence: its next event takes all that wait along. A
        `within` is over for some of them earlier than for others.
        """
        return self._is_untied and not self.every and self.within_us is None and self.automaton.waits_alone

    @property
    def _is_untied(self) -> bool:
        if self.having is not None or self.ends or self.on_timeout is not None or self.expected is not None:
            return False
        strategies = ("no_skip",) if self.every else ("past_last", "no_skip")
        if self.skip.strategy not in strategies or any(step.joint for step in self.steps):
            return False
        return not any(fit.ties for step in self.steps for fit in step.fits.values())

    @property
    def sets_timers(self) -> bool:
        """Whether it waits for deadlines."""
        return self.automaton.sets_timers or self.on_timeout is not None


@dataclass(frozen=True, slots=True)
class AggregatePlan:
    """One aggregate; rules and clauses that need the same one share it.

    ``parameters`` are the arguments after the first: constants, further values of the event, for ``top`` the aggregate
    to rank by. ``over`` is a window of its own, null where it ranges over the rule's.
    """

    function: str
    argument: Expression | None
    where: Expression | None
    parameters: tuple[Expression, ...] = ()
    over: CheckedWindow | None = None

    @staticmethod
    def of(aggregate: Aggregate) -> AggregatePlan:
        """The plan of a checked aggregate."""
        return AggregatePlan(
            aggregate.function, aggregate.argument, aggregate.where, aggregate.parameters, aggregate.over
        )

    @property
    def record(self) -> AggregateRecord:
        """Its definition."""
        return AGGREGATES[self.function]

    @property
    def constants(self) -> tuple[Any, ...]:
        """The arguments that are known when the rules are loaded."""
        return tuple(
            given.value
            for parameter, given in zip(self.record.parameters[1:], self.parameters, strict=False)
            if parameter.constant and isinstance(given, Constant)
        )

    @property
    def rank(self) -> AggregatePlan | None:
        """What ``top`` ranks by, null for the count."""
        return next((AggregatePlan.of(given) for given in self.parameters if isinstance(given, Aggregate)), None)

    @property
    def row(self) -> Expression:
        """What it takes from an event that its filter lets pass.

        The value; a list where there are several, of the arguments in their order and then the event time, or for
        ``top`` with a rank of the value and the rank's row. ``true`` where there is none.
        """
        values = [] if self.argument is None else [self.argument]
        for parameter, given in zip(self.record.parameters[1:], self.parameters, strict=False):
            if isinstance(given, Aggregate):
                values.append(AggregatePlan.of(given).taken)
            elif not parameter.constant and parameter.name != "rank":
                values.append(given)
        if self.record.times:
            values.append(_EVENT_TIME)
        if not values:
            return Constant(True)
        return values[0] if len(values) == 1 else ListOf(tuple(values), list_of(ANY))

    @property
    def taken(self) -> Expression:
        """What it takes from an event: the row where the filter holds, else null, which does not count."""
        if self.where is None:
            return self.row
        return Conditional(self.where, self.row, Constant(None), self.row.type)


_EVENT_TIME = Call("time", (EventValue(Candidate()),), TIMESTAMP)


@dataclass(frozen=True, slots=True)
class WindowGroup:
    """A window and the aggregates over it, which are kept per key. ``resets`` are the events that clear it.

    Without ``keeps_events`` only the newest are kept, for the evidence: the aggregates have taken what they need.
    """

    form: Form
    aggregates: tuple[AggregatePlan, ...] = ()
    resets: Mapping[str, Fit] = field(default_factory=dict)
    keeps_events: bool = True


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """A rule over windows: that of the rule comes first among ``groups``, then those that aggregates have of their own.

    In ``when``, ``having`` and the emitted fields aggregates are referred to by position (the generator looks an
    aggregate up by equality), and so are the comparisons with the previous evaluation in ``crosses``.
    ``reads_previous`` and ``reads_bounds`` tell whether ``prev`` and ``window.start`` or ``end`` are read; with
    ``sums_only`` no more is asked of the events in the rule's window than a few running aggregates and the last one.
    """

    fits: Mapping[str, Fit]
    label: str
    groups: tuple[WindowGroup, ...]
    when: Expression | None
    firing: CheckedFiring
    having: Expression | None = None
    crosses: tuple[Binary, ...] = ()
    reads_previous: bool = False
    reads_bounds: bool = False
    sums_only: bool = False

    @property
    def window(self) -> Form:
        """The window of the rule."""
        return self.groups[0].form

    @property
    def waits(self) -> bool:
        """Whether its windows close when time has passed."""
        return isinstance(self.window, SETS_TIMERS)

    @property
    def aggregates(self) -> tuple[AggregatePlan, ...]:
        """All aggregates, in the order of the groups."""
        return tuple(aggregate for group in self.groups for aggregate in group.aggregates)

    @property
    def looks_around(self) -> bool:
        """Whether more is read than the window's events and aggregates."""
        return self.reads_previous or self.reads_bounds or bool(self.crosses)

    @property
    def remembers(self) -> bool:
        """Whether a key that has no events in its windows still has something to remember."""
        since = isinstance(self.window, Sliding) and self.window.since is not None and self.reads_bounds
        return self.reads_previous or bool(self.crosses) or self.firing.kind == "every_count" or since


@dataclass(frozen=True, slots=True)
class RolePlan:
    """An input of a rule that joins, or a table that it looks into: one place in the joined event.

    ``fits`` are those of an input, empty for a table. ``optional``: there may be none.
    """

    name: str
    label: str
    fits: Mapping[str, Fit]
    table: str | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class LookupPlan:
    """Finding a row: the first in the order of the table whose ``columns`` equal ``values`` and that passes ``rest``.

    ``values`` see the event itself where ``of_event``, else what was joined so far; ``rest`` sees the row too.
    ``field`` is set where the only value is a field of the event.
    """

    role: int
    table: str
    columns: tuple[str, ...]
    values: tuple[Expression, ...]
    rest: tuple[Expression, ...]
    of_event: bool = False
    field: str | None = None


@dataclass(frozen=True, slots=True)
class JoinStage:
    """Joining one more input: pairs of equal ``earlier`` and ``own`` values that pass ``rest``, in either order.

    ``earlier`` values see what was joined so far, ``own`` the input's event, ``rest`` the pair. With ``left`` what
    finds no partner within ``within_us`` goes on without one.
    """

    role: int
    earlier: tuple[Expression, ...]
    own: tuple[Expression, ...]
    rest: tuple[Expression, ...]
    within_us: int
    left: bool = False


@dataclass(frozen=True, slots=True)
class JoinPlan:
    """What happens to an event before it enters the window of its rule: the inputs, the tables, in the order written.

    Joined events have one event or row for each of ``roles``. Without inputs besides the first there is one for each
    event, at once.
    """

    roles: tuple[RolePlan, ...]
    stages: tuple[LookupPlan | JoinStage, ...]

    @property
    def joins(self) -> bool:
        """Whether events wait for others."""
        return any(isinstance(stage, JoinStage) for stage in self.stages)


@dataclass(frozen=True, slots=True)
class EmitPlan:
    """The derived event: names, expressions and the types that say how values are written."""

    type: str
    names: tuple[str, ...]
    values: tuple[Expression, ...]
    types: tuple[Type, ...]
    star: bool = False


@dataclass(frozen=True, slots=True)
class AtMostPlan:
    """At most ``count`` emissions in any stretch shorter than ``every_us``, per key of the rule or ``keys`` of its own.

    Own keys are read from the last event of the match or the window, in a rule that joins each from the first of its
    events that has it, in the order of the rule; null is a key like others.
    """

    count: int
    every_us: int
    keys: tuple[CheckedKey, ...] | None = None


@dataclass(frozen=True, slots=True)
class RulePlan:
    """One rule. ``number`` is its place in the order of the files; ``fingerprint`` changes when its logic does.

    ``reads`` lists the event types it reads with the bits it looks at: it is called only for events with one of them.
    ``written`` is the rule as it was checked, for telling.
    """

    number: int
    name: str
    fingerprint: str
    operator: PatternPlan | WindowPlan
    keys: tuple[CheckedKey, ...]
    reads: Mapping[str, int]
    emit: EmitPlan
    at_most: AtMostPlan | None = None
    severity: str | None = None
    tags: tuple[str, ...] = ()
    meta: tuple[tuple[str, object], ...] = ()
    doc: str | None = None
    join: JoinPlan | None = None
    written: CheckedRule | None = field(default=None, compare=False, repr=False)

    @property
    def waits_for_windows(self) -> bool:
        """Whether what it waits for are windows that are open, and not absences or partners."""
        return isinstance(self.operator, WindowPlan) and (self.operator.waits or self.join is None)


@dataclass(frozen=True, slots=True)
class TypePlan:
    """An event type that rules read: its conditions, one bit each, and how its records are taken in.

    A null condition holds always. ``expected`` are the fields that rules read from this very type (``fields`` has those
    too that any type of a match may have). ``checks`` are the declared fields among those that are read; ``owners``
    names the rules of each bit, for dead letters.
    """

    name: str
    conditions: tuple[Expression | None, ...]
    owners: tuple[tuple[str, ...], ...]
    fields: tuple[str, ...]
    expected: tuple[str, ...] = ()
    time_field: str | None = None
    id_field: str | None = None
    checks: tuple[SchemaField, ...] = ()
    derived: bool = False


def time_fields(plan: TypePlan | None) -> list[str]:
    """Where the event time of a type's records is looked for, in order; null for a type that no rule reads."""
    if plan is None or plan.time_field is None:
        return list(TIME_FIELDS)
    declared = next((check for check in plan.checks if check.name == plan.time_field), None)
    further = TIME_FIELDS if declared is None or declared.type.optional else ()
    return list(dict.fromkeys([plan.time_field, *further]))


@dataclass(frozen=True, slots=True)
class TablePlan:
    """A table that rules read. ``path`` as it is written, ``span`` where: a relative path starts at that file's folder.

    ``columns`` are read besides the key. ``text`` are the columns that are compared with text, so that a reader of CSV
    keeps `007` as it stands.
    """

    name: str
    path: str
    key: tuple[str, ...]
    columns: tuple[str, ...] = ()
    text: frozenset[str] = frozenset()
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """All rules of a rule set, ready to be compiled and run. ``other_tables`` are declared and no rule reads them."""

    rules: tuple[RulePlan, ...]
    types: Mapping[str, TypePlan]
    fields: tuple[str, ...]
    whole: bool
    fingerprint: str
    disabled: tuple[str, ...] = ()
    tables: Mapping[str, TablePlan] = field(default_factory=dict)
    other_tables: tuple[str, ...] = ()

    @property
    def sets_timers(self) -> bool:
        """Whether anything waits for its time: deadlines of rules, windows that close, tables that change."""
        joins = any(rule.join is not None and rule.join.joins for rule in self.rules)
        closes = any(isinstance(r.operator, WindowPlan) and r.operator.waits for r in self.rules)
        patterns = [rule.operator for rule in self.rules if isinstance(rule.operator, PatternPlan)]
        return joins or closes or bool(self.tables) or any(pattern.sets_timers for pattern in patterns)

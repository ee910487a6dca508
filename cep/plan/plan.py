"""The plan: what the operators will do, as plain data. Plan layer.

Made once from a checked rule set by :func:`cep.plan.planner.plan_rules`, printed by ``cep explain``, read by the
runtime. No closures, no state: conditions are checked expressions, still to be
compiled; sets of conditions are bits, numbered per event type over all rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cep.functions.aggregates import AGGREGATES
from cep.functions.records import AggregateRecord
from cep.language.checked import (
    Aggregate,
    Binary,
    Call,
    Candidate,
    CheckedFiring,
    CheckedKey,
    CheckedWindow,
    Conditional,
    Constant,
    EventValue,
    Expression,
    ListOf,
    SchemaField,
)
from cep.plan.windows import SETS_TIMERS, Form, Sliding
from cep.timestamps import TIME_FIELDS
from cep.types import ANY, TIMESTAMP, Type, list_of


@dataclass(frozen=True, slots=True)
class Fit:
    """What one event must satisfy to fill a role.

    ``bit`` is its place in the type's mask (the part that looks at the event alone); ``ties`` are the conjuncts that
    also look at what is bound so far, tested in order, only where the bit is set.
    """

    bit: int
    ties: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A role that must stay empty: ``no B``. By event type."""

    label: str
    fits: Mapping[str, Fit]


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One step of a pattern: ``minimum`` to ``maximum`` (null: unbounded) events, each passing ``fits`` of its type.

    ``forbidden`` must not occur between the last event of the step before and the event that enters this one, an event
    that fits this step counting as that. With ``quiet_us`` they must stay away that long after the step before, and
    this step's event comes later than that. ``at_end`` are conjuncts of ``where`` tested when this loop ends.
    """

    name: str
    label: str
    fits: Mapping[str, Fit]
    minimum: int = 1
    maximum: int | None = 1
    at_end: tuple[Expression, ...] = ()
    forbidden: tuple[Forbidden, ...] = ()
    quiet_us: int | None = None


@dataclass(frozen=True, slots=True)
class WaitPlan:
    """A closing ``no B``: the match completes when ``forbidden`` has stayed away until the deadline.

    The deadline is ``after_last_us`` after the last event bound, or ``after_first_us`` after the first; one is set.
    """

    forbidden: Forbidden
    after_last_us: int | None = None
    after_first_us: int | None = None


@dataclass(frozen=True, slots=True)
class PatternPlan:
    """A sequence of steps with relaxed contiguity, skip past last event."""

    steps: tuple[StepPlan, ...]
    within_us: int | None = None
    wait: WaitPlan | None = None
    having: Expression | None = None

    @property
    def counts_only(self) -> bool:
        """Whether the match is simply the newest n events that fit: one loop, nothing tied, nothing to wait for."""
        if len(self.steps) != 1 or self.wait is not None or self.having is not None:
            return False
        step = self.steps[0]
        return not step.at_end and all(not fit.ties for fit in step.fits.values())


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
    ``reads_previous`` and ``reads_bounds`` tell whether ``prev`` and ``window.start`` or ``end`` are read.
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

    @property
    def window(self) -> Form:
        """The window of the rule."""
        return self.groups[0].form

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

    Own keys are read from the last event of the match or the window; null is a key like others.
    """

    count: int
    every_us: int
    keys: tuple[CheckedKey, ...] | None = None


@dataclass(frozen=True, slots=True)
class RulePlan:
    """One rule. ``number`` is its place in the order of the files; ``fingerprint`` changes when its logic does.

    ``reads`` lists the event types it reads with the bits it looks at: it is called only for events with one of them.
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
class Plan:
    """All rules of a rule set, ready to be compiled and run."""

    rules: tuple[RulePlan, ...]
    types: Mapping[str, TypePlan]
    fields: tuple[str, ...]
    whole: bool
    fingerprint: str
    disabled: tuple[str, ...] = ()

    @property
    def sets_timers(self) -> bool:
        """Whether any rule waits for deadlines, or for its windows to close."""
        return any(
            isinstance(r.operator.window, SETS_TIMERS)
            if isinstance(r.operator, WindowPlan)
            else r.operator.wait is not None
            for r in self.rules
        )

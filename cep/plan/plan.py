"""The plan: what the operators will do, as plain data. Plan layer.

Made once from a checked rule set by :func:`cep.plan.planner.plan_rules`, printed by ``cep explain``, read by the
runtime. No closures, no state: conditions are checked expressions, still to be
compiled; sets of conditions are bits, numbered per event type over all rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cep.diagnostics import NOWHERE, Span
from cep.language.checked import CheckedFiring, CheckedKey, Conditional, Constant, Expression, SchemaField
from cep.timestamps import TIME_FIELDS
from cep.types import Type


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
    """One aggregate of a window; rules and clauses that need the same one share it. Nulls are skipped."""

    function: str
    argument: Expression | None
    where: Expression | None

    @property
    def taken(self) -> Expression:
        """What it takes from an event: the argument where the filter holds, else null."""
        argument = self.argument if self.argument is not None else Constant(True)
        if self.where is None:
            return argument
        return Conditional(self.where, argument, Constant(None), argument.type)


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """A sliding window in time, evaluated at each event that enters.

    ``aggregates`` are kept per key. In ``when`` and in the emitted fields they are referred to by position (the
    generator looks an aggregate up by equality).
    """

    fits: Mapping[str, Fit]
    label: str
    length_us: int
    aggregates: tuple[AggregatePlan, ...]
    when: Expression | None
    firing: CheckedFiring


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
    """At most ``count`` emissions in any stretch shorter than ``every_us``, per key of the rule."""

    count: int
    every_us: int


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
    join: JoinPlan | None = None


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
        """Whether anything waits for its time: deadlines of rules, tables that change."""
        joins = any(rule.join is not None and rule.join.joins for rule in self.rules)
        patterns = [rule.operator for rule in self.rules if isinstance(rule.operator, PatternPlan)]
        return joins or bool(self.tables) or any(pattern.wait is not None for pattern in patterns)

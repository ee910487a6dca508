"""Windows that generated code keeps, and what is kept of each event in them, column by column. Plan layer.

A rule over a window that slides by time or by count is described here for the generator of
:mod:`cep.plan.generate.sliding`, together with those right behind it that differ in nothing but the condition and what
they emit: events and aggregates are then kept once. What several aggregates take alike is one column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite

from cep.language.checked import Aggregate, Binary, Constant, Expression
from cep.plan.plan import AggregatePlan, RulePlan, WindowPlan
from cep.plan.walk import conjuncts, may_fail
from cep.plan.windows import Hopping, Sliding

SCALE_BITS = 80
"""Sums of floats are ints: the float times two to this power."""

SUMS = frozenset({"sum", "avg"})
LAZY = frozenset({"count", "min", "max", "first", "last", "nth", "count_distinct", "distinct", "collect"})
"""Aggregates whose value never fails, so that it is asked for only where it is needed."""

_NEVER_ROUNDED_AWAY = 2.0**900
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
COUNT = AggregatePlan("count", None, None)
"""``count()``: the length of the window."""


@dataclass(frozen=True, slots=True)
class KeptColumn:
    """What some aggregates take from each event.

    ``kind``: ``float`` and ``int`` are columns of sums and means of numbers declared so, of which the sum is kept, as
    an int; ``values`` have an accumulator for each of ``aggregates``.
    """

    taken: Expression
    kind: str
    aggregates: tuple[AggregatePlan, ...]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A conjunct that compares a number that is kept with a constant, as ``number >= bound``, or ``<`` with ``below``.

    ``column`` is that of the sum, null for the number of events.
    """

    column: int | None
    bound: int
    below: bool


@dataclass(frozen=True, slots=True)
class KeptWindow:
    """The window that ``rules`` share: one that slides; or a hopping one of a single rule, which is kept in panes."""

    rules: tuple[RulePlan, ...]
    form: Sliding | Hopping
    columns: tuple[KeptColumn, ...]

    def place(self, aggregate: AggregatePlan) -> tuple[int, int]:
        """Where an aggregate is kept: the column, and which of its accumulators."""
        for number, column in enumerate(self.columns):
            if aggregate in column.aggregates:
                return number, column.aggregates.index(aggregate)
        raise AssertionError(f"{aggregate.function} is not kept")

    def threshold(self, x: Expression) -> Threshold | None:
        """The conjunct as a comparison of a kept number with a constant; null where it is none."""
        if not isinstance(x, Binary) or x.operator not in _MIRRORED:
            return None
        left, right, operator = x.left, x.right, x.operator
        if isinstance(left, Constant):
            left, right, operator = right, left, _MIRRORED[operator]
        if operator == "==" or not isinstance(left, Aggregate) or not isinstance(right, Constant):
            return None
        return self.compared(left, operator, right.value)

    def compared(self, left: Aggregate, operator: str, constant: object) -> Threshold | None:
        """The same for an aggregate on the left of ``< <= > >=`` and a constant."""
        if constant.__class__ not in (int, float) or operator == "==":
            return None
        assert isinstance(constant, int | float)
        if not isfinite(constant) or abs(constant) >= _NEVER_ROUNDED_AWAY:
            return None
        plan = AggregatePlan.of(left)
        beyond = operator in (">", "<=")  # what the bound is beyond: the constant itself, or what is below it
        below = operator in ("<", "<=")
        if plan == COUNT:
            return Threshold(None, _first_int(constant, beyond), below)
        if plan.function != "sum":
            return None
        number, _ = self.place(plan)
        if self.columns[number].kind == "values":
            return None
        is_int = self.columns[number].kind == "int"
        return Threshold(number, _first_int(constant, beyond) if is_int else first_scaled(constant, beyond), below)


def _first_int(constant: int | float, beyond: bool) -> int:
    """The smallest int that is at least the constant, or greater than it with ``beyond``."""
    return floor(constant) + 1 if beyond else ceil(constant)


def first_scaled(constant: int | float, beyond: bool) -> int:
    """The smallest scaled sum whose nearest float is at least the constant, or greater than it with ``beyond``.

    Dividing ints rounds to the nearest float, so a greater sum never gives a smaller one: the sums for which the
    comparison holds begin at one of them, which is looked for by halving.
    """
    divisor = 1 << SCALE_BITS
    low, high = (
        -(1 << (902 + SCALE_BITS)),
        1 << (902 + SCALE_BITS),
    )  # it does not hold at the first, and does at the last
    while high - low > 1:
        middle = (low + high) // 2
        value = middle / divisor
        if value > constant or (value == constant and not beyond):
            high = middle
        else:
            low = middle
    return high


def hoisted(window: KeptWindow, rule: RulePlan) -> tuple[list[Threshold], list[Expression]]:
    """The condition of a rule: comparisons that may be made first, at most one for a column and side, and the rest.

    Those behind what may fail on the data stay there: it is told of although they would not hold.
    """
    plan = rule.operator
    assert isinstance(plan, WindowPlan)
    found: dict[tuple[int | None, bool], Threshold] = {}
    rest: list[Expression] = []
    for part in [*conjuncts(plan.when), *conjuncts(plan.having)]:
        threshold = None if any(map(may_fail, rest)) else window.threshold(part)
        if threshold is None or (threshold.column, threshold.below) in found:
            rest.append(part)
        else:
            found[threshold.column, threshold.below] = threshold
    return list(found.values()), rest


def is_kept(rule: RulePlan) -> bool:
    """Whether the generated code for such windows knows all that the rule asks for."""
    plan = rule.operator
    if not isinstance(plan, WindowPlan) or len(plan.groups) > 1:
        return False
    form = plan.window
    if not isinstance(form, Sliding) or form.since is not None or (form.length_us is None and form.count is None):
        return False
    if plan.looks_around or plan.remembers or plan.firing.kind not in ("rising", "every_time"):
        return False
    return not any(fit.ties for fit in plan.fits.values())


def paned_window(rule: RulePlan) -> KeptWindow | None:
    """The window of a rule that can be kept in panes, of which each hopping window is made of whole ones; else null.

    A pane holds sums and the newest events, for the evidence: so no expression may look at other events in it.
    """
    plan = rule.operator
    if not isinstance(plan, WindowPlan) or rule.join is not None or len(plan.groups) > 1:
        return None
    form = plan.window
    if not isinstance(form, Hopping) or form.length_us % form.step_us or plan.reads_previous or plan.crosses:
        return None
    if any(fit.ties for fit in plan.fits.values()) or not plan.sums_only:
        return None
    return _window([rule])


def enriched_window(rule: RulePlan) -> KeptWindow | None:
    """The window of a rule whose events are enriched from tables, by itself; null where it is not kept so."""
    return _window([rule]) if is_kept(rule) else None


def kept_windows(rules: Sequence[RulePlan]) -> list[KeptWindow]:
    """The windows that are kept so: neighbours that read the same events, by the same keys, share one."""
    found: list[list[RulePlan]] = []
    for rule in rules:
        if rule.join is not None or not is_kept(rule):
            continue
        last = found[-1] if found else []
        if last and last[-1].number == rule.number - 1 and _alike(last[0], rule):
            last.append(rule)
        else:
            found.append([rule])
    return [_window(shared) for shared in found]


def _alike(one: RulePlan, other: RulePlan) -> bool:
    a, b = one.operator, other.operator
    assert isinstance(a, WindowPlan)
    assert isinstance(b, WindowPlan)
    keys, others = ([(k.name, k.path, dict(k.by_type), k.optional) for k in rule.keys] for rule in (one, other))
    return a.window == b.window and dict(a.fits) == dict(b.fits) and keys == others


def _window(rules: Sequence[RulePlan]) -> KeptWindow:
    plans = [rule.operator for rule in rules]
    wanted: dict[tuple[Expression, str], dict[AggregatePlan, None]] = {}
    form = None
    for plan in plans:
        assert isinstance(plan, WindowPlan)
        assert isinstance(plan.window, Sliding | Hopping)
        form = plan.window
        for aggregate in plan.aggregates:
            if aggregate != COUNT:
                wanted.setdefault((aggregate.taken, _kind(aggregate)), {})[aggregate] = None
    assert form is not None
    columns = [KeptColumn(taken, kind, tuple(found)) for (taken, kind), found in wanted.items()]
    return KeptWindow(tuple(rules), form, tuple(columns))


def _kind(aggregate: AggregatePlan) -> str:
    declared = None if aggregate.argument is None else aggregate.argument.type.name
    return declared if aggregate.function in SUMS and declared in ("float", "int") else "values"

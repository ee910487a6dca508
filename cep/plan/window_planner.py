"""Windows to accumulators. Plan layer. Reads what :mod:`cep.plan.unsupported` has let pass."""

from __future__ import annotations

from collections.abc import Sequence

from cep.language.checked import (
    Binary,
    CheckedRule,
    CheckedWindow,
    EdgeEvent,
    Expression,
    PreviousEvent,
    StepEventAt,
    WindowBound,
)
from cep.plan.automaton import Fit
from cep.plan.catalogue import Catalogue
from cep.plan.plan import AggregatePlan, WindowGroup, WindowPlan
from cep.plan.walk import aggregates, event_fields, walk
from cep.plan.windows import (
    RUNNING_AGGREGATES,
    Batch,
    Calendar,
    Form,
    Hopping,
    Session,
    Single,
    Sliding,
    only_grows,
)


def plan_window(rule: CheckedRule, catalogue: Catalogue) -> WindowPlan:
    """The plan of a rule over windows."""
    assert rule.input is not None
    fits = catalogue.fits(rule.input, (c.expression for c in rule.where))
    shown: list[Expression] = [f.value for f in rule.emit.fields]
    shown += [condition for condition in (rule.when, rule.having) if condition is not None]
    names = sorted({name for expression in shown for name in event_fields(expression)})
    for event_type in fits:
        if len(fits) == 1:
            catalogue.expect_names(event_type, names)
        catalogue.read_names(event_type, names)
    nodes = [node for expression in (*shown, *(c.expression for c in rule.where)) for node in walk(expression)]
    return WindowPlan(
        fits,
        rule.input.label,
        _groups(rule.window, shown, catalogue),
        rule.when,
        rule.firing,
        rule.having,
        tuple(dict.fromkeys(n for n in nodes if isinstance(n, Binary) and n.operator.startswith("crosses"))),
        any(isinstance(node, PreviousEvent) for node in nodes),
        any(isinstance(node, WindowBound) for node in nodes),
        _sums_only(shown),
    )


def _groups(window: CheckedWindow | None, shown: Sequence[Expression], catalogue: Catalogue) -> tuple[WindowGroup, ...]:
    """The rule's window with the aggregates over it, then each other window with its own."""
    by_window: dict[CheckedWindow | None, dict[AggregatePlan, None]] = {None: {}}
    for expression in shown:
        for a in aggregates(expression):
            by_window.setdefault(a.over, {})[AggregatePlan.of(a)] = None
    groups = []
    for over, wanted in by_window.items():
        written = window if over is None else over
        form = form_of(written)
        looks_back = over is None and _looks_inside(shown)
        compact = only_grows(form) and RUNNING_AGGREGATES.issuperset(a.function for a in wanted)
        groups.append(WindowGroup(form, tuple(wanted), _resets(written, catalogue), looks_back or not compact))
    return tuple(groups)


def _looks_inside(shown: Sequence[Expression]) -> bool:
    return any(_is_inside(node) for each in shown for node in walk(each))


def _sums_only(shown: Sequence[Expression]) -> bool:
    functions = {aggregate.function for each in shown for aggregate in aggregates(each)}
    return functions <= RUNNING_AGGREGATES and not _looks_inside(shown)


def _is_inside(node: object) -> bool:
    """Whether it is an event of the window other than the last one."""
    return isinstance(node, StepEventAt) or (isinstance(node, EdgeEvent) and node.edge == "first")


def _resets(window: CheckedWindow | None, catalogue: Catalogue) -> dict[str, Fit]:
    return catalogue.fits(window.event) if window is not None and window.event is not None else {}


def form_of(window: CheckedWindow | None) -> Form:
    """The form of a window as it was written."""
    if window is None:
        return Single()
    length_us, step_us, count = window.duration_us or 0, window.step_us or 0, window.count or 0
    match window.kind:
        case "last_time":
            return Sliding(length_us)
        case "last_count":
            return Sliding(window.duration_us, count, window.partial)
        case "all":
            return Sliding()
        case "since":
            assert window.event is not None
            return Sliding(since=window.event.label)
        case "tumbling":
            return Hopping(length_us, length_us)
        case "hopping":
            return Hopping(length_us, step_us)
        case "calendar":
            return Calendar(window.unit or "", window.zone or "UTC")
        case "session":
            return Session(length_us, window.maximum_us)
        case "tumbling_count":
            return Batch(count)

"""Windows to accumulators. Plan layer. Reads what :mod:`cep.plan.unsupported` has let pass."""

from __future__ import annotations

from cep.language.checked import CheckedRule, Expression
from cep.plan.catalogue import Catalogue
from cep.plan.plan import AggregatePlan, WindowPlan
from cep.plan.walk import aggregates, event_fields

EACH_US = -1
"""The length of a window that holds the evaluated event alone: what came at the same instant is older than that."""


def plan_window(rule: CheckedRule, catalogue: Catalogue) -> WindowPlan:
    """The plan of a rule over a sliding window in time."""
    assert rule.input is not None
    length_us = EACH_US if rule.window is None else rule.window.duration_us
    assert length_us is not None
    fits = catalogue.fits(rule.input, (c.expression for c in rule.where))
    shown: list[Expression] = [f.value for f in rule.emit.fields]
    if rule.when is not None:
        shown.append(rule.when)
    wanted = dict.fromkeys(AggregatePlan.of(a) for expression in shown for a in aggregates(expression))
    names = sorted({name for expression in shown for name in event_fields(expression)})
    for event_type in fits:
        if len(fits) == 1:
            catalogue.expect_names(event_type, names)
        catalogue.read_names(event_type, names)
    return WindowPlan(fits, rule.input.label, length_us, tuple(wanted), rule.when, rule.firing)

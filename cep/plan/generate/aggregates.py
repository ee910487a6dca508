"""Aggregates over the events of a match: computed from all of them, each time. Plan layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cep.functions.definitions import top_by
from cep.plan.plan import AggregatePlan

Definition = Callable[[Sequence[Any]], Any]

ROUNDED = frozenset({"avg", "stddev", "median", "percentile", "approx_percentile"})
"""Aggregates whose result over durations or times is a float of microseconds, to be rounded."""


def definition(plan: AggregatePlan) -> Definition:
    """The aggregate as a function of what it took from each event (see :attr:`AggregatePlan.row`)."""
    record, constants, rank = plan.record, plan.constants, plan.rank
    if rank is not None:
        measure = definition(rank)
        return lambda rows: top_by(rows, constants[0], rank.function, measure)
    if record.columns < 2 and not constants:
        assert record.over_values is not None
        return record.over_values
    return lambda rows: record.over_rows(rows, constants)

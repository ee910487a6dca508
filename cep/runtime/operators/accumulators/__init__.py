"""Aggregates of a window that slides: each value enters once and leaves once. Runtime layer.

Invariant: after any adding and removing, :meth:`Accumulator.value` is, to the bit, what the aggregate's definition
(``over_rows`` of its record in :data:`cep.functions.AGGREGATES`) gives over the values that remain.

Values leave in the order in which they came. Cost per value is constant, amortised, but for ``median`` and
``percentile``, which look for its place; that of ``value()`` is constant except for ``distinct``, ``collect`` and
``top``, which list values, and ``approx_percentile``, which walks through its buckets.
"""

from __future__ import annotations

from typing import Any

from cep.plan.plan import AggregatePlan
from cep.runtime.operators.accumulators.accumulator import Accumulator
from cep.runtime.operators.accumulators.approximate import ApproxCountDistinctAccumulator, ApproxPercentileAccumulator
from cep.runtime.operators.accumulators.extremes import (
    ArgMaxAccumulator,
    ArgMinAccumulator,
    MaxAccumulator,
    MinAccumulator,
    RangeAccumulator,
)
from cep.runtime.operators.accumulators.ordered import MedianAccumulator, PercentileAccumulator
from cep.runtime.operators.accumulators.ranking import TopAccumulator, TopByAccumulator
from cep.runtime.operators.accumulators.statistics import (
    CorrelationAccumulator,
    SlopeAccumulator,
    StddevAccumulator,
    VarianceAccumulator,
    ZscoreAccumulator,
)
from cep.runtime.operators.accumulators.sums import AvgAccumulator, CountAccumulator, SumAccumulator
from cep.runtime.operators.accumulators.timed import EwmaAccumulator, RateAccumulator, SpanRateAccumulator
from cep.runtime.operators.accumulators.values import (
    CollectAccumulator,
    CountDistinctAccumulator,
    DistinctAccumulator,
    FirstAccumulator,
    LastAccumulator,
    NthAccumulator,
)

ACCUMULATORS: dict[str, Any] = {
    "count": CountAccumulator,
    "sum": SumAccumulator,
    "avg": AvgAccumulator,
    "min": MinAccumulator,
    "max": MaxAccumulator,
    "range": RangeAccumulator,
    "stddev": StddevAccumulator,
    "variance": VarianceAccumulator,
    "median": MedianAccumulator,
    "percentile": PercentileAccumulator,
    "distinct": DistinctAccumulator,
    "count_distinct": CountDistinctAccumulator,
    "first": FirstAccumulator,
    "last": LastAccumulator,
    "nth": NthAccumulator,
    "collect": CollectAccumulator,
    "top": TopAccumulator,
    "arg_max": ArgMaxAccumulator,
    "arg_min": ArgMinAccumulator,
    "rate": SpanRateAccumulator,
    "ewma": EwmaAccumulator,
    "zscore": ZscoreAccumulator,
    "slope": SlopeAccumulator,
    "correlation": CorrelationAccumulator,
    "approx_count_distinct": ApproxCountDistinctAccumulator,
    "approx_percentile": ApproxPercentileAccumulator,
}
"""By the aggregate's name; called with its constant arguments."""


def make_accumulator(plan: AggregatePlan, length_us: int | None = None) -> Accumulator:
    """An empty accumulator of an aggregate, for a window of ``length_us`` (null where its length is no time).

    The length is what ``rate`` divides by: that of a sliding or tumbling window, from start to end for a calendar day.
    """
    if plan.function == "rate" and length_us is not None:
        return RateAccumulator(length_us)
    rank = plan.rank
    if rank is not None:
        return TopByAccumulator(plan.constants[0], rank.function, lambda: make_accumulator(rank, length_us))
    accumulator: Accumulator = ACCUMULATORS[plan.function](*plan.constants)
    return accumulator


__all__ = ["ACCUMULATORS", "Accumulator", "make_accumulator"]

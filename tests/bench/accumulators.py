"""What one event costs an accumulator: one value in, one out, one result, in windows of some sizes.

    python -m tests.bench.accumulators [--sizes 30 1000]

Microseconds of processor time; beside it how much more that is than for a count.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import deque

from cep.language.checked import Aggregate
from cep.language.rule_files import load_rules
from cep.plan.plan import AggregatePlan
from cep.runtime.operators.accumulators import make_accumulator

AGGREGATES = [
    "count()", "sum(x)", "avg(x)", "min(x)", "range(x)", "variance(x)", "stddev(x)", "zscore(x)", "median(x)",
    "percentile(x, 95)", "approx_percentile(x, 95)", "distinct(k)", "count_distinct(k)", "approx_count_distinct(k)",
    "first(x)", "last(x)", "nth(x, 1)", "top(k, 3)", "top(k, 3, sum(x))", "arg_max(k, x)", "rate()", "ewma(x, 1 minute)",
    "slope(x)", "correlation(x, y)",
]  # fmt: skip


def plan_of(text: str) -> AggregatePlan:
    """The plan of an aggregate as rules write it."""
    [rule] = load_rules(f"rule r from A over last 1 minute emit X(v = {text})").rules
    aggregate = rule.emit.fields[0].value
    assert isinstance(aggregate, Aggregate)
    return AggregatePlan.of(aggregate)


def rows_of(plan: AggregatePlan, count: int) -> list[object]:
    """What the aggregate takes from so many events, one every second."""
    chance = random.Random(1)
    rows: list[object] = []
    for number in range(count):
        x, y, k = chance.randrange(1_000_000) / 100, chance.random(), f"k{chance.randrange(20)}"
        time_us = 1_767_225_600_000_000 + number * 1_000_000
        if plan.function == "arg_max" or plan.rank is not None:
            rows.append([k, x])
        elif plan.record.columns == 2:
            rows.append([x, time_us if plan.record.times else y])
        elif plan.record.times:
            rows.append(time_us)
        else:
            rows.append(k if plan.function in ("distinct", "count_distinct", "approx_count_distinct", "top") else x)
    return rows


def cost_us(plan: AggregatePlan, size: int, events: int = 5_000) -> float:
    """Microseconds for an event in a window of ``size`` events."""
    rows = rows_of(plan, size + events)
    accumulator = make_accumulator(plan, 60_000_000)
    window: deque[object] = deque(rows[:size])
    for row in window:
        accumulator.add(row)
    start = time.process_time()
    for row in rows[size:]:
        accumulator.remove(window.popleft())
        window.append(row)
        accumulator.add(row)
        accumulator.value()
    return (time.process_time() - start) / events * 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", type=int, nargs="+", default=[30, 1_000])
    sizes = parser.parse_args().sizes
    print(f"{'':26}" + "".join(f"{size:>14,}" for size in sizes))
    base = [min(cost_us(plan_of("count()"), size) for _ in range(3)) for size in sizes]
    for text in AGGREGATES:
        costs = [min(cost_us(plan_of(text), size) for _ in range(3)) for size in sizes]
        shown = [f"{cost:7.2f} ({cost / least:4.1f})" for cost, least in zip(costs, base, strict=True)]
        print(f"{text:26}" + "".join(f"{each:>14}" for each in shown))


if __name__ == "__main__":
    main()

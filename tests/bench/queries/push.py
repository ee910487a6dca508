"""Q10: one event at a time through the API, with 100 rules of which 10 read its type: median, p99, p99.9.

Microseconds of a `push` by the clock on the wall, so that a busy machine shows; the aim is a median of 15 and a p99 of
100. The garbage collector runs as it does in an application that does nothing about it.

    python -m tests.bench.queries.push [--events N] [--rules N]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from cep import Engine
from tests.bench.queries import many_rules


def main() -> None:
    """Push, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rules", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        many_rules.write(path, options.events)
        records = [json.loads(line) for line in path.open(encoding="utf-8")]
    engine = Engine.from_rules(many_rules.rules(options.rules))
    push, clock = engine.push, time.perf_counter_ns
    times, matches = [], 0
    for record in records:
        start = clock()
        derived = push(record)
        times.append(clock() - start)
        matches += len(derived)
    expected = many_rules.count_high(records, options.rules)
    assert matches == expected, f"{matches} matches, not the {expected} of the independent answer"
    times.sort()
    median, p99, p999 = (times[min(int(len(times) * share), len(times) - 1)] / 1000 for share in (0.5, 0.99, 0.999))
    print(f"Q10  {options.rules} rules, {len(times):,} events, {matches:,} matches")
    print(f"     median {median:.1f} us (aim 15)   p99 {p99:.1f} us (aim 100)   p99.9 {p999:.1f} us")


if __name__ == "__main__":
    main()

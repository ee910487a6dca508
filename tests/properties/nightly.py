"""What is too much for CI: 100,000 random pairs, and all short streams of all patterns, over several processes.

    python -m tests.properties.nightly pairs [--pairs 100000] [--seed 0] [--jobs 2]
    python -m tests.properties.nightly streams [--jobs 2] [--part 1/3]

Pairs are drawn 500 to a seed, seeds are counted up from ``--seed``: a run may be split over machines by giving each
seeds of its own, and what differs is found again by its seed. Streams are those of
:mod:`tests.properties.test_patterns_exhaustive`; ``--part 1/3`` takes every third pattern, beginning with the first.
Each piece that is done is told, and each difference; the exit code is 1 if there was one.
"""

from __future__ import annotations

import argparse
import functools
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from cep.engine import Engine
from tests.properties.generate_patterns import pattern_pairs
from tests.properties.generate_rules import Scenario
from tests.properties.pairs import engine_results, oracle_results, runs_unlimited
from tests.properties.test_patterns_exhaustive import ALL, PATTERNS, assert_agrees

PAIRS_TO_A_SEED = 500
TOLD = 5
"""Differences told of each piece."""


@dataclass
class Found:
    """What a piece has shown: how many were held against each other, how many matched, and where they differ."""

    name: str
    done: int = 0
    matched: int = 0
    differences: list[str] = field(default_factory=list)
    differing: int = 0

    def differs(self, what: str) -> None:
        """One difference more."""
        self.differing += 1
        if len(self.differences) < TOLD:
            self.differences.append(what)


def pairs(number: int, count: int = PAIRS_TO_A_SEED) -> Found:
    """The first so many pairs of one seed."""
    found = Found(f"seed {number}")

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(pattern_pairs())
    def look_at(pair: Scenario) -> None:
        found.done += 1
        try:
            engine = Engine.from_rules(pair.rules, lateness=pair.lateness_us)
            expected, derived = oracle_results(pair), engine_results(pair, engine)
        except Exception as error:
            found.differs(f"{pair!r}\n{type(error).__name__}: {error}")
            return
        found.matched += bool(expected.flushed)
        if derived != expected and runs_unlimited(engine):
            found.differs(f"{pair!r}\n  engine {derived}\n  oracle {expected}")

    look_at()
    return found


def streams(number: int) -> Found:
    """All short streams of one pattern."""
    found = Found(f"pattern {number}: {PATTERNS[number]}")
    try:
        found.done = assert_agrees(PATTERNS[number], ALL)
    except AssertionError as error:
        found.differs(str(error))
    return found


def over(work: Callable[[int], Found], numbers: Sequence[int], jobs: int) -> Iterable[Found]:
    """The pieces, as they are done."""
    with ProcessPoolExecutor(jobs) as pool:
        for future in as_completed([pool.submit(work, number) for number in numbers]):
            yield future.result()


def part_of(numbers: Sequence[int], part: str) -> Sequence[int]:
    """The first of three, as ``1/3``: every third, beginning with the first."""
    which, _, of = part.partition("/")
    return numbers[int(which) - 1 :: int(of)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the two, tell what is found, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=["pairs", "streams"])
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--part", default="1/1")
    options: Any = parser.parse_args(arguments)
    if options.what == "pairs":
        seeds = range(options.seed, options.seed + -(-options.pairs // PAIRS_TO_A_SEED))
        work = functools.partial(pairs, count=min(PAIRS_TO_A_SEED, options.pairs))
        pieces = over(work, part_of(seeds, options.part), options.jobs)
    else:
        pieces = over(streams, part_of(range(len(PATTERNS)), options.part), options.jobs)
    started_s = time.monotonic()
    whole = Found("all")
    for each in pieces:
        whole.done += each.done
        whole.matched += each.matched
        whole.differing += each.differing
        print(f"{time.monotonic() - started_s:7.0f} s  {whole.done:,} done, {whole.matched:,} matched, "
              f"{whole.differing} differ; {each.name}", flush=True)  # fmt: skip
        for difference in each.differences:
            print(difference, flush=True)
    return int(whole.differing > 0)


if __name__ == "__main__":
    sys.exit(main())

"""What the generators of iot, orders, logistics and social share: scenarios mixed into ordinary events, as JSON lines.

Every so often one of a domain's scenarios begins, all of them in turn, and its events mix with the ordinary ones. Some
events are written late, and now and then a line is cut in half. The stream is the same for the same options, and
nothing is kept but what is still to be written, so that it may be as long as one likes.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, islice
from typing import Any

Fields = dict[str, Any]
Step = tuple[int, str, Fields]
"""Seconds after the scenario's start, event type, fields; ``late`` among the fields has the event written late."""


@dataclass(frozen=True)
class Domain:
    """What one generator makes.

    ``scenarios`` are given the chances and the number of the turn, which keeps the names of one turn apart from those
    of another; ``ordinary`` the chances and the number of the event, counted from 1. ``gap``: mean seconds between
    ordinary events. ``late_by``: seconds. ``scenario_every``: a scenario begins at every so many ordinary events.
    """

    description: str
    start: datetime
    scenarios: Sequence[Callable[[random.Random, int], list[Step]]]
    ordinary: Callable[[random.Random, int], list[Step]]
    gap: float
    late_by: int
    scenario_every: int = 20


def quarter(rng: random.Random, low: float, high: float) -> float:
    """A multiple of 0.25 from `low` up to, but not including, `high`: sums are exact whoever adds them up."""
    return int((low + rng.random() * (high - low)) * 4) / 4


def stream(domain: Domain, options: argparse.Namespace) -> Iterator[str]:
    """Lines without end, in the order in which they are written."""
    rng = random.Random(options.seed)
    waiting: list[tuple[int, int, str]] = []  # when to write, order of creation, line
    created = count()
    clock = 0.0

    def put(at: int, late: bool, kind: str, fields: Fields) -> None:
        time = (domain.start + timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%SZ")
        line = json.dumps({"type": kind, "at": time, **fields}, separators=(",", ":")) + "\n"
        heapq.heappush(waiting, (at + domain.late_by * late, next(created), line))

    for number in count(1):
        clock += rng.random() * 2 * options.gap
        now = int(clock)
        if options.scenario_every and (number - 1) % options.scenario_every == 0:
            turn = (number - 1) // options.scenario_every
            for after, kind, fields in domain.scenarios[turn % len(domain.scenarios)](rng, turn):
                put(now + after, fields.pop("late", False), kind, fields)
        late = bool(options.late_every) and number % options.late_every == 0
        for after, kind, fields in domain.ordinary(rng, number):
            put(now + after, late, kind, fields)
        while waiting and waiting[0][0] <= now:
            yield heapq.heappop(waiting)[2]


def with_broken_lines(lines: Iterator[str], every: int) -> Iterator[str]:
    """Each `every`-th line loses its second half."""
    for number, text in enumerate(lines, 1):
        yield text[: len(text) // 2] + "\n" if every and number % every == 0 else text


def integer(text: str) -> int:
    return int(text.replace("_", ""))


def options_of(domain: Domain, arguments: list[str] | None) -> argparse.Namespace:
    """The options that all these generators have."""
    parser = argparse.ArgumentParser(description=domain.description)
    add = parser.add_argument
    add("--seed", type=integer, default=7, help="the same seed gives the same stream (default: 7)")
    add("--events", type=integer, default=500, help="lines to write (default: 500)")
    add("--gap", type=float, default=domain.gap, help=f"mean seconds between ordinary events (default: {domain.gap})")
    every = {
        "--scenario-every": (domain.scenario_every, "a scenario begins at every N-th ordinary event"),
        "--late-every": (101, f"every N-th ordinary event is written {domain.late_by} seconds late"),
        "--broken-every": (333, "every N-th line is cut in half"),
    }
    for option, (default, what) in every.items():
        add(option, type=integer, default=default, metavar="N", help=f"{what}, 0: none (default: {default})")
    return parser.parse_args(arguments)


def write(domain: Domain, arguments: list[str] | None = None) -> int:
    """The whole program of a generator; gives its exit code."""
    options = options_of(domain, arguments)
    lines = islice(with_broken_lines(stream(domain, options), options.broken_every), options.events)
    try:
        while chunk := "".join(islice(lines, 1000)):
            sys.stdout.write(chunk)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0

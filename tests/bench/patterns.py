"""How the cost of patterns grows with what is alive: ratios of one run, on the public API.

Each benchmark fills an engine until so many runs are alive, and then measures further events that keep that number. What
is compared is processor time per event between sizes, in one process; bytes come from tracemalloc. A size that is not
filled within ``--patience`` seconds is given up.

    python -m tests.bench.patterns [NAME ...] [--largest 100000] [--patience 60]

Names: every, loop, keys, rules, selective, equality, inequality, timed, memory, bomb.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import cep
from cep.event import Batch
from cep.runtime.limits import Limits

START_US = 1_767_225_600_000_000
UNLIMITED = Limits(runs_per_key=10**9, runs_per_rule=10**9, keys=10**9, loop_events=10**9)
MEASURED = 2_000
BATCH = 500

Row = tuple[str, float, dict[str, Any]]
"""Type, second, fields."""


class GaveUp(Exception):
    """It took too long."""


@dataclass
class Bench:
    """An engine that is fed, and the clock on it."""

    engine: cep.Engine
    patience_s: float
    position: int = 0
    spent_s: float = 0.0
    derived: int = 0

    def feed(self, rows: Iterator[Row], count: int) -> float:
        """Push so many events, and give the processor time of that in seconds; decoding is not counted."""
        before_s = self.spent_s
        while count > 0 and (batch := self._batch(rows, min(count, BATCH))) is not None:
            start = time.process_time()
            self.derived += len(self.engine.push_batch(batch))
            self.spent_s += time.process_time() - start
            count -= len(batch.positions)
            if self.spent_s > self.patience_s:
                raise GaveUp
        return self.spent_s - before_s

    def _batch(self, rows: Iterator[Row], size: int) -> Batch | None:
        encoded = [
            json.dumps({"type": kind, "ts": START_US + int(second * 1_000_000), **fields}).encode()
            for kind, second, fields in islice(rows, size)
        ]
        if not encoded:
            return None
        events = self.engine.projection.decode_lines(b"\n".join(encoded))
        self.position += len(encoded)
        positions = range(self.position - len(encoded) + 1, self.position + 1)
        return Batch("bench", "", events, positions, encoded.__getitem__)


def per_event_us(
    options: argparse.Namespace, rules: str, rows: Iterator[Row], fill: int, measured: int = MEASURED
) -> tuple[float, int] | None:
    """Microseconds of an event once ``fill`` events are in, and what was derived; null where it is given up."""
    engine = cep.Engine.from_rules(rules, limits=UNLIMITED)
    bench = Bench(engine, options.patience)
    gc.collect()
    try:
        bench.feed(rows, fill)
        before = bench.derived
        taken_s = bench.feed(rows, measured)
    except GaveUp:
        return None
    return taken_s / measured * 1e6, bench.derived - before


def sizes(options: argparse.Namespace) -> list[int]:
    return [size for size in (100, 1_000, 10_000, 100_000) if size <= options.largest]


def growing(
    options: argparse.Namespace,
    title: str,
    rules: str,
    rows: Callable[[int], tuple[Iterator[Row], int]],
    share: float | None = None,
) -> None:
    """Time per event at each size, and how it grows from the smallest.

    Where the events measured stay alive themselves, they are only a ``share`` of the size.
    """
    print(f"{title}\n    {' '.join(rules.split())}")
    first = None
    for size in sizes(options):
        stream, fill = rows(size)
        measured = MEASURED if share is None else min(MEASURED, int(size * share))
        found = per_event_us(options, rules, stream, fill, measured)
        if found is None:
            print(f"  {size:>9,} alive: given up after {options.patience:g} s")
            return
        taken_us, derived = found
        first = first or taken_us
        print(f"  {size:>9,} alive: {taken_us:9.2f} µs per event, {taken_us / first:8.2f} x; {derived} derived")


# ---- the benchmarks ----


def every(options: argparse.Namespace) -> None:
    """(a) A and B in turn; the window holds n of each, so n * n / 2 pairs of them are alive. No C comes."""
    rows_of = lambda n: (("AB"[number % 2], number, {}) for number in range(10**9))  # noqa: E731
    print("`then every` twice: pairs alive in the window")
    first = None
    for size in sizes(options):
        n = max(2, int((2 * size) ** 0.5))
        rules = f"rule r when A then every B then every C within {2 * n} seconds emit X() limit 1_000_000_000"
        if first is None:
            print(f"    {rules}")
        found = per_event_us(options, rules, rows_of(n), 4 * n)
        if found is None:
            print(f"  {size:>9,} alive: given up after {options.patience:g} s")
            return
        first = first or found[0]
        print(f"  {size:>9,} alive: {found[0]:9.2f} µs per event, {found[0] / first:8.2f} x; {found[1]} derived")


def loop(options: argparse.Namespace) -> None:
    """(b) A's that wait for their B."""
    rules = "rule r when 3+ A then B within 30 days emit X(n = count())"
    growing(options, "a loop: A's that wait", rules, lambda size: ((("A", n, {}) for n in range(10**9)), size), 0.2)


def keys(options: argparse.Namespace) -> None:
    """(c) One run for each key: B of a key and its next A in turn."""
    rules = "rule r when A then B within 30 days per k emit X(k)"

    def rows(size: int) -> Iterator[Row]:
        for n in range(size):
            yield "A", n, {"k": n}
        for n in range(10**9):
            yield "BA"[n % 2], size + n, {"k": (n // 2) % size}

    print(f"keys with one run each\n    {rules}")
    few = per_event_us(options, rules, rows(10), 10)
    many = per_event_us(options, rules, rows(options.largest), options.largest)
    assert few is not None
    print(f"  {10:>9,} keys: {few[0]:9.2f} µs per event")
    if many is None:
        print(f"  {options.largest:>9,} keys: given up after {options.patience:g} s")
        return
    print(f"  {options.largest:>9,} keys: {many[0]:9.2f} µs per event, {many[0] / few[0]:8.2f} x")


def rules(options: argparse.Namespace) -> None:
    """(d) 100 patterns over the same types against one."""
    one = "rule r{0} when A(x > {0}) as a then B(x > {0}) then C(x > {0}) within 1 minute per k emit X{0}(k)"

    def rows() -> Iterator[Row]:
        for n in range(10**9):
            yield "ABCD"[n % 4], n, {"k": n % 7, "x": n % 120}

    print(f"patterns over the same types\n    {one}")
    first = per_event_us(options, one.format(0), rows(), 1_000)
    hundred = per_event_us(options, "\n".join(one.format(n) for n in range(100)), rows(), 1_000)
    assert first is not None
    print(f"  {1:>9,} pattern: {first[0]:8.2f} µs per event")
    if hundred is not None:
        print(f"  {100:>9,} patterns: {hundred[0]:7.2f} µs per event, {hundred[0] / first[0]:8.2f} x")


def selective(options: argparse.Namespace) -> None:
    """(d) 100 patterns of which most events concern one: the others have no run of the key."""
    one = "rule r{0} when A(x == {0}) as a then B then C within 10 seconds per k emit X{0}(k)"

    def rows() -> Iterator[Row]:
        for n in range(10**9):
            yield "ABCD"[n % 4], n, {"k": (n // 4) % 7, "x": (n // 4) % 100}

    print(f"patterns of which few wait\n    {one}")
    hundred = per_event_us(options, "\n".join(one.format(n) for n in range(100)), rows(), 1_000)
    first = per_event_us(options, "rule r0 when A then B then C within 10 seconds per k emit X0(k)", rows(), 1_000)
    assert first is not None
    print(f"  {1:>9,} pattern: {first[0]:8.2f} µs per event")
    if hundred is not None:
        print(f"  {100:>9,} patterns: {hundred[0]:7.2f} µs per event, {hundred[0] / first[0]:8.2f} x")


def _waiting(size: int, completes: bool) -> tuple[Iterator[Row], int]:
    """A's with x of their own wait; then B's that complete none, or the one that waited longest, and an A for it."""

    def rows() -> Iterator[Row]:
        for n in range(size):
            yield "A", n, {"x": n}
        for n in range(10**9):
            if not completes:
                yield "B", size + n, {"x": 10**9}
            else:
                yield "BA"[n % 2], size + n, {"x": n // 2 if n % 2 == 0 else size + n // 2}

    return rows(), size


def equality(options: argparse.Namespace) -> None:
    """(e) Each B finds the A that has waited longest."""
    text = "rule r when A as a then B(x == a.x) within 30 days emit X(x = a.x)"
    growing(options, "ties by equality, without `per`", text, lambda size: _waiting(size, completes=True))


def inequality(options: argparse.Namespace) -> None:
    """(e) No B finds an A."""
    text = "rule r when A as a then B(x < a.x) within 30 days emit X(x = a.x)"
    growing(options, "ties by inequality, without `per`", text, lambda size: _waiting(size, completes=False))


def _alive(size: int, kinds: str, waits_s: float) -> tuple[Iterator[Row], int]:
    """A's of which `size` are less than ``waits_s`` old at any time; from then on one of ``kinds`` in turn."""
    apart = waits_s / size

    def rows() -> Iterator[Row]:
        for n in range(size):
            yield "A", n * apart, {"x": n}
        for n in range(10**9):
            yield kinds[n % len(kinds)], (size + n / kinds.count("A")) * apart, {"x": size + n}

    return rows(), size


TIMED = {
    "a bound on a step: A's whose time is up": ("A then within 30 seconds B", "AC", 30.0, ""),
    "a closing wait": ("A then no B for 30 seconds", "AC", 30.0, ""),
    "a closing wait of a loop": ("3+ A then no B for 30 seconds", "AC", 30.0, ""),
    "a wait between steps: C's that come too early": ("A then no B for 30 seconds then C", "AC", 20.0, ""),
    "a wait between steps: B's that come too late": ("A then no B for 1 second then C", "AB", 3_000.0, ""),
    "a step that comes too early": ("A then after 1 hour B", "AB", 30.0, ""),
    "a loop before a bound": ("3+ A then within 30 seconds B", "AC", 30.0, "within 30 seconds"),
    "on timeout": ("A then B", "AC", 30.0, "within 30 seconds on timeout emit T(missing_step)"),
}
"""Pattern, events, for how long an A waits, clauses."""


def timed(options: argparse.Namespace) -> None:
    """Parts with times of their own, closing waits, time-outs: runs come and go at one number alive."""
    for title, (pattern, kinds, waits_s, clauses) in TIMED.items():
        text = f"rule r when {pattern} {clauses} emit X(n = count())"
        growing(options, title, text, lambda size, k=kinds, w=waits_s: _alive(size, k, w))  # type: ignore[misc]


def memory(options: argparse.Namespace) -> None:
    """Bytes of a live run, its event included."""
    for title, text in [
        ("a run for each key", "rule r when A then B within 30 days per x emit X()"),
        ("runs of one key", "rule r when A as a then B(x == a.x) within 30 days emit X()"),
        ("a loop of one key", "rule r when 3+ A then B within 30 days emit X()"),
        ("every, one key", "rule r when A then every B then C within 30 days emit X() limit 1_000_000_000"),
    ]:
        size = options.largest if "3+" not in text else min(options.largest, 3_000)
        engine = cep.Engine.from_rules(text, limits=UNLIMITED)
        kinds = "AB" if "every" in text else "A"
        stream = ((kinds[n > 0 and len(kinds) > 1], n, {"x": n}) for n in range(10**9))
        gc.collect()
        tracemalloc.start()
        try:
            Bench(engine, options.patience).feed(stream, size)
            gc.collect()
            held, _ = tracemalloc.get_traced_memory()
            print(f"memory, {title}: {held / size:,.0f} bytes for each of {size:,}\n    {text}")
        except GaveUp:
            print(f"memory, {title}: given up after {options.patience:g} s")
        finally:
            tracemalloc.stop()


def bomb(options: argparse.Namespace) -> None:
    """(f) A Kleene bomb under the default limits: memory stays, no stall, and what was dropped is counted."""
    text = "rule r when every A+ as a then B within 30 days emit X(n = count())"
    engine = cep.Engine.from_rules(text)
    print(f"Kleene bomb of {options.events:,} events, default limits\n    {text}")
    bench = Bench(engine, 10 * options.patience)
    stream = (("A", n / 1000, {}) for n in range(10**9))
    slowest_s, done, first_kb, in_first_s = 0.0, 0, 0, 0.0
    try:
        while done < options.events:
            taken_s = bench.feed(stream, 1_000)
            done += 1_000
            slowest_s = max(slowest_s, taken_s)
            if done == 10_000:
                first_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                in_first_s = bench.spent_s
    except GaveUp:
        print(f"  given up after {done:,} events and {bench.spent_s:.0f} s")
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - first_kb
    print(
        f"  {bench.spent_s / max(done, 1) * 1e6:.2f} µs per event ({in_first_s / 10_000 * 1e6:.2f} in the first 10,000)"
    )
    print(f"  slowest thousand {slowest_s * 1e3:.1f} ms; memory after the first 10,000: {grown_kb / 1024:+.1f} MB")
    before = bench.derived
    taken_s = bench.feed(iter([("B", done / 1000, {})]), 1)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  peak memory of the process {peak_mb:.0f} MB; its B makes {bench.derived - before} in {taken_s * 1e3:.1f} ms"
    )
    print(f"  limits hit: {dict(engine.counters.limits)}")


BENCHMARKS: dict[str, Callable[[argparse.Namespace], None]] = {
    "every": every,
    "loop": loop,
    "keys": keys,
    "rules": rules,
    "selective": selective,
    "equality": equality,
    "inequality": inequality,
    "timed": timed,
    "memory": memory,
    "bomb": bomb,
}


def main() -> None:
    """Run those named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help="which benchmarks; all by default")
    parser.add_argument("--largest", type=int, default=100_000, help="the largest number of live runs")
    parser.add_argument("--events", type=int, default=1_000_000, help="of the Kleene bomb")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds after which a size is given up")
    options = parser.parse_args()
    for name in options.names or BENCHMARKS:
        BENCHMARKS[name](options)


if __name__ == "__main__":
    main()

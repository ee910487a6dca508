"""S14: the same rules and events give the same bytes, whatever the batches, interleavings, lateness order or restarts."""

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cep
from tests.specification.scenario import lines, moment, push_batches

RULES = """
event A { id: string, k: int?, x: int? } id id
event B { id: string, k: int?, x: int? } id id
event C { id: string, k: int?, x: int? } id id

rule counts when three A within 20 seconds per k emit Counts(k, s = sum(x))
rule pairs when A as a then B(x > a.x) as b within 15 seconds per k emit Pairs(k, a = a.x, b = b.x) at most 2 every 10 seconds
rule loops when 2+ A as l then C as c within 30 seconds emit Loops(n = count(l), c = c.x)
rule silent when B then no C for 7 seconds per k? emit Silent(k)
rule quiet when A then no B then C within 12 seconds emit Quiet()
rule sliding from A or B per k over last 10 seconds when sum(x) > 12 emit Sliding(k, s = sum(x), n = count())
rule second when Counts then Silent within 1 minute per k emit Second(k)
rule third from Pairs over last 1 minute when count() >= 3 emit Third(n = count())
"""
ROOT = Path(__file__).parents[2]
PLACES = [("x", "0"), ("x", "1"), ("y", "")]
LATENESS_S = 5


def events(seed: int, many: int = 240, equal_times: bool = True) -> list[dict[str, Any]]:
    """Random events in the order of time, each with an id and a place."""
    chance = random.Random(seed)
    found: list[dict[str, Any]] = []
    second = 0
    for number in range(many):
        second += chance.choice([0, 0, 1, 1, 2, 5]) if equal_times else chance.choice([1, 1, 2, 4])
        record = {
            "type": chance.choice("AAABBC"),
            "time": moment(second),
            "id": f"e{number}",
            "k": chance.choice([1, 1, 2, None]),
            "x": chance.randrange(10),
        }
        found.append(record)
    return found


def in_one_partition(rows: list[dict[str, Any]], **options: Any) -> list[bytes]:
    """What one push after another derives."""
    engine = cep.Engine.from_rules(RULES, **options)
    derived = [each for row in rows for each in engine.push(row, source="s")]
    assert engine.counters.late == engine.counters.dead_letters == 0
    return lines([*derived, *engine.finish()])


def test_the_stream_is_worth_testing() -> None:
    """Each rule derives something from it, or the tests below would hold for nothing."""
    engine = cep.Engine.from_rules(RULES)
    for row in events(1):
        engine.push(row)
    engine.finish()
    assert set(engine.counters.derived) == {rule.name for rule in engine.plan.rules}


def test_twice() -> None:
    assert in_one_partition(events(1)) == in_one_partition(events(1))


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1_000])
def test_batch_sizes(size: int) -> None:
    rows = events(2)
    engine = cep.Engine.from_rules(RULES)
    derived = push_batches(engine, rows, size)
    assert lines([*derived, *engine.finish()]) == in_one_partition(rows)


@pytest.mark.parametrize("seed", range(8))
def test_interleavings_of_partitions(seed: int) -> None:
    rows = events(3)
    chance = random.Random(3)
    parts: list[list[dict[str, Any]]] = [[] for _ in PLACES]
    for row in rows:
        chance.choice(parts).append(row)
    one_after_another = _interleaved(parts, [number for number, part in enumerate(parts) for _ in part])
    order = [number for number, part in enumerate(parts) for _ in part]
    random.Random(seed).shuffle(order)
    assert _interleaved(parts, order) == one_after_another


def _interleaved(parts: list[list[dict[str, Any]]], order: list[int]) -> list[bytes]:
    engine = cep.Engine.from_rules(RULES)
    for source, partition in PLACES:
        engine.open(source, partition)
    waiting = [iter(part) for part in parts]
    derived: list[cep.DerivedEvent] = []
    for number in order:
        source, partition = PLACES[number]
        derived += engine.push(next(waiting[number]), source=source, partition=partition)
    derived += engine.finish()
    assert engine.counters.late == 0
    return lines(derived)


@pytest.mark.parametrize("seed", range(8))
def test_orders_of_arrival_within_the_lateness(seed: int) -> None:
    """Each event arrives up to the lateness after later ones; all times differ."""
    rows = events(4, equal_times=False)
    chance = random.Random(seed)
    delayed = sorted(
        enumerate(rows), key=lambda pair: (_second_of(pair[1]["time"]) + chance.uniform(0, LATENESS_S), pair[0])
    )
    shuffled = [row for _, row in delayed]
    assert shuffled != rows
    assert in_one_partition(shuffled, lateness=f"{LATENESS_S}s") == in_one_partition(rows)


def _second_of(time: str) -> float:
    hours, minutes, seconds = time[11:-1].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@pytest.mark.parametrize("stop", [1, 40, 119, 239])
def test_a_restart(stop: int) -> None:
    rows = events(5)
    before = cep.Engine.from_rules(RULES)
    derived = [each for row in rows[:stop] for each in before.push(row, source="s")]
    after = cep.Engine.from_rules(RULES)
    after.restore(before.snapshot())
    derived += [each for row in rows[stop:] for each in after.push(row, source="s")]
    derived += after.finish()
    assert lines(derived) == in_one_partition(rows)
    assert after.counters.events == len(rows)


def test_a_restart_with_events_that_wait_for_their_turn() -> None:
    rows = events(6, equal_times=False)
    before = cep.Engine.from_rules(RULES, lateness="5s")
    derived = [each for row in rows[:100] for each in before.push(row, source="s")]
    after = cep.Engine.from_rules(RULES, lateness="5s")
    after.restore(before.snapshot())
    derived += [each for row in rows[100:] for each in after.push(row, source="s")]
    derived += after.finish()
    assert lines(derived) == in_one_partition(rows)


def test_time_that_is_told_in_small_steps_or_not_at_all() -> None:
    rows = events(7)
    engine = cep.Engine.from_rules(RULES)
    derived: list[cep.DerivedEvent] = []
    for row in rows:
        derived += engine.advance(row["time"])
        derived += engine.push(row, source="s")
    derived += engine.finish()
    assert lines(derived) == in_one_partition(rows)


def digest() -> str:
    """Of what one stream derives, for the test below."""
    return hashlib.sha256(b"\n".join(in_one_partition(events(8)))).hexdigest()


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_with_other_hashes(seed: str) -> None:
    program = "from tests.specification.test_s14_determinism import digest; print(digest())"
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == digest()


def test_a_snapshot_of_other_rules_is_refused() -> None:
    snapshot = cep.Engine.from_rules(RULES).snapshot()
    with pytest.raises(cep.SnapshotError):
        cep.Engine.from_rules("rule r when A emit X()").restore(snapshot)

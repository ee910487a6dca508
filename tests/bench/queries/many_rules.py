"""Many rules with different conditions over ten event types: the file, and the queries over it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tests.bench.queries.payments import START_MS, iso
from tests.bench.queries.query import Query, Row

TYPES, REGIONS = 10, 20


class Reading(msgspec.Struct, gc=False):
    """Four fields."""

    type: str
    at: str
    region: str
    value: float


def _rows(count: int) -> list[tuple[str, str, int]]:
    """Type, region and least value of each rule."""
    return [(f"Kind{n % TYPES}", f"region{n // TYPES * 7 % REGIONS}", 950 + n * 13 % 49) for n in range(count)]


def rules(count: int) -> str:
    """So many rules, each for a type, a region and values from some least one on."""
    schemas = [f"event Kind{n} {{ region: string, value: float, at: timestamp }} time at" for n in range(TYPES)]
    found = [
        f'rule r{n} when {kind}(region == "{region}" and value >= {least}) as e emit High{n}(region = e.region)'
        for n, (kind, region, least) in enumerate(_rows(count))
    ]
    return "\n".join([*schemas, *found])


def write(path: Path, events: int) -> None:
    """Readings of about 155 bytes, of ten types in turn, values up to 1,000."""
    chance = random.Random(17)
    moment_ms = START_MS
    with path.open("w", encoding="utf-8") as file:
        for number in range(events):
            moment_ms += chance.randrange(0, 20)
            record = {
                "type": f"Kind{chance.randrange(TYPES)}",
                "at": iso(moment_ms),
                "region": f"region{chance.randrange(REGIONS)}",
                "value": round(chance.random() * 1000, 2),
                "unit": "mm/s",
                "sensor": f"sensor{number:09}",
                "site": "north",
            }
            file.write(json.dumps(record) + "\n")


def count_high(records: Iterable[Row], rules: int) -> int:
    """Each rule by itself."""
    least: dict[tuple[str, str], list[int]] = {}
    for kind, region, value in _rows(rules):
        least.setdefault((kind, region), []).append(value)
    return sum(
        sum(record["value"] >= value for value in least.get((record["type"], record["region"]), ()))
        for record in records
    )


def _query(name: str, count: int, aim: float) -> Query:
    title = f"{count:,} rules with different conditions over {TYPES} types"
    return Query(name, title, rules(count), write, lambda records: count_high(records, count), Reading, aim)


Q7 = _query("Q7", 100, 3.0)
Q8 = _query("Q8", 1_000, 12.0)

"""Parcels between hubs, from the counter to the door, as JSON lines on standard output.

python examples/logistics/generate.py --seed 7 --events 500 > events.jsonl
python examples/logistics/generate.py --events 5_000_000 --gap 1 > many.jsonl
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))

from streams import Domain, Step, write

HOUR, DAY = 3_600, 86_400
HUBS = ("Ulm", "Kassel", "Bremen", "Jena", "Trier")
SERVICES = ("express", "standard", "economy")


def accepted(parcel: str, hub: str, service: str = "standard") -> Step:
    return 0, "ParcelAccepted", {"parcel": parcel, "hub": hub, "service": service}


def scan(after: int, parcel: str, hub: str, kind: str) -> Step:
    return after, "Scan", {"parcel": parcel, "hub": hub, "kind": kind}


def to_the_door(after: int, parcel: str, driver: str) -> list[Step]:
    return [
        (after, "OutForDelivery", {"parcel": parcel, "driver": driver}),
        (after + HOUR, "Delivered", {"parcel": parcel, "driver": driver}),
    ]


# ---- the scenarios: what happens in each, and which rules should notice


def stalled(rng: random.Random, turn: int) -> list[Step]:
    """A parcel leaves Ulm and is found three days later: StalledParcel, and LateDelivery."""
    parcel = f"stalled-{turn}"
    return [
        accepted(parcel, "Ulm"),
        scan(2 * HOUR, parcel, "Ulm", "departure"),
        scan(3 * DAY, parcel, "Kassel", "arrival"),
        *to_the_door(3 * DAY + 9 * HOUR, parcel, "d1"),
    ]


def missed(rng: random.Random, turn: int) -> list[Step]:
    """A parcel leaves Ulm, and then Kassel, where nobody saw it arrive: MissedScan."""
    parcel = f"missed-{turn}"
    return [
        accepted(parcel, "Ulm"),
        scan(2 * HOUR, parcel, "Ulm", "departure"),
        scan(9 * HOUR, parcel, "Kassel", "departure"),
        scan(15 * HOUR, parcel, "Bremen", "arrival"),
        *to_the_door(20 * HOUR, parcel, "d2"),
    ]


def out_of_nowhere(rng: random.Random, turn: int) -> list[Step]:
    """A parcel is delivered and was never out for delivery: WrongSequence."""
    parcel = f"wrong-{turn}"
    return [
        accepted(parcel, "Jena"),
        scan(2 * HOUR, parcel, "Jena", "departure"),
        scan(9 * HOUR, parcel, "Trier", "arrival"),
        (21 * HOUR, "Delivered", {"parcel": parcel, "driver": "d3"}),
    ]


def circle(rng: random.Random, turn: int) -> list[Step]:
    """Ulm, Kassel, Ulm: GoingInCircles; and express in three days is late: LateDelivery."""
    parcel = f"circle-{turn}"
    return [
        accepted(parcel, "Ulm", "express"),
        scan(2 * HOUR, parcel, "Ulm", "departure"),
        scan(9 * HOUR, parcel, "Kassel", "arrival"),
        scan(12 * HOUR, parcel, "Kassel", "departure"),
        scan(20 * HOUR, parcel, "Ulm", "arrival"),
        *to_the_door(62 * HOUR, parcel, "d1"),
    ]


def in_vain(rng: random.Random, turn: int) -> list[Step]:
    """Three attempts to deliver fail: NobodyAtHome."""
    parcel = f"vain-{turn}"
    reasons = ("nobody there", "nobody there", "no such name")
    return [
        accepted(parcel, "Trier", "economy"),
        *((20 * HOUR * (n + 1), "DeliveryFailed", {"parcel": parcel, "reason": why}) for n, why in enumerate(reasons)),
    ]


def cold(rng: random.Random, turn: int) -> list[Step]:
    """A cooled parcel is warm for an hour, another for a quarter of an hour: ColdChainBroken for the first."""
    first, second = (4.5, 9.25, 11.0, 8.75, 10.0, 5.0), (4.0, 9.0, 6.0, 4.0, 9.5, 5.5)
    return [
        (number * 900, "Cold", {"parcel": f"cold-{turn}{suffix}", "celsius": celsius})
        for suffix, values in (("a", first), ("b", second))
        for number, celsius in enumerate(values)
    ]


def crowd(rng: random.Random, turn: int) -> list[Step]:
    """Twelve parcels arrive at a small hub within half an hour, and two leave: CrowdedHub."""
    hub = f"Village {turn}"
    leaving = [scan(number * 100, f"crowd-{turn}-x{number}", hub, "departure") for number in range(2)]
    return leaving + [scan(300 + number * 120, f"crowd-{turn}-{number}", hub, "arrival") for number in range(12)]


def late_scan(rng: random.Random, turn: int) -> list[Step]:
    """The arrival at Kassel is written late: MissedScan without --lateness."""
    parcel = f"late-{turn}"
    steps = [
        accepted(parcel, "Ulm"),
        scan(2 * HOUR, parcel, "Ulm", "departure"),
        scan(9 * HOUR, parcel, "Kassel", "arrival"),
        scan(9 * HOUR + 300, parcel, "Kassel", "departure"),
        *to_the_door(20 * HOUR, parcel, "d2"),
    ]
    steps[2][2]["late"] = True
    return steps


def ordinary(rng: random.Random, number: int) -> list[Step]:
    """A parcel is accepted, goes from hub to hub, and is delivered on the second day; express on the first."""
    parcel, service = f"p{number:05d}", SERVICES[number % 3]
    start, end = HUBS[number % 5], HUBS[(number + 1 + number % 3) % 5]
    leaves, comes = HOUR + int(rng.random() * 4 * HOUR), 9 * HOUR + int(rng.random() * 4 * HOUR)
    return [
        accepted(parcel, start, service),
        scan(leaves, parcel, start, "departure"),
        scan(comes, parcel, end, "arrival"),
        *to_the_door((16 if service == "express" else 40) * HOUR, parcel, f"d{number % 7}"),
    ]


SCENARIOS = (stalled, circle, missed, in_vain, late_scan, out_of_nowhere, cold, crowd)
NETWORK = Domain(
    "Parcels between hubs, as JSON lines on standard output.",
    datetime(2026, 6, 1, 6, 0, 0, tzinfo=UTC),
    SCENARIOS,
    ordinary,
    gap=4_000.0,
    late_by=900,
    scenario_every=7,
)

if __name__ == "__main__":
    sys.exit(write(NETWORK))

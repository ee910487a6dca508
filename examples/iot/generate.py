"""Machines of a small plant: temperatures, signs of life, batteries and doors, as JSON lines on standard output.

    python examples/iot/generate.py --seed 7 --events 500 > events.jsonl
    python examples/iot/generate.py --events 5_000_000 --gap 0.01 > many.jsonl

`freezer-1` is in the list of devices (rules/iot/devices.csv) and never gives a sign of life.
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))

from streams import Domain, Step, quarter, write

USUAL = {"press-1": 40.0, "press-2": 44.0, "oven-1": 60.0, "oven-2": 62.0}
DEVICES = tuple(USUAL)


def readings(device: str, seconds: int, *values: float) -> list[Step]:
    fields = {"device": device, "site": "hall 1"}
    return [(number * seconds, "Reading", {**fields, "value": value}) for number, value in enumerate(values)]


def beats(device: str, *moments: int) -> list[Step]:
    return [(moment, "Heartbeat", {"device": device, "firmware": "1.2"}) for moment in moments]


# ---- the scenarios: what happens in each, and which rules should notice


def overheating(rng: random.Random, turn: int) -> list[Step]:
    """A boiler gets too hot, trembles at the limit, and cools down: Overheating once, CooledDown."""
    return readings(f"boiler-{turn}", 30, 70, 78.5, 82, 79, quarter(rng, 81, 90), 76, 66, 65.5)


def silence(rng: random.Random, turn: int) -> list[Step]:
    """A gate is silent for 5 minutes and comes back: DeviceSilent, DeviceBack; and then it is silent for good."""
    return beats(f"gate-{turn}", 0, 40, 80, 380, 410)


def warm(rng: random.Random, turn: int) -> list[Step]:
    """A kiln is warm for long, and never too hot: WarmForLong."""
    return readings(f"kiln-{turn}", 90, *(quarter(rng, 76, 79) for _ in range(7)))


def drifting(rng: random.Random, turn: int) -> list[Step]:
    """A pump runs warmer than it used to: Drift."""
    return readings(f"pump-{turn}", 20, *(quarter(rng, 20, 21) for _ in range(22)), 27.25, 27, 28, 27.5, 28.25)


def battery(rng: random.Random, turn: int) -> list[Step]:
    """A battery runs down, another is charged in between: BatteryFalling for the first."""
    falling, charged = (30.5, 26.0, 21.25, 17.5), (30.0, 26.0, 90.0, 17.0)
    return [
        (number * 60, "Battery", {"device": f"lock-{turn}{suffix}", "level": level})
        for suffix, levels in (("a", falling), ("b", charged))
        for number, level in enumerate(levels)
    ]


def door(rng: random.Random, turn: int) -> list[Step]:
    """Two doors are opened, one is closed within 5 minutes: DoorLeftOpen for the other."""
    return [
        (0, "Door", {"device": f"door-{turn}a", "state": "open"}),
        (15, "Door", {"device": f"door-{turn}b", "state": "open"}),
        (240, "Door", {"device": f"door-{turn}b", "state": "closed"}),
        (400, "Door", {"device": f"door-{turn}a", "state": "closed"}),
    ]


def jump(rng: random.Random, turn: int) -> list[Step]:
    """A sensor breaks: SuddenJump, twice."""
    return readings(f"mixer-{turn}", 15, 30, 31.25, 67, 31.5)


def stuck(rng: random.Random, turn: int) -> list[Step]:
    """A sensor gives one value for ever: StuckSensor."""
    return readings(f"tank-{turn}", 10, *(quarter(rng, 10, 12) for _ in range(2)), *([11.5] * 11))


def late_peak(rng: random.Random, turn: int) -> list[Step]:
    """One reading of a furnace is too hot, and written late: Overheating only with --lateness."""
    steps = readings(f"furnace-{turn}", 20, 70, 84, 71)
    steps[1][2]["late"] = True
    return steps


def ordinary(rng: random.Random, number: int) -> list[Step]:
    """A device says that it is there, or how warm it is."""
    device = DEVICES[number % 4]
    if number // 4 % 2:
        return beats(device, 0)
    steps = readings(device, 0, USUAL[device] + quarter(rng, 0, 2.5))
    if number % 40 == 0:
        steps += readings("freezer-1", 0, quarter(rng, 2, 4))
    return steps


SCENARIOS = (silence, overheating, drifting, battery, door, late_peak, warm, jump, stuck)
PLANT = Domain(
    "Machines of a plant, as JSON lines on standard output.",
    datetime(2026, 4, 7, 6, 0, 0, tzinfo=UTC),
    SCENARIOS,
    ordinary,
    gap=6.0,
    late_by=45,
)

if __name__ == "__main__":
    sys.exit(write(PLANT))

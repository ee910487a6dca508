"""What the rules for devices must find, counted without the engine: one plain loop for each rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from tests.examples.plain_reading import Alert, Record, text_of

MINUTE = 60
DEVICES = ("press-1", "press-2", "oven-1", "oven-2", "freezer-1")
"""The rows of rules/iot/devices.csv."""


def of_type(events: list[Record], kind: str) -> list[Record]:
    return [e for e in events if e["type"] == kind]


def overheating(events: list[Record]) -> Iterator[Alert]:
    hot: set[str] = set()
    for e in of_type(events, "Reading"):
        if e["value"] < 70:
            hot.discard(e["device"])
        elif e["value"] >= 80 and e["device"] not in hot:
            hot.add(e["device"])
            yield Alert(text_of(e["t"]), "Overheating", {name: e[name] for name in ("device", "value", "site")})


def cooled_down(events: list[Record]) -> Iterator[Alert]:
    started: dict[str, Record] = {}
    for e in of_type(events, "Reading"):
        if e["value"] < 70:
            start = started.pop(e["device"], None)
            if start is not None and e["t"] - start["t"] <= 86_400:
                fields = {
                    "device": e["device"],
                    "from_value": start["value"],
                    "value": e["value"],
                    "seconds": e["t"] - start["t"],
                }
                yield Alert(text_of(e["t"]), "CooledDown", fields)
        elif e["value"] >= 80:
            started.setdefault(e["device"], e)


def warm_for_long(events: list[Record]) -> Iterator[Alert]:
    windows: dict[str, list[Record]] = defaultdict(list)

    def warm(window: list[Record]) -> bool:
        return len(window) >= 5 and all(r["value"] >= 75 for r in window)

    for e in of_type(events, "Reading"):
        before = [r for r in windows[e["device"]] if r["t"] >= e["t"] - 10 * MINUTE]
        window = windows[e["device"]] = [*before, e]
        if warm(window) and not warm(before):
            values = [r["value"] for r in window]
            fields = {
                "device": e["device"],
                "coolest": min(values),
                "average": sum(values) / len(values),
                "readings": len(values),
            }
            yield Alert(text_of(e["t"]), "WarmForLong", fields)


def drift(events: list[Record]) -> Iterator[Alert]:
    values: dict[str, list[float]] = defaultdict(list)
    was_over: dict[str, bool] = {}
    for e in of_type(events, "Reading"):
        mine = values[e["device"]]
        mine.append(e["value"])
        if len(mine) < 20:
            continue
        now, usual = sum(mine[-5:]) / 5, sum(mine[-20:]) / 20
        over = now > usual + 3
        if over and was_over.get(e["device"]) is False:
            yield Alert(text_of(e["t"]), "Drift", {"device": e["device"], "now": now, "usual": usual})
        was_over[e["device"]] = over


def sudden_jump(events: list[Record]) -> Iterator[Alert]:
    last: dict[str, float] = {}
    for e in of_type(events, "Reading"):
        before = last.get(e["device"])
        last[e["device"]] = e["value"]
        if before is not None and abs(e["value"] - before) > 25:
            yield Alert(text_of(e["t"]), "SuddenJump", {"device": e["device"], "before": before, "value": e["value"]})


def stuck_sensor(events: list[Record]) -> Iterator[Alert]:
    seen: dict[str, list[Record]] = defaultdict(list)
    for e in of_type(events, "Reading"):
        mine = seen[e["device"]]
        mine.append(e)
        same = [len({r["value"] for r in mine[end - 10 : end]}) == 1 for end in (len(mine), len(mine) - 1) if end >= 10]
        if same and same[0] and not any(same[1:]):
            fields = {"device": e["device"], "value": e["value"], "since": mine[-10]["at"]}
            yield Alert(text_of(e["t"]), "StuckSensor", fields)


def silences(events: list[Record], wait: int) -> Iterator[tuple[int, str]]:
    """The end of each wait after a heartbeat that no other one follows in time."""
    beats: dict[str, list[int]] = defaultdict(list)
    for e in of_type(events, "Heartbeat"):
        beats[e["device"]].append(e["t"])
    for device, moments in beats.items():
        for moment, following in zip(moments, [*moments[1:], events[-1]["t"]], strict=True):
            if following > moment + wait:
                yield moment + wait, device


def device_silent(events: list[Record]) -> Iterator[Alert]:
    for deadline, device in silences(events, 2 * MINUTE):
        yield Alert(text_of(deadline), "DeviceSilent", {"device": device})


def device_back(events: list[Record]) -> Iterator[Alert]:
    for deadline, device in silences(events, 2 * MINUTE):
        for e in of_type(events, "Heartbeat"):
            if e["device"] == device and e["t"] > deadline:
                yield Alert(text_of(e["t"]), "DeviceBack", {"device": device, "seconds": e["t"] - deadline})
                break


def device_missing(events: list[Record]) -> Iterator[Alert]:
    """Devices of the list are expected from the first event on, others from their first heartbeat on."""
    start, end = events[0]["t"], events[-1]["t"]
    beats: dict[str, list[Record]] = defaultdict(list)
    for e in of_type(events, "Heartbeat"):
        beats[e["device"]].append(e)
    for device in dict.fromkeys([*DEVICES, *beats]):
        seen: list[tuple[int, str | None]] = [(start, None)] if device in DEVICES else []
        seen += [(e["t"], e["at"]) for e in beats[device]]
        for (moment, last_seen), (following, _) in pairwise([*seen, (end, None)]):
            if following > moment + 10 * MINUTE:
                fields = {"device": device, "last_seen": last_seen}
                yield Alert(text_of(moment + 10 * MINUTE), "DeviceMissing", fields)


def battery_falling(events: list[Record]) -> Iterator[Alert]:
    levels: dict[str, list[Record]] = defaultdict(list)
    for e in of_type(events, "Battery"):
        mine = levels[e["device"]] = [*levels[e["device"]][-3:], e]
        falls = all(a["level"] > b["level"] for a, b in pairwise(mine))
        if len(mine) == 4 and falls and e["level"] < 20:
            fields = {"device": e["device"], "from_level": mine[0]["level"], "level": e["level"]}
            yield Alert(text_of(e["t"]), "BatteryFalling", fields)
            levels[e["device"]] = []


def door_left_open(events: list[Record]) -> Iterator[Alert]:
    end = events[-1]["t"]
    for place, e in enumerate(events):
        if e["type"] != "Door" or e["state"] != "open" or e["t"] + 5 * MINUTE >= end:
            continue
        closed = (
            f
            for f in events[place + 1 :]
            if f["type"] == "Door" and f["device"] == e["device"] and f["state"] == "closed"
        )
        first = next(closed, None)
        if first is None or first["t"] > e["t"] + 5 * MINUTE:
            yield Alert(text_of(e["t"] + 5 * MINUTE), "DoorLeftOpen", {"device": e["device"], "since": e["at"]})


RULES = {
    "overheating": overheating,
    "cooled_down": cooled_down,
    "warm_for_long": warm_for_long,
    "drift": drift,
    "sudden_jump": sudden_jump,
    "stuck_sensor": stuck_sensor,
    "device_silent": device_silent,
    "device_back": device_back,
    "device_missing": device_missing,
    "battery_falling": battery_falling,
    "door_left_open": door_left_open,
}

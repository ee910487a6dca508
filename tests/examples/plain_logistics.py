"""What the rules for parcels must find, counted without the engine: one plain loop for each rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.examples.plain_reading import Alert, Record, text_of

MINUTE, HOUR, DAY = 60, 3600, 86400
DAYS = {"express": 1, "standard": 3, "economy": 7}
"""The rows of rules/logistics/services.csv."""


def by_parcel(events: list[Record], *kinds: str) -> dict[str, list[Record]]:
    """The events of these types, of each parcel."""
    found: dict[str, list[Record]] = defaultdict(list)
    for e in events:
        if e["type"] in kinds:
            found[e["parcel"]].append(e)
    return found


def stalled_parcel(events: list[Record]) -> Iterator[Alert]:
    kinds = ("ParcelAccepted", "Scan", "OutForDelivery", "Delivered", "DeliveryFailed")
    end = events[-1]["t"]
    for parcel, mine in by_parcel(events, *kinds).items():
        for e, following in zip(mine, [*mine[1:], None], strict=True):
            if e["type"] not in ("ParcelAccepted", "Scan") or e["t"] + 2 * DAY >= end:
                continue
            if following is None or following["t"] > e["t"] + 2 * DAY:
                fields = {"parcel": parcel, "last_seen": e["at"], "hub": e["hub"]}
                yield Alert(text_of(e["t"] + 2 * DAY), "StalledParcel", fields)


def missed_scan(events: list[Record]) -> Iterator[Alert]:
    for parcel, mine in by_parcel(events, "Scan").items():
        waiting: list[Record] = []
        for e in mine:
            if e["kind"] == "arrival":
                waiting = []
                continue
            fits = [d for d in waiting if d["hub"] != e["hub"] and e["t"] - d["t"] <= 5 * DAY]
            if fits:
                fields = {"parcel": parcel, "left": fits[0]["hub"], "hub": e["hub"]}
                yield Alert(text_of(e["t"]), "MissedScan", fields)
                waiting = [d for d in waiting if d is not fits[0]]
            else:
                waiting.append(e)


def wrong_sequence(events: list[Record]) -> Iterator[Alert]:
    for parcel, mine in by_parcel(events, "ParcelAccepted", "OutForDelivery", "Delivered").items():
        if [e["type"] for e in mine] == ["ParcelAccepted", "Delivered"] and mine[1]["t"] - mine[0]["t"] <= 30 * DAY:
            fields = {"parcel": parcel, "hub": mine[0]["hub"], "driver": mine[1]["driver"]}
            yield Alert(text_of(mine[1]["t"]), "WrongSequence", fields)


def going_in_circles(events: list[Record]) -> Iterator[Alert]:
    for parcel, mine in by_parcel(events, "Scan").items():
        for place in range(len(mine) - 3):
            one, other, two, back = mine[place : place + 4]
            kinds = [e["kind"] for e in (one, other, two, back)]
            if kinds == ["departure", "arrival"] * 2 and other["hub"] != one["hub"] == back["hub"]:
                fields = {"parcel": parcel, "hub": back["hub"], "detour": other["hub"]}
                yield Alert(text_of(back["t"]), "GoingInCircles", fields)


def nobody_at_home(events: list[Record]) -> Iterator[Alert]:
    for parcel, mine in by_parcel(events, "DeliveryFailed").items():
        for place in range(2, len(mine), 3):
            tries = mine[place - 2 : place + 1]
            fields = {
                "parcel": parcel,
                "reasons": list(dict.fromkeys(e["reason"] for e in tries)),
                "since": tries[0]["at"],
            }
            yield Alert(text_of(mine[place]["t"]), "NobodyAtHome", fields)


def accepted_for(events: list[Record]) -> Iterator[Alert]:
    for e in events:
        if e["type"] == "ParcelAccepted":
            fields = {"parcel": e["parcel"], "service": e["service"], "days": DAYS[e["service"]]}
            yield Alert(text_of(e["t"]), "AcceptedFor", fields)


def late_delivery(events: list[Record]) -> Iterator[Alert]:
    for parcel, mine in by_parcel(events, "ParcelAccepted", "Delivered").items():
        if [e["type"] for e in mine] != ["ParcelAccepted", "Delivered"]:
            continue
        days, allowed = (mine[1]["t"] - mine[0]["t"]) / DAY, DAYS[mine[0]["service"]]
        if allowed < days <= 60:
            fields = {"parcel": parcel, "service": mine[0]["service"], "allowed": allowed, "days": round(days, 1)}
            yield Alert(text_of(mine[1]["t"]), "LateDelivery", fields)


def cold_chain_broken(events: list[Record]) -> Iterator[Alert]:
    for parcel, mine in by_parcel(events, "Cold").items():
        told = -DAY
        for place, e in enumerate(mine):
            until = e["t"] + 30 * MINUTE
            if e["celsius"] <= 8 or until >= events[-1]["t"] or until - told < DAY:
                continue
            if all(f["celsius"] > 8 for f in mine[place + 1 :] if f["t"] <= until):
                told = until
                fields = {"parcel": parcel, "since": e["at"], "celsius": e["celsius"]}
                yield Alert(text_of(until), "ColdChainBroken", fields)


def crowded_hub(events: list[Record]) -> Iterator[Alert]:
    windows: dict[str, list[Record]] = defaultdict(list)

    def counts(window: list[Record]) -> tuple[int, int]:
        came = sum(e["kind"] == "arrival" for e in window)
        return came, len(window) - came

    def crowded(window: list[Record]) -> bool:
        came, left = counts(window)
        return came >= 10 and came > 2 * left

    for e in events:
        if e["type"] != "Scan":
            continue
        before = [s for s in windows[e["hub"]] if s["t"] >= e["t"] - HOUR]
        window = windows[e["hub"]] = [*before, e]
        if crowded(window) and not crowded(before):
            came, left = counts(window)
            yield Alert(text_of(e["t"]), "CrowdedHub", {"hub": e["hub"], "arrived": came, "left": left})


RULES = {
    "stalled_parcel": stalled_parcel,
    "missed_scan": missed_scan,
    "wrong_sequence": wrong_sequence,
    "going_in_circles": going_in_circles,
    "nobody_at_home": nobody_at_home,
    "accepted_for": accepted_for,
    "late_delivery": late_delivery,
    "cold_chain_broken": cold_chain_broken,
    "crowded_hub": crowded_hub,
}

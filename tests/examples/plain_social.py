"""What the rules for social feeds must find, counted without the engine: one plain loop for each rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from tests.examples.plain_reading import Alert, Record, text_of

MINUTE, HOUR, DAY = 60, 3600, 86400
CROWD = 5


def by_field(events: list[Record], field: str, *kinds: str) -> dict[str, list[Record]]:
    """The events of these types, by a field that is not null."""
    found: dict[str, list[Record]] = defaultdict(list)
    for e in events:
        if e["type"] in kinds and e[field] is not None:
            found[e[field]].append(e)
    return found


def users(window: list[Record]) -> list[str]:
    return list(dict.fromkeys(e["user"] for e in window))


def rising(mine: list[Record], span: int, holds: Callable[[list[Record]], bool]) -> Iterator[list[Record]]:
    """The windows of ``span`` seconds at which the condition becomes true."""
    window: list[Record] = []
    for e in mine:
        before = [f for f in window if f["t"] >= e["t"] - span]
        window = [*before, e]
        if holds(window) and not holds(before):
            yield window


def trending(events: list[Record]) -> Iterator[Alert]:
    for topic, mine in by_field(events, "topic", "Post").items():
        for window in rising(mine, 10 * MINUTE, lambda w: len(users(w)) >= CROWD):
            fields = {
                "topic": topic,
                "users": len(users(window)),
                "posts": len(window),
                "first_by": window[0]["user"],
            }
            yield Alert(text_of(window[-1]["t"]), "Trending", fields)


def same_link(events: list[Record]) -> Iterator[Alert]:
    for link, mine in by_field(events, "link", "Post").items():
        for window in rising(mine, 2 * MINUTE, lambda w: len(users(w)) >= CROWD):
            fields = {"link": link, "users": users(window), "posts": len(window)}
            yield Alert(text_of(window[-1]["t"]), "SameLink", fields)


def brigading(events: list[Record]) -> Iterator[Alert]:
    def young(window: list[Record]) -> int:
        return sum(e["account_days"] < 7 for e in window)

    def arranged(window: list[Record]) -> bool:
        return len(users(window)) >= CROWD and 2 * young(window) > len(window)

    for target, mine in by_field(events, "target", "Report").items():
        told = -HOUR
        for window in rising(mine, 15 * MINUTE, arranged):
            at = window[-1]["t"]
            if at - told >= HOUR:
                told = at
                fields = {
                    "target": target,
                    "reporters": len(users(window)),
                    "young": young(window),
                    "reports": len(window),
                }
                yield Alert(text_of(at), "Brigading", fields)


def going_viral(events: list[Record]) -> Iterator[Alert]:
    for post, mine in by_field(events, "post", "Post", "Share").items():
        start, *shares = mine
        if start["type"] == "Post" and len(shares) >= 10 and shares[9]["t"] - start["t"] <= HOUR:
            fields = {
                "post": post,
                "author": start["user"],
                "topic": start["topic"],
                "sharers": len(users(shares[:10])),
            }
            yield Alert(text_of(shares[9]["t"]), "GoingViral", fields)


def spread_and_removed(events: list[Record]) -> Iterator[Alert]:
    for post, mine in by_field(events, "post", "Post", "Share", "Removed").items():
        start, *others = mine
        shares = [e for e in others if e["type"] == "Share"]
        if start["type"] == "Post" and len(shares) >= 3 and mine[-1]["type"] == "Removed":
            end = mine[-1]
            fields = {
                "post": post,
                "author": start["user"],
                "shares": len(shares),
                "by": end["by"],
                "seconds": end["t"] - start["t"],
            }
            yield Alert(text_of(end["t"]), "SpreadAndRemoved", fields)


def new_and_loud(events: list[Record]) -> Iterator[Alert]:
    for user, mine in by_field(events, "user", "AccountCreated", "Post").items():
        start, *posts = mine
        if start["type"] == "AccountCreated" and len(posts) >= 5 and posts[4]["t"] - start["t"] <= 10 * MINUTE:
            links = {e["link"] for e in posts[:5] if e["link"] is not None}
            fields = {"user": user, "posts": 5, "links": len(links)}
            yield Alert(text_of(posts[4]["t"]), "NewAndLoud", fields)


def pestering(events: list[Record]) -> Iterator[Alert]:
    pairs: dict[tuple[str, str], list[int]] = defaultdict(list)
    told: dict[tuple[str, str], int] = {}
    for e in events:
        if e["type"] != "Reply":
            continue
        pair = e["user"], e["to"]
        mine = pairs[pair] = [*(t for t in pairs[pair] if e["t"] - t <= HOUR), e["t"]]
        if len(mine) == 5:
            pairs[pair] = []
            if e["t"] - told.get(pair, -DAY) >= DAY:
                told[pair] = e["t"]
                yield Alert(text_of(e["t"]), "Pestering", {"user": pair[0], "to": pair[1], "replies": 5})


RULES = {
    "trending": trending,
    "same_link": same_link,
    "brigading": brigading,
    "going_viral": going_viral,
    "spread_and_removed": spread_and_removed,
    "new_and_loud": new_and_loud,
    "pestering": pestering,
}

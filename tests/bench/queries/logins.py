"""Logins: the files, and the queries over them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec

from tests.bench.queries.payments import START_MS, iso
from tests.bench.queries.query import Query, Row

SCHEMA = """
event Login {
  user:    string
  outcome: string in ["success", "failure"]
  ip:      string?
  at:      timestamp
} time at

define failed login     as Login(outcome == "failure")
define successful login as Login(outcome == "success")
"""

THREE = """
rule guesses
  when three failed logins within 5 minutes per user
  emit Guesses(user, since = first.at, ip = last.ip)
"""

TAKEOVER = """
rule takeover
  when 3+ failed logins as fails then successful login as ok within 10 minutes per user
  emit Takeover(user, failures = count(fails), ip = ok.ip)
"""


class Login(msgspec.Struct, gc=False):
    """Four fields."""

    at: str
    user: str
    outcome: str
    ip: str | None = None


def write(path: Path, events: int, failures: float, users: int) -> None:
    """Logins of about 185 bytes, ten milliseconds apart on average, a share of them failures."""
    chance = random.Random(13)
    moment_ms = START_MS
    with path.open("w", encoding="utf-8") as file:
        for number in range(events):
            moment_ms += chance.randrange(0, 20)
            record = {
                "type": "Login",
                "at": iso(moment_ms),
                "user": f"user{chance.randrange(users):05}",
                "outcome": "failure" if chance.random() < failures else "success",
                "ip": f"10.0.{chance.randrange(250)}.{chance.randrange(99)}",
                "country": "DE",
                "session": f"abcdef{number:08}",
                "agent": "Mozilla/5.0 (X11)",
            }
            file.write(json.dumps(record) + "\n")


def count_guesses(records: Iterable[Row]) -> int:
    """Q2: the third failure that is at most five minutes after the first of three; its events are used up."""
    matches = 0
    recent: dict[str, list[datetime]] = {}
    for record in records:
        if record["outcome"] == "failure":
            at = datetime.fromisoformat(record["at"])
            held = [t for t in recent.get(record["user"], []) if at - t <= timedelta(minutes=5)] + [at]
            matches += len(held) == 3
            recent[record["user"]] = held if len(held) < 3 else []
    return matches


def count_takeovers(records: Iterable[Row]) -> int:
    """Q3: a success at which three failures or more are at most ten minutes old; they are used up."""
    matches = 0
    recent: dict[str, list[datetime]] = {}
    for record in records:
        at, user = record["at"], record["user"]
        if record["outcome"] == "failure":
            recent.setdefault(user, []).append(datetime.fromisoformat(at))
        elif user in recent:
            now = datetime.fromisoformat(at)
            held = [t for t in recent[user] if now - t <= timedelta(minutes=10)]
            if len(held) >= 3:
                matches += 1
                held = []
            recent[user] = held
    return matches


Q2 = Query(
    "Q2",
    "three failed logins by user within 5 minutes, not overlapping",
    SCHEMA + THREE,
    partial(write, failures=0.05, users=500),
    count_guesses,
    Login,
    1.6,
)
Q3 = Query(
    "Q3",
    "3+ failed logins, then a success, within 10 minutes",
    SCHEMA + TAKEOVER,
    partial(write, failures=0.05, users=10_000),
    count_takeovers,
    Login,
    1.6,
)

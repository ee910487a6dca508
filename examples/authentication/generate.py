"""Logins of a small company, with attacks among them, as JSON lines on standard output.

The stream is the same for the same options. Ordinary users log in and now and then mistype; every so often one of the
scenarios below begins, all of them in turn, and its events mix with the ordinary ones. A few events are written late,
and now and then a line is broken, as on a bad day. Nothing is kept but what is still to be written, so that a stream
may be as long as one likes:

    python examples/authentication/generate.py --seed 7 --events 400 > events.jsonl
    python examples/authentication/generate.py --events 5_000_000 --users 10_000 --gap 0.01 > many.jsonl
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count, islice
from typing import Any

Fields = dict[str, Any]
Step = tuple[int, str, Fields]  # seconds after the scenario's start, event type, fields
Scenario = Callable[[random.Random, "Company", int], list[Step]]

START = datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC)
HOSTS = ("web-1", "web-2", "vpn-1")
AGENTS = ("Firefox/147.0 (Linux)", "Chrome/145.0 (Windows)", "Safari/19.2 (macOS)")
COUNTRIES = ("DE", "FR", "PL", "BR", "IN", "US")
LATE_BY = 45  # seconds

encode = json.JSONEncoder(separators=(",", ":")).encode


class Company:
    """The users, each with a home: an address within the company's network and a country.

    Every other user is away, and only the scenarios log in for them, so that each scenario shows what it is about.
    """

    def __init__(self, size: int) -> None:
        self.users = [f"user{number:03d}" for number in range(1, size + 1)]
        self.homes = {
            user: (f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", COUNTRIES[number % 3])
            for number, user in enumerate(self.users, 1)
        }

    def away(self, turn: int) -> str:
        """A user who is away, another one each turn."""
        return self.users[turn * 2 % len(self.users)]

    def at_work(self, rng: random.Random) -> str:
        return self.users[int(rng.random() * (len(self.users) // 2)) * 2 + 1]

    def login(self, user: str, outcome: str, ip: str | None = None, country: str | None = None) -> Fields:
        home_ip, home_country = self.homes.get(user, ("10.255.0.1", "DE"))
        return {"user": user, "outcome": outcome, "ip": ip or home_ip, "country": country or home_country}


def outside(rng: random.Random) -> str:
    """An address that is nobody's home (from the networks reserved for documentation)."""
    return f"{rng.choice(('203.0.113', '198.51.100', '192.0.2'))}.{rng.randrange(1, 255)}"


# ---- the scenarios: what happens in each, and which rules should notice. `turn` counts the scenarios.


def slow_guessing(rng: random.Random, company: Company, turn: int) -> list[Step]:
    """Twenty failures, each from another address, too far apart for a burst: SlowGuessing."""
    user = company.away(turn)
    ips = [f"198.18.{turn % 200 + 10}.{number}" for number in range(1, 21)]
    return [(n * 160, "Login", company.login(user, "failure", ip, "US")) for n, ip in enumerate(ips)]


def persistent_guessing(rng: random.Random, company: Company, turn: int) -> list[Step]:
    """Ten failures of one user from one address: three bursts, PersistentAddress, and AttackEnded when it is quiet."""
    user, ip = company.away(turn), outside(rng)
    return [(number * 12, "Login", company.login(user, "failure", ip, "BR")) for number in range(10)]


def spraying(rng: random.Random, company: Company, turn: int) -> list[Step]:
    """Seven accounts tried once each from one address: PasswordSpraying (and bursts from the address)."""
    ip = outside(rng)
    users = [company.away(turn + number) for number in range(7)]
    return [(number * 40, "Login", company.login(user, "failure", ip, "IN")) for number, user in enumerate(users)]


def takeover(rng: random.Random, company: Company, turn: int) -> list[Step]:
    """Guessing from one address, the success from another, then data leaves: AccountTakeover, Exfiltration."""
    user, guessing, using = company.away(turn), outside(rng), "198.18.0.9"
    steps: list[Step] = [(number * 20, "Login", company.login(user, "failure", guessing, "US")) for number in range(4)]
    steps.append((150, "Login", company.login(user, "success", using, "US")))
    steps.append((600, "DataExport", {"user": user, "bytes": rng.randrange(150, 900) * 1_000_000}))
    return steps


def guessed(rng: random.Random, company: Company, turn: int) -> list[Step]:
    """Six failures and a success at one address: GuessedPassword."""
    user, ip = company.away(turn), outside(rng)
    steps: list[Step] = [(number * 15, "Login", company.login(user, "failure", ip, "PL")) for number in range(6)]
    steps.append((100, "Login", company.login(user, "success", ip, "PL")))
    return steps


def forgotten_password(rng: random.Random, company: Company, turn: int) -> list[Step]:
    """Someone mistypes twice and then knows it again: nothing to report."""
    user = company.away(turn)
    outcomes = ("failure", "failure", "success")
    return [(number * 10, "Login", company.login(user, outcome)) for number, outcome in enumerate(outcomes)]


def many_countries(rng: random.Random, company: Company, turn: int) -> list[Step]:
    """One account in three countries within the hour: ManyCountries."""
    user = company.away(turn)
    return [
        (number * 700, "Login", company.login(user, "success", outside(rng), country))
        for number, country in enumerate(("DE", "BR", "IN"))
    ]


def reset_elsewhere(rng: random.Random, company: Company, turn: int) -> list[Step]:
    """A password is reset at one address and used at another: ResetUsedElsewhere."""
    user, ip = company.away(turn), outside(rng)
    return [
        (0, "PasswordReset", {"user": user, "ip": ip}),
        (240, "Login", company.login(user, "success", "198.18.0.44", "FR")),
    ]


def root_from_outside(rng: random.Random, company: Company, turn: int) -> list[Step]:
    """root logs in from the company's network, which is fine, and from outside: PrivilegedLogin."""
    return [
        (0, "Login", company.login("root", "success")),
        (300, "Login", company.login("root", "success", outside(rng), "US")),
    ]


def confirmed_export(rng: random.Random, company: Company, turn: int) -> list[Step]:
    """A login, a second factor, an export: as it should be."""
    user = company.away(turn)
    return [
        (0, "Login", company.login(user, "success")),
        (15, "MfaPassed", {"user": user, "method": "totp"}),
        (200, "DataExport", {"user": user, "bytes": 2_400_000}),
    ]


def unconfirmed_export(rng: random.Random, company: Company, turn: int) -> list[Step]:
    """A login, no second factor, an export: UnconfirmedExport."""
    user = company.away(turn)
    return [
        (0, "Login", company.login(user, "success")),
        (180, "DataExport", {"user": user, "bytes": 1_100_000}),
    ]


def late_failure(rng: random.Random, company: Company, turn: int) -> list[Step]:
    """Three failures within a minute, of which the middle one is written late: an alert only with --lateness."""
    user, ip = company.away(turn), outside(rng)
    steps: list[Step] = [(number * 20, "Login", company.login(user, "failure", ip, "FR")) for number in range(3)]
    steps[1][2]["late"] = True
    return steps


SCENARIOS: tuple[Scenario, ...] = (
    slow_guessing,
    takeover,
    many_countries,
    forgotten_password,
    persistent_guessing,
    spraying,
    late_failure,
    guessed,
    confirmed_export,
    reset_elsewhere,
    unconfirmed_export,
    root_from_outside,
)


# ---- the stream


@lru_cache(maxsize=1000)
def time_text(at: int) -> str:
    """The time `at` seconds after START."""
    return (START + timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%SZ")


def line(at: int, kind: str, fields: Fields) -> str:
    """One event as a line of JSON."""
    return encode({"type": kind, "time": time_text(at), **fields}) + "\n"


def ordinary(rng: random.Random, company: Company) -> Fields:
    """A user at home, who mistypes once in twenty times."""
    user = company.at_work(rng)
    fields = company.login(user, "failure" if rng.random() < 0.05 else "success")
    fields["host"] = HOSTS[int(rng.random() * len(HOSTS))]
    fields["agent"] = AGENTS[int(rng.random() * len(AGENTS))]
    return fields


def stream(options: argparse.Namespace) -> Iterator[str]:
    """Lines without end, in the order in which they are written."""
    rng = random.Random(options.seed)
    company = Company(options.users)
    waiting: list[tuple[int, int, str]] = []  # when to write, order of creation, line
    created = count()
    clock = 0.0

    def put(at: int, late: bool, kind: str, fields: Fields) -> None:
        heapq.heappush(waiting, (at + LATE_BY * late, next(created), line(at, kind, fields)))

    for number in count(1):
        clock += rng.random() * 2 * options.gap
        now = int(clock)
        if options.scenario_every and (number - 1) % options.scenario_every == 0:
            turn = (number - 1) // options.scenario_every
            for after, kind, fields in SCENARIOS[turn % len(SCENARIOS)](rng, company, turn):
                put(now + after, fields.pop("late", False), kind, fields)
        put(now, bool(options.late_every) and number % options.late_every == 0, "Login", ordinary(rng, company))
        while waiting and waiting[0][0] <= now:
            yield heapq.heappop(waiting)[2]


def with_broken_lines(lines: Iterator[str], every: int) -> Iterator[str]:
    """Each `every`-th line loses its second half."""
    for number, text in enumerate(lines, 1):
        yield text[: len(text) // 2] + "\n" if every and number % every == 0 else text


def integer(text: str) -> int:
    return int(text.replace("_", ""))


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Logins with attacks among them, as JSON lines on standard output.")
    parser.add_argument("--seed", type=integer, default=7, help="the same seed gives the same stream (default: 7)")
    parser.add_argument("--events", type=integer, default=400, help="lines to write (default: 400)")
    parser.add_argument("--users", type=integer, default=40, help="size of the company (default: 40, at least 14)")
    parser.add_argument("--gap", type=float, default=20.0, help="mean seconds between ordinary logins (default: 20)")
    parser.add_argument(
        "--scenario-every",
        type=integer,
        default=20,
        metavar="N",
        help="a scenario begins at every N-th ordinary login, 0: never (default: 20)",
    )
    parser.add_argument(
        "--late-every",
        type=integer,
        default=100,
        metavar="N",
        help="every N-th ordinary login is written 45 seconds late, 0: none (default: 100)",
    )
    parser.add_argument(
        "--broken-every",
        type=integer,
        default=333,
        metavar="N",
        help="every N-th line is cut in half, 0: none (default: 333)",
    )
    options = parser.parse_args(arguments)
    if options.users < 14:
        parser.error("--users: the scenarios need at least 14")
    return options


def main(arguments: list[str] | None = None) -> int:
    options = options_of(arguments)
    lines = islice(with_broken_lines(stream(options), options.broken_every), options.events)
    try:
        while chunk := "".join(islice(lines, 1000)):
            sys.stdout.write(chunk)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())

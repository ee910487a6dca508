"""What the authentication rules must find, counted without the engine: one plain loop for each rule.

Each function reads the events in order and knows its rule in the words of LANGUAGE and nothing else: no parser, no
plan, no operators. They are slow and short, and they are the reason to believe in ``expected.jsonl``.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.examples.plain_reading import Alert, Record, seconds, text_of

MINUTE, HOUR, DAY = 60, 3600, 86400


def failures(events: list[Record]) -> list[Record]:
    return [e for e in events if e["type"] == "Login" and e["outcome"] == "failure"]


def unique(values: list[Any]) -> list[Any]:
    """Without repetitions and nulls, in the order of appearance."""
    return [value for value in dict.fromkeys(values) if value is not None]


def three_failures(events: list[Record], key: str | None) -> Iterator[list[Record]]:
    """Three failures within 5 minutes, each failure in one match at most."""
    waiting: dict[Any, list[Record]] = defaultdict(list)
    for e in failures(events):
        mine = waiting[e[key] if key else None]
        mine.append(e)
        mine[:] = [f for f in mine if e["t"] - f["t"] <= 5 * MINUTE]
        if len(mine) == 3:
            yield list(mine)
            mine.clear()


def brute_force_per_ip(events: list[Record]) -> Iterator[Alert]:
    for match in three_failures(events, "ip"):
        fields = {"ip": match[0]["ip"], "attempts": 3, "users": unique([f["user"] for f in match])}
        yield Alert(text_of(match[-1]["t"]), "BruteForceFromAddress", fields)


def brute_force_per_user(events: list[Record]) -> Iterator[Alert]:
    for match in three_failures(events, "user"):
        ips = [f["ip"] for f in match]
        fields = {
            "user": match[0]["user"],
            "attempts": 3,
            "ips": unique(ips),
            "last_ip": ips[-1],
        }
        yield Alert(text_of(match[-1]["t"]), "BruteForceOnAccount", fields)


def persistent_address(events: list[Record]) -> Iterator[Alert]:
    waiting: dict[str, list[int]] = defaultdict(list)
    told: dict[str, int] = {}
    for match in three_failures(events, "ip"):
        ip, t = match[0]["ip"], match[-1]["t"]
        bursts = [b for b in waiting[ip] if t - b <= 30 * MINUTE] + [t]
        waiting[ip] = bursts
        if len(bursts) == 3:
            waiting[ip] = []
            if ip not in told or t - told[ip] >= HOUR:
                told[ip] = t
                yield Alert(text_of(t), "PersistentAddress", {"ip": ip, "bursts": 3})


def slow_guessing(events: list[Record]) -> Iterator[Alert]:
    windows: dict[str, list[Record]] = defaultdict(list)
    told: dict[str, int] = {}
    for e in failures(events):
        before = [f for f in windows[e["user"]] if f["t"] >= e["t"] - DAY]
        window = windows[e["user"]] = [*before, e]
        if len(window) >= 20 > len(before):
            if e["user"] in told and e["t"] - told[e["user"]] < DAY:
                continue
            told[e["user"]] = e["t"]
            fields = {
                "user": e["user"],
                "attempts": len(window),
                "addresses": len(unique([f["ip"] for f in window])),
                "last_ip": e["ip"],
            }
            yield Alert(text_of(e["t"]), "SlowGuessing", fields)


def attack_ended(events: list[Record]) -> Iterator[Alert]:
    """The clock runs to the last event, of whatever type; an attack not over by then is not reported."""
    ongoing: dict[str, list[Record]] = defaultdict(list)

    def over(mine: list[Record]) -> Alert:
        fields = {
            "ip": mine[0]["ip"],
            "attempts": len(mine),
            "users": unique([f["user"] for f in mine]),
        }
        return Alert(text_of(mine[-1]["t"] + 15 * MINUTE), "AttackEnded", fields)

    for e in failures(events):
        mine = ongoing[e["ip"]]
        if len(mine) >= 5 and e["t"] > mine[-1]["t"] + 15 * MINUTE:
            yield over(mine)
            mine.clear()
        mine.append(e)
        mine[:] = [f for f in mine if e["t"] - f["t"] <= HOUR]
    for mine in ongoing.values():
        if len(mine) >= 5 and events[-1]["t"] > mine[-1]["t"] + 15 * MINUTE:
            yield over(mine)


def password_spraying(events: list[Record]) -> Iterator[Alert]:
    windows: dict[str, list[Record]] = defaultdict(list)
    for e in failures(events):
        before = [f for f in windows[e["ip"]] if f["t"] >= e["t"] - 10 * MINUTE]
        window = windows[e["ip"]] = [*before, e]
        users = unique([f["user"] for f in window])
        if len(users) >= 5 > len(unique([f["user"] for f in before])):
            fields = {"ip": e["ip"], "users": len(users), "attempts": len(window), "tried": users}
            yield Alert(text_of(e["t"]), "PasswordSpraying", fields)


def account_takeover(events: list[Record]) -> Iterator[Alert]:
    waiting: dict[str, list[Record]] = defaultdict(list)
    for e in events:
        if e["type"] != "Login":
            continue
        mine = [f for f in waiting[e["user"]] if e["t"] - f["t"] <= 10 * MINUTE]
        waiting[e["user"]] = mine
        if e["outcome"] == "failure":
            mine.append(e)
            continue
        for start in range(len(mine) - 2):
            fails = mine[start:]
            if e["ip"] not in [f["ip"] for f in fails]:
                fields = {
                    "user": e["user"],
                    "failures": len(fails),
                    "from_ip": e["ip"],
                    "countries": unique([f.get("country") for f in fails]),
                }
                yield Alert(text_of(e["t"]), "AccountTakeover", fields)
                mine.clear()
                break


def guessed_password(events: list[Record]) -> Iterator[Alert]:
    waiting: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for e in events:
        if e["type"] != "Login":
            continue
        key = (e["user"], e["ip"])
        mine = waiting[key] = [f for f in waiting[key] if e["t"] - f["t"] <= 15 * MINUTE]
        if e["outcome"] == "failure":
            mine.append(e)
        elif len(mine) >= 5:
            fields = {"user": e["user"], "ip": e["ip"], "failures": len(mine)}
            yield Alert(text_of(e["t"]), "GuessedPassword", fields)
            mine.clear()


def takeover_then_export(events: list[Record]) -> Iterator[Alert]:
    takeovers = list(account_takeover(events))
    used: set[int] = set()
    for e in events:
        if e["type"] != "DataExport" or not e["bytes"] > 100_000_000:
            continue
        open_ = [
            n
            for n, t in enumerate(takeovers)
            if n not in used and t.fields["user"] == e["user"] and 0 <= e["t"] - seconds(t.time) <= HOUR
        ]
        if open_:
            used.update(open_)
            t = takeovers[open_[0]]
            fields = {"user": e["user"], "ip": t.fields["from_ip"], "bytes": e["bytes"]}
            yield Alert(text_of(e["t"]), "Exfiltration", fields)


def login_from_many_countries(events: list[Record]) -> Iterator[Alert]:
    windows: dict[str, list[Record]] = defaultdict(list)
    told: dict[str, int] = {}
    for e in events:
        if e["type"] != "Login" or e["outcome"] != "success" or e.get("country") is None:
            continue
        before = [f for f in windows[e["user"]] if f["t"] >= e["t"] - HOUR]
        window = windows[e["user"]] = [*before, e]
        countries = unique([f["country"] for f in window])
        if len(countries) >= 3 > len({f["country"] for f in before}):
            if e["user"] in told and e["t"] - told[e["user"]] < DAY:
                continue
            told[e["user"]] = e["t"]
            fields = {
                "user": e["user"],
                "countries": countries,
                "logins": len(window),
                "latest": e["country"],
            }
            yield Alert(text_of(e["t"]), "ManyCountries", fields)


def privileged_login(events: list[Record]) -> Iterator[Alert]:
    private = [ipaddress.ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
    for e in events:
        if e["type"] == "Login" and e["outcome"] == "success":
            inside = any(ipaddress.ip_address(e["ip"]) in network for network in private)
            if e["user"] in ("root", "admin", "administrator") and not inside:
                country = e.get("country") or "unknown"
                fields = {"user": e["user"], "ip": e["ip"], "country": country}
                yield Alert(text_of(e["t"]), "PrivilegedLogin", fields)


def reset_then_login_elsewhere(events: list[Record]) -> Iterator[Alert]:
    waiting: dict[str, list[Record]] = defaultdict(list)
    for e in events:
        if e["type"] == "PasswordReset":
            waiting[e["user"]].append(e)
        elif e["type"] == "Login" and e["outcome"] == "success":
            mine = [r for r in waiting[e["user"]] if e["t"] - r["t"] <= HOUR]
            elsewhere = [r for r in mine if r["ip"] != e["ip"]]
            if elsewhere:
                fields = {"user": e["user"], "reset_ip": elsewhere[0]["ip"], "login_ip": e["ip"]}
                yield Alert(text_of(e["t"]), "ResetUsedElsewhere", fields)
            waiting[e["user"]] = [r for r in mine if r not in elsewhere]


def export_without_second_factor(events: list[Record]) -> Iterator[Alert]:
    waiting: dict[str, list[Record]] = defaultdict(list)
    for e in events:
        mine = waiting[e["user"]]
        mine[:] = [ok for ok in mine if e["t"] - ok["t"] <= 15 * MINUTE]
        if e["type"] == "Login" and e["outcome"] == "success":
            mine.append(e)
        elif e["type"] == "MfaPassed":
            mine.clear()
        elif e["type"] == "DataExport" and mine:
            fields = {"user": e["user"], "ip": mine[0]["ip"], "bytes": e["bytes"]}
            yield Alert(text_of(e["t"]), "UnconfirmedExport", fields)
            mine.clear()


RULES = {
    "brute_force_per_ip": brute_force_per_ip,
    "brute_force_per_user": brute_force_per_user,
    "persistent_address": persistent_address,
    "slow_guessing": slow_guessing,
    "attack_ended": attack_ended,
    "password_spraying": password_spraying,
    "account_takeover": account_takeover,
    "guessed_password": guessed_password,
    "takeover_then_export": takeover_then_export,
    "login_from_many_countries": login_from_many_countries,
    "privileged_login_from_outside": privileged_login,
    "reset_then_login_elsewhere": reset_then_login_elsewhere,
    "export_without_second_factor": export_without_second_factor,
}

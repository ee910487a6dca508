"""Seconds that `cep check` takes for 1,000 rules, and where they go.

The rules are of ten kinds in turn, as authors write them: definitions, schemas, constants, patterns, windows, absences,
joins, rules on what rules emit, and a test for every other one, in files of fifty rules. Seconds are those of a whole
process, Python's own start and the building of the parser included, or with ``--profile`` those inside one call.

    python -m tests.bench.checking [--rules N] [--rounds N] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SHARED = """
event Login { user: string, outcome: string in ["success", "failure"], ip: string?, country: string?, at: timestamp } time at
event Payment { card: string, amount: float, currency: string?, status: string, merchant: string?, at: timestamp } time at
event Reading { device: string, value: float, unit: string?, at: timestamp } time at
define failed login as Login(outcome == "failure")
define successful login as Login(outcome == "success")
define approved payment as Payment(status == "approved")
let grace = 10 minutes
"""

KINDS = (
    """
define office{n} login as failed login(country == "C{n}" and ip is not null)
rule guessing{n}
  "Three failed logins within 5 minutes."
  when three office{n} logins within 5 minutes per user
  emit Guessing{n}(user, attempts = count(), since = first.at, ips = distinct(ip))
  severity high
  tags ["attack.t1110", "n{n}"]
""",
    """
rule takeover{n}
  "Guessing that worked, from an address that had not failed."
  when 3+ failed logins(country != "C{n}") as fails
       then successful login as ok
  where ok.ip not in fails.ip
  within grace
  per user
  emit Takeover{n}(user, failures = count(fails), from_ip = ok.ip, countries = distinct(fails.country))
""",
    """
rule export{n}
  when Takeover{before} as t then DataExport(bytes > 100_000_000 + {n}) as x
  within 1 hour per user
  emit Export{n}(user, ip = t.from_ip, bytes = x.bytes)
""",
    """
rule unpaid{n}
  when OrderPlaced(shop == {n}) as o then no PaymentReceived for 30 minutes per order_id
  emit UnpaidOrder{n}(order_id, total = o.total)
""",
    """
rule velocity{n}
  from approved payment
  per card
  over last 10 minutes
  when sum(amount) > 5_000 + {n} and count() >= 3
  emit Velocity{n}(card, spent = sum(amount), n = count(), largest = max(amount))
  at most 1 every 1 hour
""",
    """
rule drift{n}
  from Reading(value between 0 and {n} and unit ?? "C" in ["C", "F"])
  per device
  over every 5 minutes
  when avg(value) > {n} / 2 and stddev(value) < 3.5
  emit Drift{n}(device, mean = round(avg(value), 2), spread = stddev(value), from = window.start, to = window.end)
""",
    """
rule silent{n}
  when no Heartbeat(site == "S{n}") for 60 seconds per host
  emit Silent{n}(host)
  severity low
""",
    """
rule rising{n}
  when Tick(symbol == "T{n}") as t0 then immediately three consecutive Tick(price > prev.price) as up
  within 1 minute per symbol
  emit Rising{n}(symbol, from = t0.price, to = last(up).price)
""",
    """
rule paid{n}
  from OrderPlaced(shop == {n}) as o join Payment(amount > {n}) as p on o.card == p.card within 5 minutes
  emit Paid{n}(o.order_id, p.amount, quick = if p.amount > 100 then "large" else "small")
""",
    """
rule reset{n}
  when (PasswordReset as reset and EmailChanged(domain like "*.x{n}") as mail) then every Login(outcome == "success") as l
  within 1 day per user
  limit 100
  emit Reset{n}(user, at = l.at, night = hour(l.at) < 6)
""",
)
TEST = """
test "guessing {n}" for guessing{n}
  given
    0s    Login(user = "ann", outcome = "failure", country = "C{n}", ip = "10.0.0.7")
    60s   Login(user = "ann", outcome = "failure", country = "C{n}", ip = "10.0.0.7")
    299s  Login(user = "ann", outcome = "failure", country = "C{n}", ip = "10.0.0.7")
  expect
    299s  Guessing{n}(user = "ann", attempts = 3)
"""


def rules(count: int) -> Iterator[str]:
    """So many rules, in turn of each kind, with the tests."""
    for n in range(count):
        kind = n % len(KINDS)
        yield KINDS[kind].replace("{n}", str(n)).replace("{before}", str(n - 1))
        if kind == 0:
            yield TEST.replace("{n}", str(n))


def write(folder: Path, count: int, per_file: int = 50) -> None:
    """The rules in files of ``per_file`` each, with a file for what they share."""
    (folder / "definitions.cep").write_text(SHARED, encoding="utf-8")
    for start in range(0, count, per_file):
        written = list(rules(count))[start * 11 // 10 : (start + per_file) * 11 // 10]
        (folder / f"rules{start:05}.cep").write_text("".join(written), encoding="utf-8")


def checked(folder: Path) -> tuple[float, float, str]:
    """Seconds of a process that checks the folder, by the clock and of the processor, and its last line."""
    start, before = time.perf_counter(), os.times()
    done = subprocess.run(
        [sys.executable, "-m", "cep", "check", str(folder)], capture_output=True, text=True, check=False
    )
    seconds, after = time.perf_counter() - start, os.times()
    own = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, own, (done.stdout.splitlines() or [done.stderr])[-1]


def main() -> None:
    """Generate, check in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rules", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, options.rules)
        if options.profile:
            from cep.plan.compiling import compile_rules

            profile = cProfile.Profile()
            profile.runcall(compile_rules, str(folder))
            pstats.Stats(profile).sort_stats("tottime").print_stats(40)
            return
        runs = [checked(folder) for _ in range(options.rounds)]
        print(runs[0][2])
        best, own = min(run[0] for run in runs), min(run[1] for run in runs)
        print(f"{options.rules:,} rules: {best:.2f} s, {own:.2f} s of the processor (best of {options.rounds})")


if __name__ == "__main__":
    main()

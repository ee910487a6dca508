"""How close `cep run` comes to decoding alone, on the rule `brute_force` over 1,000,000 logins of about 185 bytes.

Prints ratios of one run: the same process, the same file, rounds in turn. Seconds are processor time, which a busy
machine disturbs less than the clock on the wall. Decoding alone reads the file in the same
pieces and decodes, with msgspec, the fields that the rule needs (type, time, user, outcome, ip) into a struct.

The aim is at most 2.5. The ratio grows with the share of failures, since each is kept for its key. On a machine with
other load, six rounds and more: about 2.1 without failures, 2.3 to 2.65 at 5 %, 4.5 to 4.7 at 20 %, where the aim is
not met.

    python -m tests.bench.brute_force [--events N] [--failures SHARE] [--rounds N] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import os
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

RULES = """
event Login {
  user:    string
  outcome: string in ["success", "failure"]
  ip:      string?
  country: string?
  at:      timestamp
} time at

define failed login as Login(outcome == "failure")

rule brute_force
  "Three failed logins within 5 minutes."
  when three failed logins within 5 minutes per user
  emit BruteForce(user, attempts = count(), since = first.at, ips = distinct(ip))
  severity high
  tags ["attack.t1110"]
"""


class Login(msgspec.Struct, gc=False):
    """The fields that the rule needs, as decoding alone needs them."""

    type: str
    at: str
    user: str
    outcome: str
    ip: str | None = None


def generate(path: Path, events: int, failures: float = 0.05, seed: int = 7) -> int:
    """Write logins of 20,000 users, some of them failures, in order of time; gives the alerts that must come out.

    The alerts are counted here by a program of three lines that shares nothing with the engine.
    """
    chance = random.Random(seed)
    moment_ms = 1_767_225_600_000
    recent: dict[str, list[int]] = {}
    alerts = 0
    with path.open("w", encoding="utf-8") as file:
        for number in range(events):
            moment_ms += chance.randrange(0, 20)
            at = (
                datetime.fromtimestamp(moment_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{moment_ms % 1000:03}Z"
            )
            user = f"user{chance.randrange(20_000)}"
            failed = chance.random() < failures
            file.write(
                json.dumps(
                    {
                        "type": "Login",
                        "at": at,
                        "user": user,
                        "outcome": "failure" if failed else "success",
                        "ip": f"10.0.{chance.randrange(250)}.{chance.randrange(99)}",
                        "country": "DE",
                        "session": f"abcdef{number:08}",
                        "agent": "Mozilla/5.0 (X11)",
                    }
                )
                + "\n"
            )
            if failed:
                held = [t for t in recent.get(user, []) if t >= moment_ms - 300_000] + [moment_ms]
                alerts += len(held) == 3
                recent[user] = [] if len(held) == 3 else held
    return alerts


def decode_alone(path: Path) -> float:
    """Seconds to read the file and decode the needed fields."""
    decoder = msgspec.json.Decoder(Login)
    start = time.process_time()
    rest = b""
    with path.open("rb", buffering=0) as file:
        while piece := file.read(128 * 1024):
            cut = piece.rfind(b"\n") + 1
            decoder.decode_lines(rest + piece[:cut])
            rest = piece[cut:]
    return time.process_time() - start


def run(rules: Path, events: Path, output: Path) -> float:
    """Seconds of `cep run` in this process: rules compiled, events read, derived events written."""
    from cep.cli.group import cep

    arguments = ["run", str(rules), "--source", str(events), "--sink", str(output), "--quiet"]
    start = time.process_time()
    try:
        cep(arguments)
    except SystemExit as end:
        if end.code:
            raise RuntimeError(f"cep run ended with {end.code}") from end
    return time.process_time() - start


def main() -> None:
    """Generate, run in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument(
        "--failures",
        type=float,
        default=0.05,
        help="the share of failed logins: each is kept for its key, so the ratio grows with it",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rules, events, output = (Path(folder) / name for name in ("rules.cep", "logins.jsonl", "derived.jsonl"))
        rules.write_text(RULES, encoding="utf-8")
        expected = generate(events, options.events, options.failures)
        size = events.stat().st_size / options.events
        print(
            f"{options.events:,} logins of {size:.0f} bytes, {options.failures:.0%} failed, Python {'.'.join(map(str, os.sys.version_info[:3]))}"
        )
        gc.collect()
        run(rules, events, output)
        found = output.read_bytes().count(b"\n")
        assert found == expected, f"{found} alerts, not the {expected} that an independent count gives"
        pairs = [(decode_alone(events), run(rules, events, output)) for _ in range(options.rounds)]
        ratios = sorted(ran / decoded for decoded, ran in pairs)
        decoded, ran = min(d for d, _ in pairs), min(r for _, r in pairs)
        print(f"decoding alone {decoded:.3f} s, cep run {ran:.3f} s (best of {options.rounds}), {found:,} alerts")
        print(f"cep run : decoding alone = {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
        if options.profile:
            cProfile.runctx("run(rules, events, output)", globals(), locals(), sort="tottime")


if __name__ == "__main__":
    main()

"""What aggregates over windows cost: `cep run` over 1,000,000 payments, as ratios to decoding alone and to each other.

The same process, the same file, rounds in turn; seconds are processor time. Decoding alone reads the file in the same
pieces and decodes, with msgspec, the fields that the rules need into a struct. Cards pay so often that a window of ten
minutes holds about 30 payments; each card pays about 1,000 times, so that a window of the last 1,000 events is all it
ever paid. Of the hopping windows a few fire (`hopping`) or each one (`Q5`), with its evidence of up to 100 payments.

    python -m tests.bench.windows [--events N] [--rounds N] [--only NAME] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tests.bench.brute_force import run

SCHEMA = """
event Payment {
  card:   string
  amount: float
  status: string in ["approved", "declined"]
  shop:   string
  at:     timestamp
} time at
"""
CARDS, STEP_MS = 1_000, 40
"""Payments of all cards come 20 ms apart on average, so that one card pays every 20 s."""
HUNDRED = "\n".join(
    f"""
rule velocity_{number}
  from Payment per card over last 10 minutes
  when sum(amount) > {252_000 + 500 * number} and count() >= 3
  emit Velocity{number}(card, spent = sum(amount), n = count())
"""
    for number in range(100)
)
RULES = {
    "sum and count": """
rule velocity
  from Payment per card over last 10 minutes
  when sum(amount) > 90_000 and count() >= 3
  emit Velocity(card, spent = sum(amount), n = count())
""",
    "Q4": """
rule velocity
  from Payment per card over last 10 minutes
  when sum(amount) > 252_000
  emit Velocity(card, spent = sum(amount), n = count())
""",
    "hopping": """
rule busy
  from Payment per shop over 10 minutes every 1 minute
  when count() > 90
  emit Busy(shop, n = count(), mean = avg(amount))
""",
    "Q5": """
rule turnover
  from Payment per shop over 10 minutes every 1 minute
  emit Turnover(shop, n = count(), mean = avg(amount))
""",
    "percentile": """
rule high
  from Payment per card over last 1_000 events partial
  when percentile(amount, 95) > 9_990
  emit High(card)
""",
    "stddev": """
rule wide
  from Payment per card over last 10 minutes
  when stddev(amount) > 4_500
  emit Wide(card)
""",
}
SHARE = 4
"""A hundred rules are measured over so much fewer payments, beside one of them over the same."""


class Payment(msgspec.Struct, gc=False):
    """The fields that the rules need, as decoding alone needs them."""

    type: str
    at: str
    card: str
    amount: float


def generate(path: Path, events: int, seed: int = 7) -> None:
    """Payments in order of time, of about 150 bytes."""
    chance = random.Random(seed)
    moment_ms = 1_767_225_600_000
    with path.open("w", encoding="utf-8") as file:
        for number in range(events):
            moment_ms += chance.randrange(STEP_MS)
            at = (
                datetime.fromtimestamp(moment_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{moment_ms % 1000:03}Z"
            )
            record = {
                "type": "Payment",
                "at": at,
                "card": f"card{chance.randrange(CARDS)}",
                "amount": chance.randrange(1_000_000) / 100,
                "status": "approved" if chance.random() < 0.9 else "declined",
                "shop": f"shop{chance.randrange(500)}",
                "payment": f"p{number:010}",
            }
            file.write(json.dumps(record) + "\n")


def decode_alone(path: Path) -> float:
    """Seconds to read the file and decode the needed fields."""
    decoder = msgspec.json.Decoder(Payment)
    start = time.process_time()
    rest = b""
    with path.open("rb", buffering=0) as file:
        while piece := file.read(128 * 1024):
            cut = piece.rfind(b"\n") + 1
            decoder.decode_lines(rest + piece[:cut])
            rest = piece[cut:]
    return time.process_time() - start


def main() -> None:
    """Generate, run in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=[*RULES, "100 rules"], action="append")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    chosen = [name for name in RULES if name in (options.only or RULES)]
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "payments.jsonl"
        generate(events, options.events)
        print(f"{options.events:,} payments of {events.stat().st_size / options.events:.0f} bytes, {CARDS:,} cards")
        if chosen:
            compare_with_decoding(Path(folder), events, chosen, options.rounds)
        if not options.only or "100 rules" in options.only:
            short = Path(folder) / "short.jsonl"
            generate(short, options.events // SHARE)
            compare_with_one(Path(folder), short, options.rounds)
        if options.profile:
            for name in chosen:
                rules = written(Path(folder), RULES[name])
                cProfile.runctx("run(rules, events, rules.parent / 'out.jsonl')", globals(), locals(), sort="tottime")


def written(folder: Path, rules: str) -> Path:
    """A rule file."""
    path = folder / "rules.cep"
    path.write_text(SCHEMA + rules, encoding="utf-8")
    return path


def compare_with_decoding(folder: Path, events: Path, chosen: list[str], rounds: int) -> None:
    """Each rule beside decoding alone."""
    output = folder / "derived.jsonl"
    alone: list[float] = []
    seconds: dict[str, list[float]] = {name: [] for name in chosen}
    derived = {}
    run(written(folder, RULES[chosen[0]]), events, output)
    for _ in range(rounds):
        alone.append(decode_alone(events))
        for name in chosen:
            gc.collect()
            seconds[name].append(run(written(folder, RULES[name]), events, output))
            derived[name] = output.read_bytes().count(b"\n")
    print(f"decoding alone   {min(alone):7.3f} s")
    for name in chosen:
        ratios = [spent / decoded for spent, decoded in zip(seconds[name], alone, strict=True)]
        print(
            f"{name:16} {min(seconds[name]):7.3f} s, {statistics.median(ratios):6.2f} times decoding alone, "
            f"{derived[name]:,} derived"
        )


def compare_with_one(folder: Path, events: Path, rounds: int) -> None:
    """A hundred rules over one window and key beside the one of them that fires most, at one payment of a thousand."""
    output = folder / "derived.jsonl"
    pairs = []
    run(written(folder, HUNDRED), events, output)
    for _ in range(rounds):
        one = run(written(folder, HUNDRED.split("\n\n")[0]), events, output)
        pairs.append((one, run(written(folder, HUNDRED), events, output)))
    ratio = statistics.median(hundred / one for one, hundred in pairs)
    print(
        f"100 rules : 1 rule = {ratio:.2f} (best {min(h for _, h in pairs):.3f} s and {min(o for o, _ in pairs):.3f} s)"
    )


if __name__ == "__main__":
    main()

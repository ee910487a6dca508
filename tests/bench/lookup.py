"""What a `lookup` adds to each event, in units of decoding alone: two rules that differ in nothing else.

Both rules evaluate a window at every payment and fire for few. The row is found for each of them, by the card, in a
table of 20,000 rows. Seconds are processor time; decoding alone decodes the fields that the rule needs, as in
:mod:`tests.bench.brute_force`. The join pairs each refund, one record of a hundred, with the payments of its card.

    python -m tests.bench.lookup [--events N] [--rounds N] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import json
import random
import tempfile
import time
from pathlib import Path

import msgspec

from tests.bench.brute_force import run

SCHEMA = """
event Payment { card: string, amount: float, ts: timestamp } time ts
event Refund { card: string, amount: float, ts: timestamp } time ts
table cards from "cards.csv" key number
"""
EMIT = "every time emit Large(card)"
RULES = {
    "window": f"rule r from Payment per card over last 1 minute when max(amount) > 9_995 {EMIT}",
    "window, lookup": "rule r from Payment lookup cards on card == cards.number per card over last 1 minute"
    f" when max(amount) > cards.limit {EMIT}",
    "join": "rule r from Payment as a join Refund as b on a.card == b.card within 1 minute emit Refunded(a.card)",
}


class Payment(msgspec.Struct, gc=False):
    """The fields that the rule needs."""

    type: str
    ts: str
    card: str
    amount: float


def generate(folder: Path, events: int, cards: int = 20_000, seed: int = 7) -> None:
    """Payments in the order of time, and the table of all cards."""
    chance = random.Random(seed)
    with (folder / "payments.jsonl").open("w", encoding="utf-8") as file:
        for number in range(events):
            at = f"2026-01-01T{number // 3_600_000 % 24:02}:{number // 60_000 % 60:02}:{number // 1000 % 60:02}.{number % 1000:03}Z"
            record = {
                "type": "Refund" if number % 100 == 99 else "Payment",
                "ts": at,
                "card": f"card{chance.randrange(cards)}",
                "amount": chance.randrange(1_000_000) / 100,
                "shop": f"shop{chance.randrange(500)}",
                "terminal": f"t{chance.randrange(9999)}",
                "session": f"abcdef{number:08}",
                "agent": "Terminal/5.0 (EMV)",
            }
            file.write(json.dumps(record) + "\n")
    rows = "".join(f"card{number},9995,owner{number}\n" for number in range(cards))
    (folder / "cards.csv").write_text(f"number,limit,owner\n{rows}")


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
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder, options.events)
        events, output = folder / "payments.jsonl", folder / "derived.jsonl"
        rules = {what: folder / f"{number}.cep" for number, what in enumerate(RULES)}
        for what, path in rules.items():
            path.write_text(SCHEMA + RULES[what], encoding="utf-8")
        seconds: dict[str, list[float]] = {what: [] for what in ("decode", *RULES)}
        found: dict[str, int] = {}
        run(rules["window"], events, output)  # imports and first calls
        for _ in range(options.rounds):
            seconds["decode"].append(decode_alone(events))
            for what, path in rules.items():
                seconds[what].append(run(path, events, output))
                found[what] = output.read_bytes().count(b"\n")
        assert found["window"] == found["window, lookup"] > 0, found
        decoded = min(seconds["decode"])
        print(f"{options.events:,} events, decoding alone {decoded / options.events * 1e6:.3f} µs each")
        for what in RULES:
            own = min(seconds[what])
            print(
                f"{what:15} {own / decoded:5.2f} x decoding, {options.events / own:9,.0f} events/s, {found[what]:,} derived"
            )
        added = (min(seconds["window, lookup"]) - min(seconds["window"])) / decoded
        print(f"a lookup adds {added:.2f} x decoding to each event (best of {options.rounds})")
        if options.profile:
            cProfile.runctx('run(rules["window, lookup"], events, output)', globals(), locals(), sort="tottime")


if __name__ == "__main__":
    main()

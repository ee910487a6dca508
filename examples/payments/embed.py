"""A shop's back office with the engine inside: it acts on alerts, survives a restart, and notices what did not happen.

    python examples/payments/embed.py

The program replays events.jsonl as if the payments were happening now. Half way it is "restarted": the engine's state
is taken out with `snapshot`, put into a new engine with `restore`, and nothing is lost or told twice. At the end of
the day there are no more events, but the clock goes on: `advance` lets the deadlines of open orders pass.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import cep

HERE = Path(__file__).resolve().parent
RULES = HERE.parent.parent / "rules" / "payments"


class BackOffice:
    """Holds cards and orders back, and counts what it was told."""

    def __init__(self, rules: Path = RULES) -> None:
        self.rules = rules
        self.engine = cep.Engine.from_rules(self.rules)
        self.held: set[str] = set()
        self.told: Counter[str] = Counter()

    def happened(self, event: dict[str, Any]) -> None:
        self._act(self.engine.push(event))

    def clock_says(self, time: str) -> None:
        """Nothing happened, but it is now `time`."""
        self._act(self.engine.advance(time))

    def restart(self) -> None:
        """A new engine takes over where the old one stood."""
        state = self.engine.snapshot()
        self.engine = cep.Engine.from_rules(self.rules)
        self.engine.restore(state)

    def _act(self, found: list[cep.DerivedEvent]) -> None:
        for derived in found:
            self.told[derived.type] += 1
            match derived.type:
                case "StolenCard" | "DeclinedThenApproved":
                    self._hold(derived, "card")
                case "UnpaidOrder" | "ShippedUnpaid":
                    self._hold(derived, "order_id")
                case "OverdueRefund":
                    print(f"{derived.time}  apologise to {derived.fields['customer']}  ({derived.rule})")

    def _hold(self, derived: cep.DerivedEvent, field: str) -> None:
        what = derived.fields[field]
        if what not in self.held:
            self.held.add(what)
            print(f"{derived.time}  hold {what}  ({derived.rule})")


def records(path: Path) -> list[dict[str, Any]]:
    """The records of a JSONL file. An application has its events at hand; here a broken line is passed over."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found.append(json.loads(line))
        except ValueError as error:
            print(f"{path.name}:{number}: {error}", file=sys.stderr)
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="A back office that acts on what the rules find.")
    parser.add_argument("events", nargs="?", type=Path, default=HERE / "events.jsonl", help="JSON lines to replay")
    options = parser.parse_args(arguments)
    office = BackOffice()
    events = records(options.events)
    for number, event in enumerate(events):
        if number == len(events) // 2:
            office.restart()
        office.happened(event)
    office.clock_says("2026-03-02T18:00:00Z")
    for kind, times in sorted(office.told.items()):
        print(f"{kind}: {times}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

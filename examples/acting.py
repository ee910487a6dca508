"""What the pipelines of iot, orders, logistics and social share: a sink that acts on what the rules find.

A sink is any object with these three methods. The producers of the events know nothing of it, and it knows nothing of
them: between the two stand the rules.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cep
from cep.connectors import open_source

EXAMPLES = Path(__file__).resolve().parent
Action = Callable[[cep.DerivedEvent], str]
"""Does what is to be done about a derived event, and says what it did."""


class Acting:
    """Calls the action for each derived event's type; those without one are only counted."""

    def __init__(self, actions: Mapping[str, Action]) -> None:
        self.actions = actions
        self.counts: Counter[str] = Counter()

    def write(self, derived: Sequence[cep.DerivedEvent]) -> None:
        for each in derived:
            self.counts[each.type] += 1
            if each.type in self.actions:
                print(f"{each.time}  {self.actions[each.type](each)}")

    def flush(self) -> None:
        """Nothing is held back here."""

    def close(self) -> None:
        """Nothing is open here."""


def run(domain: str, actions: Mapping[str, Action], arguments: list[str] | None = None) -> int:
    """Read the example's events, or others, through the domain's rules into the actions. Gives the exit code."""
    parser = argparse.ArgumentParser(description=f"Acts on what rules/{domain} finds.")
    parser.add_argument("events", nargs="?", type=Path, default=EXAMPLES / domain / "events.jsonl")
    options = parser.parse_args(arguments)
    engine = cep.Engine.from_rules(EXAMPLES.parent / "rules" / domain)
    sink = Acting(actions)
    summary = cep.Pipeline(engine, [open_source(options.events)], [sink]).run()
    print(", ".join(f"{count} {kind}" for kind, count in sorted(sink.counts.items())))
    print(f"{summary.events} events, {summary.late} late, {sum(summary.dead_letters.values())} dead letters")
    return 0

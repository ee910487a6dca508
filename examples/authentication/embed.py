"""A login service that looks after itself: the engine runs inside it, and what the rules find changes what it does.

    python examples/authentication/embed.py

The service here replays events.jsonl as if the logins were happening now. It blocks addresses that guess and locks
accounts that were taken over. Nothing but the public API is used: rules in, `push` an event, act on what comes out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cep

HERE = Path(__file__).resolve().parent
RULES = HERE.parent.parent / "rules" / "authentication"


class LoginService:
    """Lets users in, and keeps out what the rules have found."""

    def __init__(self, rules: Path = RULES) -> None:
        self.engine = cep.Engine.from_rules(rules)
        self.blocked_addresses: set[str] = set()
        self.locked_accounts: set[str] = set()
        self.reactions: dict[str, Callable[[cep.DerivedEvent], str]] = {
            "PersistentAddress": self._block,
            "PasswordSpraying": self._block,
            "AccountTakeover": self._lock,
            "GuessedPassword": self._lock,
            "Exfiltration": self._call_someone,
        }

    def happened(self, event: dict[str, Any]) -> Iterator[str]:
        """Tells the engine what happened; yields what was done about it."""
        for derived in self.engine.push(event):
            reaction = self.reactions.get(derived.type)
            if reaction is not None:
                yield f"{derived.time}  {reaction(derived)}  ({derived.rule})"

    def _block(self, derived: cep.DerivedEvent) -> str:
        address = derived.fields["ip"]
        self.blocked_addresses.add(address)
        return f"block {address}"

    def _lock(self, derived: cep.DerivedEvent) -> str:
        user = derived.fields["user"]
        self.locked_accounts.add(user)
        return f"lock {user}"

    def _call_someone(self, derived: cep.DerivedEvent) -> str:
        fields = derived.fields
        return f"call someone: {fields['bytes'] / 1e6:,.0f} MB of {fields['user']} went to {fields['ip']}"


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a JSONL file. An application has its events at hand; here a broken line is passed over."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield json.loads(line)
            except ValueError as error:
                print(f"{path.name}:{number}: {error}", file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="A login service that acts on what the rules find.")
    parser.add_argument("events", nargs="?", type=Path, default=HERE / "events.jsonl", help="JSON lines to replay")
    options = parser.parse_args(arguments)
    service = LoginService()
    for event in records(options.events):
        for done in service.happened(event):
            print(done)
    print(f"blocked addresses: {len(service.blocked_addresses)}, locked accounts: {len(service.locked_accounts)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Payments: the file, and the queries over it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tests.bench.queries.query import Query, Row

START_MS = 1_767_225_600_000
CARDS, MERCHANTS = 20_000, 500

SCHEMA = """
event Payment {
  card:     string
  amount:   float
  merchant: string
  at:       timestamp
} time at
"""

LARGE = """
rule large
  when Payment(amount > 490) as p
  emit Large(card = p.card, amount = p.amount, merchant = p.merchant)
"""


class Payment(msgspec.Struct, gc=False):
    """Four fields."""

    at: str
    card: str
    amount: float
    merchant: str


def iso(moment_ms: int) -> str:
    """ISO text of milliseconds."""
    moment = datetime.fromtimestamp(moment_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment_ms % 1000:03}Z"


def write(path: Path, events: int) -> None:
    """Payments of about 170 bytes and up to 500, ten milliseconds apart on average."""
    chance = random.Random(11)
    moment_ms = START_MS
    with path.open("w", encoding="utf-8") as file:
        for number in range(events):
            moment_ms += chance.randrange(0, 20)
            record = {
                "type": "Payment",
                "at": iso(moment_ms),
                "card": f"card{chance.randrange(CARDS):05}",
                "amount": round(chance.random() * 500, 2),
                "merchant": f"m{chance.randrange(MERCHANTS)}",
                "currency": "EUR",
                "status": "approved",
                "reference": f"ref{number:09}",
            }
            file.write(json.dumps(record) + "\n")


def count_large(records: Iterable[Row]) -> int:
    """Q1."""
    return sum(record["amount"] > 490 for record in records)


Q1 = Query("Q1", "filter: payments with amount > 490", SCHEMA + LARGE, write, count_large, Payment, 1.6)

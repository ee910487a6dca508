"""Orders on their way through order, inventory and payment services, as JSON lines on standard output.

    python examples/orders/generate.py --seed 7 --events 500 > events.jsonl
    python examples/orders/generate.py --events 5_000_000 --gap 0.01 > many.jsonl

The services do not wait for one another, so that a payment may come before the goods are reserved.
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))

from streams import Domain, Step, quarter, write

ARTICLES = ("lamp", "bulb", "wire", "plug", "fuse")
CARRIERS = ("post", "van", "bike")


def placed(order: str, total: float, sku: str = "lamp", quantity: int = 1) -> Step:
    fields = {"order_id": order, "customer": f"cust-{order}", "sku": sku, "quantity": quantity, "total": total}
    return 0, "OrderSubmitted", fields


def reserved(after: int, order: str, sku: str = "lamp", quantity: int = 1) -> Step:
    return after, "StockReserved", {"order_id": order, "sku": sku, "quantity": quantity}


def refused(after: int, order: str, missing: int, sku: str = "lamp") -> Step:
    return after, "StockInsufficient", {"order_id": order, "sku": sku, "missing": missing}


def paid(after: int, order: str, amount: float) -> Step:
    return after, "PaymentConfirmed", {"order_id": order, "amount": amount}


def declined(after: int, order: str, reason: str) -> Step:
    return after, "PaymentDeclined", {"order_id": order, "reason": reason}


# ---- the scenarios: what happens in each, and which rules should notice


def unpaid(rng: random.Random, turn: int) -> list[Step]:
    """Two orders are not paid; the goods of one are released: UnpaidInTime twice, GoodsNotReleased for the other."""
    one, two = f"u{turn}a", f"u{turn}b"
    return [
        placed(one, 40.0),
        reserved(4, one),
        placed(two, 60.0, "fuse", 3),
        reserved(6, two, "fuse", 3),
        (2100, "StockReleased", {"order_id": one}),
    ]


def no_answer(rng: random.Random, turn: int) -> list[Step]:
    """The inventory answers after a minute and a half: InventoryDoesNotAnswer."""
    order = f"n{turn}"
    return [placed(order, 25.0, "wire", 5), reserved(90, order, "wire", 5), paid(200, order, 25.0)]


def insufficient(rng: random.Random, turn: int) -> list[Step]:
    """Paid, and the goods are not there; refunded, once too often: PaidButNotInStock, RefundedTooMuch."""
    order, amount = f"i{turn}", quarter(rng, 40, 90)
    return [
        placed(order, amount),
        paid(5, order, amount),
        refused(8, order, 1),
        (300, "PaymentRefunded", {"order_id": order, "amount": amount}),
        (360, "PaymentRefunded", {"order_id": order, "amount": amount}),
    ]


def sold_out(rng: random.Random, turn: int) -> list[Step]:
    """Six customers want what is sold out, and two have paid: ShopOutOfStock, PaidButNotInStock."""
    steps: list[Step] = []
    for number in range(6):
        order, at = f"s{turn}-{number}", number * 60
        steps += [(at, *placed(order, 19.5, f"rare{turn}")[1:]), refused(at + 2, order, 1, f"rare{turn}")]
        if number in (2, 4):
            steps += [paid(at + 9, order, 19.5), (at + 900, "PaymentRefunded", {"order_id": order, "amount": 19.5})]
    return steps


def underpaid(rng: random.Random, turn: int) -> list[Step]:
    """Less is paid than the order comes to: Underpaid, and OrderConfirmed all the same."""
    order = f"l{turn}"
    return [placed(order, 80.0), reserved(2, order), paid(50, order, 72.5)]


def stubborn(rng: random.Random, turn: int) -> list[Step]:
    """A card is declined four times, and then it works: DeclinedAgainAndAgain, once."""
    order = f"d{turn}"
    reasons = ("limit", "limit", "expired", "limit")
    tries = [declined(30 + number * 60, order, reason) for number, reason in enumerate(reasons)]
    return [placed(order, 120.0), reserved(3, order), *tries, paid(400, order, 120.0)]


def cancelled(rng: random.Random, turn: int) -> list[Step]:
    """An order is cancelled by the customer and shipped all the same: ShippedAfterCancelling."""
    order = f"c{turn}"
    return [
        placed(order, 33.0),
        reserved(5, order),
        paid(20, order, 33.0),
        (200, "OrderCancelled", {"order_id": order, "by": "customer"}),
        (900, "OrderSent", {"order_id": order, "carrier": "van"}),
    ]


def late_reserve(rng: random.Random, turn: int) -> list[Step]:
    """The answer is written late: with --lateness OrderConfirmed, without it InventoryDoesNotAnswer."""
    order = f"w{turn}"
    steps = [placed(order, 15.0), reserved(10, order), paid(30, order, 15.0)]
    steps[1][2]["late"] = True
    return steps


def ordinary(rng: random.Random, number: int) -> list[Step]:
    """An order is placed, reserved, paid and shipped; paid first, now and then."""
    order, sku, total = f"o{number:05d}", ARTICLES[number % 5], quarter(rng, 8, 120)
    soon, pays = 1 + int(rng.random() * 20), 2 + int(rng.random() * 600)
    return [
        placed(order, total, sku, 1 + number % 3),
        reserved(soon, order, sku, 1 + number % 3),
        paid(pays, order, total),
        (pays + 900, "OrderSent", {"order_id": order, "carrier": CARRIERS[number % 3]}),
    ]


SCENARIOS = (unpaid, insufficient, no_answer, sold_out, late_reserve, underpaid, stubborn, cancelled)
SHOP = Domain(
    "Orders on their way through three services, as JSON lines on standard output.",
    datetime(2026, 5, 4, 9, 0, 0, tzinfo=UTC),
    SCENARIOS,
    ordinary,
    gap=40.0,
    late_by=90,
    scenario_every=9,
)

if __name__ == "__main__":
    sys.exit(write(SHOP))

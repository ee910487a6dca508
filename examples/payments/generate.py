"""Card payments, orders and refunds of a few shops, with fraud among them, as JSON lines on standard output.

The stream is the same for the same options. Ordinary customers order, pay and receive; every so often one of the
scenarios below begins, all of them in turn, and its events mix with the ordinary ones. A few events are written late,
now and then a line is broken, and now and then an amount is not a number. Nothing is kept but what is still to be
written, so that a stream may be as long as one likes:

    python examples/payments/generate.py --seed 7 --events 500 > events.jsonl
    python examples/payments/generate.py --events 5_000_000 --cards 50_000 --gap 0.01 > many.jsonl

All amounts are multiples of 0.25, so that sums are exact whoever adds them up.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count, islice
from typing import Any

Fields = dict[str, Any]
Step = tuple[int, str, Fields]  # seconds after the scenario's start, event type, fields
Scenario = Callable[[random.Random, "Market", int], list[Step]]

START = datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC)
MERCHANTS = ("books", "coffee", "fuel", "garden", "music", "shoes")
COUNTRIES = ("DE", "FR", "PL")
CARRIERS = ("post", "van", "bike")
LATE_BY = 90  # seconds

encode = json.JSONEncoder(separators=(",", ":")).encode


class Market:
    """The cards, each with a country of its own, and the numbers of orders and of stolen cards."""

    def __init__(self, size: int) -> None:
        self.cards = [f"card{number:03d}" for number in range(1, size + 1)]
        self.countries = {card: COUNTRIES[number % 3] for number, card in enumerate(self.cards)}

    def pay(self, card: str, amount: float, merchant: str, status: str = "approved", country: str = "") -> Fields:
        return {
            "card": card,
            "amount": amount,
            "currency": "EUR",
            "status": status,
            "merchant": merchant,
            "country": country or self.countries.get(card, "DE"),
        }


def price(rng: random.Random, low: int, high: int) -> float:
    """A multiple of 0.25 from `low` up to, but not including, `high`."""
    return int((low + rng.random() * (high - low)) * 4) / 4


# ---- the scenarios: what happens in each, and which rules should notice.
# `turn` counts the scenarios and keeps the cards, orders and customers of one apart from those of another.


def refund_that_does_not_come(rng: random.Random, market: Market, turn: int) -> list[Step]:
    """Two refunds are asked for, one is paid within the hour: OverdueRefund for the other."""
    here, there = f"r{turn:04d}a", f"r{turn:04d}b"
    return [
        (0, "RefundRequested", {"order_id": here, "customer": "cust004", "amount": price(rng, 20, 90)}),
        (30, "RefundRequested", {"order_id": there, "customer": "cust005", "amount": 35.5}),
        (1500, "RefundPaid", {"order_id": there, "customer": "cust005", "amount": 35.5}),
    ]


def unpaid(rng: random.Random, market: Market, turn: int) -> list[Step]:
    """An order that nobody pays and that is shipped all the same: UnpaidOrder, ShippedUnpaid."""
    order = f"u{turn:04d}"
    return [
        (0, "OrderPlaced", {"order_id": order, "customer": "cust013", "total": price(rng, 40, 300)}),
        (2400, "OrderShipped", {"order_id": order, "carrier": "van"}),
    ]


def testing(rng: random.Random, market: Market, turn: int) -> list[Step]:
    """Eight stolen cards tried with small amounts at one shop, every other one declined: CardTesting."""
    merchant = rng.choice(MERCHANTS)
    return [
        (
            number * 25,
            "Payment",
            market.pay(f"stolen{turn:04d}-{number}", price(rng, 1, 4), merchant, ("declined", "approved")[number % 2]),
        )
        for number in range(8)
    ]


def stolen(rng: random.Random, market: Market, turn: int) -> list[Step]:
    """A stolen card is tried, used and emptied: TestedCardUsed, CardVelocity, StolenCard."""
    card = f"stolen{turn:04d}"
    steps: list[Step] = [
        (number * 40, "Payment", market.pay(card, price(rng, 1, 4), "coffee", country="US")) for number in range(3)
    ]
    steps += [
        (number * 90, "Payment", market.pay(card, price(rng, 1700, 2400), "music", country="US"))
        for number in range(3, 7)
    ]
    return steps


def refused(rng: random.Random, market: Market, turn: int) -> list[Step]:
    """A card is declined four times, with less and less, and then goes through: DeclinedThenApproved."""
    card = f"refused{turn:04d}"
    amounts = (800.0, 400.0, 200.0, 100.0, 50.0)
    return [
        (number * 45, "Payment", market.pay(card, amount, "shoes", "approved" if amount == 50 else "declined"))
        for number, amount in enumerate(amounts)
    ]


def two_countries(rng: random.Random, market: Market, turn: int) -> list[Step]:
    """A card is in two countries within five minutes: CardInTwoCountries."""
    card = f"cloned{turn:04d}"
    return [
        (0, "Payment", market.pay(card, price(rng, 10, 60), "fuel")),
        (290, "Payment", market.pay(card, price(rng, 100, 180), "garden", country="BR")),
    ]


def twice(rng: random.Random, market: Market, turn: int) -> list[Step]:
    """One purchase is charged twice within 20 seconds: DoubleCharge."""
    payment = market.pay(f"double{turn:04d}", price(rng, 30, 90), "books")
    return [(0, "Payment", payment), (20, "Payment", dict(payment))]


def outlier(rng: random.Random, market: Market, turn: int) -> list[Step]:
    """Six coffees and a coffee machine: UnusualAmount."""
    card = f"regular{turn:04d}"
    steps: list[Step] = [(number * 400, "Payment", market.pay(card, 6.0 + number / 4, "coffee")) for number in range(6)]
    steps.append((2600, "Payment", market.pay(card, 189.0, "coffee")))
    return steps


def large(rng: random.Random, market: Market, turn: int) -> list[Step]:
    """Two large payments and one that is declined: LargePayment, twice."""
    card = f"company{turn:04d}"
    return [
        (0, "Payment", market.pay(card, 12_500.0, "garden")),
        (1200, "Payment", market.pay(card, 75_000.0, "garden", "declined")),
        (1300, "Payment", market.pay(card, 60_000.0, "garden")),
    ]


def returns(rng: random.Random, market: Market, turn: int) -> list[Step]:
    """A customer sends everything back: RefundAbuse at the third refund."""
    customer = f"returns{turn:04d}"
    return [
        (number * 500, "RefundPaid", {"order_id": f"b{turn:04d}{number}", "customer": customer, "amount": 120.0})
        for number in range(4)
    ]


def late_payment(rng: random.Random, market: Market, turn: int) -> list[Step]:
    """Three payments that come to more than 5,000, the second written late: CardVelocity only with --lateness."""
    card = f"late{turn:04d}"
    steps: list[Step] = [(number * 30, "Payment", market.pay(card, 1800.0 + number, "music")) for number in range(3)]
    steps[1][2]["late"] = True
    return steps


SCENARIOS: tuple[Scenario, ...] = (
    refund_that_does_not_come,
    unpaid,
    outlier,
    testing,
    stolen,
    refused,
    late_payment,
    two_countries,
    twice,
    large,
    returns,
)


def ordinary(rng: random.Random, market: Market, number: int) -> list[Step]:
    """A card pays at a shop; every fifth time it is an order that is paid soon and shipped later."""
    card = market.cards[int(rng.random() * len(market.cards))]
    amount = price(rng, 8, 120)
    if number % 5:
        merchant = MERCHANTS[int(rng.random() * len(MERCHANTS))]
        return [(0, "Payment", market.pay(card, amount, merchant, "declined" if rng.random() < 0.04 else "approved"))]
    order, soon = f"o{number:05d}", 20 + int(rng.random() * 600)
    return [
        (0, "OrderPlaced", {"order_id": order, "customer": f"cust{number % 89:03d}", "total": amount}),
        (soon, "PaymentReceived", {"order_id": order, "amount": amount}),
        (soon + 1800, "OrderShipped", {"order_id": order, "carrier": CARRIERS[number % 3]}),
    ]


# ---- the stream


@lru_cache(maxsize=1000)
def time_text(at: int) -> str:
    """The time `at` seconds after START."""
    return (START + timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%SZ")


def line(at: int, kind: str, fields: Fields) -> str:
    """One event as a line of JSON."""
    return encode({"type": kind, "at": time_text(at), **fields}) + "\n"


def stream(options: argparse.Namespace) -> Iterator[str]:
    """Lines without end, in the order in which they are written."""
    rng = random.Random(options.seed)
    market = Market(options.cards)
    waiting: list[tuple[int, int, str]] = []  # when to write, order of creation, line
    created = count()
    clock = 0.0

    def put(at: int, late: bool, kind: str, fields: Fields) -> None:
        heapq.heappush(waiting, (at + LATE_BY * late, next(created), line(at, kind, fields)))

    for number in count(1):
        clock += rng.random() * 2 * options.gap
        now = int(clock)
        if options.scenario_every and (number - 1) % options.scenario_every == 0:
            turn = (number - 1) // options.scenario_every
            for after, kind, fields in SCENARIOS[turn % len(SCENARIOS)](rng, market, turn):
                put(now + after, fields.pop("late", False), kind, fields)
        late = bool(options.late_every) and number % options.late_every == 0
        for after, kind, fields in ordinary(rng, market, number):
            if options.odd_every and number % options.odd_every == 0 and kind == "Payment":
                fields["amount"] = f"{fields['amount']} EUR"
            put(now + after, late, kind, fields)
        while waiting and waiting[0][0] <= now:
            yield heapq.heappop(waiting)[2]


def with_broken_lines(lines: Iterator[str], every: int) -> Iterator[str]:
    """Each `every`-th line loses its second half."""
    for number, text in enumerate(lines, 1):
        yield text[: len(text) // 2] + "\n" if every and number % every == 0 else text


def integer(text: str) -> int:
    return int(text.replace("_", ""))


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Payments with fraud among them, as JSON lines on standard output.")
    parser.add_argument("--seed", type=integer, default=7, help="the same seed gives the same stream (default: 7)")
    parser.add_argument("--events", type=integer, default=500, help="lines to write (default: 500)")
    parser.add_argument("--cards", type=integer, default=60, help="cards of ordinary customers (default: 60)")
    parser.add_argument("--gap", type=float, default=25.0, help="mean seconds between ordinary payments (default: 25)")
    parser.add_argument(
        "--scenario-every",
        type=integer,
        default=20,
        metavar="N",
        help="a scenario begins at every N-th ordinary payment, 0: never (default: 20)",
    )
    parser.add_argument(
        "--late-every",
        type=integer,
        default=101,
        metavar="N",
        help="every N-th ordinary payment is written 90 seconds late, 0: none (default: 101)",
    )
    parser.add_argument(
        "--broken-every",
        type=integer,
        default=333,
        metavar="N",
        help="every N-th line is cut in half, 0: none (default: 333)",
    )
    parser.add_argument(
        "--odd-every",
        type=integer,
        default=222,
        metavar="N",
        help="every N-th ordinary payment has text for an amount, 0: none (default: 222)",
    )
    options = parser.parse_args(arguments)
    if options.cards < 1:
        parser.error("--cards: at least 1")
    return options


def main(arguments: list[str] | None = None) -> int:
    options = options_of(arguments)
    lines = islice(with_broken_lines(stream(options), options.broken_every), options.events)
    try:
        while chunk := "".join(islice(lines, 1000)):
            sys.stdout.write(chunk)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the payment rules must find, counted without the engine: one plain loop for each rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from itertools import islice, takewhile
from typing import Any

from tests.examples.plain_reading import Alert, Record, seconds, text_of

MINUTE, HOUR, DAY = 60, 3600, 86400


def usable(record: Record) -> bool:
    """Whether a record fits the schemas of rules/payments/definitions.cep, as far as the example breaks them."""
    return record["type"] != "Payment" or isinstance(record["amount"], int | float)


def payments(events: list[Record], status: str | None = None) -> list[Record]:
    return [e for e in events if e["type"] == "Payment" and status in (None, e["status"])]


def card_velocity(events: list[Record]) -> Iterator[Alert]:
    windows: dict[str, list[Record]] = defaultdict(list)
    told: dict[str, int] = {}

    def much(window: list[Record]) -> bool:
        return len(window) >= 3 and sum(p["amount"] for p in window) > 5000

    for e in payments(events, "approved"):
        before = [p for p in windows[e["card"]] if p["t"] >= e["t"] - 10 * MINUTE]
        window = windows[e["card"]] = [*before, e]
        if much(window) and not much(before):
            if e["card"] in told and e["t"] - told[e["card"]] < HOUR:
                continue
            told[e["card"]] = e["t"]
            amounts = [p["amount"] for p in window]
            fields = {
                "card": e["card"],
                "spent": sum(amounts),
                "n": len(amounts),
                "largest": max(amounts),
            }
            yield Alert(text_of(e["t"]), "CardVelocity", fields)


def card_testing(events: list[Record]) -> Iterator[Alert]:
    windows: dict[str, list[Record]] = defaultdict(list)

    def declined(window: list[Record]) -> int:
        return sum(p["status"] == "declined" for p in window)

    def suspicious(window: list[Record]) -> bool:
        return len({p["card"] for p in window}) >= 5 and declined(window) >= 3

    for e in payments(events):
        if e["amount"] >= 5:
            continue
        before = [p for p in windows[e["merchant"]] if p["t"] >= e["t"] - 10 * MINUTE]
        window = windows[e["merchant"]] = [*before, e]
        if suspicious(window) and not suspicious(before):
            fields = {
                "merchant": e["merchant"],
                "cards": len({p["card"] for p in window}),
                "attempts": len(window),
                "declined": declined(window),
                "smallest": min(p["amount"] for p in window),
            }
            yield Alert(text_of(e["t"]), "CardTesting", fields)


def tested_card_used(events: list[Record]) -> Iterator[Alert]:
    probes: dict[str, list[Record]] = defaultdict(list)
    for e in payments(events):
        mine = [p for p in probes[e["card"]] if e["t"] - p["t"] <= HOUR]
        probes[e["card"]] = mine
        if e["amount"] < 5:
            mine.append(e)
        elif e["amount"] >= 200 and e["status"] == "approved" and len(mine) >= 2:
            fields = {
                "card": e["card"],
                "probes": len(mine),
                "amount": e["amount"],
                "merchant": e["merchant"],
            }
            yield Alert(text_of(e["t"]), "TestedCardUsed", fields)
            mine.clear()


def declined_then_approved(events: list[Record]) -> Iterator[Alert]:
    tries: dict[str, list[Record]] = defaultdict(list)
    for e in payments(events):
        mine = [p for p in tries[e["card"]] if e["t"] - p["t"] <= 15 * MINUTE]
        tries[e["card"]] = mine
        if e["status"] == "declined":
            mine.append(e)
        elif len(mine) >= 3:
            fields = {
                "card": e["card"],
                "declined": len(mine),
                "tried": sum(p["amount"] for p in mine),
                "amount": e["amount"],
            }
            yield Alert(text_of(e["t"]), "DeclinedThenApproved", fields)
            mine.clear()


def stolen_card(events: list[Record]) -> Iterator[Alert]:
    used = list(tested_card_used(events))
    taken: set[int] = set()
    for spree in card_velocity(events):
        waiting = [
            n
            for n, use in enumerate(used)
            if n not in taken
            and use.fields["card"] == spree.fields["card"]
            and 0 <= seconds(spree.time) - seconds(use.time) <= DAY
        ]
        if waiting:
            taken.update(waiting)
            fields = {
                "card": spree.fields["card"],
                "first_amount": used[waiting[0]].fields["amount"],
                "spent": spree.fields["spent"],
            }
            yield Alert(spree.time, "StolenCard", fields)


def card_in_two_countries(events: list[Record]) -> Iterator[Alert]:
    waiting: dict[str, list[Record]] = defaultdict(list)
    for e in payments(events, "approved"):
        mine = [p for p in waiting[e["card"]] if e["t"] - p["t"] <= 10 * MINUTE]
        other = [p for p in mine if None not in (p["country"], e["country"]) and p["country"] != e["country"]]
        if other:
            fields = {
                "card": e["card"],
                "here": other[0]["country"],
                "there": e["country"],
                "amount": e["amount"],
            }
            yield Alert(text_of(e["t"]), "CardInTwoCountries", fields)
            waiting[e["card"]] = [p for p in mine if p not in other]
        else:
            waiting[e["card"]] = [*mine, e]


def double_charge(events: list[Record]) -> Iterator[Alert]:
    waiting: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for e in payments(events, "approved"):
        key = (e["card"], e["merchant"])
        mine = [p for p in waiting[key] if e["t"] - p["t"] <= MINUTE]
        same = [p for p in mine if p["amount"] == e["amount"]]
        if same:
            fields = {"card": e["card"], "merchant": e["merchant"], "amount": e["amount"]}
            yield Alert(text_of(e["t"]), "DoubleCharge", fields)
            waiting[key] = [p for p in mine if p not in same]
        else:
            waiting[key] = [*mine, e]


def unusual_amount(events: list[Record]) -> Iterator[Alert]:
    windows: dict[str, list[Record]] = defaultdict(list)
    for e in payments(events, "approved"):
        window = [p for p in windows[e["card"]] if p["t"] >= e["t"] - 7 * DAY] + [e]
        windows[e["card"]] = window
        average = sum(p["amount"] for p in window) / len(window)
        if len(window) >= 5 and e["amount"] > 3 * average:
            fields = {
                "card": e["card"],
                "amount": e["amount"],
                "average": average,
                "payments": len(window),
            }
            yield Alert(text_of(e["t"]), "UnusualAmount", fields)


def large_payment(events: list[Record]) -> Iterator[Alert]:
    for e in payments(events, "approved"):
        if e["amount"] >= 10_000:
            fields = {
                "card": e["card"],
                "amount": e["amount"],
                "currency": (e["currency"] or "eur").upper(),
                "size": "very large" if e["amount"] >= 50_000 else "large",
            }
            yield Alert(text_of(e["t"]), "LargePayment", fields)


def _not_after(end: int, e: Record) -> bool:
    return bool(e["t"] <= end)


def unanswered(events: list[Record], asked: str, answer: str, wait: int) -> Iterator[Record]:
    """The events ``asked`` that no ``answer`` for the same order follows in time, once the time is over."""
    for n, e in enumerate(events):
        if e["type"] == asked and events[-1]["t"] > e["t"] + wait:
            later = islice(events, n + 1, None)
            in_time = takewhile(partial(_not_after, e["t"] + wait), later)
            if not any(f["type"] == answer and f["order_id"] == e["order_id"] for f in in_time):
                yield e


def unpaid_order(events: list[Record]) -> Iterator[Alert]:
    for e in unanswered(events, "OrderPlaced", "PaymentReceived", 30 * MINUTE):
        fields = {name: e[name] for name in ("order_id", "customer", "total")}
        yield Alert(text_of(e["t"] + 30 * MINUTE), "UnpaidOrder", fields)


def overdue_refund(events: list[Record]) -> Iterator[Alert]:
    for e in unanswered(events, "RefundRequested", "RefundPaid", HOUR):
        fields = {name: e[name] for name in ("order_id", "customer", "amount")}
        yield Alert(text_of(e["t"] + HOUR), "OverdueRefund", fields)


def shipped_unpaid(events: list[Record]) -> Iterator[Alert]:
    placed: dict[str, Record] = {}
    for e in events:
        if e["type"] == "OrderPlaced":
            placed.setdefault(e["order_id"], e)
        elif e["type"] == "PaymentReceived":
            placed.pop(e["order_id"], None)
        elif e["type"] == "OrderShipped" and e["order_id"] in placed:
            o = placed.pop(e["order_id"])
            if e["t"] - o["t"] <= 14 * DAY:
                fields: dict[str, Any] = {
                    "order_id": o["order_id"],
                    "customer": o["customer"],
                    "total": o["total"],
                    "carrier": e["carrier"],
                }
                yield Alert(text_of(e["t"]), "ShippedUnpaid", fields)


def refund_abuse(events: list[Record]) -> Iterator[Alert]:
    windows: dict[str, list[Record]] = defaultdict(list)

    def much(window: list[Record]) -> bool:
        return len(window) >= 3 and sum(r["amount"] for r in window) > 300

    for e in events:
        if e["type"] != "RefundPaid":
            continue
        before = [r for r in windows[e["customer"]] if r["t"] >= e["t"] - 30 * DAY]
        window = windows[e["customer"]] = [*before, e]
        if much(window) and not much(before):
            fields = {
                "customer": e["customer"],
                "refunds": len(window),
                "total": sum(r["amount"] for r in window),
                "orders": list(dict.fromkeys(r["order_id"] for r in window)),
            }
            yield Alert(text_of(e["t"]), "RefundAbuse", fields)


RULES = {
    "card_testing": card_testing,
    "tested_card_used": tested_card_used,
    "declined_then_approved": declined_then_approved,
    "stolen_card": stolen_card,
    "card_velocity": card_velocity,
    "card_in_two_countries": card_in_two_countries,
    "double_charge": double_charge,
    "unusual_amount": unusual_amount,
    "large_payment": large_payment,
    "unpaid_order": unpaid_order,
    "shipped_unpaid": shipped_unpaid,
    "overdue_refund": overdue_refund,
    "refund_abuse": refund_abuse,
}

"""What the rules for orders must find, counted without the engine: one plain loop for each rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from tests.examples.plain_reading import Alert, Record, seconds, text_of

MINUTE, HOUR, DAY = 60, 3600, 86400


def by_order(events: list[Record], *kinds: str) -> dict[str, list[Record]]:
    """The events of these types, of each order."""
    found: dict[str, list[Record]] = defaultdict(list)
    for e in events:
        if e["type"] in kinds:
            found[e["order_id"]].append(e)
    return found


def unanswered(events: list[Record], asked: str, answers: tuple[str, ...], wait: int) -> Iterator[Record]:
    """The events ``asked`` that no answer for the same order follows in time, once the time is over."""
    for mine in by_order(events, asked, *answers).values():
        for place, e in enumerate(mine):
            if e["type"] == asked and e["t"] + wait < events[-1]["t"]:
                following = [f for f in mine[place + 1 :] if f["type"] in answers and f["t"] <= e["t"] + wait]
                if not following:
                    yield e


def order_confirmed(events: list[Record]) -> Iterator[Alert]:
    for order, mine in by_order(events, "OrderSubmitted", "StockReserved", "PaymentConfirmed").items():
        firsts: dict[str, Record] = {}
        for e in mine:
            if e["type"] == "OrderSubmitted" or "OrderSubmitted" in firsts:
                firsts.setdefault(e["type"], e)
        if len(firsts) == 3:
            start, stock, payment = (firsts[kind] for kind in ("OrderSubmitted", "StockReserved", "PaymentConfirmed"))
            at = max(stock["t"], payment["t"])
            if at - start["t"] <= HOUR:
                fields = {
                    "order_id": order,
                    "customer": start["customer"],
                    "paid": payment["amount"],
                    "sku": stock["sku"],
                }
                yield Alert(text_of(at), "OrderConfirmed", fields)


def inventory_does_not_answer(events: list[Record]) -> Iterator[Alert]:
    for e in unanswered(events, "OrderSubmitted", ("StockReserved", "StockInsufficient"), MINUTE):
        fields = {name: e[name] for name in ("order_id", "sku", "quantity")}
        yield Alert(text_of(e["t"] + MINUTE), "InventoryDoesNotAnswer", fields)


def unpaid_in_time(events: list[Record]) -> Iterator[Alert]:
    for e in unanswered(events, "StockReserved", ("PaymentConfirmed",), 30 * MINUTE):
        fields = {name: e[name] for name in ("order_id", "sku", "quantity")}
        yield Alert(text_of(e["t"] + 30 * MINUTE), "UnpaidInTime", fields)


def goods_not_released(events: list[Record]) -> Iterator[Alert]:
    released = by_order(events, "StockReleased")
    for unpaid in unpaid_in_time(events):
        since = seconds(unpaid.time)
        until = since + 10 * MINUTE
        in_time = [e for e in released[unpaid.fields["order_id"]] if since <= e["t"] <= until]
        if not in_time and until < events[-1]["t"]:
            yield Alert(text_of(until), "GoodsNotReleased", unpaid.fields)


def paid_but_not_in_stock(events: list[Record]) -> Iterator[Alert]:
    for order, mine in by_order(events, "PaymentConfirmed", "StockInsufficient").items():
        if len({e["type"] for e in mine}) == 2:
            payment, stock = sorted(mine[:2], key=lambda e: str(e["type"]))
            fields = {
                "order_id": order,
                "amount": payment["amount"],
                "sku": stock["sku"],
                "missing": stock["missing"],
            }
            yield Alert(text_of(max(payment["t"], stock["t"])), "PaidButNotInStock", fields)


def underpaid(events: list[Record]) -> Iterator[Alert]:
    for order, mine in by_order(events, "OrderSubmitted", "PaymentConfirmed").items():
        start, *others = mine
        for e in others:
            if start["type"] == "OrderSubmitted" and e["amount"] < start["total"]:
                fields = {"order_id": order, "total": start["total"], "paid": e["amount"]}
                yield Alert(text_of(e["t"]), "Underpaid", fields)
                break


def declined_again_and_again(events: list[Record]) -> Iterator[Alert]:
    for order, mine in by_order(events, "PaymentDeclined", "PaymentConfirmed").items():
        tries: list[Record] = []
        for e in mine:
            tries = [t for t in tries if e["t"] - t["t"] <= 15 * MINUTE]
            if e["type"] == "PaymentConfirmed":
                tries = []
                continue
            tries.append(e)
            if len(tries) == 3:
                reasons = [t["reason"] for t in tries]
                yield Alert(text_of(e["t"]), "DeclinedAgainAndAgain", {"order_id": order, "reasons": reasons})
                tries = []


def refunded_too_much(events: list[Record]) -> Iterator[Alert]:
    for order, mine in by_order(events, "PaymentConfirmed", "PaymentRefunded").items():
        start, *refunds = mine
        total = 0.0
        for number, e in enumerate(refunds, 1):
            total += e["amount"]
            if start["type"] == "PaymentConfirmed" and total > start["amount"] and e["t"] - start["t"] <= 30 * DAY:
                fields = {"order_id": order, "paid": start["amount"], "refunded": total, "refunds": number}
                yield Alert(text_of(e["t"]), "RefundedTooMuch", fields)
                break


def shipped_after_cancelling(events: list[Record]) -> Iterator[Alert]:
    for order, mine in by_order(events, "OrderCancelled", "OrderSent").items():
        if [e["type"] for e in mine] == ["OrderCancelled", "OrderSent"]:
            fields = {"order_id": order, "cancelled_by": mine[0]["by"], "carrier": mine[1]["carrier"]}
            yield Alert(text_of(mine[1]["t"]), "ShippedAfterCancelling", fields)


def shop_out_of_stock(events: list[Record]) -> Iterator[Alert]:
    windows: dict[str, list[Record]] = defaultdict(list)
    told: dict[str, int] = {}
    for e in events:
        if e["type"] != "StockInsufficient":
            continue
        before = [r for r in windows[e["sku"]] if r["t"] >= e["t"] - HOUR]
        window = windows[e["sku"]] = [*before, e]
        if len(before) < 5 <= len(window) and e["t"] - told.get(e["sku"], -DAY) >= DAY:
            told[e["sku"]] = e["t"]
            fields = {"sku": e["sku"], "orders": len(window), "missing": sum(r["missing"] for r in window)}
            yield Alert(text_of(e["t"]), "ShopOutOfStock", fields)


RULES: dict[str, Callable[[list[Record]], Iterator[Alert]]] = {
    "order_confirmed": order_confirmed,
    "inventory_does_not_answer": inventory_does_not_answer,
    "unpaid_in_time": unpaid_in_time,
    "goods_not_released": goods_not_released,
    "paid_but_not_in_stock": paid_but_not_in_stock,
    "underpaid": underpaid,
    "declined_again_and_again": declined_again_and_again,
    "refunded_too_much": refunded_too_much,
    "shipped_after_cancelling": shipped_after_cancelling,
    "shop_out_of_stock": shop_out_of_stock,
}

"""The shop's coordinator: sends what is confirmed, and undoes what cannot be finished.

Order, inventory and payment services only tell what they did. What has to happen when one of them fails or is silent
stands in the rules; here it is done.

Run it as it stands, or on a file of your own:

    python examples/orders/pipeline.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))

from acting import run

import cep


def release(found: cep.DerivedEvent) -> str:
    fields = found.fields
    return f"release {fields['quantity']} × {fields['sku']} and cancel {fields['order_id']}: not paid in time"


def refund(found: cep.DerivedEvent) -> str:
    return f"refund {found.fields['amount']} for {found.fields['order_id']}: not in stock"


def ask(found: cep.DerivedEvent) -> str:
    return f"ask the inventory again about {found.fields['order_id']}"


def stop(found: cep.DerivedEvent) -> str:
    return f"call back {found.fields['order_id']} from {found.fields['carrier']}: cancelled before"


ACTIONS = {
    "UnpaidInTime": release,
    "PaidButNotInStock": refund,
    "InventoryDoesNotAnswer": ask,
    "ShippedAfterCancelling": stop,
}

if __name__ == "__main__":
    sys.exit(run("orders", ACTIONS))

"""The network's desk: searches for what is stalled, and writes to those who wait.

Run it as it stands, or on a file of your own:

    python examples/logistics/pipeline.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))

from acting import run

import cep


def search(found: cep.DerivedEvent) -> str:
    return f"search for {found.fields['parcel']} at {found.fields['hub']}, last seen {found.fields['last_seen']}"


def apologise(found: cep.DerivedEvent) -> str:
    fields = found.fields
    return f"apologise for {fields['parcel']}: {fields['days']} days, {fields['service']} allows {fields['allowed']}"


def call(found: cep.DerivedEvent) -> str:
    return f"call about {found.fields['parcel']}: {' and '.join(found.fields['reasons'])}"


def discard(found: cep.DerivedEvent) -> str:
    return f"discard {found.fields['parcel']}: {found.fields['celsius']} degrees since {found.fields['since']}"


ACTIONS = {"StalledParcel": search, "LateDelivery": apologise, "NobodyAtHome": call, "ColdChainBroken": discard}

if __name__ == "__main__":
    sys.exit(run("logistics", ACTIONS))

"""The plant's foreman: switches off what is too hot, calls for what is missing, and lets the rest be.

Run it as it stands, or on a file of your own:

    python examples/iot/pipeline.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))

from acting import run

import cep


def switch_off(found: cep.DerivedEvent) -> str:
    return f"switch off {found.fields['device']}: {found.fields['value']} degrees"


def switch_on(found: cep.DerivedEvent) -> str:
    return f"switch on {found.fields['device']} after {found.fields['seconds']:.0f} seconds"


def look_for(found: cep.DerivedEvent) -> str:
    last_seen = found.fields["last_seen"]
    return f"look for {found.fields['device']}, " + (f"last seen {last_seen}" if last_seen else "never seen")


def close(found: cep.DerivedEvent) -> str:
    return f"close {found.fields['device']}, open since {found.fields['since']}"


ACTIONS = {"Overheating": switch_off, "CooledDown": switch_on, "DeviceMissing": look_for, "DoorLeftOpen": close}

if __name__ == "__main__":
    sys.exit(run("iot", ACTIONS))

"""The feed's moderators: who is to be protected, and what is to be looked at.

Run it as it stands, or on a file of your own:

    python examples/social/pipeline.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))

from acting import run

import cep


def protect(found: cep.DerivedEvent) -> str:
    fields = found.fields
    return f"set aside {fields['reports']} reports against {fields['target']}: {fields['young']} by new accounts"


def look_at_link(found: cep.DerivedEvent) -> str:
    return f"look at {found.fields['link']}: {', '.join(found.fields['users'])}"


def slow_down(found: cep.DerivedEvent) -> str:
    return f"slow down {found.fields['user']}"


ACTIONS = {"Brigading": protect, "SameLink": look_at_link, "NewAndLoud": slow_down, "Pestering": slow_down}

if __name__ == "__main__":
    sys.exit(run("social", ACTIONS))

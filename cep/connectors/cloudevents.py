"""Derived events as CloudEvents 1.0 in the structured JSON format, one on each line.

Connectors layer. ``id`` and ``type`` are those of the derived event, ``source`` is ``/cep/rules/RULE``, ``data`` holds
the emitted fields and the ``cep`` object. Extensions:

- ``correlationid``: the id of the earliest event that took part;
- ``causationid``: the id of the last one;
- ``traceparent``: W3C Trace Context. The engine takes part in no trace, so trace and span are made from the derived
  event's id: written again it has the same ones, and it is the root that its receivers hang their spans on.

The first two are missing where no event took part.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any
from urllib.parse import quote

import msgspec

from cep.event import DerivedEvent

_ENCODER = msgspec.json.Encoder()


def to_cloudevent(derived: DerivedEvent) -> dict[str, Any]:
    """The JSON object of the structured mode."""
    data = derived.to_dict()
    kind, time = data.pop("type"), data.pop("time")
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": derived.id,
        "source": f"/cep/rules/{quote(derived.rule, safe='')}",
        "type": kind,
        "time": time,
        "datacontenttype": "application/json",
    }
    if derived.evidence:
        event["correlationid"] = min(derived.evidence, key=lambda e: e.time_us).id
        event["causationid"] = max(reversed(derived.evidence), key=lambda e: e.time_us).id
    event["traceparent"] = traceparent(derived.id)
    event["data"] = data
    return event


def traceparent(derived_id: str) -> str:
    """A W3C ``traceparent`` header for a derived event: the same id always gives the same one."""
    digest = blake2b(derived_id.encode(), digest_size=24, person=b"cep.trace").hexdigest()
    return f"00-{digest[:32]}-{digest[32:]}-01"


def encode(derived: Sequence[DerivedEvent]) -> bytes:
    """Lines of JSON."""
    return _ENCODER.encode_lines([to_cloudevent(event) for event in derived])

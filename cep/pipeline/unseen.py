"""Event types and fields that rules read and no event had, and what may have been meant instead. Pipeline layer."""

from __future__ import annotations

import contextlib
from collections.abc import Container, Sequence
from difflib import get_close_matches

import msgspec

from cep.engine import Engine
from cep.event import Batch, Event
from cep.pipeline.summary import Unseen
from cep.projection import Projection


def find_unseen(engine: Engine, sample: Sample) -> list[Unseen]:
    """What the rules of an engine read and never met, in the order of the types."""
    found: list[Unseen] = []
    for kind, fields in engine.unseen().items():
        if not fields:
            found.append(Unseen(kind, None, sample.near_type(kind, engine.plan.types)))
        found += [Unseen(kind, name, sample.near_field(kind, name)) for name in fields]
    return found


class Sample:
    """Some of the first events, to find what may have been meant by names that never occur."""

    _BATCHES = 16
    _TYPES = 200
    _LINES = 3

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self._noted = 0
        self._lines: dict[str, list[bytes]] = {}

    def note(self, batch: Batch) -> None:
        """Look at a batch that the engine has taken."""
        if self._noted >= self._BATCHES:
            return
        self._noted += 1
        for index, event in enumerate(batch.events):
            kind = self._projection.kinds.get(event.__class__) or self._kind_of(event)
            if kind is None or (kind not in self._lines and len(self._lines) >= self._TYPES):
                continue
            lines = self._lines.setdefault(kind, [])
            if len(lines) < self._LINES and (line := batch.line(index)) is not None:
                lines.append(line)

    def _kind_of(self, event: Event) -> str | None:
        values = (self._projection.get(event, name) for name in self._projection.type_fields)
        return next((value for value in values if value.__class__ is str), None)

    def near_type(self, name: str, known: Container[str]) -> str | None:
        """A type that occurs, that no rule reads, and that is written almost like this one."""
        return _nearest(name, [kind for kind in self._lines if kind not in known])

    def near_field(self, kind: str, name: str) -> str | None:
        """A field of the events of a type that is written almost like this one."""
        fields: dict[str, None] = {}
        for line in self._lines.get(kind, ()):
            with contextlib.suppress(ValueError, RecursionError):
                record = msgspec.json.decode(line)
                fields.update(dict.fromkeys(record if isinstance(record, dict) else ()))
        return _nearest(name, list(fields))


def _nearest(name: str, others: Sequence[str]) -> str | None:
    plain = {_plain(other): other for other in others if other != name}
    near = get_close_matches(_plain(name), plain, n=1, cutoff=0.7)
    return plain[near[0]] if near else None


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()

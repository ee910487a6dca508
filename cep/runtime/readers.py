"""The generated reader of each event type, made when the type is first seen. Runtime layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from cep.event import Event
from cep.plan.catalogue import ANY_TYPE
from cep.plan.generate.functions import ExpressionCompiler
from cep.plan.intake import RecordError
from cep.plan.plan import Plan
from cep.projection import Projection

Reader = Callable[[Event], int]
_KINDS_KEPT = 10_000


class Readers(dict[Any, Reader]):
    """Readers by the value of the first type field; :meth:`kind_of` is asked where that holds no text.

    While a type has fields that no event had yet, its reader looks for them (see :meth:`unseen`).
    """

    def __init__(self, plan: Plan, compiler: ExpressionCompiler, projection: Projection) -> None:
        super().__init__()
        self._plan = plan
        self._compiler = compiler
        self._projection = projection
        self._type_attributes = [projection.attributes[name] for name in projection.type_fields]
        self._time_only: Reader | None = None
        self.missing_fields: dict[str, set[str]] = {}
        """Per type that was seen, the fields that rules read and no event had."""

    def __missing__(self, kind: Any) -> Reader:
        if kind.__class__ is not str:
            return self._read_by_kind
        plan = self._plan.types.get(kind)
        if plan is None and ANY_TYPE in self._plan.types:
            read = self[ANY_TYPE]
            if len(self) < _KINDS_KEPT:
                self[kind] = read
            return read
        if plan is None:
            if self._time_only is None:
                self._time_only = self._compiler.time_reader()
            if len(self) < _KINDS_KEPT:
                self[kind] = self._time_only
            return self._time_only
        read = self._compiler.reader(plan)
        missing = set() if kind == ANY_TYPE else self.missing_fields.setdefault(kind, set(plan.expected))
        self[kind] = self._watching(kind, read, missing) if missing else read
        return self[kind]

    def _watching(self, kind: str, read: Reader, missing: set[str]) -> Reader:
        attributes = self._projection.attributes

        def watch(event: Event) -> int:
            for field in [f for f in missing if getattr(event, attributes[f]) is not msgspec.UNSET]:
                missing.discard(field)
            if not missing:
                self[kind] = read
            return read(event)

        return watch

    def _read_by_kind(self, event: Event) -> int:
        return self[self.kind_of(event)](event)

    def kind_of(self, event: Event) -> str:
        """The event's type, looked for in all type fields.

        Raises:
            RecordError: CEP610, it has none.
        """
        for attribute in self._type_attributes:
            value = getattr(event, attribute)
            if value.__class__ is str:
                return str(value)
        names = ", ".join(f"`{name}`" for name in self._projection.type_fields)
        raise RecordError("CEP610", f"the record has no type: none of {names} holds a text")

    def note_typed(self, events: Sequence[Event]) -> None:
        """Strike off the fields that typed events had; costs little once all have been seen."""
        for made, kind in self._projection.kinds.items():
            plan = self._plan.types.get(kind)
            if plan is None or (kind in self.missing_fields and not self.missing_fields[kind]):
                continue
            of_kind = [event for event in events if event.__class__ is made]
            if of_kind:
                missing = self.missing_fields.setdefault(kind, set(plan.expected))
                for field in list(missing):
                    attribute = self._projection.attributes[field]
                    if any(getattr(event, attribute) is not msgspec.UNSET for event in of_kind):
                        missing.discard(field)

    def unseen(self) -> dict[str, list[str]]:
        """See :meth:`cep.engine.Engine.unseen`."""
        found: dict[str, list[str]] = {}
        for name, plan in self._plan.types.items():
            if plan.derived or name == ANY_TYPE:
                continue
            if name not in self.missing_fields:
                found[name] = []
            elif self.missing_fields[name]:
                found[name] = [field for field in plan.expected if field in self.missing_fields[name]]
        return found

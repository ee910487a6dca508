"""Which fields of an event are decoded, and the struct they are decoded into. Core layer.

Made by the engine from what the rules read, used by sources (bytes to events) and by the generated code (which
attribute holds which field). Field names never become attribute names: attributes are ``f0``, ``f1``, … so that a field
called ``__class__`` or ``time_us`` is plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Union, cast

import msgspec

from cep.event import Event
from cep.plain import plain_value
from cep.timestamps import TIME_FIELDS
from cep.types import INT64_MAX, INT64_MIN

TYPE_FIELDS = ("type", "event_type", "event")
"""Where an event's type is looked for, in this order."""

INT64 = Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX)]
Value = Union[str, INT64, float, bool, list[Any], dict[str, Any], None]  # noqa: UP007 - built at run time


class Projection:
    """The fields that are decoded.

    ``event_class`` is the struct; ``attributes`` maps a field's name to its attribute in it. ``whole`` asks sources to
    keep each record's bytes in ``Event.raw``. ``type_fields`` are looked at in order for the event's type. A field that
    was not in the record holds ``msgspec.UNSET``; :meth:`get` and the generated code turn that into null.
    """

    def __init__(self, fields: Iterable[str], type_fields: tuple[str, ...] = TYPE_FIELDS, whole: bool = False) -> None:
        self.type_fields = type_fields
        self.whole = whole
        names = dict.fromkeys([*type_fields, *TIME_FIELDS, "cep", *fields])
        self.attributes: dict[str, str] = {name: f"f{number}" for number, name in enumerate(names)}
        self.event_class: type[Event] = cast(
            type[Event],
            msgspec.defstruct(
                "ProjectedEvent",
                [(attribute, Value, msgspec.UNSET) for attribute in self.attributes.values()],
                bases=(Event,),
                rename={attribute: name for name, attribute in self.attributes.items()},
                gc=False,
            ),
        )
        self._general = msgspec.json.Decoder(self.event_class)
        self._typed = TypedDecoder(self)

    @property
    def kinds(self) -> Mapping[type[Event], str]:
        """The event types of the typed structs, by class; events of other classes carry their type as a field."""
        return self._typed.kinds

    def specialise(self, make_class: Callable[[str], type[Event]], names: Iterable[str]) -> None:
        """Decode records of these types, and of others as they are met, into structs of their own."""
        self._typed.start(make_class, names)

    def unspecialise(self) -> None:
        """Decode everything into :attr:`event_class` from now on."""
        self._typed.stop()

    def decode(self, line: bytes) -> Event:
        """One record, into :attr:`event_class`.

        Raises:
            msgspec.MsgspecError, RecursionError, UnicodeDecodeError: it cannot be decoded.
        """
        return self._general.decode(line)

    def decode_lines(self, chunk: bytes) -> list[Event]:
        """Records one to a line, all into typed structs or all into :attr:`event_class`.

        Raises:
            msgspec.MsgspecError, RecursionError, UnicodeDecodeError: one of them cannot be decoded.
        """
        events = self._typed.decode_lines(chunk)
        if events is None:
            events = self._general.decode_lines(chunk)
            self._typed.learn(events, self.attributes[self.type_fields[0]])
        return events

    def kind_of(self, event: Event) -> str:
        """The type of an event that rules have read."""
        kind = self.kinds.get(event.__class__)
        if kind is not None:
            return kind
        found = (getattr(event, self.attributes[name], None) for name in self.type_fields)
        return next((value for value in found if value.__class__ is str), "")

    def get(self, event: Event, name: str) -> Any:
        """The field's value; null where it is missing or not projected."""
        attribute = self.attributes.get(name)
        value = msgspec.UNSET if attribute is None else getattr(event, attribute, msgspec.UNSET)
        return None if value is msgspec.UNSET else value

    def take(self, record: Mapping[str, Any]) -> Event:
        """An event from a mapping, as applications hand it over; fields that no rule reads are not looked at.

        Raises:
            Unfit: it holds what no event can hold.
        """
        if self.whole:
            whole = {str(name): plain_value(value) for name, value in record.items()}
            event = self.make(whole)
            event.keep_raw(whole)
            return event
        return self.make({name: plain_value(record[name]) for name in self.attributes if name in record})

    def make(self, fields: Mapping[str, Any]) -> Event:
        """An event from a mapping, as applications push it. Values are taken as they are; extra fields are ignored."""
        attributes = self.attributes
        return self.event_class(**{attributes[name]: value for name, value in fields.items() if name in attributes})


class TypedDecoder:
    """Decodes optimistically: each event type into a struct of its own, with the types that its schema declares.

    What does not fit such a struct raises, and the chunk is decoded again in general; so the structs must accept less
    than the general path, never more, and mean the same. Types that were met in such a chunk get a struct too. Where it
    keeps failing, it gives up.
    """

    _MOST_KINDS = 64
    _PATIENCE = 8

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self._decoder: msgspec.json.Decoder[Any] | None = None
        self._make_class: Callable[[str], type[Event]] | None = None
        self._classes: dict[str, type[Event]] = {}
        self._failures = 0
        self.kinds: dict[type[Event], str] = {}

    def start(self, make_class: Callable[[str], type[Event]], names: Iterable[str]) -> None:
        """Begin with the structs of these types."""
        self._make_class = make_class
        self._add(names)

    def stop(self) -> None:
        """Give up."""
        self._decoder = None
        self._make_class = None

    def _add(self, names: Iterable[str]) -> None:
        assert self._make_class is not None
        for name in names:
            self._classes[name] = self._make_class(name)
            self.kinds[self._classes[name]] = name
        if self._classes:
            self._decoder = msgspec.json.Decoder(Union[tuple(self._classes.values())])  # noqa: UP007 - built at run time

    def decode_lines(self, chunk: bytes) -> list[Event] | None:
        """The events, or null where the general decoder is to look at the chunk."""
        if self._decoder is None:
            return None
        try:
            events = self._decoder.decode_lines(chunk)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return None
        self._failures = max(0, self._failures - 1)
        return events

    def learn(self, events: list[Event], type_attribute: str) -> None:
        """Look at a chunk that did not fit: new types get a struct; without any, that was one more failure."""
        if self._make_class is None:
            return
        found = (getattr(event, type_attribute) for event in events)
        met = dict.fromkeys(name for name in found if name.__class__ is str)
        new = [name for name in met if name not in self._classes]
        if new and len(self._classes) + len(new) <= self._MOST_KINDS:
            self._add(new)
            return
        self._failures += 2
        if self._failures > 2 * self._PATIENCE:
            self.stop()

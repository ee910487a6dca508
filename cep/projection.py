"""Which fields of an event are decoded, and the struct they are decoded into. Core layer.

Made by the engine from what the rules read, used by sources (bytes to events) and by the generated code (which
attribute holds which field). Field names never become attribute names: attributes are ``f0``, ``f1``, … so that a field
called ``__class__`` or ``time_us`` is plain data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

import msgspec

from cep.event import HIDDEN_NAMES, Event
from cep.plain import plain_value
from cep.record_keys import Record, Shape, distinct_records, quotes, quotes_of_fields
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
        self.event_class, self._general = _struct(tuple(self.attributes))
        self._typed = TypedDecoder()

    @property
    def kinds(self) -> Mapping[type[Event], str]:
        """The event types of the typed structs, by class; events of other classes carry their type as a field."""
        return self._typed.kinds

    def kind_of_class(self, made: type[Event]) -> str | None:
        """The event type of a typed struct, also of one that is decoded into no more; null for any other class."""
        return self._typed.known.get(made)

    def specialise(self, make_class: Callable[[str, Mapping[str, str]], type[Event]], names: Iterable[str]) -> None:
        """Decode records of these types, and of others as they are met, into structs of their own.

        ``make_class`` is given a type and the keys that its records were seen to have (:class:`Shape`).
        """
        self._typed.start(make_class, names)

    def unspecialise(self) -> None:
        """Decode everything into :attr:`event_class` from now on."""
        self._typed.stop()

    def decode(self, line: bytes) -> Event:
        """One record, into :attr:`event_class`.

        Raises:
            msgspec.MsgspecError, RecursionError, UnicodeDecodeError: it cannot be decoded.
        """
        event: Event = self._general.decode(line)
        return event

    def decode_lines(self, chunk: bytes) -> list[Event]:
        """Records one to a line, all into typed structs or all into :attr:`event_class`.

        Raises:
            msgspec.MsgspecError, RecursionError, UnicodeDecodeError, RepeatedKey: one of them cannot be used.
        """
        events = self._typed.decode_lines(chunk)
        if events is not None and self._typed.account_for(events, chunk):
            return events
        records = distinct_records(chunk)
        general = self._general.decode_lines(chunk)
        if self._typed.learn(records, self.type_fields[0], decoded=events is not None):
            events = self._typed.decode_lines(chunk)
        return general if events is None else events

    def kind_of(self, event: Event) -> str:
        """The type of an event that rules have read."""
        kind = self.kind_of_class(event.__class__)
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


@lru_cache(maxsize=1_024)
def _struct(names: tuple[str, ...]) -> tuple[type[Event], msgspec.json.Decoder[Any]]:
    """The struct of fields `f0`, `f1`, … with these names in records, and its decoder."""
    attributes = {f"f{number}": name for number, name in enumerate(names)}
    fields = [(attribute, Value, msgspec.UNSET) for attribute in attributes]
    made = msgspec.defstruct("ProjectedEvent", fields, bases=(Event,), rename=attributes, gc=False)
    return cast(type[Event], made), msgspec.json.Decoder(made)


class TypedDecoder:
    """Decodes optimistically: each event type into a struct of its own, with the types that its schema declares.

    What does not fit such a struct raises, and the chunk is decoded again in general; so the structs must accept less
    than the general path, never more, and mean the same. Types that were met in such a chunk get a struct too. Where it
    keeps failing, it gives up.

    The structs also hold the keys that records were seen to have beside those that are read, so that a key that stands
    twice shows (:mod:`cep.record_keys`). Where keys keep surprising, they are left out again.
    """

    _MOST_KINDS = 64
    _PATIENCE = 8
    _SURPRISES = 32

    def __init__(self) -> None:
        self.kinds: dict[type[Event], str] = {}
        self.known: dict[type[Event], str] = {}
        """Those that were made before, too: operators may hold such events."""
        self._decoder: msgspec.json.Decoder[Any] | None = None
        self._is_built = True
        self._make_class: Callable[[str, Mapping[str, str]], type[Event]] | None = None
        self._shapes: dict[str, Shape] = {}
        self._accounts: dict[type[Event], Account] = {}
        self._failures = 0
        self._surprised = 0
        self._watching = True

    def start(self, make_class: Callable[[str, Mapping[str, str]], type[Event]], names: Iterable[str]) -> None:
        """Begin with the structs of these types."""
        self._make_class = make_class
        self._shapes = {name: Shape() for name in names}
        self._is_built = False

    def stop(self) -> None:
        """Give up."""
        self._decoder = None
        self._make_class = None

    def _build(self) -> None:
        self._is_built = True
        if self._make_class is None:
            return
        shapes = {name: shape.keys if self._watching else {} for name, shape in self._shapes.items()}
        self.kinds = {self._make_class(name, keys): name for name, keys in shapes.items()}
        self.known |= self.kinds
        self._accounts = {made: Account(made) for made in self.kinds}
        if self.kinds:
            self._decoder = msgspec.json.Decoder(Union[tuple(self.kinds)])  # noqa: UP007 - built at run time

    def decode_lines(self, chunk: bytes) -> list[Event] | None:
        """The events, or null where the general decoder is to look at the chunk."""
        if not self._is_built:  # only now: who pushes mappings needs no structs
            self._build()
        if self._decoder is None:
            return None
        try:
            events = self._decoder.decode_lines(chunk)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return None
        self._failures = max(0, self._failures - 1)
        return events

    def account_for(self, events: Sequence[Event], chunk: bytes) -> bool:
        """Whether the events, all that the chunk held, show that no key stands twice in a record of it."""
        if not self._watching:
            return False
        known = 0
        for made, count in Counter(map(type, events)).items():
            account = self._accounts[made]
            if account.varies and count < len(events):
                known += account.quotes([event for event in events if event.__class__ is made])
            else:
                known += account.quotes(events, count)
        if known != quotes(chunk):
            return False
        self._surprised = max(0, self._surprised - 1)
        return True

    def learn(self, records: Sequence[Record], type_field: str, decoded: bool) -> bool:
        """Look at a chunk that did not fit or was not accounted for; says whether there are other structs now.

        Nothing new in one that did not fit is one more failure.
        """
        if self._make_class is None:
            return False
        changed = self._watching and self._note(records, type_field)
        self._surprised += _SURPRISE
        if self._watching and self._surprised > self._SURPRISES * _SURPRISE:
            self._watching = False
            changed = True
        if changed:
            self._build()
        elif not decoded:
            self._failures += 2
            if self._failures > 2 * self._PATIENCE:
                self.stop()
        return changed

    def _note(self, records: Sequence[Record], type_field: str) -> bool:
        of_type: dict[str, list[Record]] = {}
        for record in records:
            name = msgspec.json.decode(record[type_field]) if type_field in record else None
            if name.__class__ is str:
                of_type.setdefault(name, []).append(record)
        changed = False
        for name, found in of_type.items():
            if name not in self._shapes:
                if len(self._shapes) >= self._MOST_KINDS:
                    continue
                self._shapes[name] = Shape()
                changed = True
            changed |= self._shapes[name].note(found)
        return changed


_SURPRISE = 8
"""How many chunks without a surprise make up for one with."""


class Account:
    """The quotes that records of a struct hold: a fixed number, and those of fields that differ from event to event."""

    def __init__(self, made: type[Event]) -> None:
        self._each = 4  # the key and the text of the type
        self._varying: list[Callable[[Any], Any]] = []
        for field in msgspec.structs.fields(made):
            if field.encode_name in HIDDEN_NAMES or field.type is msgspec.UnsetType:
                continue
            each = _quotes_of_type(field.type) if field.required else None
            if each is None:
                self._varying.append(attrgetter(field.name))
            else:
                self._each += each

    @property
    def varies(self) -> bool:
        """Whether it has to look at the events, and not only at how many there are."""
        return bool(self._varying)

    def quotes(self, events: Sequence[Event], count: int | None = None) -> int:
        """The quotes of the records that became these events, if no key stands twice in one of them.

        ``count``: so many of them are meant, where it does not have to look at them.
        """
        total = self._each * (len(events) if count is None else count)
        for get in self._varying:
            total += quotes_of_fields(list(map(get, events)))
        return total


def _quotes_of_type(kind: Any) -> int | None:
    """The quotes of a key and its value, where values of this type all have as many; else null."""
    origin = get_origin(kind)
    if origin is Annotated:
        return _quotes_of_type(get_args(kind)[0])
    if origin is Union or origin is UnionType:
        parts = set(map(_quotes_of_type, get_args(kind)))
        return parts.pop() if len(parts) == 1 else None
    if origin is Literal:
        return 4 if all(value.__class__ is str for value in get_args(kind)) else None
    return {str: 4, datetime: 4, int: 2, float: 2, bool: 2, type(None): 2}.get(kind)

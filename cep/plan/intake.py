"""Taking a record in: event time, declared types, the event's own id. Plan layer.

The fast path is generated (see :mod:`cep.plan.generate.readers`); here is what it calls when a value is not
already what it should be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from datetime import tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import msgspec

from cep.durations import parse_duration
from cep.functions.values import same_key
from cep.language.checked import SchemaField
from cep.plan.expression_text import constant_text
from cep.timestamps import DAY_US, SECOND_US, in_range, parse_time
from cep.types import INT64_MAX, INT64_MIN, Type

_CACHE_LIMIT = 100_000


class RecordError(Exception):
    """A record that cannot be taken in: a CEP6xx code, the field and a reason."""

    def __init__(self, code: str, reason: str, field: str | None = None) -> None:
        self.code = code
        self.reason = reason
        self.field = field
        super().__init__(reason)


class EventClock:
    """Event time of records, with the two halves of ISO text remembered.

    ``2026-01-01T00:00`` and ``:59.250Z`` are added up from two dictionaries: in a stream, minutes repeat in a row
    and the rest repeats among minutes. ``arrival_us`` is the event time of records without one; the engine sets it.
    """

    def __init__(self, zone: tzinfo | None = None) -> None:
        self.minutes: dict[str, int] = {}
        self.rests: dict[str, int] = {}
        self.arrival_us: int | None = None
        self.arrivals = 0
        """How many records took their arrival for their time."""
        self._zone = zone

    def __call__(self, value: Any) -> int:
        """Microseconds of a time value that the caches do not know; null and missing mean arrival.

        Raises:
            RecordError: CEP611, no time; CEP612, the value is no time.
        """
        if value is msgspec.UNSET or value is None:
            if self.arrival_us is None:
                raise RecordError("CEP611", "the event has no time and no arrival time was given")
            self.arrivals += 1
            return self.arrival_us
        try:
            time_us = parse_time(value, self._zone)
        except ValueError as error:
            raise RecordError("CEP612", str(error)) from None
        if value.__class__ is str:
            self._remember(value, time_us)
        return time_us

    def _remember(self, text: str, time_us: int) -> None:
        if len(text) < 17 or text[4] != "-" or text[7] != "-" or text[13] != ":" or text[16] != ":":
            return
        if self._zone is not None and not (text.endswith("Z") or _OFFSET.search(text)):
            return
        if len(self.minutes) >= _CACHE_LIMIT:
            self.minutes.clear()
        if len(self.rests) >= _CACHE_LIMIT:
            self.rests.clear()
        minute_us = parse_time(text[:16] + ":00Z")
        if not in_range(minute_us - DAY_US) or not in_range(minute_us + DAY_US):
            return  # with another rest it may be out of range
        self.minutes[text[:16]] = minute_us
        self.rests[text[16:]] = time_us - minute_us


_DECIMAL = re.compile(r"[+-]?[0-9]{1,100}(\.[0-9]{0,100})?([eE][+-]?[0-9]{1,4})?")
_MOST_PLACES = 400
_OFFSET = re.compile(r"[+-]\d\d(:?\d\d)?(:?\d\d)?$")


def derived_id(about: Any) -> str | None:
    """The id in a record's ``cep`` object, null where there is none."""
    if about.__class__ is dict:
        found = about.get("id")
        if found.__class__ is str:
            return str(found)
    return None


def own_id(value: Any) -> str | None:
    """An id field's value as text; null where it is missing."""
    if value is msgspec.UNSET or value is None:
        return None
    if value is True or value is False:
        return "true" if value else "false"
    return str(value)


def admission(declared: SchemaField, clock: EventClock) -> Callable[[Any], Any]:
    """A function that gives the accepted (perhaps converted) value of a declared field.

    It is called for values that the generated fast path did not recognise, and raises RecordError with CEP613
    (missing), CEP614 (wrong type) or CEP615 (outside its domain).
    """
    convert = _converter(declared.type, clock)
    domain = None if declared.domain is None else _domain(declared.domain, declared.type)
    name = declared.name

    def admit(value: Any) -> Any:
        if value is msgspec.UNSET or value is None:
            if declared.type.optional:
                return value
            raise RecordError("CEP613", f"field `{name}` is required and missing", name)
        try:
            accepted = convert(value)
        except (ValueError, TypeError, OverflowError, InvalidOperation, RecordError):
            raise RecordError(
                "CEP614", f"field `{name}` should be {declared.type.not_null()}, not {_shown(value)}", name
            ) from None
        if domain is not None and same_key(accepted) not in domain:
            allowed = ", ".join(constant_text(v, declared.type) for v in declared.domain or ())
            raise RecordError("CEP615", f"field `{name}` is {_shown(value)}, not one of {allowed}", name)
        return accepted

    return admit


def _domain(values: Iterable[object], declared: Type) -> frozenset[Hashable]:
    """Keys of the allowed values; an int or float stands for the decimal that it is written as."""
    if declared.name == "decimal":
        values = [Decimal(str(value)) for value in values]
    return frozenset(map(same_key, values))


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python does not write ints of more than some thousand digits
        return "so large a number"
    return text if len(text) <= 60 else f"{text[:57]}…"


def _exactly(*kinds: type) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if value.__class__ not in kinds:
            raise TypeError
        return value

    return check


def _to_float(value: Any) -> float:
    if value.__class__ not in (int, float):
        raise TypeError
    return float(value)


def _to_decimal(value: Any) -> Decimal:
    """A finite decimal whose size a sum can still hold exactly."""
    if value.__class__ not in (int, float, str, Decimal):
        raise TypeError
    text = repr(value) if value.__class__ is float else str(value)
    if not _DECIMAL.fullmatch(text):
        raise ValueError
    number = Decimal(text)
    if abs(number.adjusted()) > _MOST_PLACES:
        raise ValueError
    return number


@lru_cache(maxsize=65_536)
def is_address(text: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address."""
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _to_address(value: Any) -> str:
    if value.__class__ is not str or not is_address(value):
        raise ValueError
    return str(value)


def _to_duration(value: Any) -> int:
    """Microseconds of text such as ``1h30m``, or of a number of seconds."""
    if value.__class__ is str:
        return parse_duration(value, signed=True)
    if value.__class__ not in (int, float):
        raise TypeError
    us = round(value * SECOND_US)
    if not INT64_MIN <= us <= INT64_MAX:
        raise ValueError
    return us


def _converter(declared: Type, clock: EventClock) -> Callable[[Any], Any]:
    name = declared.name
    if name == "map" and declared.item is not None and declared.item.name != "any":
        convert_value = _converter(declared.item, clock)

        def convert_map(value: Any) -> Any:
            if value.__class__ is not dict:
                raise TypeError
            return {key: None if v is None else convert_value(v) for key, v in value.items()}

        return convert_map
    if name == "list" and declared.item is not None and declared.item.name != "any":
        convert = _converter(declared.item, clock)

        def convert_list(value: Any) -> Any:
            if value.__class__ is not list:
                raise TypeError
            return [None if v is None else convert(v) for v in value]

        return convert_list
    table: dict[str, Callable[[Any], Any]] = {
        "string": _exactly(str),
        "ip": _to_address,
        "int": _exactly(int),
        "bool": _exactly(bool),
        "list": _exactly(list),
        "map": _exactly(dict),
        "float": _to_float,
        "decimal": _to_decimal,
        "timestamp": clock,
        "duration": _to_duration,
    }
    return table.get(name, lambda value: value)

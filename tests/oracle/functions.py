"""Functions by definition: the shortest Python for each, sharing no code with the engine.

Part of the oracle (see :mod:`tests.oracle.patterns`). Null, and a value of a kind that a function does not take, give
null. Times are ISO 8601 text with an offset, or microseconds.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import math
import re
import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.oracle.values import EvaluationFailure, OracleEvent, Unsupported, Value, kind, same

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXT, NUMBER, LIST, MAP, INT, MOMENT = "text", "number", "list", "map", "int", "moment"
FUNCTION, EVENT, ANYTHING, ABSENT = "function", "event", "anything", "absent"


def call(name: str, arguments: list[Value]) -> Value:
    """A function of values; of Python functions for lambdas and of events for whole events.

    Raises:
        EvaluationFailure: the data does not allow it.
        Unsupported: it is not defined here.
    """
    if name not in FUNCTIONS:
        raise Unsupported(name)
    kinds, function = FUNCTIONS[name]
    repeated = kinds + kinds[-1:] * (len(arguments) - len(kinds))
    if not all(any(_is(value, each) for each in allowed) for value, allowed in zip(arguments, repeated, strict=False)):
        return None
    try:
        return _checked(function(*arguments))
    except (ArithmeticError, ValueError, LookupError) as error:
        raise EvaluationFailure(str(error)) from error


def _checked(value: Value) -> Value:
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        raise EvaluationFailure("no int of 64 bits")
    if isinstance(value, float) and not math.isfinite(value):
        raise EvaluationFailure("no float")
    return value


def _is(value: Value, wanted: str) -> bool:
    match wanted:
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "moment":
            return _is(value, INT) or (isinstance(value, str) and _moment(value) is not None)
        case "function":
            return callable(value)
        case "event":
            return isinstance(value, OracleEvent)
        case "anything":
            return True
        case "absent":
            return value is None
    return not isinstance(value, OracleEvent) and not callable(value) and kind(value) == wanted


def _moment(value: Value) -> datetime | None:
    if not isinstance(value, str):
        return EPOCH + timedelta(microseconds=value)
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _local(value: Value, zone: str) -> datetime:
    found = _moment(value)
    assert found is not None
    return found.astimezone(ZoneInfo(zone))


def _us(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def _as_text(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, list, dict)) or value is None:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        return re.sub(r"(?<=\d)e\+?(-?)0*(?=\d)", r"e\1", text)  # 1e300, not 1e+300
    return str(value)


class _Formatter(string.Formatter):
    def format_field(self, value: Value, spec: str) -> str:
        if not spec:
            return _as_text(value)
        if kind(value) != "number":
            return _as_text(value).rjust(int(re.match(r"\d*", spec)[0] or 0))  # type: ignore[index]
        return format(int(value) if spec[-1] in "dx" else value, spec)


def _contains(whole: Value, part: Value) -> bool | None:
    if isinstance(whole, str):
        return part in whole if isinstance(part, str) else None
    if part is None:
        return None
    present = [item for item in whole if item is not None]
    if any(same(item, part) for item in present):
        return True
    return False if all(kind(item) == kind(part) for item in present) else None


def _not_empty(part: str) -> str:
    if not part:
        raise EvaluationFailure("an empty text")
    return part


def _round(x: Value, digits: int | None) -> Value:
    power = Fraction(10) ** (digits or 0)
    size = abs(Fraction(x)) * power + Fraction(1, 2)
    rounded = math.floor(size) / power * (1 if x >= 0 else -1)
    return int(rounded) if digits is None or isinstance(x, int) else float(rounded)


def _clamp(x: Value, low: Value, high: Value) -> Value:
    if low > high:
        raise EvaluationFailure("clamp")
    return low if x < low else high if x > high else x


def _log(x: Value, base: Value) -> float:
    if base is not None and (base <= 0 or base == 1):
        raise EvaluationFailure("log")
    return math.log(x) if base is None else math.log(x, base)


def _trunc(at: Value, unit: Value, zone: str) -> int:
    local = _local(at, zone)
    if isinstance(unit, int):
        return _us(local) // unit * unit
    parts = ["year", "month", "day", "hour", "minute", "second"]
    if unit == "week":
        local -= timedelta(days=local.weekday())
        unit = "day"
    zeros = {part: int(part in ("month", "day")) for part in parts[parts.index(unit) + 1 :]}
    return _us(local.replace(microsecond=0, **zeros))  # type: ignore[arg-type]


def _timestamp(x: Value, zone: str | None) -> int | None:
    if isinstance(x, str):
        try:
            found = datetime.fromisoformat(x)
        except ValueError:
            return None
        if found.tzinfo is None:
            return None if zone is None else _us(found.replace(tzinfo=ZoneInfo(zone)))
        return _us(found)
    scale = next((s for limit, s in ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1)) if abs(x) < limit), Fraction(1, 1000))
    exact = Fraction(x) * scale
    return math.floor(exact + Fraction(1, 2))


def _in_hours(at: Value, start: str, end: str, zone: str) -> bool:
    now = _local(at, zone).time().isoformat()
    return start <= now < end if start < end else now >= start or now < end


def _any(items: Value, test: Callable[[Value], Value]) -> bool | None:
    answers = [test(item) for item in items]
    return True if True in answers else False if all(answer is False for answer in answers) else None


def _all(items: Value, test: Callable[[Value], Value]) -> bool | None:
    answers = [test(item) for item in items]
    return False if False in answers else True if all(answer is True for answer in answers) else None


def _cidr(ip: str, *networks: str) -> bool | None:
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)


def _distance_km(lat1: Value, lon1: Value, lat2: Value, lon2: Value) -> float:
    if max(abs(lat1), abs(lat2)) > 90 or max(abs(lon1), abs(lon2)) > 360:
        raise EvaluationFailure("no place on earth")
    places = []
    for lat, lon in ((math.radians(lat1), math.radians(lon1)), (math.radians(lat2), math.radians(lon2))):
        places.append((math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)))
    return 2 * 6371.0088 * math.asin(min(1.0, math.dist(*places) / 2))


def _speed_kmh(a: OracleEvent, b: OracleEvent) -> float | None:
    places = [a.fields.get("lat"), a.fields.get("lon"), b.fields.get("lat"), b.fields.get("lon")]
    distance = call("distance_km", places)
    return None if distance is None else distance / max(1, abs(a.time_us - b.time_us)) * 3_600_000_000


def _int(x: Value) -> int | None:
    if not isinstance(x, str):
        return int(x)
    if re.fullmatch(r"\s*[+-]?[0-9]+\s*", x):
        return int(x)
    number = _float(x)
    return None if number is None else int(number)


def _float(x: Value) -> float | None:
    if isinstance(x, str) and not re.fullmatch(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?\s*", x):
        return None
    number = float(x)
    return number if math.isfinite(number) else None


def _bool(x: Value) -> bool | None:
    return {"true": True, "false": False}.get(x.strip().lower()) if isinstance(x, str) else bool(x)


SCALAR = (TEXT, NUMBER, "bool")
FUNCTIONS: dict[str, tuple[tuple[tuple[str, ...], ...], Callable[..., Value]]] = {
    "lower": (((TEXT,),), str.lower),
    "upper": (((TEXT,),), str.upper),
    "trim": (((TEXT,),), str.strip),
    "length": (((TEXT, LIST, MAP),), len),
    "contains": (((TEXT, LIST), (ANYTHING,)), _contains),
    "starts_with": (((TEXT,), (TEXT,)), str.startswith),
    "ends_with": (((TEXT,), (TEXT,)), str.endswith),
    "replace": (((TEXT,), (TEXT,), (TEXT,)), lambda text, old, new: text.replace(_not_empty(old), new)),
    "split": (((TEXT,), (TEXT,)), lambda text, separator: text.split(_not_empty(separator))),
    "substring": (((TEXT,), (INT,), (INT, ABSENT)), lambda text, start, end: text[start:end]),
    "format": (((TEXT,), (ANYTHING,)), lambda template, *values: _Formatter().format(template, *values)),
    "abs": (((NUMBER,),), abs),
    "round": (((NUMBER,), (INT, ABSENT)), _round),
    "floor": (((NUMBER,),), math.floor),
    "ceil": (((NUMBER,),), math.ceil),
    "sqrt": (((NUMBER,),), math.sqrt),
    "log": (((NUMBER,), (NUMBER, ABSENT)), _log),
    "exp": (((NUMBER,),), math.exp),
    "clamp": (((NUMBER,), (NUMBER,), (NUMBER,)), _clamp),
    "hour": (((MOMENT,), (TEXT,)), lambda at, zone: _local(at, zone).hour),
    "minute": (((MOMENT,), (TEXT,)), lambda at, zone: _local(at, zone).minute),
    "weekday": (((MOMENT,), (TEXT,)), lambda at, zone: _local(at, zone).isoweekday()),
    "date": (((MOMENT,), (TEXT,)), lambda at, zone: str(_local(at, zone).date())),
    "age": (((INT,), (MOMENT,)), lambda now_us, x: now_us - _us(_local(x, "UTC"))),
    "trunc": (((MOMENT,), (TEXT, INT), (TEXT,)), _trunc),
    "timestamp": (((TEXT, NUMBER), (TEXT, ABSENT)), _timestamp),
    "in_hours": (((MOMENT,), (TEXT,), (TEXT,), (TEXT,)), _in_hours),
    "time": (((EVENT,),), lambda event: event.time_us),
    "any": (((LIST,), (FUNCTION,)), _any),
    "all": (((LIST,), (FUNCTION,)), _all),
    "map": (((LIST,), (FUNCTION,)), lambda items, change: [change(item) for item in items]),
    "filter": (((LIST,), (FUNCTION,)), lambda items, test: [item for item in items if test(item) is True]),
    "keys": (((MAP,),), list),
    "values": (((MAP,),), lambda entries: list(entries.values())),
    "cidr": (((TEXT,), (TEXT,)), _cidr),
    "distance_km": (((NUMBER,),) * 4, _distance_km),
    "speed_kmh": (((EVENT,), (EVENT,)), _speed_kmh),
    "sha256": (((TEXT,),), lambda text: hashlib.sha256(text.encode()).hexdigest()),
    "md5": (((TEXT,),), lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()),
    "int": ((SCALAR,), _int),
    "float": ((SCALAR,), _float),
    "string": (((*SCALAR, LIST, MAP),), _as_text),
    "bool": ((SCALAR,), _bool),
}

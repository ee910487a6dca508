"""Functions over places on earth. Core layer. Degrees in, kilometres out; the earth is a sphere of mean radius."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Any

from cep.functions.records import NUMBER, EvaluationError, Example, FunctionRecord, ParameterRecord
from cep.functions.values import is_number
from cep.timestamps import HOUR_US
from cep.types import EVENT, FLOAT

EARTH_RADIUS_KM = 6371.0088


def distance_km(lat1: Any, lon1: Any, lat2: Any, lon2: Any) -> float | None:
    """The length of the great circle between two places, by the haversine formula."""
    if not (is_number(lat1) and is_number(lon1) and is_number(lat2) and is_number(lon2)):
        return None
    if abs(lat1) > 90 or abs(lat2) > 90 or abs(lon1) > 360 or abs(lon2) > 360:
        raise EvaluationError(f"no place on earth: {lat1}, {lon1} or {lat2}, {lon2}")
    phi1, phi2 = radians(lat1), radians(lat2)
    half_height = sin((phi2 - phi1) / 2)
    half_width = sin(radians(float(lon2) - float(lon1)) / 2)
    chord = half_height * half_height + cos(phi1) * cos(phi2) * half_width * half_width
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, chord)))


def speed_kmh(lat1: Any, lon1: Any, time1_us: Any, lat2: Any, lon2: Any, time2_us: Any) -> float | None:
    """Distance by time between two events, whichever is first."""
    if time1_us.__class__ is not int or time2_us.__class__ is not int:
        return None
    distance = distance_km(lat1, lon1, lat2, lon2)
    return None if distance is None else distance * HOUR_US / max(1, abs(time2_us - time1_us))


_LATITUDE = "latitude in degrees, -90 to 90"
_LONGITUDE = "longitude in degrees"

GEOGRAPHY_FUNCTIONS: dict[str, FunctionRecord] = {
    "distance_km": FunctionRecord(
        "distance_km", "geography",
        (
            ParameterRecord("lat1", NUMBER, _LATITUDE), ParameterRecord("lon1", NUMBER, _LONGITUDE),
            ParameterRecord("lat2", NUMBER, _LATITUDE), ParameterRecord("lon2", NUMBER, _LONGITUDE),
        ), FLOAT,
        "The distance between two places along the great circle, in kilometres. Fails on a place "
        "that is not on earth.",
        (
            Example("distance_km(52.52, 13.405, 52.52, 13.405)", (52.52, 13.405, 52.52, 13.405), 0.0),
            Example("distance_km(52.52, 13.405, 48.8566, 2.3522)",
                    (52.52, 13.405, 48.8566, 2.3522), 877.4645379215093),
        ), distance_km,
    ),
    "speed_kmh": FunctionRecord(
        "speed_kmh", "geography",
        (
            ParameterRecord("a", (EVENT,), "an event with `lat` and `lon`", kind="event"),
            ParameterRecord("b", (EVENT,), "an event with `lat` and `lon`", kind="event"),
        ), FLOAT.or_null(),
        "How fast one must travel to be at both events: the distance between their `lat` and `lon` "
        "by the time between them, in km/h. Events at the same instant count as 1 µs apart. Null "
        "when an event is missing, as `prev` is at the first.",
        (
            Example("speed_kmh(a, b)", (0.0, 0.0, 0, 0.0, 0.0, HOUR_US), 0.0),
            Example("speed_kmh(a, b)", (52.52, 13.405, 0, 48.8566, 2.3522, HOUR_US // 2),
                    1754.9290758430186),
        ), speed_kmh,
        takes_events=True, event_fields=("lat", "lon"),
    ),
}  # fmt: skip

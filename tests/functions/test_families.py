"""What the examples in the records do not show: edges, failures, limits, time zones."""

from decimal import Decimal
from typing import Any

import pytest

from cep.functions import FUNCTIONS, EvaluationError
from cep.functions.families.network import network_error
from cep.functions.families.text import template_error
from cep.functions.families.time import time_of_day_error, unit_error, zone_error
from cep.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_time, parse_time

MEGABYTE = 1 << 20


def call(name: str, *arguments: Any) -> Any:
    return FUNCTIONS[name].implementation(*arguments)


# ---- text ----


def test_replace_is_refused_before_the_text_is_made() -> None:
    assert len(call("replace", "a" * (MEGABYTE // 2), "a", "bb")) == MEGABYTE
    with pytest.raises(EvaluationError, match="1,073,741,824 characters; the limit is 1,048,576"):
        call("replace", "a" * (MEGABYTE // 2), "a", "b" * 2048)


@pytest.mark.parametrize("name", ["replace", "split"])
def test_an_empty_separator_fails(name: str) -> None:
    with pytest.raises(EvaluationError, match="empty text"):
        call(name, "abc", "", *(["x"] if name == "replace" else []))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("{} {} {0}", "a", 1), "a 1 a"),
        (("{{{}}}", 1), "{1}"),
        (("{:,}", 1234567), "1,234,567"),
        (("{:.1%}", 0.256), "25.6%"),
        (("{:05d}|{:x}", 42, 255), "00042|ff"),
        (("{:.2f}", Decimal("2.345")), "2.34"),
        (("{:.2f}", None), "null"),
        (("{:8}|", "ab"), "      ab|"),
        (("{}", True), "true"),
        (("{}", [1, None, {"a": 1.5}]), '[1,null,{"a":1.5}]'),
        (("{}", 3, "unused"), "3"),
        ((None, 1), None),
        ((5, 1), None),
    ],
)
def test_format(arguments: tuple[Any, ...], expected: str | None) -> None:
    assert call("format", *arguments) == expected


@pytest.mark.parametrize("template", ["{", "}", "{a}", "{0.real}", "{:>10}", "{0[0]}", "{!r}", "{:9999}"])
def test_templates_reach_nothing_but_the_values(template: str) -> None:
    assert "does not understand" in str(template_error(template))
    with pytest.raises(EvaluationError):
        call("format", template, 1)


def test_a_template_with_too_many_places() -> None:
    assert template_error("{} {}") is None
    with pytest.raises(EvaluationError, match="no value for place 1"):
        call("format", "{} {}", 1)


def test_format_stays_bounded() -> None:
    with pytest.raises(EvaluationError, match="limit"):
        call("format", "{0}" * 20, "a" * 100_000)
    with pytest.raises(EvaluationError, match="too large"):
        call("format", "{:.2f}", Decimal("1E+999999"))


def test_contains() -> None:
    assert call("contains", ["a", None, 1], 1.0) is True
    assert call("contains", ["a", None], "b") is False
    assert call("contains", ["a"], None) is None
    assert call("contains", "abc", 1) is None
    assert call("contains", {"a": 1}, "a") is None


# ---- number ----


@pytest.mark.parametrize(
    ("x", "digits", "expected"),
    [
        (0.5, None, 1),
        (-0.5, None, -1),
        (2.675, 2, 2.67),
        (0.125, 2, 0.13),
        (Decimal("2.345"), 2, Decimal("2.35")),
        (15, -1, 20),
        (1e300, 2, 1e300),
        (5e-324, 30, 0.0),
        (True, None, None),
        (1.5, 1.5, None),
    ],
)
def test_round(x: Any, digits: Any, expected: Any) -> None:
    assert call("round", x, digits) == expected


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("round", (1e300, None)), ("round", (1.5, 31)), ("floor", (1e300,)), ("ceil", (Decimal("1e999999"),)),
        ("abs", (-(2**63),)), ("sqrt", (-1,)), ("log", (0, None)), ("log", (-1, None)), ("log", (2, 1)),
        ("exp", (1000,)), ("clamp", (1, 5, 2)), ("int", ("9" * 30,)), ("int", (1e300,)),
    ],
)  # fmt: skip
def test_failures(name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(EvaluationError):
        call(name, *arguments)


@pytest.mark.parametrize("name", ["abs", "floor", "ceil", "sqrt", "exp", "round"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("Infinity"), True, "1"])
def test_what_is_no_number_is_unknown(name: str, value: Any) -> None:
    assert call(name, value) is None


# ---- time ----

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("at", "unit", "zone", "expected"),
    [
        ("2026-03-29T12:00:00Z", "day", BERLIN, "2026-03-28T23:00:00Z"),
        ("2026-03-30T12:00:00Z", "day", BERLIN, "2026-03-29T22:00:00Z"),
        ("2026-10-25T00:30:00Z", "hour", BERLIN, "2026-10-25T00:00:00Z"),
        ("2026-10-25T01:30:00Z", "hour", BERLIN, "2026-10-25T01:00:00Z"),
        ("2026-10-25T12:00:00Z", "week", BERLIN, "2026-10-18T22:00:00Z"),
        ("2026-11-15T12:00:00Z", "month", BERLIN, "2026-10-31T23:00:00Z"),
        ("2026-11-15T12:00:00Z", "year", "UTC", "2026-01-01T00:00:00Z"),
        ("2026-11-15T12:34:56.7Z", "minute", BERLIN, "2026-11-15T12:34:00Z"),
        ("2026-11-15T12:34:56.7Z", 5 * MINUTE_US, BERLIN, "2026-11-15T12:30:00Z"),
        ("1969-12-31T23:59:59Z", "day", "UTC", "1969-12-31T00:00:00Z"),
        # The clocks of Santiago skip midnight: the day begins when they do.
        ("2026-09-06T12:00:00Z", "day", "America/Santiago", "2026-09-06T04:00:00Z"),
    ],
)
def test_trunc(at: str, unit: Any, zone: str, expected: str) -> None:
    for value in (at, parse_time(at)):
        assert format_time(call("trunc", value, unit, zone)) == expected


@pytest.mark.parametrize(("minutes", "expected"), [(0, True), (359, True), (360, False), (1319, False), (1320, True)])
def test_hours_over_midnight(minutes: int, expected: bool) -> None:
    at = 20_000 * DAY_US + minutes * MINUTE_US
    assert call("in_hours", at, "22:00", "06:00", "UTC") is expected
    assert call("in_hours", at, "06:00", "22:00", "UTC") is not expected
    assert call("in_hours", at, "06:00", "06:00", "UTC") is True


def test_in_hours_counts_microseconds() -> None:
    assert call("in_hours", 6 * HOUR_US - 1, "05:00", "06:00", "UTC") is True
    assert call("in_hours", 23 * HOUR_US, "22:00", "24:00", BERLIN) is False
    assert call("in_hours", 22 * HOUR_US + 1, "23:00:00", "24:00", BERLIN) is True


@pytest.mark.parametrize("name", ["hour", "minute", "weekday", "date"])
@pytest.mark.parametrize("value", ["no time", "2026-01-01", True, 1.5, [1]])
def test_what_is_no_time_is_unknown(name: str, value: Any) -> None:
    assert call(name, value, "UTC") is None


def test_zones_agree_with_the_quick_way_for_utc() -> None:
    for at in range(-10 * DAY_US, 10 * DAY_US, 7 * HOUR_US + 13 * MINUTE_US):
        for name in ("hour", "minute", "weekday", "date"):
            assert call(name, at, "UTC") == call(name, at, "Etc/UTC")
        for unit in ("minute", "hour", "day", "week", "month", "year"):
            assert call("trunc", at, unit, "UTC") == call("trunc", at, unit, "Etc/UTC")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("hour", (0, "Mars/Olympus")), ("hour", (0, "../../etc/passwd")), ("date", (10**18, BERLIN)),
        ("trunc", (0, "fortnight", "UTC")), ("trunc", (0, 0, "UTC")), ("in_hours", (0, "9", "17:00", "UTC")),
        ("in_hours", (0, "25:00", "17:00", "UTC")), ("timestamp", ("2026-01-01", "Nowhere/At_all")),
    ],
)  # fmt: skip
def test_times_that_fail(name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(EvaluationError):
        call(name, *arguments)


def test_constants_can_be_checked_when_the_rules_are_loaded() -> None:
    assert zone_error(BERLIN) is None
    assert zone_error("Berlin") == "no time zone `Berlin`"
    assert "no time of day" in str(time_of_day_error("22h"))
    assert time_of_day_error("24:00") is None
    assert "write one of second, minute" in str(unit_error("fortnight"))
    assert unit_error(5) is None
    assert "no network" in str(network_error("10.0.0.0/33"))
    assert network_error("10.0.0.1/8") is None


def test_age() -> None:
    assert call("age", 10 * SECOND_US, 12 * SECOND_US) == -2 * SECOND_US
    assert call("age", 10 * SECOND_US, "1970-01-01T00:00:04Z") == 6 * SECOND_US


# ---- network, geography, hashing, conversion ----


@pytest.mark.parametrize(
    ("ip", "network", "expected"),
    [
        ("10.255.255.255", "10.0.0.0/8", True),
        ("11.0.0.0", "10.0.0.0/8", False),
        ("1.2.3.4", "0.0.0.0/0", True),
        ("1.2.3.4", "1.2.3.4", True),
        ("1.2.3.5", "1.2.3.4/32", False),
        ("2001:DB8::1", "2001:db8::/32", True),
        ("fe80::1%eth0", "fe80::/10", True),
        ("1.2.3.4", "::/0", False),
        ("::1", "0.0.0.0/0", False),
        ("10.1.2.3", "::ffff:10.0.0.0/104", True),
        ("10.1.2", "10.0.0.0/8", None),
        ("010.1.2.3", "10.0.0.0/8", None),
        ("10.1.2.3 ", "10.0.0.0/8", None),
        (167_772_161, "10.0.0.0/8", None),
    ],
)
def test_cidr(ip: Any, network: str, expected: bool | None) -> None:
    assert call("cidr", ip, network) is expected


@pytest.mark.parametrize("network", ["", "10.0.0.0/", "10.0.0.0/33", "10/8", "::/129", "::ffff:1.2.3.4/8", "a/b/c"])
def test_what_is_no_network(network: str) -> None:
    with pytest.raises(EvaluationError, match="no network"):
        call("cidr", "10.1.2.3", network)


def test_distance() -> None:
    quarter = 6371.0088 * 3.141592653589793 / 2
    assert call("distance_km", 0, 0, 90, 0) == pytest.approx(quarter)
    assert call("distance_km", 0, 179.5, 0, -179.5) == pytest.approx(quarter / 90)
    assert call("distance_km", 0, 0, 0, 180) == pytest.approx(2 * quarter)
    assert call("distance_km", Decimal("1"), 0, "1", 0) is None
    with pytest.raises(EvaluationError, match="no place on earth"):
        call("distance_km", 91, 0, 0, 0)


def test_speed_at_the_same_instant_is_finite() -> None:
    assert call("speed_kmh", 0, 0, 5, 0, 1, 5) > 1e11
    assert call("speed_kmh", 0, 0, 5, 0, 0, 5) == 0.0
    assert call("speed_kmh", None, None, None, 0, 0, 5) is None


def test_hashes_take_any_text() -> None:
    assert len(call("sha256", "\ud800")) == 64
    assert call("md5", "ä") == "8419b71c87a225a2c70b50486fbee545"
    assert call("md5", 5) is None


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("int", " 42 ", 42),
        ("int", "-3.9", -3),
        ("int", "1e3", 1000),
        ("int", "1_000", None),
        ("int", "٣", None),
        ("int", -2.9, -2),
        ("int", True, 1),
        ("int", float("inf"), None),
        ("int", [1], None),
        ("float", "1e999", None),
        ("float", "0x10", None),
        ("float", True, 1.0),
        ("float", Decimal("0.1"), 0.1),
        ("string", 1e16, "1e+16"),
        ("string", None, None),
        ("string", {"a": [None, Decimal("1.50")]}, '{"a":[null,1.50]}'),
        ("bool", " False ", False),
        ("bool", 2, True),
        ("bool", [], None),
    ],
)
def test_conversion(name: str, value: Any, expected: Any) -> None:
    found = call(name, value)
    assert found == expected
    assert type(found) is type(expected)


def test_a_list_nested_too_deeply_to_be_text() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(EvaluationError, match="cannot be written"):
        call("string", deep)


def test_unknown_among_the_elements() -> None:
    def above(x: Any) -> bool | None:
        return None if x is None else x > 3

    assert call("any", [None, 5], above) is True
    assert call("any", [None, 1], above) is None
    assert call("all", [None, 1], above) is False
    assert call("all", [None, 5], above) is None
    assert call("filter", [None, 5, 1], above) == [5]
    assert call("map", "text", above) is None


def test_networks_that_are_known_are_read_once() -> None:
    test = FUNCTIONS["cidr"].compile_rest
    assert test is not None
    local = test("10.0.0.0/8", "2001:db8::/32")
    for ip in ("10.1.2.3", "11.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "2001:db9::1", "localhost", None, 5):
        assert local(ip) is FUNCTIONS["cidr"].implementation(ip, "10.0.0.0/8", "2001:db8::/32")
    with pytest.raises(EvaluationError, match="no network"):
        test("10.0.0.0/99")


def test_a_function_without_arguments() -> None:
    import cep
    from cep.functions import registry

    @cep.function(name="answer")
    def _answer() -> int:
        """Always the same."""
        return 42

    try:
        engine = cep.Engine.from_rules("rule r when A(answer() == x) emit X(v = answer())")
        derived = engine.push({"type": "A", "time": "2026-01-01T00:00:00Z", "x": 42})
        assert [each.fields["v"] for each in derived] == [42]
    finally:
        del registry._application["answer"]

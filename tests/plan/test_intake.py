"""Records that do not fit their schema, and times at the ends of what there is."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from cep import Engine
from cep.connectors import open_source
from cep.runtime.feed import Options
from cep.timestamps import format_time, parse_time, zone_of

RULES = """
event Reading { x: TYPE }
rule all when Reading emit Seen(x)
"""
TS = "2026-01-01T00:00:00Z"


def engine(kind: str) -> Engine:
    return Engine.from_rules(RULES.replace("TYPE", kind))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("duration", 1e308), ("duration", math.inf), ("duration", -math.inf), ("duration", math.nan),
        pytest.param("duration", 10**400, id="duration-400-digits"), ("duration", 10**13), ("duration", True), ("duration", "0.0000001s"),
        ("duration", "99999999999 weeks"), ("duration", "5"), ("duration", "--5m"), ("duration", ["5m"]),
        pytest.param("float", 10**400, id="float-400-digits"), pytest.param("float", 10**5_000, id="float-5000-digits"), ("list<float>", [1.0, 10**400]), ("decimal", "1e"),
        ("timestamp", math.inf), pytest.param("timestamp", 10**5_000, id="timestamp-5000-digits"),
        ("timestamp", "0001-01-01T00:00:00+14:00"),
    ],
)  # fmt: skip
def test_what_does_not_fit_costs_that_record_alone(kind: str, value: Any) -> None:
    made = engine(kind)
    assert made.push({"type": "Reading", "ts": TS, "x": value}) == []
    assert [letter.code for letter in made.take_dead_letters()] in (["CEP614"], ["CEP605"])
    assert made.counters.events == 1


@pytest.mark.parametrize(
    ("value", "us"),
    [
        ("1h30m", 5_400_000_000), ("5 minutes", 300_000_000), ("0.5s", 500_000), ("-250ms", -250_000),
        ("2w", 1_209_600_000_000), (1.5, 1_500_000), (-2, -2_000_000), (0, 0),
    ],
)  # fmt: skip
def test_durations_of_events(value: Any, us: int) -> None:
    made = Engine.from_rules("event Reading { x: duration }\nrule all when Reading emit Seen(us = x / 1us)")
    assert [d.fields["us"] for d in made.push({"type": "Reading", "ts": TS, "x": value})] == [us]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


OUTSIDE = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-00:01"]


@pytest.mark.parametrize("text", OUTSIDE)
def test_offsets_do_not_lead_out_of_the_years_1_to_9999(text: str) -> None:
    for value in (text, moment(text)):
        with pytest.raises(ValueError, match="outside the years 1 to 9999"):
            parse_time(value)


def test_naive_times_at_the_ends() -> None:
    east, west = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))
    with pytest.raises(ValueError, match="outside"):
        parse_time("0001-01-01T00:00:00", east)
    with pytest.raises(ValueError, match="outside"):
        parse_time("9999-12-31T23:59:59", west)
    for text in ("0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"):
        assert format_time(parse_time(text, zone_of("UTC"))) == f"{text}Z"
    for text, inside, outside in (
        ("0001-01-01T00:00:00", "America/New_York", "Asia/Tokyo"),
        ("9999-12-31T23:59:59", "Asia/Tokyo", "America/New_York"),
    ):
        assert format_time(parse_time(text, zone_of(inside))) != f"{text}Z"
        with pytest.raises(ValueError, match="outside"):
            parse_time(text, zone_of(outside))


@pytest.mark.parametrize("text", [OUTSIDE[0]])
@pytest.mark.parametrize("max_skew_us", [None, 5_000_000])
@pytest.mark.parametrize("celsius", [95, 5], ids=["matches", "does not"])
def test_the_fast_path_refuses_them_too(tmp_path: Path, text: str, max_skew_us: int | None, celsius: int) -> None:
    file = tmp_path / "events.jsonl"
    times = ["2026-01-01T00:00:00Z"] if text > "2026" else []
    file.write_text(
        "".join(f'{{"type":"Reading","ts":"{ts}","celsius":{celsius}}}\n' for ts in [*times, text]), encoding="utf-8"
    )
    results = []
    for specialised in (True, False):
        plan = Engine.from_rules("rule hot when Reading(celsius > 90) emit Hot(celsius)").plan
        made = Engine(plan, Options(max_skew_us=max_skew_us, specialised=specialised))
        source = open_source(file, clock=lambda: parse_time(TS))
        [partition] = source.partitions(made.projection)
        derived = []
        while (batch := partition.next_batch()) is not None:
            derived += made.push_batch(batch)
        assert len(derived) == len(times) * (celsius > 90)
        results.append([(letter.code, letter.position) for letter in made.take_dead_letters()])
    assert results == [[("CEP612", len(times) + 1)]] * 2


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC"])
def test_zones(name: str) -> None:
    assert str(zone_of(name)) == name


@pytest.mark.parametrize("name", ["", "Nowhere/Town", "Europe", "../etc/passwd", "/etc", "a\0b", "x" * 5_000, "\ud800"])
def test_no_zones(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        zone_of(name)

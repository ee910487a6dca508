"""Durations as they are read and written, everywhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep import Engine
from cep.connectors import MemorySource
from cep.durations import duration_of, duration_text, format_duration, parse_duration
from cep.errors import UsageError
from cep.pipeline import Pipeline
from cep.types import INT64_MAX, INT64_MIN

RULES = "rule hot when Reading(celsius > 90)"


@given(st.integers(0, INT64_MAX))
def test_words_read_back(us: int) -> None:
    assert parse_duration(duration_text(us)) == us


@given(st.integers(INT64_MIN, INT64_MAX))
def test_the_short_form_reads_back(us: int) -> None:
    assert parse_duration(format_duration(us), signed=True) == us


@pytest.mark.parametrize(
    ("us", "text", "short"),
    [
        (0, "0s", "0s"),
        (1, "1us", "1us"),
        (250_000, "250ms", "250ms"),
        (1_500_000, "1s500ms", "1s500ms"),
        (60_000_000, "1 minute", "1m"),
        (300_000_000, "5 minutes", "5m"),
        (5_400_000_000, "90 minutes", "1h30m"),
        (5_430_000_000, "1h30m30s", "1h30m30s"),
        (172_800_000_000, "2 days", "2d"),
        (604_800_000_000, "1 week", "7d"),
        (-60_000_000, "-1 minute", "-1m"),
    ],
)
def test_as_text(us: int, text: str, short: str) -> None:
    assert duration_text(us) == text
    assert format_duration(us) == short


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("5 minutes", 300_000_000), ("five minutes", 300_000_000), ("5m", 300_000_000), ("1h30m", 5_400_000_000),
        ("0.5s", 500_000), ("250ms", 250_000), ("7µs", 7), ("an hour", 3_600_000_000), ("hour", 3_600_000_000),
        ("1_000 s", 1_000_000_000), ("9223372036854775807us", INT64_MAX),
    ],
)  # fmt: skip
def test_every_form(text: str, us: int) -> None:
    assert parse_duration(text) == us
    assert parse_duration(f"-{text}", signed=True) == -us


@pytest.mark.parametrize(
    "text",
    [
        "5", "", "-", "five", "5 monkeys", "m", "0.0000001s", "99999999999 weeks", "9223372036854775808us", "5 m 3",
        "--5m", "- 5m", "inf s", "1e3s", "9" * 5_000 + "s",
    ],
)  # fmt: skip
def test_what_is_no_duration(text: str) -> None:
    for signed in (False, True):
        with pytest.raises(ValueError):
            parse_duration(text, signed=signed)


def test_a_minus_only_where_it_is_asked_for() -> None:
    with pytest.raises(ValueError, match="is negative"):
        parse_duration("-5m")


@pytest.mark.parametrize("value", ["5 minutes", 300_000_000, timedelta(minutes=5)])
def test_options_take_text_microseconds_and_timedeltas(value: Any) -> None:
    assert duration_of(value, "lateness") == 300_000_000
    assert Engine.from_rules(RULES, lateness=value, max_skew=value).options.lateness_us == 300_000_000


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("-10s", "lateness `-10s` is negative; write `10s` or `1h30m`"),
        (-5, "lateness `-5` is negative; write `10s` or `1h30m`"),
        (timedelta(seconds=-1), "lateness `-1 day, 23:59:59` is negative; write `10s` or `1h30m`"),
        ("10", "lateness `10` has no unit such as `s`, `minutes` or `h`; write `10s`, `10m` or `10h`"),
        ("soon", "lateness `soon` does not begin with a number; write `10s` or `1h30m`"),
        (2**63, f"lateness `{2**63}` is too long: it does not fit 64 bits of microseconds; write `10s` or `1h30m`"),
        (1.5, "lateness `1.5` is no duration; write `10s` or `1h30m`"),
        (True, "lateness `True` is no duration; write `10s` or `1h30m`"),
        (None, "lateness `None` is no duration; write `10s` or `1h30m`"),
    ],
)
def test_options_that_are_refused(value: Any, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        Engine.from_rules(RULES, lateness=value)
    assert str(refused.value) == message


def test_max_skew_and_idle_timeout_are_read_alike() -> None:
    with pytest.raises(UsageError, match="max_skew `-1s` is negative"):
        Engine.from_rules(RULES, max_skew="-1s")
    with pytest.raises(UsageError, match="idle_timeout `30` has no unit"):
        Pipeline(Engine.from_rules(RULES), [MemorySource([])], idle_timeout="30")


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("PT5M", "5m"),
        ("P1DT2H", "1d2h"),
        ("P2W", "14d"),
        ("PT0.25S", "250ms"),
        ("-PT1,5S", "-1s500ms"),
        ("PT1H30M", "1h30m"),
    ],
)
def test_durations_of_iso_8601(text: str, short: str) -> None:
    assert format_duration(parse_duration(text, signed=True)) == short


@pytest.mark.parametrize("text", ["P", "PT", "P1DT", "P1Y", "P1M", "PT1M1H", "pt5m", "PT0.0000001S", "PT5"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)

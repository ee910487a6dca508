"""Durations, suggestions and quoting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.language.words import (
    INT64_MAX,
    closest,
    duration_text,
    duration_us,
    is_misspelt,
    number_word,
    quoted,
    quoted_phrase,
)


@given(st.integers(0, INT64_MAX))
def test_durations_read_back(us: int) -> None:
    assert duration_us(duration_text(us)) == us


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "0s"),
        (1, "1us"),
        (250_000, "250ms"),
        (1_500_000, "1s500ms"),
        (60_000_000, "1 minute"),
        (300_000_000, "5 minutes"),
        (5_400_000_000, "90 minutes"),
        (5_430_000_000, "1h30m30s"),
        (172_800_000_000, "2 days"),
        (604_800_000_000, "1 week"),
        (-60_000_000, "-1 minute"),
    ],
)
def test_durations_as_text(us: int, text: str) -> None:
    assert duration_text(us) == text


@pytest.mark.parametrize("text", ["5", "", "five", "5 monkeys", "m", "0.0000001s", "99999999999 weeks", "-5m", "5 m 3"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError):
        duration_us(text)


def test_suggestions() -> None:
    assert closest("usr", ["user", "ip"]) == "user"
    assert closest("USER", ["user", "ip"]) == "user"
    assert closest("banana", ["user", "ip"]) is None
    assert is_misspelt("wihtin", ["within"]) == "within"
    assert is_misspelt("emti", ["emit"]) == "emit"
    assert is_misspelt("pr", ["per"]) is None
    assert is_misspelt("within", ["within"]) is None
    assert is_misspelt("without", ["within"]) is None


def test_quoting() -> None:
    assert quoted("user") == "user"
    assert quoted("source.ip") == "`source.ip`"
    assert quoted_phrase(("failed", "login")) == "failed login"
    assert quoted_phrase(("no", "login")) == "`no` login"
    assert quoted_phrase(("looked", "at", "most")) == "looked `at` most"
    assert quoted_phrase(("A", "followed", "by")) == "A `followed` by"
    assert quoted_phrase(("a",)) == "a"
    assert quoted_phrase(("a", "login")) == "`a` login"
    assert quoted_phrase(("NO", "THEN", "Then")) == "NO `THEN` Then"
    assert number_word(3) == "three"
    assert number_word(13) == "13"

"""Suggestions and quoting."""

from __future__ import annotations

from cep.language.words import (
    closest,
    is_misspelt,
    number_word,
    quoted,
    quoted_phrase,
)


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

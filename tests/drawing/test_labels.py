"""Labels are wrapped where they may be, and lose nothing but what is too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.diagnostics import visible
from cep.drawing.labels import label_of, text_width, wrapped


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["short"]),
        ("a text of some words", ["a text of", "some words"]),
        ("privileged_login_outside", ["privileged_", "login_", "outside"]),
        ("BruteForceFromAddress", ["BruteForce", "From", "Address"]),
        ("ok.ip not in fails.ip", ["ok.ip not in", "fails.ip"]),
        ("", [""]),
        ("字字字字字字字字", ["字字字字字字", "字字"]),
    ],
)
def test_where_lines_break(text: str, lines: list[str]) -> None:
    assert wrapped(text, 12 if "From" not in text else 10, 9) == lines


def test_what_is_too_long_ends_in_an_ellipsis() -> None:
    lines = wrapped("x" * 1000, 10, 3)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    label = label_of("n" * 10_000, tuple("note" for _ in range(100)))
    assert len(label.name) <= 4
    assert len(label.notes) <= 8


@given(st.text(max_size=60), st.integers(4, 30))
def test_nothing_is_lost(text: str, width: int) -> None:
    lines = wrapped(text, width, 1000)
    assert "".join("".join(lines).split()) == "".join(visible(text).split())
    assert all(text_width(line, 1.0) <= 0.6 * width + 0.7 for line in lines)


def test_wide_letters_need_more_room() -> None:
    assert text_width("字", 10) == 2 * text_width("x", 10)

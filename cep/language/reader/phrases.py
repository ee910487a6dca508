"""Mistakes that read as a phrase. Language layer.

A phrase is any run of words, so `A followed by B` parses as the name of one event. What no author can have meant as
a name is refused when the phrase is read (:func:`refused`); what may be a name is left to the checker, which asks
:func:`likely_meant` once the phrase turns out to be unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cep.durations import NUMBER_WORDS
from cep.language.words import (
    CLAUSE_WORDS,
    PATTERN_ENDS,
    PATTERN_STARTS,
    is_misspelt,
)

_OTHER_NUMBERS = {
    "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
    "thirty": 30, "forty": 40, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "thousand": 1000,
}  # fmt: skip
"""Numbers that are written in digits."""

_COUNTS = {"more than": "at least", "less than": "up to", "fewer than": "up to", "not more than": "up to"}


@dataclass(frozen=True, slots=True)
class Slip:
    """A mistake in the words ``first`` to before ``end`` of a phrase."""

    code: str
    first: int
    end: int
    message: str
    hint: str


def refused(words: Sequence[str], starts_line: Sequence[bool]) -> Slip | None:
    """What makes these words no phrase; ``starts_line`` tells which of them is the first in its line."""
    lower = [word.lower() for word in words]
    return (
        _followed_by(lower)
        or _negation(lower)
        or _article(words)
        or _upper_case(words)
        or _clause(words, starts_line)
        or _timeout(words)
        or _reserved(words)
    )


def likely_meant(words: Sequence[str]) -> str | None:
    """For a phrase that nobody declared: what to type instead, if one of its words is nearly one of the language."""
    if len(words) > 1 and words[0].lower() in _OTHER_NUMBERS:
        return f"write `{_OTHER_NUMBERS[words[0].lower()]} {' '.join(words[1:])}`"
    for index, word in enumerate(words[:-1]):
        before, after = " ".join(words[:index]), " ".join(words[index + 1 :])
        if before and word in ("not", "without"):
            return f"write `{before} then no {after}`"
        if before and word == "by":
            return f"for a key write `per {after}`"
        if before and word == "in" and words[index + 1] in (*NUMBER_WORDS, "a", "an"):
            return f"write `within {after}`"
    for index, word in enumerate(words):
        keyword = is_misspelt(word, PATTERN_ENDS if index else PATTERN_STARTS)
        if keyword is not None:
            return f"did you mean `{keyword}` instead of `{word}`?"
    return None


def _followed_by(words: Sequence[str]) -> Slip | None:
    for index in range(1, len(words) - 1):
        if words[index : index + 2] == ["followed", "by"]:
            return Slip("CEP113", index, index + 2, "`followed by` is written `then`", "write `then`")
    return None


def _negation(words: Sequence[str]) -> Slip | None:
    if len(words) > 1 and words[0] in ("not", "without"):
        return Slip("CEP113", 0, 1, f"absence is written `no`, not `{words[0]}`", "write `no`")
    return None


def _article(words: Sequence[str]) -> Slip | None:
    if len(words) > 1 and words[0] in ("a", "an"):
        rest = " ".join(words[1:])
        return Slip("CEP113", 0, 1, f"an event stands without `{words[0]}`", f"write `{rest}`")
    for text, instead in _COUNTS.items():
        size = len(text.split())
        if " ".join(words[:size]) == text and len(words) > size and words[size] in NUMBER_WORDS:
            return count_slip(text, instead, NUMBER_WORDS[words[size]], size + 1)
    return None


def count_slip(text: str, instead: str, number: int, end: int) -> Slip:
    """``more than three``: the hint says how that is written."""
    shifted = number + 1 if instead == "at least" else number - (0 if text.startswith("not") else 1)
    return Slip("CEP113", 0, end, f"`{text}` is not a count", f"write `{instead} {shifted}`")


def count_words(words: Sequence[str]) -> tuple[str, str] | None:
    """The ``more than`` with which these words end, and what is written instead."""
    for text, instead in sorted(_COUNTS.items(), key=lambda item: -len(item[0])):
        if " ".join(words[-len(text.split()) :]) == text:
            return text, instead
    return None


def _timeout(words: Sequence[str]) -> Slip | None:
    for index in range(1, len(words)):
        if (words[index - 1], words[index]) == ("on", "timeout"):
            hint = "write `on timeout emit X(…)`"
            return Slip("CEP121", index - 1, index + 1, "after `on timeout` comes `emit`", hint)
    return None


def _reserved(words: Sequence[str]) -> Slip | None:
    for index, word in enumerate(words):
        if word not in PATTERN_ENDS and (index or word not in PATTERN_STARTS):
            continue
        part = "begin with" if index == 0 and len(words) > 1 else "hold"
        message = f"the name of an event cannot {part} the word `{word}`"
        return Slip("CEP118", index, index + 1, message, f"if an event is called so, write `` `{word}` ``")
    return None


def _upper_case(words: Sequence[str]) -> Slip | None:
    for index, word in enumerate(words):
        if index and word.isupper() and len(word) > 1 and word.lower() in PATTERN_ENDS:
            lower = word.lower()
            return Slip("CEP107", index, index + 1, f"`{word}` is written in small letters", f"write `{lower}`")
    return None


def _clause(words: Sequence[str], starts_line: Sequence[bool]) -> Slip | None:
    for index, word in enumerate(words):
        clause = is_misspelt(word, CLAUSE_WORDS) if index and starts_line[index] else None
        if clause is not None:
            return Slip("CEP107", index, index + 1, f"`{word}` is no clause", f"did you mean `{clause}`?")
    return None

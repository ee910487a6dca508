"""The words of the language that need no grammar: numbers, reserved words, quoting, near misses. Language layer.

Shared by the reader, the printer, the YAML form and the checker; durations are in :mod:`cep.durations`. The sets below
say where a word must stand in backticks to be read as a name; they follow ``grammar/cep.lark``, and a test holds every
word of them, in every place, against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from cep.durations import NUMBER_WORDS


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, for tables that are easier to read as one."""
    return tuple(text.split())


def word_set(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


_WORD_OF_NUMBER = {number: word for word, number in NUMBER_WORDS.items()}

PATTERN_ENDS = word_set(
    """and as define disabled emit event for from having let meta or over per rule severity table tags test then to
    until when where within"""
)
"""Words that end a phrase and so cannot be part of one."""

WORD_PAIRS = frozenset({("at", "most"), ("on", "timeout"), ("after", "match")})
"""Words that end a phrase where they stand together."""

CLAUSE_WORDS = words_of(
    """when where within per having emit from over severity tags meta disabled limit to then until and or"""
)
"""Words with which a line inside a rule may go on."""

PATTERN_STARTS = word_set(
    """no any some optional every all expect up consecutive immediately after between"""
) | frozenset(NUMBER_WORDS)
"""Words that a phrase cannot begin with."""

EXPRESSION_WORDS = word_set("if not true false null")
"""Words that are no name at the start of an operand."""

DURATION_WORDS = (
    word_set("a an last every session each all since second minute hour day week")
    | frozenset(NUMBER_WORDS)
)  # fmt: skip
"""Words that are no name of a constant where a duration is wanted."""

_PLAIN = re.compile(r"[^\W\d]\w*|@\w+")


def is_plain_name(text: str) -> bool:
    """Whether the text is a name without backticks, reserved words aside."""
    return _PLAIN.fullmatch(text) is not None


def can_be_quoted(text: str) -> bool:
    """Whether the text can stand in backticks."""
    return bool(text) and "`" not in text and "\n" not in text


def quoted(text: str, reserved: frozenset[str] = frozenset()) -> str:
    """The text as a name: in backticks where it needs them."""
    return text if is_plain_name(text) and text not in reserved else f"`{text}`"


_QUOTED_FIRST = PATTERN_STARTS | word_set("exactly of at")
_QUOTED_ANYWHERE = PATTERN_ENDS | word_set("limit join lookup on")
_QUOTED_PAIRS = WORD_PAIRS | {("followed", "by")}


def quoted_phrase(words: tuple[str, ...]) -> str:
    """The words of an event as they are written in any place: those that could be read otherwise in backticks."""
    return " ".join(
        quoted(word, frozenset({word}) if _is_read_otherwise(words, index) else frozenset())
        for index, word in enumerate(words)
    )


def _is_read_otherwise(words: tuple[str, ...], index: int) -> bool:
    word, lower = words[index], words[index].lower()
    following = words[index + 1].lower() if index + 1 < len(words) else ""
    if word in _QUOTED_ANYWHERE or (lower, following) in _QUOTED_PAIRS:
        return True
    if index > 0:
        return lower in PATTERN_ENDS and word.isupper()
    misread = word in ("a", "an") or lower in ("not", "without", "more", "less", "fewer")
    return word in _QUOTED_FIRST or (misread and len(words) > 1)


def number_word(number: int) -> str:
    """``three`` for 3; digits where there is no word."""
    return _WORD_OF_NUMBER.get(number) or str(number)


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that is most likely meant, or null: letters swapped, missing, doubled or of the other case."""
    known = sorted(set(candidates))
    by_lower = {candidate.lower(): candidate for candidate in known}
    if word.lower() in by_lower:
        return by_lower[word.lower()]
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.72 if len(word) > 3 else 0.6)
    return by_lower[found[0]] if found else None


def is_misspelt(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate from which a word differs by one slip: a letter wrong, missing, too many, or two swapped.

    Stricter than :func:`closest`, for words that might also be meant as they are. A word that is a candidate is none.
    """
    known = [candidate for candidate in sorted(candidates) if abs(len(candidate) - len(word)) < 2]
    if word in known or len(word) < 3:
        return None
    return next((candidate for candidate in known if _one_slip(word, candidate)), None)


def _one_slip(word: str, other: str) -> bool:
    if len(word) > len(other):
        word, other = other, word
    start = 0
    while start < len(word) and word[start] == other[start]:
        start += 1
    if len(word) < len(other):
        return word[start:] == other[start + 1 :]
    swapped = word[start : start + 2][::-1] == other[start : start + 2] and word[start + 2 :] == other[start + 2 :]
    return swapped or word[start + 1 :] == other[start + 1 :]

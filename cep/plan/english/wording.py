"""The small words: articles, plurals, ordinals, lists, spans of time, keys. Plan layer."""

from __future__ import annotations

from collections.abc import Sequence

from cep.durations import duration_text
from cep.language.checked import CheckedKey
from cep.language.words import number_word, quoted

_ORDINALS = (
    "", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth",
)  # fmt: skip
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
_SPELT_WITH_A_VOWEL = "AEFHILMNORSX"
_SOUNDS_LIKE_YOU = ("us", "uni", "uti", "ub", "eu", "ur", "one")


def listed(items: Sequence[str], word: str) -> str:
    """``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def ordinal(number: int) -> str:
    """``third``, ``21st``."""
    if 0 < number < len(_ORDINALS):
        return _ORDINALS[number]
    return f"{number:,}{'th' if number % 100 in (11, 12, 13) else _ENDINGS.get(number % 10, 'th')}"


def counted(number: int) -> str:
    """``three``, ``1,000``."""
    word = number_word(number)
    return f"{number:,}" if word.isdecimal() or number > 12 else word


def article(noun: str) -> str:
    """``a`` or ``an``, by how the noun sounds as far as its letters tell."""
    noun = noun.lstrip("`")
    text = noun.lower()
    if noun.partition(" ")[0].strip("`").isupper():  # spelt out: an X, an SSH session
        return "an" if noun[0] in _SPELT_WITH_A_VOWEL and len(noun.partition(" ")[0].strip("`")) < 4 else "a"
    if text.startswith(_SOUNDS_LIKE_YOU):
        return "a"
    return "an" if text[:1] in "aeiou" and text else "a"


def with_article(noun: str) -> str:
    """``a Login``, ``an Order``."""
    return f"{article(noun)} {noun}"


def quantity(minimum: int, maximum: int | None) -> str:
    """``three``, ``two to five``, ``one or more``, ``up to four``, ``any number of``."""
    if maximum is None:
        return f"{counted(minimum)} or more" if minimum else "any number of"
    if minimum == maximum:
        return counted(minimum)
    return f"{counted(minimum)} to {counted(maximum)}" if minimum else f"up to {counted(maximum)}"


def span(duration_us: int) -> str:
    """``10 minutes``, and ``minute`` for one: what follows `each`, `every` and `the last`."""
    return duration_text(duration_us).removeprefix("1 ")


def key_names(keys: Sequence[CheckedKey]) -> str:
    """``user``, ``user and ip``."""
    return listed([quoted(key.name) for key in keys], "and")


def of_one(keys: Sequence[CheckedKey]) -> str:
    """``of one user``; for rules without a key that all events count together is said."""
    return f"of one {key_names(keys)}" if keys else "of all events together"


def capitalised(text: str) -> str:
    """The first letter large, nothing else changed."""
    return text[:1].upper() + text[1:]

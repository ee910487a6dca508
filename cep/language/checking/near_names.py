"""Names that differ by case or by a letter: found by a look-up, however many names there are. Language layer.

Two words with at most one letter left out, added, changed or swapped have in common one of the words that come of
leaving out a letter (or none): each name is filed under those, as in Garbe's symmetric deletion.
"""

from __future__ import annotations

from collections.abc import Iterable

from cep.diagnostics import Fix, Span
from cep.language.words import is_misspelt, quoted


class NearNames:
    """An index over names; phrases are filed with ``_`` and without blanks as well."""

    def __init__(self, names: Iterable[str]) -> None:
        self._filed: dict[str, dict[tuple[str, str], None]] = {}
        for name in names:
            for form in (name, name.replace(" ", "_"), name.replace(" ", "")):
                for key in _keys(form):
                    self._filed.setdefault(key, {})[name, form] = None

    def near(self, word: str) -> list[str]:
        """The names from which the word differs by case or by a letter, in the order of the index."""
        found = {pair: None for key in _keys(word) for pair in self._filed.get(key, ())}
        return list(dict.fromkeys(name for name, form in found if is_near_miss(word, form)))


def renamed(word: str, known: Iterable[str], span: Span) -> Fix | None:
    """The fix that writes the one known name from which a word differs by case or a letter; null if there are more.

    ``span`` is the place of the word.
    """
    near = [name for name in dict.fromkeys(known) if is_near_miss(word, name) or _lacks_one_of_four(word, name)]
    return Fix(span, quoted(near[0]), word) if len(near) == 1 else None


def _lacks_one_of_four(word: str, known: str) -> bool:
    """``usr`` for ``user``: too short to be refused as a near miss where any word may be meant."""
    return {len(word), len(known)} == {3, 4} and (word + known).isalpha() and is_misspelt(word, [known]) is not None


def _keys(word: str) -> list[str]:
    lower = word.lower()
    return [lower, *(lower[:i] + lower[i + 1 :] for i in range(len(lower)))]


def is_near_miss(word: str, known: str) -> bool:
    """Whether two different words differ by case only, or by a letter left out, added, changed or swapped."""
    if word == known:
        return False
    if word.lower() == known.lower():
        return True
    if min(len(word), len(known)) < 4 or abs(len(word) - len(known)) > 1:
        return False
    short, long = sorted((word.lower(), known.lower()), key=len)
    start = 0
    while start < len(short) and short[start] == long[start]:
        start += 1
    rest, other = short[start:], long[start:]
    if len(short) < len(long):
        return rest == other[1:] and other[0].isalpha()
    if rest[1:] == other[1:]:
        return rest[0].isalpha() and other[0].isalpha()
    return rest[2:] == other[2:] and rest[:2] == other[1::-1] and rest[:2].isalpha()

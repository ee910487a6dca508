"""From "the parser stopped here" to a sentence about the language. Language layer.

The text is read once more, token by token, and the recognisers of ``slips`` are asked in turn; the first that knows the
mistake speaks. Where none does, the sentence is made from what could have stood in that place (``expectations``).
No token name of the parser ever reaches a person.
"""

from __future__ import annotations

from cep.language.mistakes.expectations import unexpected
from cep.language.mistakes.situation import Problem, Situation
from cep.language.mistakes.slips import SLIPS
from cep.language.reader.places import Places


def explain(text: str, start: str, places: Places) -> Problem:
    """The first syntax error of a text that does not parse from the entry point ``start``."""
    return explain_situation(Situation(text, start, places))


def explain_situation(situation: Situation) -> Problem:
    """The error where the parser stopped."""
    for recognise in SLIPS:
        problem = recognise(situation)
        if problem is not None:
            return problem
    return unexpected(situation)

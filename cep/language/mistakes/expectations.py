"""What may stand in a place, in words. Language layer.

The last resort of ``explain``: a sentence made from the set of terminals that the parser would have taken.
"""

from __future__ import annotations

from cep.language.mistakes.situation import Problem, Situation
from cep.language.words import word_set

_SIGNS = {
    "_COMMA": ",", "_COLON": ":", "_DOT": ".", "_ASSIGN": "=", "_ARROW": "->", "_LPAR": "(", "_RPAR": ")",
    "_LBRACKET": "[", "_RBRACKET": "]", "_LBRACE": "{", "_RBRACE": "}", "STAR": "*", "QUESTION": "?",
}  # fmt: skip

_DECLARATIONS = word_set("""_EVENT _DEFINE _LET _TABLE _RULE _TEST""")
_CLAUSES = word_set(
    """_WHERE _WITHIN _PER _HAVING _AFTER_MATCH _EMIT _ON_TIMEOUT _LIMIT _TO _AT_MOST _SEVERITY _TAGS _META
    _DISABLED _WHEN _OVER _FROM"""
)
_OPERATORS = word_set(
    """COMPARE LESS MORE COALESCE POWER STAR PLUS MINUS SLASH PERCENT _IN NOT _LIKE _MATCHES _CROSSES_ABOVE
    _CROSSES_BELOW _BETWEEN _IS _AND _OR"""
)
_VALUES = word_set(
    """STRING INT NUMBER DURATION REGEX TRUE FALSE NULL NAME QUOTED MINUS NOT _IF _LPAR _LBRACKET _LBRACE"""
)
_PATTERN_STARTS = word_set(
    """NAME QUOTED INT NUMBER_WORD _NO _EXPECT _EVERY _CONSECUTIVE _AT_LEAST _EXACTLY _UP_TO _SOME _ANY_NUMBER_OF
    _OPTIONAL _ANY _ALL_OF _LPAR _IMMEDIATELY _AFTER _BETWEEN _WITHIN"""
)
_PATTERN_GOES_ON = word_set("""_THEN _AND _OR _AS _UNTIL _FOR _LBRACE _LPAR NAME QUOTED PLUS STAR QUESTION COALESCE""")
_AFTER_COUNT = word_set("_OR_MORE _OF _TO PLUS")
_WINDOWS = word_set("""_LAST _EVERY _SESSION _EACH _ALL _SINCE""")
_DURATIONS = word_set("""DURATION UNIT NAME QUOTED _LPAR""")

# A group is named when its marks are all accepted; its other members are then not listed.
_GROUPS: tuple[tuple[frozenset[str], frozenset[str], str], ...] = (
    (_DECLARATIONS, _DECLARATIONS, "a declaration (`event`, `define`, `let`, `table`, `rule`, `test`)"),
    (frozenset({"_EMIT", "_SEVERITY"}), _CLAUSES, "a clause such as `where`, `within`, `per` or `emit`"),
    (
        frozenset({"_LAST", "_SESSION"}),
        _WINDOWS | _DURATIONS,
        "a window such as `last 10 minutes` or `every 100 events`",
    ),
    (frozenset({"_OR_MORE", "_OF"}), _PATTERN_STARTS | _AFTER_COUNT, "an event, or `of (A, B, C)`"),
    (frozenset({"_THEN", "_UNTIL"}), _PATTERN_GOES_ON, "`then`, `and`, `or`, `as`"),
    (frozenset({"_NO", "_CONSECUTIVE"}), _PATTERN_STARTS, "an event, or a pattern in parentheses"),
    (frozenset({"STRING", "NUMBER", "TRUE"}), _VALUES, "a value"),
    (frozenset({"COMPARE", "PLUS"}), _OPERATORS, "an operator"),
    (frozenset({"DURATION", "UNIT"}), _DURATIONS, "a duration such as `5 minutes`"),
    (frozenset({"INT", "NUMBER_WORD"}), frozenset({"INT", "NUMBER_WORD"}), "a count"),
    (frozenset({"NAME"}), frozenset({"NAME", "QUOTED", "FIELD"}), "a name"),
)

_TEXTS = {
    "STRING": "a text in quotes",
    "INT": "a number",
    "NUMBER": "a number",
    "DURATION": "a time such as `60s`",
    "TIMES": "a repetition such as `3x every 10s`",
    "FIELD": "a field such as `user: string`",
    "CALENDAR_UNIT": "`hour`, `day`, `week` or `month`",
    "REGEX": "a regular expression",
    "_EVENTS": "`events`",
    "$END": "",
    "UNIT": "",
    "QUOTED": "",
}
_OPERATOR_SIGNS = {
    "COMPARE": "`==`", "LESS": "`<`", "MORE": "`>`", "PLUS": "`+`", "MINUS": "`-`", "SLASH": "`/`", "PERCENT": "`%`",
    "POWER": "`**`", "COALESCE": "`??`", "STAR": "`*`",
}  # fmt: skip
_LISTED = 4


def unexpected(situation: Situation) -> Problem:
    """The sentence for a mistake that nobody recognised."""
    choices = choices_text(situation.accepted)
    hint = f"expected {choices}" if choices else None
    if situation.at_end:
        what = "the declaration" if situation.start == "file" else "the value"
        what = f"the clause `{situation.clause}`" if situation.clause else what
        return situation.problem("CEP105", f"{what} ends too early{_behind(situation)}", hint)
    return situation.problem("CEP100", f"{shown(situation.found)} cannot stand here{_behind(situation)}", hint)


def _behind(situation: Situation) -> str:
    previous = situation.previous
    return f", after {shown(previous)}" if previous is not None else ""


def shown(text: str) -> str:
    """A piece of the text as it is quoted in a sentence."""
    text = " ".join(text.split())
    if len(text) > 40:
        text = f"{text[:37]}..."
    return text if text.startswith("`") else f"`{text}`"


def choices_text(accepted: frozenset[str]) -> str:
    """``a name, `,` or `)``` for a set of terminals."""
    left = set(accepted)
    choices: list[str] = []
    for marks, members, text in _GROUPS:
        if marks <= left:
            choices.append(text)
            left -= members
    choices.extend(sorted(text for text in map(_text_of, left) if text))
    choices = list(dict.fromkeys(choices))
    if len(choices) > _LISTED + 1:
        choices = [*choices[:_LISTED], "…"]
        return ", ".join(choices)
    if len(choices) < 2:
        return "".join(choices)
    return f"{', '.join(choices[:-1])} or {choices[-1]}"


def _text_of(terminal: str) -> str:
    if terminal in _TEXTS:
        return _TEXTS[terminal]
    if terminal in _SIGNS:
        return f"`{_SIGNS[terminal]}`"
    if terminal in _OPERATORS:
        return _OPERATOR_SIGNS.get(terminal) or f"`{terminal.strip('_').lower().replace('_', ' ')}`"
    return f"`{terminal.strip('_').lower().replace('_', ' ')}`"

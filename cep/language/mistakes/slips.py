"""The usual mistakes of people who write rules, one recogniser each. Language layer.

A recogniser looks at where the parser stopped and returns the problem in the author's words, or null. They are
asked in the order of :data:`SLIPS` at the end: from what is certain (a quote that never closes) to what is likely.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from cep.durations import NUMBER_WORDS, UNIT_NAMES
from cep.language.mistakes.clause_slips import CLAUSE_SLIPS
from cep.language.mistakes.expectations import shown
from cep.language.mistakes.misplaced import (
    closed_before,
    closed_too_late,
    comma_behind_emit,
    comma_in_parentheses,
    for_without_no,
    over_missing,
    then_without_if,
)
from cep.language.mistakes.situation import CLOSING, OPENING, SIGN, Problem, Situation
from cep.language.reader.phrases import count_slip, count_words
from cep.language.words import is_misspelt, word_set

if TYPE_CHECKING:
    from lark import Token

_QUOTES = "“”„‟«»‘’‚‛′″"
_FOREIGN = {
    "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not", "<>": "!=", "===": "==", "!==": "!=", ":=": "=",
    "~": "matches", "≥": ">=", "≤": "<=", "≠": "!=", "×": "*", "–": "-", "—": "-", "−": "-", "…": "to",
}  # fmt: skip
_FUNCTIONS = ("contains", "starts_with", "ends_with")
_OPERATOR_WORDS = {
    "equals": "==", "eq": "==", "equal": "==", "ne": "!=", "gt": ">", "gte": ">=", "ge": ">=", "lt": "<", "lte": "<=",
    "le": "<=", "isnt": "!=", "mod": "%", "startswith": "starts_with", "endswith": "ends_with", "includes": "contains",
    "has": "contains", "regex": "matches", "rlike": "matches", "ilike": "like",
}  # fmt: skip
_LINE_STARTS = word_set("when where from over meta disabled limit at on after to given expect")
_JOINING = word_set("then and or as for until within where having emit per when over")
_BEFORE_VALUE = word_set(
    """COMPARE LESS MORE PLUS MINUS STAR SLASH PERCENT POWER COALESCE _AND _OR NOT _IN _LIKE _BETWEEN _ASSIGN _LPAR
    _LBRACKET _COMMA _WHERE _HAVING _ON"""
)
_OPERATORS = ("and", "or", "in", "not", "like", "matches", "between", "is", "crosses")


# ---- signs and texts that are never right ----


def unclosed_text(at: Situation) -> Problem | None:
    """``"abc``, ``'abc``, `` `abc ``: the end of the line came first."""
    sign = at.found[:1]
    if sign not in ('"', "'", "`") or not sign:
        return None
    if len(at.found) > 1 and at.found.endswith(sign) and at.kind != "":
        return None
    what = "this name in backticks" if sign == "`" else "this text"
    closing = "a backtick" if sign == "`" else f"`{sign}`"
    end = at.offset + len(at.rest_of_line().rstrip())
    return at.problem("CEP102", f"{what} is not closed", f"write {closing} at its end", at.span(end=end))


def unclosed_regex(at: Situation) -> Problem | None:
    """``matches /ab``: a slash where a value is wanted."""
    if at.found != "/" or "REGEX" not in at.accepted:
        return None
    end = at.offset + len(at.rest_of_line().rstrip())
    return at.problem("CEP102", "this regular expression is not closed", "write `/` at its end", at.span(end=end))


def foreign_comment(at: Situation) -> Problem | None:
    """``// text``, ``-- text``, ``/* text */``."""
    for sign in ("//", "/*", "--"):
        before = at.offset - 1 if at.previous_kinds(1) == ("MINUS",) and sign == "--" else at.offset
        if at.text.startswith(sign, before) and (at.first_in_line or sign != "--"):
            return at.problem("CEP101", "a comment begins with `#`", "write `#`", at.span(before, before + 2))
    return None


def unknown_character(at: Situation) -> Problem | None:
    """Typographic quotes, `;` and whatever else no rule is made of."""
    if at.kind or at.at_end or at.found in _FOREIGN:
        return None
    character = at.found[0]
    if character in _QUOTES:
        hint = 'write `"`'
        return at.problem(
            "CEP101", f"texts stand in straight quotes, not in `{character}`", hint, at.span(end=at.offset + 1)
        )
    if character == ";":
        return at.problem("CEP101", "clauses and declarations end without `;`", "leave it out")
    name = f"`{character}`" if character.isprintable() else f"U+{ord(character):04X}"
    return at.problem("CEP101", f"the character {name} has no meaning here", None, at.span(end=at.offset + 1))


def foreign_operator(at: Situation) -> Problem | None:
    """``&&``, ``||``, ``!``, ``<>``, ``->``: what other languages write."""
    found = at.found
    if found in ("->", "=>") and "_THEN" in at.accepted and not at.opened:
        return at.problem("CEP113", f"`{found}` is written `then`", "write `then`", correction=at.instead("then"))
    if found in ("->", "=>") and "_THEN" in at.accepted:
        message, instead = f"`{found}` is written `then` between events", at.instead("then")
        return at.problem("CEP113", message, "write `then`", correction=instead)
    if at.text[max(at.offset - 2, 0) : at.end] == "===":
        span, instead = at.span(at.offset - 2), at.instead("==", at.offset - 2)
        return at.problem("CEP113", "`===` is written `==`", "write `==`", span, correction=instead)
    if found in ("=>", "=<") and "COMPARE" in at.accepted:
        right = found[::-1]
        return at.problem("CEP113", f"`{found}` is written `{right}`", f"write `{right}`", correction=at.instead(right))
    two = at.text[at.offset - 1 : at.end] if at.offset else ""
    if two in ("<>", "=>", "=<"):
        right = {"<>": "!=", "=>": ">=", "=<": "<="}[two]
        span, instead = at.span(at.offset - 1), at.instead(right, at.offset - 1)
        return at.problem("CEP113", f"`{two}` is written `{right}`", f"write `{right}`", span, correction=instead)
    if found in _FOREIGN and not (found == "!" and at.text.startswith("!=", at.offset)):
        right = _FOREIGN[found]
        if found == "!" and "_NO" in at.accepted:
            right = "no"
        instead = at.instead(f" {right} ")
        return at.problem("CEP113", f"`{found}` is written `{right}`", f"write `{right}`", correction=instead)
    return None


# ---- brackets ----


def closing_without_opening(at: Situation) -> Problem | None:
    """``)`` where nothing is open, or ``]`` for ``(``."""
    if at.kind not in CLOSING:
        return None
    if not at.opened:
        return at.problem("CEP104", f"`{at.found}` closes nothing", "leave it out", related=closed_before(at))
    last = at.opened[-1]
    if OPENING[last.type] == at.kind:
        return None
    right = SIGN[OPENING[last.type]]
    related = ((at.token_span(last), "opened here"),)
    return at.problem("CEP104", f"`{last}` is closed by `{at.found}`", f"write `{right}`", related=related)


def unclosed_bracket(at: Situation) -> Problem | None:
    """The text, or the next clause, begins while a bracket is open."""
    if not at.opened or not (at.at_end or _begins_clause(at)):
        return None
    if at.at_end and at.previous_kinds(1)[0] in ("_ASSIGN", "COMPARE", "_WITHIN", "_WHERE"):
        return None
    last = at.opened[-1]
    sign = SIGN[OPENING[last.type]]
    before = f"before `{at.found}`" if at.found else "at its end"
    missing = f"`{sign}` is missing before this" if at.found else f"`{sign}` is missing here"
    related = ((at.span(), missing), *closed_too_late(at, last))
    return at.problem("CEP103", f"`{last}` is not closed", f"write `{sign}` {before}", at.token_span(last), related)


def _begins_clause(at: Situation) -> bool:
    if at.found in ("emit", "within", "severity", "per", "having", "tags"):
        return True
    return at.first_in_line and at.found in _LINE_STARTS


# ---- conditions ----


def single_equals(at: Situation) -> Problem | None:
    """``where a = 1``; and ``let a == 1``."""
    if at.found == "=" and "COMPARE" in at.accepted:
        return at.problem("CEP112", "a single `=` does not compare", "write `==`", correction=at.instead("=="))
    if at.found == "=" and "_AS" in at.accepted and at.history and at.history[0].type == "_DEFINE":
        message = "a definition is written with `as`, not `=`"
        return at.problem("CEP112", message, "write `as`", correction=at.instead("as"))
    defining = bool(at.history) and at.history[0].type == "_DEFINE"
    if at.found in ("==", ":", "as", "is") and "_ASSIGN" in at.accepted and not defining | ("COMPARE" in at.accepted):
        message = f"a value is given with `=`, not `{at.found}`"
        return at.problem("CEP112", message, "write `=`", correction=at.instead("="))
    return None


def list_in_parentheses(at: Situation) -> Problem | None:
    """``x in (1, 2, 3)``."""
    if at.found != "," or not at.opened or at.opened[-1].type != "_LPAR":
        return None
    opening = at.opened[-1]
    index = next(i for i, token in enumerate(at.history) if token is opening)
    if index == 0 or at.history[index - 1].type != "_IN":
        return None
    inside = re.match(r"\(([^()\n]*)\)", at.text[opening.start_pos or 0 :])
    values = inside.group(1).strip() if inside else ""
    values = values if '"' in values or "'" in values else re.sub(r"\s*,\s*", ", ", values)
    hint = f"write `[{values}]`" if inside else "write `[` and `]`"
    return at.problem("CEP113", "a list stands in brackets, not in parentheses", hint, at.token_span(opening))


def colon_in_emit(at: Situation) -> Problem | None:
    """``emit Y(a: 1)``."""
    after = at.since("_EMIT")
    previous = at.previous
    if at.found != ":" or previous is None or len(after) == len(at.history) or len(at.opened) != 1:
        return None
    if previous.type not in ("NAME", "QUOTED") or len(after) < 3 or after[1].type != "_LPAR":
        return None
    return at.problem("CEP112", "a value is given with `=`, not `:`", f"write `{previous} = …`")


def dash_in_name(at: Situation) -> Problem | None:
    """``rule my-rule``."""
    if at.found != "-" or at.previous_kinds(2) not in (
        ("_RULE", "NAME"),
        ("_LET", "NAME"),
        ("_TABLE", "NAME"),
        ("_EVENT", "NAME"),
    ):
        return None
    name = at.history[-1]
    rest = re.match(r"(?:-\w+)+", at.text[at.offset :])
    if rest is None:
        return None
    whole = f"{name}{rest.group()}"
    span = at.span(name.start_pos, at.offset + rest.end())
    return at.problem("CEP100", "a name holds no `-`", f"write `{whole.replace('-', '_')}`", span)


def comparison_chain(at: Situation) -> Problem | None:
    """``1 < x < 5``."""
    if at.found not in ("<", ">", "<=", ">=", "==", "!=") or "SLASH" not in at.accepted:
        return None
    return at.problem("CEP124", "comparisons cannot be chained", "write `x between 1 and 5`, or join two by `and`")


def operator_word(at: Situation) -> Problem | None:
    """``a contains b``, ``a equals b``, ``a AND b``: a word where an operator is wanted."""
    word = at.found
    if "SLASH" not in at.accepted or not word.isidentifier():
        return None
    name = _OPERATOR_WORDS.get(word.lower(), word)
    if word == "an" and re.match(r"\s+[\w\"'`(]", at.text[at.end :]):
        return at.problem("CEP107", "`an` is no operator", "did you mean `and`?")
    if name in _FUNCTIONS:
        return at.problem("CEP113", f"`{word}` is a function", f"write `{name}(text, part)`")
    if word.lower() in _OPERATOR_WORDS:
        instead = at.instead(name)
        return at.problem("CEP113", f"`{word}` is written `{name}`", f"write `{name}`", correction=instead)
    if word.isupper() and word.lower() in _OPERATORS:
        small, instead = word.lower(), at.instead(word.lower())
        return at.problem("CEP107", f"`{word}` is written in small letters", f"write `{small}`", correction=instead)
    near = is_misspelt(word, _OPERATORS) if not at.first_in_line else None
    if near is not None:
        instead = at.instead(near)
        return at.problem("CEP107", f"`{word}` is no operator", f"did you mean `{near}`?", correction=instead)
    return None


def is_equal(at: Situation) -> Problem | None:
    """``outcome is "failure"``."""
    if at.previous_kinds(1) != ("_IS",):
        return None
    return at.problem("CEP113", "`is` tests only for `null` and `missing`", "write `==` to compare")


def count_of_all(at: Situation) -> Problem | None:
    """``count(*)``."""
    kinds = at.previous_kinds(2)
    if at.found != "*" or len(kinds) < 2 or kinds[1] != "_LPAR" or "_RPAR" not in at.accepted:
        return None
    name = at.history[-2]
    return at.problem("CEP113", f"`{name}(*)` counts without a star", f"write `{name}()`")


def number_begins_with_point(at: Situation) -> Problem | None:
    """``.5``."""
    if at.found != "." or "NUMBER" not in at.accepted:
        return None
    digits = re.match(r"\.\d+", at.text[at.offset :])
    if digits is None:
        return None
    span = at.span(end=at.offset + digits.end())
    return at.problem("CEP117", "a number begins with a digit", f"write `0{digits.group()}`", span)


def braces_in_value(at: Situation) -> Problem | None:
    """A number with letters behind it: ``5x``."""
    previous = at.previous
    if previous is None or previous.type not in ("INT", "NUMBER") or previous.end_pos != at.offset:
        return None
    if not at.found[:1].isalpha():
        return None
    near = _unit_near(at.found)
    span = at.span(previous.start_pos)
    if near is not None or "UNIT" in at.accepted:
        return at.problem("CEP115", f"`{at.found}` is no unit of time", _unit_hint(near), span)
    return at.problem("CEP117", f"`{previous}{at.found}` is neither a number nor a name", None, span)


# ---- durations and counts ----


def duration_without_unit(at: Situation) -> Problem | None:
    """``within 5``, ``within 5 mintues``, ``every 1 hour 30 minutes``."""
    if at.kind in ("INT", "NUMBER") and at.accepted & {"UNIT", "DURATION"} and "NUMBER" not in at.accepted:
        return _no_unit(at)
    kinds = at.previous_kinds(1)
    number = at.previous
    if number is not None and (kinds in (("INT",), ("NUMBER",)) or number in NUMBER_WORDS) and at.found.isidentifier():
        near = _unit_near(at.found)
        if near is not None and near != at.found:
            return at.problem("CEP115", f"`{at.found}` is no unit of time", _unit_hint(near))
    if kinds == ("DURATION",) and at.kind in ("INT", "DURATION", "NUMBER") and "_SEVERITY" in at.accepted:
        hint = "join the parts without a blank, as in `1h30m`"
        return at.problem("CEP115", "a duration is one word or one number with its unit", hint)
    if at.previous_kinds(2) == ("_EVERY", "INT") and at.found in UNIT_NAMES:
        message, count = "`every` behind a condition counts how often it is true", at.previous
        return at.problem("CEP115", message, f"write `while true every {count} {at.found}`")
    if "_EVENTS" in at.accepted and at.previous is not None:
        near = is_misspelt(at.found, UNIT_NAMES) if at.found.isidentifier() else None
        hint = f"did you mean `{near}`?" if near else "write `5 minutes` or `5 events`"
        span = at.token_span(at.previous) if near is None else None
        return at.problem("CEP115", "a unit of time or `events` is missing after the number", hint, span)
    return None


def _no_unit(at: Situation) -> Problem:
    word = re.match(r"\d[\d_.]*[ \t]*([^\W\d]\w*)?", at.text[at.offset :])
    unit = word.group(1) if word else None
    near = _unit_near(unit) if unit else None
    if near is not None and word is not None:
        span = at.span(end=at.offset + word.end())
        return at.problem("CEP115", f"`{unit}` is no unit of time", _unit_hint(near), span)
    parts = re.fullmatch(r"(?:\d+(?:ms|[wdhms]))*\d+(ms|[wdhms])\d+", at.found)
    smaller = {"w": "d", "d": "h", "h": "m", "m": "s", "s": "ms"}.get(parts.group(1)) if parts else None
    if smaller is not None:
        return at.problem("CEP115", f"the last part of `{at.found}` has no unit", f"write `{at.found}{smaller}`")
    hint = f"write `{at.found} minutes` or another unit: seconds, minutes, hours, days, weeks"
    return at.problem("CEP115", f"the duration `{at.found}` has no unit", hint)


def _unit_near(word: str) -> str | None:
    if word.lower() in UNIT_NAMES:
        return word.lower()
    units = [unit for unit in UNIT_NAMES if len(unit) > 2]
    same_number = [unit for unit in units if unit.endswith("s") == word.lower().endswith("s")]
    return is_misspelt(word.lower(), same_number) or is_misspelt(word.lower(), units)


def _unit_hint(near: str | None) -> str:
    return f"did you mean `{near}`?" if near else "units are: ms, s, m, h, d, w, and the words such as `minutes`"


def count_in_words(at: Situation) -> Problem | None:
    """``more than 3 A``, ``A 3 times``."""
    if at.kind != "INT" or not at.previous_kinds(1) or "_THEN" not in at.accepted:
        return None
    words = _words_before(at)
    found = count_words([str(word) for word in words])
    if found is not None:
        text, instead = found
        slip = count_slip(text, instead, int(at.found.replace("_", "")), 0)
        start = words[-len(text.split())].start_pos
        return at.problem(slip.code, f"{slip.message}", slip.hint, at.span(start))
    if at.rest_of_line()[len(at.found) :].lstrip().startswith("time"):
        return at.problem("CEP113", "the count stands before the event", f"write `{at.found} {' '.join(words)}`")
    return None


def bound_with_in(at: Situation) -> Problem | None:
    """``three A in 1 minute``, ``three A(x == 1) in 1 minute``."""
    previous = at.previous
    if previous is None or "_THEN" not in at.accepted or at.opened:
        return None
    behind = re.compile(r"\s*(\d+\s*\w*|\w+\s+\w+)")
    if at.found == "in" and (time := behind.match(at.text, at.end)):
        if not time.group(1)[:1].isdigit() and time.group(1).split()[0] not in (*NUMBER_WORDS, "a", "an"):
            return None
        return at.problem("CEP113", "a bound is written `within`, not `in`", f"write `within {time.group(1)}`")
    if previous == "in" and previous.type == "NAME" and (time := behind.match(at.text, at.offset)):
        span = at.token_span(previous)
        return at.problem("CEP113", "a bound is written `within`, not `in`", f"write `within {time.group(1)}`", span)
    return None


def _words_before(at: Situation) -> list[Token]:
    words: list[Token] = []
    for token in reversed(at.history):
        if token.type not in ("NAME", "QUOTED"):
            break
        words.insert(0, token)
    return words


def misspelt_word_before(at: Situation) -> Problem | None:
    """``failed login wihtin 5 minutes``: the phrase swallowed the misspelt word."""
    words = _words_before(at)
    if len(words) < 2 or "_THEN" not in at.accepted:
        return None
    if words[0] in ("not", "without"):
        message = f"absence is written `no`, not `{words[0]}`"
        return at.problem("CEP113", message, "write `no`", at.token_span(words[0]))
    if words[0] == "expect":
        message = "`expect` begins a pattern and cannot follow another step"
        return at.problem("CEP100", message, "write `no` to wait for an absence", at.token_span(words[0]))
    for word in words[1:]:
        near = is_misspelt(str(word), ("within", "then", "where", "until", "having", "emit", "for", "per", "severity"))
        if near is not None:
            message, hint, span = f"`{word}` is no word of the language", f"did you mean `{near}`?", at.token_span(word)
            instead = (word.start_pos or 0, word.end_pos or 0, near)
            return at.problem("CEP107", message, hint, span, correction=instead)
    return None


def pattern_as_condition(at: Situation) -> Problem | None:
    """``when sum(x) > 5`` in a rule that has no ``from``."""
    if at.found not in ("<", ">", "<=", ">=", "==", "!=", "-", "/", "%", "in", "is", "[", "."):
        return None
    if "_THEN" not in at.accepted or at.opened or "COMPARE" in at.accepted:
        return None
    after_rule = at.since("_RULE")
    if not any(token.type == "_WHEN" for token in after_rule) or any(token.type == "_FROM" for token in after_rule):
        return None
    hint = "for a condition write `from` and the events before `when`"
    if re.search(r"^\s*from\b", at.text[at.end :], re.MULTILINE):
        hint = "move `from` before `when`: only then `when` holds a condition"
    return at.problem("CEP127", "without `from` before it, `when` holds a pattern and not a condition", hint)


def absence_within(at: Situation) -> Problem | None:
    """``A then no B within 5 minutes then C``: ``within`` has ended the pattern."""
    if at.found not in ("then", "or", "and", "until", "as") or not at.history:
        return None
    whole = at.start == "pattern_entry"
    if not whole and not ("_SEVERITY" in at.accepted and any(token.type == "_WHEN" for token in at.history)):
        return None
    after = at.since("_WITHIN")
    if len(after) == len(at.history) or len(after) > 3:
        return None
    hint = "put the bounded part in parentheses, `(A within 5 minutes) then B`, or write `no A for 5 minutes`"
    return at.problem("CEP127", f"the clause `within` has ended the pattern, so `{at.found}` cannot follow", hint)


def missing_comma(at: Situation) -> Problem | None:
    """Two values beside each other in parentheses or brackets."""
    if not at.opened or "_COMMA" not in at.accepted or at.at_end:
        return None
    if at.kind not in ("NAME", "QUOTED", "STRING", "INT", "NUMBER", "FIELD", "DURATION", "TRUE", "FALSE", "NULL"):
        return None
    previous = at.previous
    assert previous is not None
    span = at.span()
    return at.problem("CEP128", f"a comma is missing before {shown(at.found)}", f"write `{previous}, {at.found}`", span)


def event_instead_of(at: Situation) -> Problem | None:
    """A word of the language where an event is wanted: ``then per``, ``when then``."""
    previous = at.previous
    if previous is None or "_NO" not in at.accepted or "NAME" not in at.accepted or not at.found.isidentifier():
        return None
    if at.found in NUMBER_WORDS:
        return None
    message = f"after `{' '.join(previous.split())}` comes an event, not `{at.found}`"
    return at.problem("CEP118", message, f"write the event, or `` `{at.found}` `` if that is its name")


def reserved_name(at: Situation) -> Problem | None:
    """A word of the language where a name is wanted."""
    previous = at.previous
    if previous is not None and previous in ("if", "not") and re.match(r"[=!<>]=?|is\b|in\b", at.found):
        hint = f"as a name write `` `{previous}` ``"
        return at.problem("CEP118", f"`{previous}` is a word of the language", hint, at.token_span(previous))
    if "NAME" not in at.accepted or not at.found.isidentifier() or at.kind in ("NAME", ""):
        return None
    if "_THEN" in at.accepted or "_SEVERITY" in at.accepted:
        return None
    return at.problem("CEP118", f"`{at.found}` is a word of the language", f"as a name write `` `{at.found}` ``")


def word_for_name(at: Situation) -> Problem | None:
    """``when A as then B``, ``x > and y``: what stands before the word is missing, the word was read as that."""
    if len(at.history) < 2 or at.history[-1].type != "NAME" or at.history[-1] not in _JOINING:
        return None
    before, word = at.history[-2], at.history[-1]
    wanted = "an event" if before.type in ("_NO", "_THEN") else "a value" if before.type in _BEFORE_VALUE else "a name"
    message = f"after `{before}` comes {wanted}, not `{word}`"
    return at.problem("CEP118", message, f"if it is called so, write `` `{word}` ``", at.token_span(word))


Slip = Callable[[Situation], Problem | None]

SLIPS: tuple[Slip, ...] = (
    unclosed_text,
    foreign_comment,
    unknown_character,
    foreign_operator,
    closing_without_opening,
    unclosed_bracket,
    unclosed_regex,
    then_without_if,
    list_in_parentheses,
    comma_in_parentheses,
    comma_behind_emit,
    over_missing,
    colon_in_emit,
    single_equals,
    dash_in_name,
    count_of_all,
    comparison_chain,
    is_equal,
    number_begins_with_point,
    duration_without_unit,
    braces_in_value,
    bound_with_in,
    count_in_words,
    pattern_as_condition,
    absence_within,
    operator_word,
    misspelt_word_before,
    for_without_no,
    *CLAUSE_SLIPS,
    word_for_name,
    missing_comma,
    event_instead_of,
    reserved_name,
)

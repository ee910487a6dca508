"""Where the clauses of a rule begin, seen in its text alone. Language layer.

The parser knows where a clause begins until it meets a mistake; behind the mistake only the words are left. A clause
begins at its keyword, outside of brackets that close, where what follows is what the clause begins with. At the start
of a line the keyword is enough for most clauses; within a line more is asked, for many of the words may be names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cep.durations import NUMBER_WORDS
from cep.language.words import PATTERN_ENDS, is_misspelt

CLAUSES = frozenset(
    {
        "when", "from", "over", "where", "within", "per", "having", "after match", "emit", "on timeout", "limit", "to",
        "at most", "severity", "tags", "meta", "disabled",
    }
)  # fmt: skip
"""The clauses of a rule as they are typed; ``clause_spans`` and ``broken`` of a rule call them so."""

PLAIN_CLAUSES = ("when", "from", "over", "where", "within", "per", "having", "emit", "severity", "tags", "meta")
"""Clauses of one word that may be meant by a word that is nearly it."""

_MEANT = {"by": "per", "group": "per", "filter": "where", "alert": "emit", "select": "emit", "output": "emit"}

_WORD = re.compile(r"[^\W\d]\w*|@\w+")
_TOKEN = re.compile(
    r"""\#[^\n]*|`[^`\n]*`?|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|[^\W\d]\w*|@\w+|\d[\w.]*|->|[=!<>]=|\S""",
    re.DOTALL,
)
_NAME = r"[^\W\d]\w*|`[^`\n]+`"
_NUMBER = rf"(?:\d|(?:{'|'.join(NUMBER_WORDS)}|an?)\b)"
_VALUE = rf"(?:{_NAME}|[\d\"'(\[@-])"
_AT_LINE_START: dict[str, str] = {
    "when": rf"when\s+{_VALUE}", "where": rf"where\s+{_VALUE}", "having": rf"having\s+{_VALUE}",
    "emit": r"emit\b(?!\s*[.=,)])", "severity": r"severity\b(?!\s*(?:[.,)<>!]|==))",
    "tags": r"tags\b(?!\s*(?:[.,)<>!]|==))",
    "meta": rf"meta\s+(?:{_NAME})", "per": r"per\b(?!\s*[.)<>!=])", "from": rf"from\s+(?:{_NAME})",
    "within": rf"within\s+{_VALUE}", "over": rf"over\s+{_VALUE}", "to": rf"to\s+(?:{_NAME}|[\"'])",
    "at most": r"at\s+most\b", "after match": r"after\s+match\b", "on timeout": r"on\s+timeout\b",
    "limit": rf"limit\s+{_NUMBER}", "disabled": r"disabled\s*(?:\#[^\n]*)?(?:\n|\Z)",
}  # fmt: skip
_IN_LINE: dict[str, str] = {
    **_AT_LINE_START,
    "emit": rf"emit\s+(?:{_NAME})", "severity": r"severity\s+[^\W\d]\w*\b(?!\s*\()", "tags": r"tags\s*\[",
    "meta": rf"meta\s+(?:{_NAME})\s*=", "per": rf"per\s+(?:{_NAME})",
    "within": rf"within\s+(?:{_NUMBER}|\(|[^\W\d]\w*\b)",
    "over": r"over\s+(?:last|every|session|each|all|since|\d)", "to": r"to\s+[\"']",
}  # fmt: skip
_BEGINS = {
    True: [(clause, re.compile(form)) for clause, form in _AT_LINE_START.items()],
    # Within a line what the keyword needs stands in the same line.
    False: [(clause, re.compile(form.replace(r"\s+", r"[ \t]+"))) for clause, form in _IN_LINE.items()],
}
_DECLARATION = re.compile(
    rf"rule\s+(?:{_NAME})|event\s+(?:{_NAME})\s*\{{|let\s+(?:{_NAME})\s*=|define\s+(?:{_NAME})"
    rf"|table\s+(?:{_NAME})\s+from\b|test\s+[\"']"
)
_OPENING = {"(": ")", "[": "]", "{": "}"}
_OPERATORS = frozenset({".", ",", "(", "[", "=", "==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "->"})
_BOUND_BEFORE = frozenset({"then", "immediately", "after"})


@dataclass(frozen=True, slots=True)
class ClauseStart:
    """A clause, or a declaration (``clause`` is empty), that begins at the offset ``start``."""

    start: int
    clause: str


def clause_starts(text: str, start: int, over_windows: bool) -> Iterator[ClauseStart]:
    """The clauses and declarations that begin at or behind ``start``, which lies outside of all brackets.

    ``over_windows``: the rule is one over windows, in which ``within`` belongs to a join or a window.
    """
    tokens = [token for token in _TOKEN.finditer(text, start) if not token.group().startswith("#")]
    inside = _inside_brackets([token.group() for token in tokens])
    before: list[str] = []
    for index, token in enumerate(tokens):
        word = token.group()
        if not inside[index] and _WORD.fullmatch(word):
            at_line = not text[text.rfind("\n", 0, token.start()) + 1 : token.start()].strip()
            clause = _clause_at(text, token.start(), at_line, before)
            if clause is not None and not (over_windows and clause == "within"):
                yield ClauseStart(token.start(), clause)
        before.append(word)


def _clause_at(text: str, offset: int, at_line: bool, before: Sequence[str]) -> str | None:
    previous = before[-1] if before else ""
    if previous == "." and not at_line:
        return None
    if (at_line or previous not in _OPERATORS) and _DECLARATION.match(text, offset):
        return ""
    for clause, form in _BEGINS[at_line]:
        if form.match(text, offset) and _can_follow(clause, previous, before, at_line):
            return clause
    if not at_line or previous in _OPERATORS:
        return None
    word = _WORD.match(text, offset)
    return is_misspelt(word.group(), PLAIN_CLAUSES) if word and word.group() not in PATTERN_ENDS else None


def _can_follow(clause: str, previous: str, before: Sequence[str], at_line: bool) -> bool:
    if clause == "within" and previous in _BOUND_BEFORE:
        return False
    if clause == "from" and ("expect" in before or not (at_line or not before)):
        return False
    if clause == "per" and list(before[-3:-1]) == ["at", "most"]:
        return False
    return at_line or clause in ("emit", "at most", "on timeout", "after match") or previous not in _OPERATORS


def _inside_brackets(words: Sequence[str]) -> list[bool]:
    """Which of the words stand inside brackets that close."""
    opened: list[int] = []
    inside = [False] * len(words)
    for index, word in enumerate(words):
        if word in _OPENING:
            opened.append(index)
        elif word in _OPENING.values():
            while opened:
                first = opened.pop()
                if _OPENING[words[first]] == word:
                    inside[first : index + 1] = [True] * (index + 1 - first)
                    break
    return inside


def mentioned_clauses(text: str) -> frozenset[str]:
    """The clauses that a part of a rule which cannot be read may hold: its words are theirs, or nearly."""
    words = [token.group() for token in _TOKEN.finditer(text) if _WORD.fullmatch(token.group())]
    found = {word for word in words if word in CLAUSES}
    found |= {_MEANT[word.lower()] for word in words if word.lower() in _MEANT}
    found |= {word.lower() for word in words if word.lower() in CLAUSES}
    unknown = [word for word in words if word not in PATTERN_ENDS]
    found |= {near for word in unknown if (near := is_misspelt(word, PLAIN_CLAUSES)) is not None}
    return frozenset(found)

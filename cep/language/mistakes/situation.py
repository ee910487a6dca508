"""Where the parser stopped, and what it had read. Language layer."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cep.diagnostics import Diagnostic, Fix, Span
from cep.language.reader.grammar import grammar_parser
from cep.language.reader.places import Places
from cep.language.words import word_set

if TYPE_CHECKING:
    from lark import Token
    from lark.parsers.lalr_interactive_parser import InteractiveParser

OPENING = {"_LPAR": "_RPAR", "_LBRACKET": "_RBRACKET", "_LBRACE": "_RBRACE"}
CLOSING = frozenset(OPENING.values())
CLAUSE_TERMINALS = word_set(
    """_WHEN _FROM _OVER _WHERE _WITHIN _PER _HAVING _AFTER_MATCH _EMIT _ON_TIMEOUT _LIMIT _TO _AT_MOST _SEVERITY _TAGS
    _META _DISABLED"""
)
SIGN = {"_LPAR": "(", "_RPAR": ")", "_LBRACKET": "[", "_RBRACKET": "]", "_LBRACE": "{", "_RBRACE": "}"}

_LEXEME = re.compile(
    r"""[^\W\d]\w*|@\w+|\d[\w.]*|`[^`\n]*`?|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?"""
    r"""|->|=>|===?|<>|!==?|<=|>=|&&|\|\||\?\?|\*\*|:=|--|//|/\*|.""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One syntax error and the offset at which the parser stopped.

    ``correction`` is what to write instead of the text between two offsets, where the author can only have meant that:
    the reading goes on as if it stood there.
    """

    diagnostic: Diagnostic
    offset: int
    correction: tuple[int, int, str] | None = None


def correction(places: Places, span: Span, text: str) -> Fix:
    """The correction as a fix: without the blanks that keep words apart where blanks stand already."""
    line = places.text.split("\n")[span.line - 1]
    end = places.text.split("\n")[span.end_line - 1]
    if line[: span.column - 1][-1:].isspace() or span.column == 1:
        text = text.lstrip()
    if end[span.end_column - 1 :][:1].isspace():
        text = text.rstrip()
    return Fix(span, text)


class Situation:
    """Where the parser stopped: what it had read (``history``), and the text that it could not use (``found``).

    ``offset`` and ``end`` enclose ``found``, which is empty at the end of the text. ``opened`` are the brackets that
    are open there. ``accepted`` are the terminals that could have stood there. ``clause`` is the clause of which
    the text is the beginning, if another follows it in the file.
    """

    def __init__(self, text: str, start: str, places: Places, clause: str = "") -> None:
        self.text = text
        self.clause = clause
        self.start = start
        self.places = places
        self.history, self.kind, offset = _run(text, start)
        self.offset = len(text.rstrip()) if offset is None else offset
        match = _LEXEME.match(text, self.offset) if offset is not None else None
        self.found = match.group() if match else ""
        self.end = self.offset + len(self.found)
        self.opened = _open_brackets(self.history)

    @cached_property
    def accepted(self) -> frozenset[str]:
        """The terminals with which the text could go on."""
        return _accepted(self.text, self.start, len(self.history))

    @property
    def previous(self) -> Token | None:
        """The last token that was read."""
        return self.history[-1] if self.history else None

    def previous_kinds(self, count: int) -> tuple[str, ...]:
        """The kinds of the last tokens, oldest first."""
        return tuple(token.type for token in self.history[-count:])

    @property
    def at_end(self) -> bool:
        """Whether the text ended too early."""
        return not self.found

    @property
    def first_in_line(self) -> bool:
        """Whether nothing but blanks stands before ``found`` in its line."""
        line_start = self.text.rfind("\n", 0, self.offset) + 1
        return not self.text[line_start : self.offset].strip()

    def rest_of_line(self) -> str:
        """The text from ``offset`` to the line's end."""
        end = self.text.find("\n", self.offset)
        return self.text[self.offset : end if end >= 0 else len(self.text)]

    def span(self, start: int | None = None, end: int | None = None) -> Span:
        """A place, by default that of ``found``; at the end of the text the place just behind its last character."""
        first = self.offset if start is None else start
        last = (self.end if self.found else self.offset + 1) if end is None else end
        return self.places.span(first, last) if self.found or end is not None else self._end_span()

    def _end_span(self) -> Span:
        if self.offset == 0:
            return self.places.span(0, 0)
        last = self.places.span(self.offset - 1, self.offset)
        return Span(last.file, last.end_line, last.end_column, last.end_line, last.end_column + 1)

    def token_span(self, token: Token) -> Span:
        """The place of a token that was read."""
        return self.places.span(token.start_pos or 0, token.end_pos or 0)

    def since(self, kind: str) -> list[Token]:
        """The tokens after the last one of this kind; all if there is none."""
        for index in range(len(self.history) - 1, -1, -1):
            if self.history[index].type == kind:
                return self.history[index + 1 :]
        return self.history

    def problem(
        self,
        code: str,
        message: str,
        hint: str | None = None,
        span: Span | None = None,
        related: tuple[tuple[Span, str], ...] = (),
        correction: tuple[int, int, str] | None = None,
    ) -> Problem:
        """The problem at ``span``, by default at ``found``."""
        diagnostic = Diagnostic(code, message, span or self.span(), hint, related=related)
        return Problem(diagnostic, self.offset, correction)

    def instead(self, text: str, start: int | None = None) -> tuple[int, int, str]:
        """The correction that writes ``text`` for ``found``, or for what stands from ``start`` to its end."""
        return (self.offset if start is None else start, self.end, text)

    @cached_property
    def clause_tokens(self) -> list[Token]:
        """The tokens of ``history`` with which a clause of a rule begins."""
        return _clause_tokens(self.text, self.start, len(self.history))


def _run(text: str, start: str) -> tuple[list[Token], str, int | None]:
    """What was read, the kind of the token that could not be used, and its offset (null at the end of the text)."""
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    interactive = grammar_parser().parse_interactive(text, start=start)
    history: list[Token] = []
    try:
        for token in interactive.iter_parse():
            history.append(token)  # noqa: PERF402  the list must hold what came before the exception
        interactive.feed_eof()  # type: ignore[no-untyped-call]
    except UnexpectedCharacters as error:
        return history, "", error.pos_in_stream
    except UnexpectedToken as error:
        if history and history[-1] is error.token:
            history.pop()
        if error.token.type == "$END":
            return history, "$END", None
        return history, error.token.type, error.token.start_pos
    raise AssertionError("the text parses after all")


def _accepted(text: str, start: str, count: int) -> frozenset[str]:
    # A failed token may have made the parser reduce before it noticed, so the state is built anew.
    interactive = grammar_parser().parse_interactive(text, start=start)
    tokens = interactive.lexer_thread.lex(interactive.parser_state)  # type: ignore[no-untyped-call]
    for _ in range(count):
        interactive.feed_token(next(tokens))
    return frozenset(interactive.accepts())  # type: ignore[no-untyped-call]


def _clause_tokens(text: str, start: str, count: int) -> list[Token]:
    interactive = grammar_parser().parse_interactive(text, start=start)
    without_building = copy(interactive.parser_state.parse_conf)
    without_building.callbacks = {}
    tokens = interactive.lexer_thread.lex(interactive.parser_state)  # type: ignore[no-untyped-call]
    found: list[Token] = []
    for _ in range(count):
        token = next(tokens)
        if token.type in CLAUSE_TERMINALS and _begins_clause(interactive, without_building):
            found.append(token)
        interactive.feed_token(token)
    return found


def _begins_clause(interactive: InteractiveParser, without_building: Any) -> bool:
    """Whether a clause may begin here: ``severity`` stands nowhere else."""
    from lark import Token
    from lark.exceptions import UnexpectedToken

    cursor = interactive.copy(deepcopy_values=False)  # type: ignore[no-untyped-call]
    cursor.parser_state.parse_conf = without_building
    try:
        cursor.feed_token(Token("_SEVERITY", "severity"))
    except UnexpectedToken:
        return False
    return True


def _open_brackets(history: list[Token]) -> list[Token]:
    opened: list[Token] = []
    for token in history:
        if token.type in OPENING:
            opened.append(token)
        elif token.type in CLOSING and opened:
            opened.pop()
    return opened

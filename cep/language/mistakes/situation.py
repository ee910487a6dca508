"""Where the parser stopped, and what it had read. Language layer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cep.diagnostics import Diagnostic, Span
from cep.language.reader.grammar import grammar_parser
from cep.language.reader.places import Places

if TYPE_CHECKING:
    from lark import Token

OPENING = {"_LPAR": "_RPAR", "_LBRACKET": "_RBRACKET", "_LBRACE": "_RBRACE"}
CLOSING = frozenset(OPENING.values())
SIGN = {"_LPAR": "(", "_RPAR": ")", "_LBRACKET": "[", "_RBRACKET": "]", "_LBRACE": "{", "_RBRACE": "}"}

_LEXEME = re.compile(
    r"""[^\W\d]\w*|@\w+|\d[\w.]*|`[^`\n]*`?|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?"""
    r"""|->|=>|===?|<>|!==?|<=|>=|&&|\|\||\?\?|\*\*|:=|--|//|/\*|.""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One syntax error and the offset at which the parser stopped."""

    diagnostic: Diagnostic
    offset: int


class Situation:
    """Where the parser stopped: what it had read (``history``), and the text that it could not use (``found``).

    ``offset`` and ``end`` enclose ``found``, which is empty at the end of the text. ``opened`` are the brackets that
    are open there. ``accepted`` are the terminals that could have stood there.
    """

    def __init__(self, text: str, start: str, places: Places) -> None:
        self.text = text
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
    ) -> Problem:
        """The problem at ``span``, by default at ``found``."""
        diagnostic = Diagnostic(code, message, span or self.span(), hint, related=related)
        return Problem(diagnostic, self.offset)


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


def _open_brackets(history: list[Token]) -> list[Token]:
    opened: list[Token] = []
    for token in history:
        if token.type in OPENING:
            opened.append(token)
        elif token.type in CLOSING and opened:
            opened.pop()
    return opened

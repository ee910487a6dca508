"""The text of rules with all its words, signs and comments. Language layer.

The reader's tree leaves out keywords, signs and comments; here they are kept, so that a text can be laid out anew from
the author's own spellings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from cep.packaged import grammar_path

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

    Built = Tree[Token]

_COMMENT = re.compile(r"#[^\n]*")


@dataclass(slots=True)
class Note:
    """A comment. ``own_line`` if nothing stands before it on its line, ``blank_before`` if an empty line does, and
    ``column`` where it begins, from 0."""

    text: str
    own_line: bool
    blank_before: bool = False
    column: int = 0


@dataclass(slots=True)
class Trivia:
    """What stands around a token: the comments before it, the comments behind it on its line, and whether an empty
    line, or a line break, stands before it."""

    before: list[Note] = field(default_factory=list)
    behind: list[Note] = field(default_factory=list)
    blank_before: bool = False
    on_new_line: bool = False


@dataclass(slots=True)
class Written:
    """A text with everything in it: ``trivia`` by token (``Token.start_pos``), and the comments ``at_end``."""

    tree: Built
    trivia: dict[int, Trivia]
    at_end: list[Note]

    def around(self, token: Token) -> Trivia:
        """What stands around a token."""
        assert token.start_pos is not None
        return self.trivia[token.start_pos]


@cache
def _parser() -> Lark:
    from lark import Lark

    text = grammar_path().read_text(encoding="utf-8")
    return Lark(
        text,
        parser="lalr",
        lexer="contextual",
        start=["file", *re.findall(r"^(\w+_entry):", text, re.MULTILINE)],
        maybe_placeholders=False,
        keep_all_tokens=True,
    )


def read_written(text: str, start: str = "file") -> Written:
    """The text, which must have been read without an error before. ``start`` is an entry point of the grammar."""
    tree = _parser().parse(text, start=start)
    trivia: dict[int, Trivia] = {}
    position = 0
    last: Trivia | None = None
    for token in tokens_of(tree):
        assert token.start_pos is not None
        assert token.end_pos is not None
        trivia[token.start_pos] = last = _gap(text, position, token.start_pos, last)
        position = token.end_pos
    at_end = _gap(text, position, len(text), last)
    return Written(tree, trivia, at_end.before)


def _gap(text: str, start: int, end: int, last: Trivia | None) -> Trivia:
    """What stands before a token; comments on the line of the token before go to that."""
    found = Trivia()
    gap = text[start:end]
    position = 0
    for match in _COMMENT.finditer(gap):
        before = gap[position : match.start()]
        own_line = "\n" in before or (position == 0 and (last is None or start == 0))
        column = start + match.start() - (text.rfind("\n", 0, start + match.start()) + 1)
        note = Note(match.group().rstrip(), own_line, before.count("\n") > 1, column)
        if own_line or last is None:
            found.before.append(note)
        else:
            last.behind.append(note)
        position = match.end()
    rest = gap[position:]
    found.blank_before = rest.count("\n") > 1
    found.on_new_line = "\n" in gap
    return found


def tokens_of(node: Built | Token) -> list[Token]:
    """The tokens of a tree, in their order. Walks without recursion."""
    from lark import Tree

    found: list[Token] = []
    stack: list[Built | Token] = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, Tree):
            stack.extend(reversed(top.children))
        else:
            found.append(top)
    return found


def first_token(node: Built | Token) -> Token:
    """The first token of a tree that has one."""
    from lark import Tree

    while isinstance(node, Tree):
        node = next(child for child in node.children if not isinstance(child, Tree) or child.children)
    return node


def last_token(node: Built | Token) -> Token:
    """The last token of a tree that has one."""
    from lark import Tree

    while isinstance(node, Tree):
        node = next(child for child in reversed(node.children) if not isinstance(child, Tree) or child.children)
    return node


def comments_of(text: str) -> list[str]:
    """The words of all comments of a rule file, sorted. Comments that share a line are not told apart."""
    written = read_written(text)
    notes = [*written.at_end]
    for around in written.trivia.values():
        notes += [*around.before, *around.behind]
    return sorted(word for note in notes for word in note.text.replace("#", " ").split())

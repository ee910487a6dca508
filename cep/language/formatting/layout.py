"""Expressions, patterns and the parts of clauses as documents whose lines can be broken. Language layer.

Words and signs stay as the author wrote them, but for the blanks between them, and texts stand in double quotes where
that needs no escapes. Where the author broke a chain of ``and``, ``or`` or ``then``, or behind an opening bracket, it
stays broken.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cep.language.formatting.concrete import Trivia, Written, first_token, last_token, tokens_of
from cep.language.formatting.document import Brackets, Comment, Concat, Doc, Group, Item, Line, Text, joined
from cep.language.words import word_set

if TYPE_CHECKING:
    from lark import Token, Tree

    Built = Tree[Token]
    Node = Tree[Token] | Token

_TIGHT = word_set(
    """call member index path path_part phrase_arguments braces_exact braces_open braces_range plus star_loop maybe
    negative type_arguments event_data"""
)
"""Nodes whose parts stand together."""

_BRACKETED = word_set(
    """arguments emitted_fields list_literal map_literal members parameters table_row type_arguments atom group
    any_event"""
)
"""Nodes that hold what stands in brackets, perhaps with a word before them."""

_ONE_ITEM = word_set("atom group any_event")
_NO_LAST_COMMA = word_set("type_arguments key_by_type")
_CHAINS = word_set("or_ and_ either both sequence input alternatives source if_else")
_BREAK_BEFORE = word_set("_OR _AND _JOIN _LEFT_JOIN _LOOKUP _THEN _ELSE")
_CHAIN_PARTS = word_set("link join left_join lookup")
_LEFT_CHAINS = word_set("or_ and_ binary")
_NEVER_BEFORE = word_set("_COMMA _RPAR _RBRACKET _RBRACE _COLON QUESTION")
_NEVER_BEHIND = word_set("_LPAR _LBRACKET _LBRACE")


def token_text(token: Token) -> str:
    """A word or sign as it is written: single blanks in it, and a text in double quotes if that needs no escapes."""
    text = str(token)
    if token.type == "STRING":
        body = text[1:-1]
        if text[0] == "'" and '"' not in body and "\\" not in body:
            return f'"{body}"'
        return text
    if token.type in ("REGEX", "QUOTED", "FIELD"):
        return text
    return re.sub(r"\s+", " ", text)


def is_tree(node: Node) -> bool:
    """Whether it is a tree and not a token."""
    return hasattr(node, "children")


def data_of(node: Node) -> str:
    """The rule of the grammar that a tree was read by; of a token its type."""
    return str(getattr(node, "data", None) or getattr(node, "type", ""))


class Layout:
    """Makes documents of one text's trees."""

    def __init__(self, written: Written) -> None:
        self._written = written

    def around(self, token: Token) -> Trivia:
        """What stands around a token."""
        return self._written.around(token)

    def doc(self, node: Node) -> Doc:
        """The document of a tree or a token, with the comments in it."""
        if not is_tree(node):
            return self._token(node)  # type: ignore[arg-type]
        data, children = data_of(node), self._children(node)
        if data in _BRACKETED:
            return self._bracketed(data, children)
        if data in _CHAINS:
            return self.chain(node)
        if data == "key_by_type":
            at = next(index for index, child in enumerate(children) if data_of(child) == "_LPAR")
            end = next(index for index, child in enumerate(children) if data_of(child) == "_RPAR") + 1
            name = joined(map(self.doc, children[:at]))
            optional = [self.doc(child) for child in children[end:]]
            return Concat([name, Text(" "), self._bracketed(data, children[at:end]), *optional])
        if data == "event_data" and len(children) > 1:
            return Concat([self.doc(children[0]), self._bracketed(data, children[1:])])
        if data in _TIGHT or (data == "at_least" and data_of(children[-1]) == "PLUS"):
            return Concat(map(self.doc, children))
        return self.row(children)

    def _children(self, node: Node) -> list[Node]:
        """The parts; operators that associate to the left are on one level."""
        children: list[Node] = list(node.children)  # type: ignore[union-attr]
        if data_of(node) not in _LEFT_CHAINS:
            return children
        while is_tree(children[0]) and data_of(children[0]) == data_of(node):
            children[:1] = children[0].children  # type: ignore[union-attr]
        return children

    # ---- tokens ----

    def _token(self, token: Token) -> Doc:
        around = self.around(token)
        parts: list[Doc] = [Comment(note.text, True) for note in around.before]
        parts.append(Text(token_text(token)))
        parts += [Comment(note.text, False) for note in around.behind]
        return parts[0] if len(parts) == 1 else Concat(parts)

    def take_behind(self, token: Token) -> list[Comment]:
        """The comments behind a token, which are then no more there."""
        around = self.around(token)
        taken = [Comment(note.text, False) for note in around.behind]
        around.behind = []
        return taken

    # ---- what stands on one line ----

    def row(self, children: list[Node]) -> Doc:
        """Parts with blanks between them, but none before what closes and behind what opens."""
        parts: list[Doc] = []
        previous: Node | None = None
        for child in children:
            if previous is not None and self._blank_between(previous, child):
                parts.append(Text(" "))
            parts.append(self.doc(child))
            previous = child
        return parts[0] if len(parts) == 1 else Concat(parts)

    @staticmethod
    def _blank_between(previous: Node, node: Node) -> bool:
        if is_tree(node) and not node.children:  # type: ignore[union-attr]
            return False
        data = data_of(node)
        if data in ("arguments", "emitted_fields", "parameters"):
            return False
        if data == "type_arguments" or data_of(previous) in _NEVER_BEHIND:
            return False
        if data in ("braces_exact", "braces_open", "braces_range", "plus", "star_loop", "maybe", "maybe_reluctant"):
            return False
        return data not in _NEVER_BEFORE

    # ---- brackets ----

    def _bracketed(self, data: str, children: list[Node]) -> Doc:
        start = next(index for index, child in enumerate(children) if data_of(child) in (*_NEVER_BEHIND, "LESS"))
        before, opening, close = children[:start], children[start], children[-1]
        inner = children[start + 1 : -1]
        commented = data in _ONE_ITEM and any(has_comments(self._written, child) for child in inner)
        head: list[Doc] = [*map(self.doc, before), self.doc(opening)]
        opened = head[0] if len(head) == 1 else Concat(head)
        closing = [Comment(note.text, True) for note in self.around(close).before]  # type: ignore[arg-type]
        self.around(close).before = []  # type: ignore[arg-type]
        vertical = self._broken_behind(opening, children[start + 1])
        if data not in _ONE_ITEM:
            items, comments = self._items(inner)
            made = [Item(self.doc(item), behind) for item, behind in zip(items, comments, strict=True)]
        elif inner and not (closing or vertical or commented):
            return Concat([opened, Group(self.row(inner), indent=None), self.doc(close)])
        else:
            made = [Item(self.row(inner))] if inner else []
        last_comma = data not in _NO_LAST_COMMA and data not in _ONE_ITEM
        return Brackets(opened, made, self.doc(close), vertical=vertical, last_comma=last_comma, closing=closing)

    def _broken_behind(self, opening: Node, following: Node) -> bool:
        return self.around(first_token(following)).on_new_line and data_of(following) not in _NEVER_BEFORE

    def _items(self, children: list[Node]) -> tuple[list[Node], list[list[Comment]]]:
        """What stands between the commas, and the comments behind each."""
        items: list[Node] = []
        comments: list[list[Comment]] = []
        for child in children:
            if data_of(child) != "_COMMA":
                items.append(child)
                comments.append(self.take_behind(last_token(child)))
            elif comments:
                around = self.around(child)  # type: ignore[arg-type]
                comments[-1] += [Comment(note.text, True) for note in around.before]
                around.before = []
                comments[-1] += self.take_behind(child)  # type: ignore[arg-type]
        return items, comments

    # ---- chains ----

    def chain(self, node: Node, indent: int | None = None) -> Doc:
        """Operands, each on a line of its own where they do not fit on one or the author broke them; indented by
        ``indent``, or lined up with the first."""
        data, children = data_of(node), self._children(node)
        if data not in _CHAINS:
            return self.doc(node)
        parts: list[Doc] = []
        broken = False
        previous: Node | None = None
        for child in children:
            kind = data_of(child)
            starts = previous is not None and (kind in _BREAK_BEFORE or kind in _CHAIN_PARTS)
            if starts:
                token = first_token(child)
                broken = broken or (self.around(token).on_new_line and data != "if_else")
                parts.append(Line())
            elif previous is not None:
                parts.append(Text(" "))
                if data_of(previous) in _BREAK_BEFORE:
                    broken = broken or (self.around(first_token(child)).on_new_line and data != "if_else")
            parts.append(self.doc(child))
            previous = child
        if len(parts) == 1:
            return parts[0]
        return Group(Concat(parts), indent=indent, broken=broken)


def has_comments(written: Written, node: Node) -> bool:
    """Whether a comment stands in it, or right before or behind it."""
    return any(written.around(token).before or written.around(token).behind for token in tokens_of(node))

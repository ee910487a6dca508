"""The parser made from ``grammar/cep.lark``. Language layer; the only module that builds one.

Lark is imported and the tables are built at the first use and kept for the life of the process (about 0.3 s
together). Nothing is kept on disk: Lark's own cache is a pickle in a folder that others may write to.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from cep.packaged import grammar_path

if TYPE_CHECKING:
    from lark import Lark


@cache
def grammar_parser() -> Lark:
    """The parser, with one entry point for whole files and one for each kind of fragment (``…_entry``)."""
    from lark import Lark

    text = grammar_path().read_text(encoding="utf-8")
    entries = re.findall(r"^(\w+_entry):", text, re.MULTILINE)
    parser = Lark(
        text,
        parser="lalr",
        lexer="contextual",
        start=["file", *entries],
        propagate_positions=True,
        maybe_placeholders=False,
    )
    _note_offsets_only(parser)
    return parser


def _note_offsets_only(parser: Lark) -> None:
    """Let trees note where they begin and end as offsets, in place of all that Lark notes: a quarter of the time.

    Nothing here reads the rest: lines and columns come from the offsets. Where this version of Lark is built
    otherwise, all stays as it is.
    """
    from lark import Token, Tree
    from lark.parse_tree_builder import PropagatePositions

    def noting(build: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
        def note(children: list[Any]) -> Any:
            tree = build(children)
            if tree.__class__ is not Tree:
                return tree
            own = tree.meta.__dict__
            for child in children:
                if child.__class__ is Token:
                    own["container_start_pos"] = child.start_pos
                elif child.__class__ is Tree and not child.meta.empty:
                    own["container_start_pos"] = child.meta.__dict__["container_start_pos"]
                else:
                    continue
                own.setdefault("start_pos", own["container_start_pos"])
                break
            for child in reversed(children):
                if child.__class__ is Token:
                    own["container_end_pos"] = child.end_pos
                elif child.__class__ is Tree and not child.meta.empty:
                    own["container_end_pos"] = child.meta.__dict__["container_end_pos"]
                else:
                    continue
                own.setdefault("end_pos", own["container_end_pos"])
                own["empty"] = False
                break
            return tree

        return note

    callbacks: dict[Any, Any] = getattr(parser, "_callbacks", {})
    for rule, callback in callbacks.items():
        if callback.__class__ is PropagatePositions and callback.node_filter is None:
            callbacks[rule] = noting(callback.node_builder)

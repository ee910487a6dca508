"""The parser made from ``grammar/cep.lark``. Language layer; the only module that builds one.

Lark is imported and the tables are built at the first use and kept for the life of the process (about 0.3 s
together). Nothing is kept on disk: Lark's own cache is a pickle in a folder that others may write to.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from cep.packaged import grammar_path

if TYPE_CHECKING:
    from lark import Lark


@cache
def grammar_parser() -> Lark:
    """The parser, with one entry point for whole files and one for each kind of fragment (``…_entry``)."""
    from lark import Lark

    text = grammar_path().read_text(encoding="utf-8")
    entries = re.findall(r"^(\w+_entry):", text, re.MULTILINE)
    return Lark(
        text,
        parser="lalr",
        lexer="contextual",
        start=["file", *entries],
        propagate_positions=True,
        maybe_placeholders=False,
    )

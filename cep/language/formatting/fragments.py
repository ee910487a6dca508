"""Fragments of the language, as they stand in the YAML form, laid out. Language layer."""

from __future__ import annotations

from cep.language.formatting.concrete import read_written
from cep.language.formatting.document import WIDTH, Concat, Doc, Text, lines_of, render
from cep.language.formatting.layout import Layout
from cep.language.formatting.yaml_text import Leaf

_MARGIN = 7
"""What stands before a pattern in the language, ``  when ``: what fits there on one line does so in YAML too."""


def fragment(text: str, entry: str) -> Leaf:
    """A fragment that was read without an error by an entry point of the grammar (without ``_entry``)."""
    written = read_written(text, f"{entry}_entry")
    layout = Layout(written)
    commented = bool(written.at_end) or any(around.before or around.behind for around in written.trivia.values())
    first, *rest = written.tree.children
    doc: Doc
    if entry in ("expression", "window_when", "input", "phrases", "pattern"):
        indent = None if entry == "pattern" else 2
        doc = Concat([layout.chain(first, indent), *(Concat([Text(" "), layout.row([each])]) for each in rest)])
    else:
        doc = layout.row([first, *rest])
    lines = [*lines_of(render(doc, 0, WIDTH - _MARGIN)), *(note.text for note in written.at_end)]
    return Leaf(lines, "fragment", literal=commented)

"""A picture as a Mermaid flowchart. Drawing layer.

Ids are ``n0``, ``n1``, …; names stand in quotes alone, where each character that Mermaid could take for more than
itself is written by its number (``#34;`` for a quote): no name ends the quotes, begins a directive, a link or a tag.
"""

from __future__ import annotations

from collections.abc import Iterator

from cep.diagnostics import visible
from cep.drawing.labels import label_of, wrapped
from cep.drawing.picture import Edge, Node, Picture, number_ids

_SHAPES = {
    "source": ("([", "])"),
    "sink": ("([", "])"),
    "event": ("(", ")"),
    "derived": ("(", ")"),
    "definition": ("{{", "}}"),
    "table": ("[(", ")]"),
    "start": ("((", "))"),
    "match": ("(((", ")))"),
}
_PLAIN = frozenset(" _.,")
_CLASSES = (
    ("event", "fill:#e3eefb,stroke:#5b8fc7,color:#1f2933"),
    ("derived", "fill:#e4f4e8,stroke:#4f9d69,color:#1f2933"),
    ("unread", "fill:#e4f4e8,stroke:#4f9d69,color:#1f2933,stroke-width:3px"),
    ("definition", "fill:#f1edfa,stroke:#8a72c4,color:#1f2933"),
    ("table", "fill:#fbf1dc,stroke:#c2943c,color:#1f2933"),
    ("terminal", "fill:#384654,stroke:#384654,color:#ffffff"),
    ("disabled", "stroke-dasharray:5 4"),
    ("low", "stroke:#4a90d9,stroke-width:2px"),
    ("medium", "stroke:#d9a01f,stroke-width:2px"),
    ("high", "stroke:#e0702a,stroke-width:2px"),
    ("critical", "stroke:#c9303e,stroke-width:3px"),
)
_CLASS_OF_KIND = {
    "event": "event", "derived": "derived", "definition": "definition", "table": "table", "source": "terminal",
    "sink": "terminal", "start": "terminal", "match": "terminal",
}  # fmt: skip


def mermaid(picture: Picture) -> str:
    """The text of the flowchart; it ends with a line break."""
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    ids = number_ids(picture.nodes)
    yield "flowchart LR"
    classes: dict[str, list[str]] = {}
    for node in picture.nodes:
        yield f"  {_node(ids[node.id], node)}"
        classes.setdefault(_class(node), []).append(ids[node.id])
    for edge in picture.edges:
        yield f"  {ids[edge.source]} {_arrow(edge)} {ids[edge.target]}"
    for name, looks in _CLASSES:
        if name in classes:
            yield f"  classDef {name} {looks}"
            yield f"  class {','.join(classes[name])} {name}"


def _node(number: str, node: Node) -> str:
    before, after = _SHAPES.get(node.kind, ("[", "]"))
    label = label_of(node.name, node.notes)
    lines = "<br/>".join(map(inert, (*label.name, *label.notes))) or " "
    return f'{number}{before}"{lines}"{after}'


def _arrow(edge: Edge) -> str:
    arrow = "-.->" if edge.dashed else "-->"
    if not edge.label.strip():  # empty quotes are no string to Mermaid
        return arrow
    lines = "<br/>".join(inert(line) for line in wrapped(edge.label, 24, 5))
    return f'{arrow}|"{lines}"|'


def _class(node: Node) -> str:
    for mark in ("disabled", "unread"):
        if mark in node.marks:
            return mark
    return _CLASS_OF_KIND.get(node.kind) or node.severity or "plain"


def inert(text: str) -> str:
    """Text inside quotes: letters, digits, blanks and little else stand for themselves.

    A backslash before an `n` would become a line break, even written by its number; a blank without width parts them.
    """
    return "".join(
        character if character.isalnum() or character in _PLAIN else f"#{ord(character)};"
        for character in visible(text).replace("\\n", "\\\u200bn")
    )

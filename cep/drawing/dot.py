"""A picture as DOT, the language of Graphviz. Drawing layer.

Ids are ``n0``, ``n1``, …; names stand in quoted strings alone. There a backslash would begin an escape such as ``\\N``,
and an ampersand an entity, so both are written out.
"""

from __future__ import annotations

from collections.abc import Iterator

from cep.diagnostics import visible
from cep.drawing.labels import label_of, wrapped
from cep.drawing.picture import KIND_NAMES, Node, Picture, number_ids

_LOOKS = {
    "event": 'style="rounded,filled" fillcolor="#e3eefb" color="#5b8fc7"',
    "derived": 'style="rounded,filled" fillcolor="#e4f4e8" color="#4f9d69"',
    "definition": 'shape=hexagon style=filled fillcolor="#f1edfa" color="#8a72c4"',
    "table": 'shape=cylinder style=filled fillcolor="#fbf1dc" color="#c2943c"',
    "source": 'style="rounded,filled" fillcolor="#384654" color="#384654" fontcolor="#ffffff"',
    "sink": 'style="rounded,filled" fillcolor="#384654" color="#384654" fontcolor="#ffffff"',
    "start": 'shape=oval style=filled fillcolor="#384654" color="#384654" fontcolor="#ffffff"',
    "match": 'shape=oval peripheries=2 style=filled fillcolor="#384654" color="#384654" fontcolor="#ffffff"',
}
_SEVERITIES = {"low": "#4a90d9", "medium": "#d9a01f", "high": "#e0702a", "critical": "#c9303e"}


def dot(picture: Picture) -> str:
    """The text of the digraph; it ends with a line break."""
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    ids = number_ids(picture.nodes)
    yield "digraph cep {"
    yield "  rankdir=LR"
    yield '  node [shape=box fontname="Helvetica" fontsize=12 color="#8795a3"]'
    yield '  edge [fontname="Helvetica" fontsize=10 color="#9aa7b4"]'
    for node in picture.nodes:
        label = label_of(node.name, node.notes)
        looks = " ".join(filter(None, (_LOOKS.get(node.kind), _severity(node), _marks(node))))
        tip = quoted(f"{KIND_NAMES[node.kind]} {visible(node.name)}")
        text = _in_lines((*label.name, *label.notes))
        yield f"  {ids[node.id]} [label={text} tooltip={tip}{f' {looks}' if looks else ''}]"
    for edge in picture.edges:
        attributes = [f"label={_in_lines(tuple(wrapped(edge.label, 24, 5)))}"] if edge.label else []
        attributes += ["style=dashed"] if edge.dashed else []
        given = f" [{' '.join(attributes)}]" if attributes else ""
        yield f"  {ids[edge.source]} -> {ids[edge.target]}{given}"
    yield "}"


def _severity(node: Node) -> str:
    color = _SEVERITIES.get(node.severity or "")
    return f'color="{color}" penwidth=2' if color and node.kind == "rule" else ""


def _marks(node: Node) -> str:
    if "disabled" in node.marks:
        return "style=dashed"
    return "penwidth=2.5" if "unread" in node.marks else ""


def _in_lines(lines: tuple[str, ...]) -> str:
    """A quoted string of several lines."""
    return quoted("\n".join(lines)).replace("\n", "\\n")


def quoted(text: str) -> str:
    """A quoted string; line breaks stay."""
    lines = (visible(line) for line in text.split("\n"))
    escaped = "\n".join(lines).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

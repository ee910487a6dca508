"""A picture as SVG: one file without anything from elsewhere, readable on light and dark paper. Drawing layer.

Names are text between tags and nothing else: escaped, with control characters and such that turn the reading direction
made visible, so that no name becomes a tag, an attribute or a style. Each node is a group with a title of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from xml.sax.saxutils import escape

from cep.diagnostics import visible
from cep.drawing.labels import NAME_LINE, NOTE_LINE, NOTE_SIZE, Label, label_of, text_width, wrapped
from cep.drawing.layout import Box, Layout, Line, Point, layout, leading_back
from cep.drawing.picture import KIND_NAMES, SEVERITIES, Edge, Node, Picture, number_ids

_MARGIN = 20.0
_PAD_X, _PAD_Y = 14.0, 9.0
_BAR = 6.0
_LABEL_CHARACTERS, _LABEL_LINES = 24, 5
_EDGE_LINE = 13.5
_RADIUS = {"event": 9.0, "derived": 9.0, "rule": 4.0, "step": 4.0, "stage": 4.0, "table": 2.0}
_LOOP = 22.0
"""How far the arc of an edge from a node to itself rises above it."""


def style() -> str:
    """The style sheet of all pictures."""
    return (files("cep.drawing") / "picture.css").read_text("utf-8")


def svg(picture: Picture, prefix: str = "g", standalone: bool = True) -> str:
    """The picture; ``prefix`` begins all ids, so that several may stand in one page.

    Args:
        picture: what to draw.
        prefix: letters.
        standalone: with the style sheet and the namespace of a file of its own.
    """
    return _Drawing(picture, prefix).text(standalone)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A node with its label and its place: the centre, width and height."""

    node: Node
    label: Label
    x: float
    y: float
    width: float
    height: float

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2

    @property
    def left(self) -> float:
        return self.x - self.width / 2


class _Drawing:
    def __init__(self, picture: Picture, prefix: str) -> None:
        self._picture = picture
        self._prefix = prefix
        self._ids = number_ids(picture.nodes)
        labels = {node.id: label_of(node.name, node.notes) for node in picture.nodes}
        self._edge_labels = [_label_lines(edge) for edge in picture.edges]
        sizes = {name: (label.width + 2 * _PAD_X + _BAR, label.height + 2 * _PAD_Y) for name, label in labels.items()}
        pairs = [(edge.source, edge.target) for edge in picture.edges]
        self._backs = leading_back([node.id for node in picture.nodes], pairs)
        self._halves: dict[int, tuple[int, ...]] = {}
        self._layout = self._laid_out(sizes)
        self._placed: Mapping[str, _Placed] = {
            node.id: _Placed(node, labels[node.id], *self._layout.centres[node.id], *sizes[node.id])
            for node in picture.nodes
        }
        self._below = 0.0

    def _laid_out(self, sizes: Mapping[str, tuple[float, float]]) -> Layout:
        """A label takes a place of its own, with an edge to it and one from it, so that no two labels meet."""
        edges = self._picture.edges
        arcs = {edge.source: 2 * (_LOOP + self._label_height(n)) for n, edge in enumerate(edges) if _is_loop(edge)}
        boxes = [Box(name, width, height + arcs.get(name, 0.0)) for name, (width, height) in sizes.items()]
        lines: list[Line] = []
        for number, edge in enumerate(edges):
            if number in self._backs:
                continue
            stops = [edge.source, edge.target]
            if self._edge_labels[number]:
                boxes.append(Box(_label_id(number), self._label_width(number), self._label_height(number)))
                stops.insert(1, _label_id(number))
            self._halves[number] = tuple(range(len(lines), len(lines) + len(stops) - 1))
            lines += [Line(a, b) for a, b in pairwise(stops)]
        return layout(boxes, lines)

    def _label_width(self, number: int) -> float:
        return max((text_width(line, NOTE_SIZE) for line in self._edge_labels[number]), default=0.0)

    def _label_height(self, number: int) -> float:
        return len(self._edge_labels[number]) * _EDGE_LINE

    def text(self, standalone: bool) -> str:
        edges = [line for number, edge in enumerate(self._picture.edges) for line in self._edge(number, edge)]
        nodes = [line for placed in self._placed.values() for line in self._node(placed)]
        width = self._layout.width + 2 * _MARGIN
        height = max(self._layout.height, self._below) + 2 * _MARGIN
        p = self._prefix
        name_space = ' xmlns="http://www.w3.org/2000/svg"' if standalone else ""
        role = "img" if standalone else "group"
        head = [
            f'<svg{name_space} class="cep" role="{role}" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" aria-labelledby="{p}-title {p}-summary">',
            f'<title id="{p}-title">{_text(self._picture.title)}</title>',
            f'<desc id="{p}-summary">{_text(self._picture.summary)}</desc>',
            *([f"<style>{style()}</style>"] if standalone else []),
            f'<defs><marker id="{p}-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            'orient="auto"><path class="head" d="M0 0.8L8 4L0 7.2z"/></marker></defs>',
            f'<rect class="paper" width="{width:.0f}" height="{height:.0f}"/>',
            f'<g transform="translate({_MARGIN:.0f} {_MARGIN:.0f})">',
        ]
        return "\n".join([*head, *edges, *nodes, "</g>", "</svg>"]) + "\n"

    # ---- edges ----

    def _edge(self, number: int, edge: Edge) -> Iterator[str]:
        if number not in self._backs:
            path = _curve([point for half in self._halves[number] for point in self._layout.ways[half]])
            middle = self._layout.centres.get(_label_id(number), (0.0, 0.0))
        elif _is_loop(edge):
            path, middle = self._loop(self._placed[edge.source], number)
        else:
            path, middle = self._arc(self._placed[edge.source], self._placed[edge.target], number)
        dashed = " dashed" if edge.dashed else ""
        ends = f'data-from="{self._ids[edge.source]}" data-to="{self._ids[edge.target]}"'
        yield f'<g class="edge{dashed}" {ends}><path d="{path}" marker-end="url(#{self._prefix}-head)"/>'
        lines = self._edge_labels[number]
        if lines:
            yield self._behind_label(number, middle)
        first = middle[1] - (len(lines) - 1) * _EDGE_LINE / 2 + NOTE_SIZE * 0.35
        yield from (
            f'<text x="{middle[0]:.1f}" y="{first + row * _EDGE_LINE:.1f}" text-anchor="middle">{_text(line)}</text>'
            for row, line in enumerate(lines)
        )
        yield "</g>"

    def _behind_label(self, number: int, middle: Point) -> str:
        """Paper, so that no line runs through the letters."""
        width, height = self._label_width(number) + 6, self._label_height(number)
        at = f'x="{middle[0] - width / 2:.1f}" y="{middle[1] - height / 2:.1f}"'
        return f'<rect class="paper" {at} width="{width:.1f}" height="{height:.1f}"/>'

    def _loop(self, placed: _Placed, number: int) -> tuple[str, Point]:
        reach = min(placed.width / 4, 26.0)
        left, right, top = placed.x - reach, placed.x + reach, placed.top
        path = f"M{right:.1f} {top:.1f}C{right + 8:.1f} {top - _LOOP - 8:.1f} "
        path += f"{left - 8:.1f} {top - _LOOP - 8:.1f} {left:.1f} {top:.1f}"
        return path, (placed.x, top - _LOOP - self._label_height(number) / 2)

    def _arc(self, source: _Placed, target: _Placed, number: int) -> tuple[str, Point]:
        """Below everything that is already there."""
        depth = max(self._layout.height, self._below) + 14
        self._below = depth + self._label_height(number) + 6
        a, b, y = source.x, target.x, depth
        path = f"M{a:.1f} {source.bottom:.1f}C{a:.1f} {y:.1f} {a:.1f} {y:.1f} {(a + b) / 2:.1f} {y:.1f}"
        path += f"S{b:.1f} {y:.1f} {b:.1f} {target.bottom:.1f}"
        return path, ((a + b) / 2, y + self._label_height(number) / 2 + 4)

    # ---- nodes ----

    def _node(self, placed: _Placed) -> Iterator[str]:
        node = placed.node
        severity = node.severity if node.severity in SEVERITIES else None
        classes = " ".join(["node", node.kind, *sorted(node.marks), *([severity] if severity else [])])
        number = self._ids[node.id]
        yield f'<g class="{classes}" id="{self._prefix}-{number}" data-node="{number}">'
        yield f"<title>{_text(_title(node))}</title>"
        yield self._shape(placed)
        yield from self._lines(placed)
        yield "</g>"

    def _shape(self, placed: _Placed) -> str:
        radius = min(_RADIUS.get(placed.node.kind, placed.height), placed.height / 2)
        at = f'x="{placed.left:.1f}" y="{placed.top:.1f}" height="{placed.height:.1f}"'
        shape = f'<rect class="shape" {at} width="{placed.width:.1f}" rx="{radius:.1f}"/>'
        if placed.node.kind == "rule":
            shape += f'<rect class="bar" {at} width="{_BAR:.0f}" rx="2"/>'
        if placed.node.kind == "table":
            y = placed.top + 4
            shape += f'<path class="shape" d="M{placed.left:.1f} {y:.1f}h{placed.width:.1f}"/>'
        return shape

    def _lines(self, placed: _Placed) -> Iterator[str]:
        x = placed.x + (_BAR / 2 if placed.node.kind == "rule" else 0.0)
        y = placed.top + _PAD_Y
        for kind, lines, height in (("name", placed.label.name, NAME_LINE), ("note", placed.label.notes, NOTE_LINE)):
            for line in lines:
                y += height
                at = f'x="{x:.1f}" y="{y - height * 0.28:.1f}"'
                yield f'<text class="{kind}" {at} text-anchor="middle">{_text(line)}</text>'


def _label_lines(edge: Edge) -> list[str]:
    return wrapped(edge.label, _LABEL_CHARACTERS, _LABEL_LINES) if edge.label else []


def _label_id(number: int) -> str:
    """What the layout calls the label of an edge; no node is called so, since their ids begin with a word."""
    return f"#{number}"


def _is_loop(edge: Edge) -> bool:
    return edge.source == edge.target


def _title(node: Node) -> str:
    """What is told when the pointer rests on a node, and to those who do not see it."""
    severity = f", severity {node.severity}" if node.severity else ""
    marks = "".join(f", {mark}" for mark in sorted(node.marks))
    about = "".join(f"\n{visible(each)}" for each in node.about)
    return f"{KIND_NAMES[node.kind]} {visible(node.name)}{severity}{marks}{about}"


def _text(text: str) -> str:
    """Text between tags."""
    return escape("\n".join(visible(line) for line in text.split("\n")))


def _curve(points: Sequence[Point]) -> str:
    """Through all points, level at each."""
    (x, y), *rest = points
    path = f"M{x:.1f} {y:.1f}"
    for nx, ny in rest:
        if ny == y:
            path += f"H{nx:.1f}"
        else:
            half = (x + nx) / 2
            path += f"C{half:.1f} {y:.1f} {half:.1f} {ny:.1f} {nx:.1f} {ny:.1f}"
        x, y = nx, ny
    return path

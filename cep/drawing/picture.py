"""A picture before it has a form: nodes, edges, and what is told of them. Drawing layer.

Names are kept as they are written; each format makes them inert in its own way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal as OneOf

NodeKind = OneOf[
    "source", "event", "derived", "definition", "table", "rule", "sink", "start", "step", "match", "stage",
]  # fmt: skip

SEVERITIES = ("info", "low", "medium", "high", "critical")
"""Those that have a colour."""

KIND_NAMES: dict[str, str] = {
    "source": "source",
    "event": "event type",
    "derived": "derived event type",
    "definition": "definition",
    "table": "table",
    "rule": "rule",
    "sink": "sink",
    "start": "start",
    "step": "step",
    "match": "match",
    "stage": "stage",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A node. ``id`` is unique in its picture and is never shown; ``name`` is the label, ``notes`` are lines below it.

    ``about`` are paragraphs that say more (the doc, the English sentences), ``text`` is what the author wrote.
    ``marks`` change how it looks: ``unread``, ``disabled``, and a severity.
    """

    id: str
    kind: NodeKind
    name: str
    notes: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    text: str | None = None
    severity: str | None = None
    tags: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from one node to another. ``dashed``: on a time-out, or of what is disabled."""

    source: str
    target: str
    label: str = ""
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn. ``title`` names it, ``summary`` says in a sentence what is to be seen."""

    title: str
    summary: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    kind: OneOf["flow", "automaton"] = "flow"
    further: dict[str, Picture] = field(default_factory=dict, hash=False)
    """Pictures of single nodes, by their id: the automata of the rules."""


def number_ids(nodes: Iterable[Node]) -> dict[str, str]:
    """``n0``, ``n1``, … for the ids of nodes: what formats may use as identifiers whatever the names are."""
    return {node.id: f"n{number}" for number, node in enumerate(nodes)}

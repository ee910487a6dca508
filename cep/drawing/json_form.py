"""A picture as JSON, for programs: the names as they are written. Drawing layer."""

from __future__ import annotations

import json
from typing import Any

from cep.drawing.picture import Picture, number_ids


def picture_json(picture: Picture) -> str:
    """The nodes and the edges between them by number; it ends with a line break."""
    return json.dumps(picture_data(picture), ensure_ascii=False, indent=2) + "\n"


def picture_data(picture: Picture) -> dict[str, Any]:
    """The same as plain data. What a node does not have is left out."""
    ids = number_ids(picture.nodes)
    nodes = []
    for node in picture.nodes:
        further = {
            "notes": list(node.notes),
            "about": list(node.about),
            "text": node.text,
            "severity": node.severity,
            "tags": list(node.tags),
            "marks": sorted(node.marks),
            "place": node.place,
        }
        given = {name: value for name, value in further.items() if value}
        nodes.append({"id": ids[node.id], "kind": node.kind, "name": node.name, **given})
    edges = []
    for edge in picture.edges:
        shown: dict[str, Any] = {"from": ids[edge.source], "to": ids[edge.target]}
        shown |= {"label": edge.label} if edge.label else {}
        shown |= {"dashed": True} if edge.dashed else {}
        edges.append(shown)
    return {
        "kind": picture.kind,
        "title": picture.title,
        "summary": picture.summary,
        "nodes": nodes,
        "edges": edges,
    }

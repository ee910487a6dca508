"""The formats of pictures by name, and by the ending of a file. Drawing layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from cep.drawing.dot import dot
from cep.drawing.json_form import picture_json
from cep.drawing.mermaid import mermaid
from cep.drawing.page import html_page
from cep.drawing.picture import Picture
from cep.drawing.svg import svg

FORMATS: dict[str, Callable[[Picture], str]] = {
    "mermaid": mermaid,
    "dot": dot,
    "svg": svg,
    "html": html_page,
    "json": picture_json,
}

_ENDINGS = {
    ".mmd": "mermaid", ".mermaid": "mermaid", ".dot": "dot", ".gv": "dot", ".svg": "svg", ".html": "html",
    ".htm": "html", ".json": "json",
}  # fmt: skip


def format_of(file: str) -> str | None:
    """The format that the ending of a file's name asks for."""
    return _ENDINGS.get(PurePath(file).suffix.lower())

"""A picture as one HTML page that needs nothing else: no network, no other file. Drawing layer.

The page's policy allows one script, by its hash, and no request at all. What rules say stands in it as text between
tags, and once more as JSON in which nothing can end the element around it; the script puts it on the page as text.
"""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from importlib.resources import files
from typing import Any

from cep.diagnostics import visible
from cep.drawing.json_form import picture_data
from cep.drawing.picture import KIND_NAMES, SEVERITIES, Picture, number_ids
from cep.drawing.svg import style, svg

_LEGEND = ("event", "definition", "table", "rule", "derived")
_HINT = (
    "Rest the pointer on a node to see what leads to it and where it leads. Click it, or go to it with Tab and press "
    "Enter, to read about it here; Escape lets go."
)


def html_page(picture: Picture) -> str:
    """The page; it ends with a line break."""
    script = _file("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )
    ids = number_ids(picture.nodes)
    inside = [
        f'<template id="inside-{ids[number]}">\n{svg(further, f"i{ids[number]}", standalone=False)}</template>'
        for number, further in picture.further.items()
    ]
    title = escape(visible(picture.title))
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>",
        f"<style>\n{style()}{_file('page.css')}</style>",
        "</head>",
        "<body>",
        f"<header><h1>{title}</h1><p>{escape(visible(_short(picture)))}</p>",
        '<div class="tools"><span id="found" role="status"></span>',
        '<input id="search" type="search" placeholder="search" aria-label="search names and rules">',
        '<button type="button" id="smaller" aria-label="smaller">−</button>',
        '<button type="button" id="larger" aria-label="larger">+</button>',
        '<button type="button" id="fit">fit</button></div></header>',
        f'<main><div id="picture">\n{svg(picture, "p", standalone=False)}</div>',
        f'<aside aria-live="polite">{_about(picture)}<p>{escape(_HINT)}</p>{_legend(picture)}</aside></main>',
        *inside,
        f'<script type="application/json" id="data">{_data(picture)}</script>',
        f"<script>{script}</script>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def _file(name: str) -> str:
    return (files("cep.drawing") / name).read_text("utf-8")


def _short(picture: Picture) -> str:
    return picture.summary if picture.kind == "flow" else ""


def _about(picture: Picture) -> str:
    """The English sentences of a single rule."""
    return "" if picture.kind == "flow" else f"<p>{escape(visible(picture.summary))}</p>"


def _legend(picture: Picture) -> str:
    kinds = {node.kind for node in picture.nodes}
    items = [_key(kind, "shape", KIND_NAMES[kind]) for kind in _LEGEND if kind in kinds]
    if any("unread" in node.marks for node in picture.nodes):
        items.append(_key("derived unread", "shape", "no rule reads it"))
    severities = {node.severity for node in picture.nodes}
    items += [_key(name, "bar", name) for name in SEVERITIES if name in severities]
    return f'<ul class="legend">{"".join(items)}</ul>'


def _key(classes: str, part: str, meaning: str) -> str:
    """A line of the legend."""
    width = 20 if part == "shape" else 6
    rim = f'<g class="node {classes}"><rect class="{part}" x="1" y="1" width="{width}" height="12" rx="3"/></g>'
    return f'<li><svg class="cep" viewBox="0 0 22 14" aria-hidden="true">{rim}</svg>{meaning}</li>'


def _data(picture: Picture) -> str:
    """JSON in which no character can end a script element or begin a comment in one."""
    text = json.dumps(_made_visible(picture_data(picture)), ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _made_visible(value: Any) -> Any:
    """Plain data with :func:`visible` texts, line by line; kinds by their names."""
    if isinstance(value, str):
        return "\n".join(visible(line) for line in value.split("\n"))
    if isinstance(value, list):
        return [_made_visible(item) for item in value]
    if isinstance(value, dict):
        made = {name: _made_visible(item) for name, item in value.items()}
        return made | {"kind": KIND_NAMES.get(value["kind"], value["kind"])} if "kind" in value else made
    return value

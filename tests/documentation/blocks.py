"""Reads the fenced blocks of a page and runs them.

The first word after the fence is the language, the others say what is to hold:

==========================  ==========================================================================================
``cep``                     the rules load and are planned
``cep not-yet``             they check, and are refused with CEP490
``cep wrong CEP207``        they are refused with these codes, in this order
``cep pattern [not-yet]``   each line is a pattern; a rule is made of it
``cep true``                each line is a condition that holds
``events``, ``derived``     the block before, run: a line is ``TIME Name(field = value, …)`` as in a rule test; of derived
                            events the fields written are compared; ``nothing`` stands for none
``json events``             the same as JSON lines; they come from ``events.jsonl``
``csv events``              the same as rows of ``events.csv``
``csv table NAME``          the rows of a table of the rules before it, for the events that follow
``json derived``            the whole derived events, ids left out
``yaml``                    a rule file in its YAML form that loads; with ``same`` it derives what the block before derives
``python``, ``text output`` a program, and what it prints
==========================  ==========================================================================================
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cep
from cep.connectors import open_source
from cep.timestamps import SECOND_US, parse_time

ZERO_US = parse_time("2026-01-01T00:00:00Z")
_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>.*)$")
_ROW = re.compile(r"(?P<time>\S+)\s+(?P<type>\w+)(\((?P<fields>.*)\))?$")
_NAME = re.compile(r"\s*,?\s*(?P<name>[\w@]+|`[^`]+`)\s*=\s*")
_PART = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h|d)")
_UNITS = {"us": 1, "ms": 1_000, "s": SECOND_US, "m": 60 * SECOND_US, "h": 3_600 * SECOND_US, "d": 86_400 * SECOND_US}


@dataclass(frozen=True)
class Block:
    """A fenced block: where its text begins, the words behind the fence, and the text."""

    line: int
    words: tuple[str, ...]
    text: str

    @property
    def language(self) -> str:
        """The first word."""
        return self.words[0] if self.words else ""

    @property
    def name(self) -> str:
        """How a test is called."""
        return f"{self.line} {' '.join(self.words)}"


@dataclass(frozen=True)
class Row:
    """A line of an ``events`` or ``derived`` block; without a type time passes to it."""

    at_us: int
    type: str | None
    fields: dict[str, Any]


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page."""
    found: list[Block] = []
    opened: tuple[int, re.Match[str]] | None = None
    lines = page.read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        fence = _FENCE.match(line)
        if fence is None:
            continue
        if opened is None:
            opened = (number, fence)
            continue
        start, opening = opened
        indent = len(opening["indent"])
        text = "".join(each[indent:] + "\n" for each in lines[start + 1 : number])
        found.append(Block(start + 2, tuple(opening["info"].split()), text))
        opened = None
    assert opened is None, f"{page}: a block is not closed"
    return found


def scenes(page: Path, language: str) -> list[tuple[Block, list[Block]]]:
    """The blocks of a language, each with the blocks after it that belong to it."""
    followers = {"events", "csv", "derived", "json", "yaml"} if language == "cep" else set()
    found: list[tuple[Block, list[Block]]] = []
    open_scene = False
    for block in blocks(page):
        if block.language == language:
            found.append((block, []))
            open_scene = True
        elif open_scene and (block.language in followers or block.words == ("text", "output")):
            found[-1][1].append(block)
        else:
            open_scene = False
    return found


# ---- rows ----


def rows(text: str) -> list[Row]:
    """The rows of an ``events`` or ``derived`` block."""
    found: list[Row] = []
    for line in text.splitlines():
        line = line.partition("  # ")[0].strip()
        if not line or line == "nothing":
            continue
        if line.startswith("then at "):
            found.append(Row(_us(line.removeprefix("then at ")), None, {}))
            continue
        row = _ROW.match(line)
        assert row, line
        found.append(Row(_us(row["time"]), row["type"], dict(_fields(row["fields"] or ""))))
    return found


def _us(text: str) -> int:
    assert _PART.sub("", text) == "", text
    return ZERO_US + round(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text)))


def _fields(text: str) -> Iterator[tuple[str, Any]]:
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text.rstrip()):
        name = _NAME.match(text, at)
        assert name, text[at:]
        value, at = decoder.raw_decode(text, name.end())
        yield name["name"].strip("`"), value


def _iso(time_us: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)).isoformat()


# ---- running ----


def derive(engine: cep.Engine, events: Block) -> list[cep.DerivedEvent]:
    """What an engine derives from an ``events`` block."""
    if events.language == "csv":
        return _derive_from_csv(engine, events.text)
    if events.language == "json":
        lines = [json.loads(line) for line in events.text.splitlines()]
        found = [each for line in lines for each in engine.push(line, source="events.jsonl")]
    else:
        found = []
        for row in rows(events.text):
            if row.type is None:
                found += engine.advance(row.at_us + 1)
            else:
                found += engine.push({"type": row.type, "time": _iso(row.at_us), **row.fields}, source="events.jsonl")
    return [*found, *engine.finish()]


def _derive_from_csv(engine: cep.Engine, text: str) -> list[cep.DerivedEvent]:
    sink = cep.MemorySink()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events.csv")
        path.write_text(text, "utf-8")
        cep.Pipeline(engine, [open_source(path)], [sink]).run()
    return list(sink.events)


def compare(derived: list[cep.DerivedEvent], expected: Block) -> None:
    """Hold derived events against a ``derived`` block."""
    if expected.language == "json":
        assert [_without_id(each.to_json().decode()) for each in derived] == _objects(expected.text)
        return
    wanted = rows(expected.text)
    shown = [
        Row(each.time_us, each.type, {name: each.fields.get(name) for name in row.fields})
        for each, row in zip(derived, wanted, strict=False)
    ]
    assert shown == wanted
    assert [each.type for each in derived[len(wanted) :]] == []


def _without_id(line: str) -> str:
    return re.sub(r'"c1\.\w+"', '"c1.…"', line)


def _objects(text: str) -> list[str]:
    """JSON objects that may go over several lines, each on one."""
    decoder = json.JSONDecoder()
    found, at = [], 0
    while at < len(text.rstrip()):
        value, end = decoder.raw_decode(text, at)
        found.append(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
        at = end + len(text[end:]) - len(text[end:].lstrip())
    return found


def refusal(rules: str | Path) -> list[str]:
    """The codes with which rules are refused."""
    try:
        cep.Engine.from_rules(rules)
    except cep.RuleError as error:
        return [each.code for each in error.diagnostics if each.severity == "error"]
    return []


def lines_of(block: Block) -> list[str]:
    """The lines of a block, without comments."""
    found = [line.partition("  #")[0].rstrip() for line in block.text.splitlines()]
    return [line for line in found if line.strip()]

"""The blocks of README.md and of the pages in grammar/ do what the pages say. See :mod:`tests.documentation.blocks`."""

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest

import cep
from cep.connectors.tables.text import csv_rows
from tests.documentation.blocks import Block, blocks, compare, derive, lines_of, refusal, scenes

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "grammar" / "README.md", ROOT / "grammar" / "COMING_FROM.md"]
KNOWN = {
    ("cep",), ("cep", "not-yet"), ("cep", "wrong"), ("cep", "pattern"), ("cep", "pattern", "not-yet"), ("cep", "true"),
    ("events",), ("derived",), ("csv", "events"), ("csv", "table"), ("json", "events"), ("json", "derived"), ("json",), ("yaml",), ("yaml", "same"), ("python",),
    ("text", "output"), ("text", "why"), ("text",), ("sh",),
}  # fmt: skip


def _scenes(language: str) -> list[object]:
    return [
        pytest.param(block, after, id=f"{page.relative_to(ROOT)}:{block.name}")
        for page in PAGES
        for block, after in scenes(page, language)
    ]


@pytest.mark.parametrize("language", ["cep", "yaml", "python"])
def test_there_are_blocks_of_each_language(language: str) -> None:
    assert _scenes(language)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_is_of_a_kind_that_is_known(page: Path) -> None:
    for block in blocks(page):
        words = block.words[:2] if {"wrong", "table"} & set(block.words) else block.words
        assert words in KNOWN, f"{page}:{block.line}"


@pytest.mark.parametrize(("block", "after"), _scenes("cep"))
def test_rules(block: Block, after: list[Block], tmp_path: Path) -> None:
    rules, kind = block.text, block.words[1:]
    if kind[:1] == ("pattern",):
        for number, line in enumerate(lines_of(block)):
            codes = refusal(f"rule r{number} when {line} emit X()")
            assert set(codes) == ({"CEP490"} if "not-yet" in kind else set()), line
    elif kind == ("true",):
        for line in lines_of(block):
            engine = cep.Engine.from_rules(f"rule r when E emit X(v = {line})")
            [derived] = engine.push({"type": "E", "time": 1_767_225_600})
            assert derived.fields == {"v": True}, line
    elif kind == ("not-yet",):
        assert set(refusal(rules)) == {"CEP490"}
    elif kind[:1] == ("wrong",):
        assert refusal(rules) == list(kind[1:])
    else:
        assert kind == ()
        cep.Engine.from_rules(rules)
    _run(rules, after, tmp_path)


def _run(rules: str | Path, after: list[Block], tmp_path: Path) -> None:
    events: Block | None = None
    derived: list[cep.DerivedEvent] = []
    tables: dict[str, list[dict[str, Any]]] = {}
    for block in after:
        if block.words[:2] == ("csv", "table"):
            tables[block.words[2]] = csv_rows(block.text.encode(), ())
        elif block.words[-1] == "events":
            events = block
            derived = derive(cep.Engine.from_rules(rules, tables=tables), block)
        elif block.words[-1] == "derived":
            compare(derived, block)
        elif block.words == ("yaml", "same"):
            assert events is not None
            again = derive(cep.Engine.from_rules(_yaml(block, tmp_path)), events)
            assert [each.to_dict() | {"cep": None} for each in again] == [
                each.to_dict() | {"cep": None} for each in derived
            ]


@pytest.mark.parametrize(("block", "after"), _scenes("yaml"))
def test_rules_in_yaml(block: Block, after: list[Block], tmp_path: Path) -> None:
    cep.Engine.from_rules(_yaml(block, tmp_path))


def _yaml(block: Block, folder: Path) -> Path:
    path = folder / "rules.yaml"
    path.write_text(block.text, "utf-8")
    return path


@pytest.mark.parametrize(("block", "after"), _scenes("python"))
def test_programs(block: Block, after: list[Block]) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block.text, f"block at line {block.line}", "exec"), {"__name__": "page"})
    assert [each.text for each in after] == [printed.getvalue()] * len(after)

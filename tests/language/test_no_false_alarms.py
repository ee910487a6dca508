"""What is known to be right is not warned of: the packs, the examples, and the pages of the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cep.plan.compiling import compile_rules
from tests.documentation.blocks import blocks

ROOT = Path(__file__).parents[2]
FOLDERS = sorted({path.parent for folder in ("rules", "examples") for path in (ROOT / folder).rglob("*.cep")})
PAGES = [ROOT / "README.md", ROOT / "grammar" / "README.md"]
SHOWN = [(page, block) for page in PAGES for block in blocks(page) if block.words == ("cep",)]
ON_PURPOSE = {"CEP220", "CEP415"}
"""Blocks of a page are pieces: a definition without its use, a pattern without its bound."""


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_folder(folder: Path) -> None:
    assert compile_rules(str(folder)).diagnostics == ()


@pytest.mark.parametrize(("page", "block"), SHOWN, ids=lambda value: getattr(value, "name", "page"))
def test_a_block(page: Path, block) -> None:  # type: ignore[no-untyped-def]
    told = {found.code for found in compile_rules(f"\n{block.text}").diagnostics}
    about = set(re.findall(r"CEP\d+", block.text))
    assert told - about <= ON_PURPOSE, (page, block.line)

"""Where the files that travel with cep are found: the grammar and the rule packs.

Core layer: imports diagnostics and errors only. ``grammar/`` and ``rules/`` lie at the top of the repository, where
their readers look. A wheel carries them as ``cep/_data/grammar`` and ``cep/_data/rules``; an
editable install and a plain clone read them in place. Both are real folders: cep does not run from
inside a zip file, since numpy and msgspec do not either.
"""

from __future__ import annotations

from pathlib import Path

from cep.diagnostics import did_you_mean, suggestion
from cep.errors import UsageError


def data_root() -> Path:
    """The folder that holds ``grammar`` and ``rules``.

    Raises:
        FileNotFoundError: neither place has a grammar, so the installation is damaged.
    """
    package = Path(__file__).resolve().parent
    for root in (package / "_data", package.parent):
        if (root / "grammar").is_dir():
            return root
    raise FileNotFoundError("the grammar folder of cep is missing: install the package again")


def grammar_path(name: str = "cep.lark") -> Path:
    """The file of that name in ``grammar/``; whether it exists is left to the reader of it."""
    return data_root() / "grammar" / name


def rule_packs() -> dict[str, Path]:
    """The folders of the packaged rule packs by name, in the order of their names."""
    rules = data_root() / "rules"
    if not rules.is_dir():
        return {}
    folders = (path for path in rules.iterdir() if path.is_dir() and path.name[0] not in "._")
    return {path.name: path for path in sorted(folders)}


def rule_pack(name: str) -> Path:
    """The folder of one packaged rule pack: ``rule_pack("authentication")``.

    Raises:
        UsageError: there is no such pack; the message names a similar one, or all.
    """
    packs = rule_packs()
    if name in packs:
        return packs[name]
    hint = did_you_mean(suggestion(name, packs)) or f"there are: {', '.join(packs) or 'none'}"
    raise UsageError(f"no packaged rules named `{name}`; {hint}")

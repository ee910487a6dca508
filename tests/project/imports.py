"""Reads from the source which module of a package imports which, without running any of it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Import:
    """One import statement's effect: ``source`` needs ``target``, both full module names."""

    source: str
    target: str
    line: int
    typing_only: bool

    def __str__(self) -> str:
        return f"{self.source}:{self.line} imports {self.target}"


def modules(package: Path) -> dict[str, Path]:
    """Every module of a package by its full name; a package's name stands for its ``__init__``."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(package: Path) -> list[Import]:
    """All imports between the modules of a package, those inside functions included.

    ``from a import b`` leads to the module ``a.b`` where there is one, and else to ``a``. Names of modules given as
    text to ``import_module`` or ``__import__`` count too. ``from PACKAGE import __version__`` is no edge.
    """
    known = modules(package)
    found = set()
    for source, path in known.items():
        tree = ast.parse(path.read_text("utf-8"), str(path))
        inside = source if path.name == "__init__.py" else source.rpartition(".")[0]
        for node, typing_only in _walk(tree, False):
            for name in _targets(node, inside, package.name, known):
                target = _nearest(name, known)
                if target is not None and target != source:
                    found.add(Import(source, target, node.lineno, typing_only))
    return sorted(found)


def cycles(edges: list[Import]) -> list[list[str]]:
    """Groups of modules that import one another when they run, each in the order of its names."""
    after: dict[str, set[str]] = {}
    for edge in edges:
        if not edge.typing_only:
            after.setdefault(edge.source, set()).add(edge.target)
    reach = {module: _reachable(module, after) for module in after}
    groups = {
        tuple(sorted(other for other in reach[module] if module in reach.get(other, ())))
        for module in after
        if module in reach[module]
    }
    return [list(group) for group in sorted(groups)]


def _reachable(start: str, after: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        new = after.get(waiting.pop(), set()) - seen
        seen |= new
        waiting.extend(new)
    return seen


def _walk(node: ast.AST, typing_only: bool) -> Iterator[tuple[ast.stmt | ast.expr, bool]]:
    """Every statement and expression below a node, and whether it stands under ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(node):
        below = typing_only
        if isinstance(node, ast.If) and child in node.body:
            below = below or ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        if isinstance(child, ast.stmt | ast.expr):
            yield child, below
        yield from _walk(child, below)


def _targets(node: ast.AST, inside: str, package: str, known: dict[str, Path]) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            base = _absolute(module or "", inside, level)
            for alias in names:
                if f"{base}.{alias.name}" in known:
                    yield f"{base}.{alias.name}"
                elif (base, alias.name) != (package, "__version__"):
                    yield base
        case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]):
            called = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
            if called in ("import_module", "__import__"):
                yield name if not name.startswith(".") else f"{package}{name}"


def _absolute(module: str, inside: str, level: int) -> str:
    if level == 0:
        return module
    parts = inside.split(".")[: len(inside.split(".")) - level + 1]
    return ".".join([*parts, module] if module else parts)


def _nearest(name: str, known: dict[str, Path]) -> str | None:
    """The module itself, or the nearest package above it that exists; null outside the package."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or None

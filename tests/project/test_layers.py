"""The house rules that a machine can read: who may import whom, how large a module is, what the command loads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.imports import Import, cycles, imports, modules

# What each module of the core may import; every other layer may import all of the core.
CORE: dict[str, frozenset[str]] = {
    "diagnostics": frozenset(),
    "errors": frozenset({"diagnostics"}),
    "diagnostic_codes": frozenset(),
    "functions": frozenset({"types", "timestamps", "durations", "errors", "diagnostics"}),
    "timestamps": frozenset(),
    "zoned": frozenset({"timestamps"}),
    "durations": frozenset({"errors", "types"}),
    "types": frozenset(),
    "event": frozenset({"timestamps"}),
    "plain": frozenset({"types"}),
    "projection": frozenset({"event", "plain", "record_keys", "timestamps", "types"}),
    "record_keys": frozenset(),
    "packaged": frozenset({"diagnostics", "errors"}),
    "tables": frozenset({"errors", "functions", "plain", "timestamps", "types"}),
}
BASE = frozenset(CORE)
RUN = BASE | {"language", "plan", "runtime", "engine"}

# A layer is a module or package right below cep/. What it may import besides itself:
ALLOWED: dict[str, frozenset[str]] = {
    **CORE,
    "language": BASE,
    "plan": BASE | {"language"},
    "runtime": BASE | {"plan"},
    "engine": RUN,
    "connectors": BASE,
    "store": BASE,
    "pipeline": RUN | {"connectors", "store"},
    "why": RUN,
    "testing": RUN | {"connectors", "why"},
    "drawing": BASE | {"language", "plan"},
    "workshop": RUN,
    "__main__": frozenset({"cli"}),
    "cli": RUN | {"connectors", "store", "pipeline", "testing", "drawing", "why", "workshop"},
}

# The same events give the same output at any hour and on any machine: time and chance come from the events.
UNREPEATABLE = {"asyncio", "random", "secrets", "socket", "subprocess", "threading", "time", "uuid"}
MOST_LINES = 600
HEAVY = ("lark", "numpy", "rich")


def layer(module: str) -> str:
    """``language`` for ``cep.language.parser``; empty for the package itself."""
    return ".".join(module.split(".")[1:2])


def violations(edges: list[Import]) -> list[str]:
    """Each import that no layer's line in ``ALLOWED`` permits, as a sentence."""
    found = []
    for edge in edges:
        source, target = layer(edge.source), layer(edge.target)
        if not source or source == target:
            continue
        if source not in ALLOWED:
            found.append(f"{edge.source} belongs to no layer: give it a line in ALLOWED")
        elif target not in ALLOWED[source]:
            found.append(f"{edge}: {source} must not import {target or 'the public names'}")
    return found


@pytest.fixture(scope="module")
def package(root: Path) -> Path:
    return root / "cep"


def test_layers_import_leftwards_only(package: Path) -> None:
    assert violations(imports(package)) == []


def test_every_module_belongs_to_a_layer(package: Path) -> None:
    assert {layer(module) for module in modules(package)} - set(ALLOWED) == {""}


def test_no_modules_import_one_another(package: Path) -> None:
    assert cycles(imports(package)) == []


def test_the_machine_has_no_clock_and_no_chance(package: Path) -> None:
    found = [
        f"{module}:{node.lineno} imports {name}"
        for module, path in modules(package).items()
        if layer(module) in ("engine", "runtime", "plan")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in _top_names(node)
        if name in UNREPEATABLE
    ]
    assert found == []


def _top_names(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name.partition(".")[0] for alias in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module.partition(".")[0]]
    return []


def test_no_module_is_too_long(package: Path) -> None:
    lines = {module: path.read_text("utf-8").count("\n") for module, path in modules(package).items()}
    assert {module: count for module, count in lines.items() if count > MOST_LINES} == {}


@pytest.mark.parametrize("statement", ["import cep.cli", "import cep"])
def test_heavy_packages_are_loaded_on_first_use(root: Path, statement: str) -> None:
    if not (root / "cep" / "cli").is_dir():
        pytest.skip("cep/cli does not exist yet")
    program = f"import sys; {statement}; print(*sys.modules, sep='\\n')"
    told = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert set(HEAVY) & set(told.stdout.splitlines()) == set()


class TestTheReader:
    """The checks above can fail: each kind of import is seen in a small package made for it."""

    @staticmethod
    def edges(folder: Path, files: dict[str, str]) -> list[Import]:
        for name, text in files.items():
            path = folder / "cep" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return imports(folder / "cep")

    @pytest.mark.parametrize(
        "text",
        [
            "import cep.language.parser",
            "import cep.language.parser as p",
            "from cep.language.parser import parse",
            "from cep.language import parser",
            "from ..language.parser import parse",
            "from ..language import parser",
            "def f():\n    from cep.language import parser",
            "import importlib\nimportlib.import_module('cep.language.parser')",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from cep.language import parser",
        ],
    )
    def test_every_way_to_import_is_seen(self, tmp_path: Path, text: str) -> None:
        empty = dict.fromkeys(("__init__.py", "language/__init__.py", "language/parser.py"), "")
        edges = self.edges(tmp_path, {**empty, "runtime/__init__.py": "", "runtime/clock.py": text})
        assert {(edge.source, edge.target) for edge in edges} == {("cep.runtime.clock", "cep.language.parser")}
        [message] = violations(edges)
        assert message.endswith("runtime must not import language")

    @pytest.mark.parametrize(
        ("files", "message"),
        [
            ({"event.py": "import cep.errors", "errors.py": ""}, "event must not import errors"),
            ({"odd.py": "import cep.event", "event.py": ""}, "cep.odd belongs to no layer"),
            ({"store/log.py": "from cep import Engine"}, "store must not import the public names"),
            (
                {"store/log.py": "import cep.engine", "engine.py": ""},
                "store must not import engine",
            ),
        ],
    )
    def test_what_is_not_allowed(self, tmp_path: Path, files: dict[str, str], message: str) -> None:
        [found] = violations(self.edges(tmp_path, {"__init__.py": "", **files}))
        assert message in found

    def test_what_is_allowed(self, tmp_path: Path) -> None:
        files = {
            "__init__.py": "__version__ = '1'\nfrom cep.engine import Engine",
            "event.py": "import json, cepstral",
            "engine.py": "from cep.event import Event\nfrom cep.plan import nodes",
            "plan/__init__.py": "from cep.plan.nodes import Node",
            "plan/nodes.py": "from . import names\nfrom cep import __version__",
            "plan/names.py": "",
        }
        edges = self.edges(tmp_path, files)
        assert violations(edges) == []
        assert cycles(edges) == []
        assert len(edges) == 5

    def test_cycles(self, tmp_path: Path) -> None:
        files = {
            "__init__.py": "",
            "plan/a.py": "import cep.plan.b",
            "plan/b.py": "def f():\n    import cep.plan.c",
            "plan/c.py": "from .a import x",
            "plan/d.py": "import cep.plan.a",
            "plan/e.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import cep.plan.f",
            "plan/f.py": "import cep.plan.e",
        }
        assert cycles(self.edges(tmp_path, files)) == [["cep.plan.a", "cep.plan.b", "cep.plan.c"]]

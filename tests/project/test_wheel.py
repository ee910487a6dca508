"""The wheel, alone: built, installed in an empty environment outside the checkout, and run from there.

Nothing else notices a data file that the wheel forgot, or a dependency that only the tests bring along.
"""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.wheel, pytest.mark.slow]

EVENTS = [
    {
        "type": "Login",
        "time": f"2026-01-01T00:0{minute}:00Z",
        "user": "ann",
        "outcome": "failure",
        "ip": "192.0.2.1",
    }
    for minute in range(4)
]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command outside the checkout, unaware of the environment that runs the tests."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_"))}
    return subprocess.run(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def succeed(*command: str | Path, cwd: Path) -> str:
    """The standard output of a command that must end with 0."""
    told = run(*command, cwd=cwd)
    assert told.returncode == 0, f"{command}\n{told.stdout}\n{told.stderr}"
    return told.stdout


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outside")


@pytest.fixture(scope="module")
def commands(outside: Path) -> Path:
    """The folder of commands of a new environment that holds only pip."""
    succeed(sys.executable, "-m", "venv", "venv", cwd=outside)
    return outside / "venv" / ("Scripts" if os.name == "nt" else "bin")


@pytest.fixture(scope="module")
def wheel(outside: Path, commands: Path, root: Path) -> Path:
    build = (commands / "python", "-m", "pip", "wheel", "--no-deps", "--wheel-dir", "wheels", root)
    succeed(*build, cwd=outside)
    [built] = (outside / "wheels").iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, commands: Path, outside: Path) -> Path:
    succeed(commands / "python", "-m", "pip", "install", wheel, cwd=outside)
    return commands


def test_the_wheel_holds_all_of_ours_and_nothing_else(wheel: Path, root: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = {name.partition(".dist-info/")[2] for name in archive.namelist()}
    expected = {
        prefix + path.relative_to(root / folder).as_posix()
        for folder, prefix in (
            ("cep", "cep/"),
            ("grammar", "cep/_data/grammar/"),
            ("rules", "cep/_data/rules/"),
        )
        for path in (root / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    assert names == expected
    assert {"cep/py.typed", "cep/_data/grammar/cep.lark"} <= names
    assert {"METADATA", "entry_points.txt", "licenses/LICENSE"} <= metadata


def test_the_installed_package_is_the_one_that_runs(installed: Path, outside: Path) -> None:
    program = "import cep, cep.packaged as p; print(cep.__file__, p.data_root(), *p.rule_packs(), sep='\\n')"
    package, data, *packs = succeed(installed / "python", "-c", program, cwd=outside).splitlines()
    assert Path(package).is_relative_to(outside)
    assert Path(data) == Path(package).parent / "_data"
    assert {"authentication", "payments"} <= set(packs)


def test_a_packaged_rule_runs(installed: Path, outside: Path) -> None:
    lines = "".join(json.dumps(event) + "\n" for event in EVENTS)
    (outside / "events.jsonl").write_text(lines, "utf-8")
    command = (installed / "cep", "run", "rules:authentication", "--source", "events.jsonl")
    output = succeed(*command, cwd=outside).splitlines()
    derived = [json.loads(line) for line in output]
    assert derived
    assert all(event["cep"]["rule"] for event in derived)


def test_an_unknown_pack_is_a_usage_error(installed: Path, outside: Path) -> None:
    told = run(installed / "cep", "run", "rules:authentications", "--source", "events.jsonl", cwd=outside)
    assert told.returncode == 3
    assert told.stdout == ""
    assert "authentication" in told.stderr

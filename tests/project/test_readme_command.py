"""The script with which CI reads the README's two commands, and the README that it reads."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ONE = """# cep

<!-- ci: run -->
```sh
python3 -m venv .venv && .venv/bin/cep run "a  b" | head
```

Text with `<!-- ci: test -->` inside a line is no marker.

<!-- ci: test -->

~~~
.venv/bin/python -m pytest
~~~
"""


@pytest.fixture(scope="module")
def script(root: Path) -> Path:
    return root / ".ci" / "readme_command.py"


@pytest.fixture(scope="module")
def reader(script: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("readme_command", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_commands_are_read_as_printed(reader: ModuleType) -> None:
    assert reader.commands(ONE) == {
        "run": 'python3 -m venv .venv && .venv/bin/cep run "a  b" | head',
        "test": ".venv/bin/python -m pytest",
    }


def test_a_backslash_continues_a_command(reader: ModuleType) -> None:
    text = '<!-- ci: run -->\n```\na && \\\n  b "x  y" \\\n  c\n```\n'
    command = reader.commands(text)["run"]
    told = subprocess.run(
        ["bash", "-c", f"a() {{ :; }}; b() {{ printf '%s|' \"$@\"; }}; {command}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "x  y|c|"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- ci: run -->\nText.\n```\na\n```\n", "immediately before a fenced block"),
        ("<!-- ci: run -->\n", "immediately before a fenced block"),
        ("<!-- ci: run -->\n```\na\n", "not closed"),
        ("<!-- ci: run -->\n```\n\n```\n", "marks 0 commands"),
        ("<!-- ci: run -->\n```\na\nb\n```\n", "marks 2 commands"),
        ("<!-- ci: run -->\n```\na\n```\n" * 2, "line 5: a second command"),
    ],
)
def test_a_readme_that_breaks_the_form_is_refused(reader: ModuleType, text: str, message: str) -> None:
    with pytest.raises(reader.ReadmeError, match=message):
        reader.commands(text)


@pytest.mark.parametrize(
    ("arguments", "code", "output", "error"),
    [
        (["test"], 0, ".venv/bin/python -m pytest\n", ""),
        (["deploy"], 2, "", "usage: "),
        ([], 2, "", "usage: "),
    ],
)
def test_command_line(script: Path, tmp_path: Path, arguments: list[str], code: int, output: str, error: str) -> None:
    (tmp_path / "README.md").write_text(ONE, "utf-8")
    told = subprocess.run([sys.executable, script, *arguments], cwd=tmp_path, capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (code, output)
    assert told.stderr.startswith(error)


@pytest.mark.parametrize("text", [None, "# no command\n"])
def test_a_missing_command_is_an_error(script: Path, tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "README.md").write_text(text, "utf-8")
    told = subprocess.run([sys.executable, script, "run"], cwd=tmp_path, capture_output=True, text=True)
    assert told.returncode == 1
    assert told.stdout == ""
    assert told.stderr.startswith("README.md: ")


def test_our_readme_has_exactly_two_commands(reader: ModuleType, root: Path) -> None:
    found = reader.commands((root / "README.md").read_text("utf-8"))
    assert set(found) == set(reader.NAMES)
    assert found["run"].startswith("python3 -m venv .venv && ")
    assert found["test"].startswith(".venv/bin/python -m pytest")

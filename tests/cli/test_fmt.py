"""``cep fmt``."""

from __future__ import annotations

from pathlib import Path

import pytest

from cep.language.formatting import formatter
from tests.cli.command import invoke

UGLY = "rule r when A  then B emit X( a.x )\n"
NEAT = "rule r when A then B emit X(a.x)\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ugly.cep").write_text(UGLY)
    (tmp_path / "neat.cep").write_text(NEAT)
    return tmp_path


def test_files_are_formatted_in_their_places(folder: Path) -> None:
    (folder / "ugly.cep").chmod(0o640)
    done = invoke("fmt", folder)
    assert (done.exit_code, done.stdout) == (0, "")
    assert f"formatted {folder / 'ugly.cep'}" in done.stderr
    assert "formatted 1 file, 1 file formatted already" in done.stderr
    assert (folder / "ugly.cep").read_text() == NEAT
    assert (folder / "ugly.cep").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in folder.iterdir()) == ["neat.cep", "ugly.cep"]


def test_check_and_diff_write_nothing(folder: Path) -> None:
    done = invoke("fmt", folder, "--check")
    assert (done.exit_code, done.stdout) == (1, "")
    shown = invoke("fmt", folder, "--diff")
    assert shown.exit_code == 1
    assert f"-{UGLY}+{NEAT}" in shown.stdout
    assert (folder / "ugly.cep").read_text() == UGLY
    assert invoke("fmt", folder / "neat.cep", "--check").exit_code == 0


def test_what_does_not_parse_is_left_alone(folder: Path) -> None:
    (folder / "broken.cep").write_text("rule b when A then then\n")
    done = invoke("fmt", folder)
    assert done.exit_code == 2
    assert "broken.cep:1:" in done.stderr
    assert "1 file with errors left alone" in done.stderr
    assert (folder / "broken.cep").read_text() == "rule b when A then then\n"
    assert (folder / "ugly.cep").read_text() == NEAT


def test_standard_input_goes_to_standard_output() -> None:
    done = invoke("fmt", "-", stdin=UGLY)
    assert (done.exit_code, done.stdout, done.stderr) == (0, NEAT, "")
    assert invoke("fmt", "-", "--check", stdin=UGLY).exit_code == 1
    broken = invoke("fmt", "-", stdin="rule b whn A\n")
    assert (broken.exit_code, broken.stdout) == (2, "")


def test_line_ends_of_other_systems(tmp_path: Path) -> None:
    path = tmp_path / "a.cep"
    path.write_bytes(b"\xef\xbb\xbf# one\r\n" + UGLY.replace("\n", "\r\n").encode())
    assert invoke("fmt", path).exit_code == 0
    assert path.read_bytes() == f"# one\n{NEAT}".encode()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fmt"], "no files are given"),
        (["fmt", "-", "a.cep"], "`-` stands alone"),
        (["fmt", "rules:authentication"], "is a pack that ships with cep"),
        (["fmt", "a.cep", "--write"], "--write goes with --to"),
        (["fmt", "nowhere.cep"], "there is no such rule file or folder"),
    ],
)
def test_usage(arguments: list[str], message: str) -> None:
    done = invoke(*arguments)
    assert done.exit_code == 3
    assert message in done.stderr


def test_a_change_of_meaning_is_a_bug_and_writes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formatter, "format_rules", lambda text: "rule r when A then C emit X(a.x)\n")
    done = invoke("fmt", folder / "ugly.cep")
    assert done.exit_code == 70
    assert "this is a bug of ours" in done.stderr
    assert (folder / "ugly.cep").read_text() == UGLY


def test_from_one_form_to_the_other(folder: Path) -> None:
    printed = invoke("fmt", folder / "neat.cep", "--to", "yaml")
    assert printed.exit_code == 0
    assert printed.stdout.startswith("rules:\n  r:\n    when: A then B\n")
    assert invoke("fmt", "-", "--from", "yaml", "--to", "cep", stdin=printed.stdout).stdout == (
        "rule r\n  when A then B\n  emit X(a.x)\n"
    )
    several = invoke("fmt", folder, "--to", "yaml")
    assert several.exit_code == 3
    assert "add --write" in several.stderr
    written = invoke("fmt", folder, "--to", "yaml", "--write")
    assert (written.exit_code, written.stdout) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == ["neat.yaml", "ugly.yaml"]
    assert (folder / "neat.yaml").read_text() == printed.stdout
    assert invoke("fmt", folder, "--check").exit_code == 0


def test_nothing_is_written_over(folder: Path) -> None:
    (folder / "neat.yaml").write_text("rules: {}\n")
    done = invoke("fmt", folder / "neat.cep", "--to", "yaml", "--write")
    assert done.exit_code == 3
    assert "is there already" in done.stderr
    assert (folder / "neat.cep").exists()
    assert (folder / "neat.yaml").read_text() == "rules: {}\n"


def test_what_the_other_form_cannot_say(tmp_path: Path) -> None:
    path = tmp_path / "a.cep"
    path.write_text("rule r when A emit X() meta n = 1 + 1\n")
    done = invoke("fmt", path, "--to", "yaml")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "a.cep:1:33: in YAML this value is plain data" in done.stderr


def test_a_file_that_is_not_there_has_no_line(tmp_path: Path) -> None:
    done = invoke("fmt", tmp_path / "nope.cep")
    assert done.exit_code == 3
    assert "nope.cep\n" in done.stderr
    assert ":0:0" not in done.stderr

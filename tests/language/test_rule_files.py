"""Files, folders and packs to texts; what cannot be read is a diagnostic."""

from __future__ import annotations

from pathlib import Path

import pytest

from cep.language import rule_files
from cep.language.parser import ParsedFile
from cep.language.rule_files import TEXT_NAME, RuleText, parse_rule_files, read_rule_files


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def parsed(*rules: str | Path) -> list[ParsedFile]:
    return parse_rule_files(*read_rule_files(rules))


def test_a_folder_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.cep", "a/z.yml", "a.yaml", "c.txt", "A.cep"):
        write(tmp_path / name, "")
    texts, problems = read_rule_files(tmp_path)
    assert problems == []
    assert [Path(text.file).relative_to(tmp_path).as_posix() for text in texts] == [
        "A.cep",
        "a/z.yml",
        "a.yaml",
        "b.cep",
    ]
    assert [text.form for text in texts] == ["cep", "yaml", "yaml", "cep"]


def test_a_file_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.cep", "\ufefflet a = 1")
    assert read_rule_files([path, tmp_path, str(path)]) == ([RuleText(str(path), "let a = 1", "cep")], [])


@pytest.mark.parametrize(("name", "form"), [("A.CEP", "cep"), ("b.Yaml", "yaml"), ("c.YML", "yaml")])
def test_the_case_of_an_ending_does_not_matter(tmp_path: Path, name: str, form: str) -> None:
    path = write(tmp_path / name, "")
    for given in (path, tmp_path):
        texts, problems = read_rule_files(given)
        assert ([(text.file, text.form) for text in texts], problems) == ([(str(path), form)], [])


@pytest.mark.parametrize("text", ["", "rule r when A", "# nothing", "a.cep\n"])
def test_text_is_no_path(text: str) -> None:
    assert read_rule_files(text) == ([RuleText(TEXT_NAME, text, "cep")], [])
    assert [problem.code for problem in read_rule_files([f"{text}.none"])[1]] == ["CEP501"]


def test_both_forms_are_parsed(tmp_path: Path) -> None:
    write(tmp_path / "a.cep", "let a = 1")
    write(tmp_path / "b.yaml", "let: {b: 1}")
    assert [d.name for file in parsed(tmp_path) for d in file.tree.declarations] == ["a", "b"]  # type: ignore[union-attr]


def codes(source: str | Path) -> list[str]:
    return [diagnostic.code for file in parsed(source) for diagnostic in file.diagnostics]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    assert codes(tmp_path) == ["CEP502"]
    assert codes(tmp_path / "none.cep") == ["CEP501"]
    assert codes("rules:no_such_pack") == ["CEP504"]
    assert codes("bad\0name") == ["CEP501"]
    bad = write(tmp_path / "bad.cep", b"let a = 1\n# \xc3\xa9 \xff\n")
    (file,) = parsed(bad)
    assert str(file.diagnostics[0].span) == f"{bad}:2:5"
    assert codes(bad) == ["CEP503"]


def test_a_file_that_is_too_long(tmp_path: Path) -> None:
    path = write(tmp_path / "long.cep", b"#" * (rule_files.MAX_FILE_BYTES + 1))
    assert codes(path) == ["CEP126"]


def test_problems_do_not_hide_the_other_files(tmp_path: Path) -> None:
    write(tmp_path / "a.cep", "let a = 1")
    write(tmp_path / "b.cep", b"\xff")
    files = parsed(tmp_path, tmp_path / "none.cep")
    assert [len(file.tree.declarations) for file in files] == [1, 0, 0]
    assert [d.code for file in files for d in file.diagnostics] == ["CEP503", "CEP501"] or [
        d.code for file in files for d in file.diagnostics
    ] == ["CEP501", "CEP503"]


def test_files_without_a_rule_are_told_of_once(tmp_path: Path) -> None:
    write(tmp_path / "a.cep", "let a = 1")
    write(tmp_path / "b.cep", "# nothing")
    found = [(d.code, d.severity) for file in parsed(tmp_path) for d in file.diagnostics]
    assert found == [("CEP505", "warning")]
    write(tmp_path / "c.cep", "rule r when A")
    assert [d for file in parsed(tmp_path) for d in file.diagnostics] == []

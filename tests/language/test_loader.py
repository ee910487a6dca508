"""Files, folders and packs to texts; what cannot be read is a diagnostic."""

from __future__ import annotations

from pathlib import Path

from cep.language import loader
from cep.language.loader import SourceText, load_sources, parse_sources


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_folder_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.cep", "a/z.yml", "a.yaml", "c.txt", "A.cep"):
        write(tmp_path / name, "")
    texts, problems = load_sources(tmp_path)
    assert problems == []
    assert [Path(text.file).relative_to(tmp_path).as_posix() for text in texts] == [
        "A.cep",
        "a/z.yml",
        "a.yaml",
        "b.cep",
    ]
    assert [text.kind for text in texts] == ["cep", "yaml", "yaml", "cep"]


def test_a_file_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.cep", "\ufefflet a = 1")
    assert load_sources([path, tmp_path, str(path)]) == ([SourceText(str(path), "let a = 1", "cep")], [])


def test_both_forms_are_parsed(tmp_path: Path) -> None:
    write(tmp_path / "a.cep", "let a = 1")
    write(tmp_path / "b.yaml", "let: {b: 1}")
    assert [d.name for file in parse_sources(tmp_path) for d in file.tree.declarations] == ["a", "b"]  # type: ignore[union-attr]


def codes(source: str | Path) -> list[str]:
    return [diagnostic.code for file in parse_sources(source) for diagnostic in file.diagnostics]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    assert codes(tmp_path) == ["CEP502"]
    assert codes(tmp_path / "none.cep") == ["CEP501"]
    assert codes("rules:no_such_pack") == ["CEP504"]
    assert codes("bad\0name") == ["CEP501"]
    bad = write(tmp_path / "bad.cep", b"let a = 1\n# \xc3\xa9 \xff\n")
    (file,) = parse_sources(bad)
    assert str(file.diagnostics[0].span) == f"{bad}:2:5"
    assert codes(bad) == ["CEP503"]


def test_a_file_that_is_too_long(tmp_path: Path) -> None:
    path = write(tmp_path / "long.cep", b"#" * (loader.MAX_FILE_BYTES + 1))
    assert codes(path) == ["CEP126"]


def test_problems_do_not_hide_the_other_files(tmp_path: Path) -> None:
    write(tmp_path / "a.cep", "let a = 1")
    write(tmp_path / "b.cep", b"\xff")
    files = parse_sources([tmp_path, tmp_path / "none.cep"])
    assert [len(file.tree.declarations) for file in files] == [1, 0, 0]
    assert [d.code for file in files for d in file.diagnostics] == ["CEP503", "CEP501"] or [
        d.code for file in files for d in file.diagnostics
    ] == ["CEP501", "CEP503"]

"""Files of tables: formats, places, errors, and whether a file has changed."""

from __future__ import annotations

import gzip
import os
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from cep.connectors.tables import TableFile
from cep.errors import MissingExtra
from cep.tables import TableFault, table_rows


def read(folder: Path, path: str, columns: tuple[str, ...] = ("a", "b"), text: tuple[str, ...] = ()) -> list[Any]:
    return TableFile(path, folder, columns, text).read()


def fault(folder: Path, path: str) -> str:
    with pytest.raises(TableFault) as caught:
        read(folder, path)
    return f"{caught.value.code} {caught.value.reason}".replace(str(folder), "FOLDER")


def test_csv_values_are_taken_by_their_looks_but_for_columns_of_text(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes('\ufeffa,b,c\n007,7,7\n8,"x, y",\n\n9,true\n'.encode())
    assert read(tmp_path, "t.csv", text=("c",)) == [
        {"a": "007", "b": 7, "c": "7"},
        {"a": 8, "b": "x, y", "c": None},
        {"a": 9, "b": True},
    ]


def test_csv_values_may_hold_line_breaks_and_other_separators(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes('a,b\r\n1,"x\r\ny"\r\n2,p\u2028q\r\n'.encode())
    assert read(tmp_path, "t.csv") == [{"a": 1, "b": "x\r\ny"}, {"a": 2, "b": "p\u2028q"}]


def test_json_lines(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"a": 1, "b": [1, 2]}\n\n{"a": "x"}')
    assert read(tmp_path, "t.jsonl") == [{"a": 1, "b": [1, 2]}, {"a": "x"}]


def test_compressed_files(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a\n1\n"))
    assert read(tmp_path, "t.csv.gz") == [{"a": 1}]
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"a\n1\n")[:-5])
    assert fault(tmp_path, "cut.csv.gz") == "CEP521 `FOLDER/cut.csv.gz` cannot be read: the gzip file is cut off"


def test_sqlite_tables_and_views(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection:
        connection.executescript(
            """
            CREATE TABLE cards (a INTEGER, b TEXT);
            INSERT INTO cards VALUES (1, 'x'), (2, NULL);
            CREATE VIEW named AS SELECT * FROM cards WHERE b IS NOT NULL;
            """
        )
    assert read(tmp_path, "t.db#cards") == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
    assert read(tmp_path, "t.db#NAMED") == [{"a": 1, "b": "x"}]
    assert fault(tmp_path, "t.db#card") == "CEP521 `FOLDER/t.db`: it has no table `card`; did you mean `cards`?"
    assert fault(tmp_path, "t.db").endswith("as in `t.db#TABLE`; its tables are `cards`, `named`")


def test_the_only_table_of_an_sqlite_file_needs_no_name(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "t.sqlite")) as connection:
        connection.executescript("CREATE TABLE only (a); INSERT INTO only VALUES (1)")
    assert read(tmp_path, "t.sqlite") == [{"a": 1}]
    assert fault(tmp_path, "other.db#only") == "CEP520 there is no file `FOLDER/other.db`"
    assert not (tmp_path / "other.db").exists()
    (tmp_path / "no.db").write_bytes(b"no database at all" * 100)
    assert fault(tmp_path, "no.db#t") == "CEP521 `FOLDER/no.db`: SQLite cannot read it: file is not a database"


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    moment = datetime(2026, 1, 1, tzinfo=UTC)
    columns = {"a": [1, 2], "b": ["x", None], "day": [date(2026, 1, 1), None], "at": [moment, moment], "unread": [1, 2]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    rows = read(tmp_path, "t.parquet", ("a", "b", "day", "at"))
    assert rows[0] == {"a": 1, "b": "x", "day": "2026-01-01", "at": moment}
    assert table_rows(rows, ("a",)).rows[1] == {"a": 2, "at": "2026-01-01T00:00:00+00:00"}
    with pytest.raises(TableFault, match="the columns are `a`"):
        table_rows([{"a": 1}], ("other",))
    assert list(read(tmp_path, "t.parquet", ("other",))[0]) == list(columns)
    (tmp_path / "no.parquet").write_bytes(b"no parquet")
    assert fault(tmp_path, "no.parquet").startswith("CEP521 `FOLDER/no.parquet`: it is no Parquet file: ")


def test_parquet_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "t.parquet").write_bytes(b"")
    with pytest.raises(MissingExtra, match=r"pip install 'cep-engine\[parquet\]'"):
        read(tmp_path, "t.parquet")


def test_what_cannot_be_read(tmp_path: Path) -> None:
    files = {
        "long.csv": "a,b\n1,2\n1,2,3\n",
        "quote.csv": 'a,b\n1,"2\n',
        "empty.csv": "",
        "cut.jsonl": '{"a": 1}\n{"a": \n',
        "list.jsonl": "[1]\n",
        "t.txt": "a\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "bytes.csv").write_bytes(b"a\n1\n\xff\n")
    assert fault(tmp_path, "none.csv") == "CEP520 there is no file `FOLDER/none.csv`"
    assert fault(tmp_path, "long.csv") == "CEP521 `FOLDER/long.csv`: line 3 has 3 values for 2 columns"
    assert fault(tmp_path, "quote.csv").startswith("CEP521 `FOLDER/quote.csv`: line 2 is not CSV")
    assert fault(tmp_path, "empty.csv").startswith("CEP521 `FOLDER/empty.csv`: the file is empty")
    assert fault(tmp_path, "cut.jsonl").startswith("CEP521 `FOLDER/cut.jsonl`: line 2 is not JSON")
    assert fault(tmp_path, "list.jsonl") == "CEP521 `FOLDER/list.jsonl`: line 1 is no JSON object"
    assert fault(tmp_path, "bytes.csv") == "CEP521 `FOLDER/bytes.csv`: line 3 is not valid UTF-8"
    assert fault(tmp_path, "t.txt").startswith("CEP521 cannot tell the format of `FOLDER/t.txt` by its ending")
    (tmp_path / "folder.csv").mkdir()
    assert fault(tmp_path, "folder.csv").startswith("CEP521 `FOLDER/folder.csv` cannot be read")


def test_a_name_may_hold_what_separates_an_sqlite_table(tmp_path: Path) -> None:
    (tmp_path / "a#b.csv").write_text("a\n1\n")
    assert read(tmp_path, "a#b.csv") == [{"a": 1}]
    assert read(tmp_path / "elsewhere", str(tmp_path / "a#b.csv")) == [{"a": 1}]


def test_a_change_is_seen_however_it_is_made(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a\n1\n")
    file = TableFile("t.csv", tmp_path, ("a",), ())
    file.read()
    assert not file.has_changed()
    os.utime(path, ns=(1, 1))
    assert file.has_changed()
    file.read()
    (tmp_path / "new").write_text("a\n2\n")
    os.utime(tmp_path / "new", ns=(1, 1))
    (tmp_path / "new").replace(path)
    assert file.has_changed()
    file.read()
    path.unlink()
    assert not file.has_changed()

"""CSV: values, positions, and rows that are broken."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.connectors.csv_files import value_of
from tests.connectors.reader import Read, read_bytes


def read_csv(folder: Path, data: bytes, **options: Any) -> Read:
    return read_bytes(folder, data, "x.csv", **options)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("7", 7), ("-3", -3), ("0", 0), ("12.50", 12.5), ("-0.5", -0.5), ("1.5e3", 1500.0),
        ("9223372036854775807", 2**63 - 1), ("-9223372036854775808", -(2**63)),
        ("true", True), ("True", True), ("FALSE", False),
        # Text: something would be lost, or it is no value of JSON.
        ("9223372036854775808", "9223372036854775808"), ("1" * 40, "1" * 40), ("007", "007"), ("+49", "+49"),
        ("-0", "-0"), ("1e5", "1e5"), ("1.0e999", "1.0e999"), (".5", ".5"), ("5.", "5."), ("1_000", "1_000"),
        ("٣", "٣"), (" 7", " 7"), ("nan", "nan"), ("inf", "inf"), ("tRUE", "tRUE"), ("null", "null"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), ("10.0.0.1", "10.0.0.1"), ("-", "-"),
    ],
)  # fmt: skip
def test_values(text: str, value: object) -> None:
    assert value_of(text) == value
    assert value_of(text).__class__ is value.__class__


def test_rows(tmp_path: Path) -> None:
    data = b'type,user,other,n\nLogin,ann,x,1\n\nLogin,"b,o""b",y,2.5\r\nLogin,"two\nlines",z,\nLogin,late'
    got = read_csv(tmp_path, data)
    assert got.ids == ["x.csv:2", "x.csv:4", "x.csv:5", "x.csv:7"]
    assert got.events == [
        {"type": "Login", "user": "ann", "n": 1},
        {"type": "Login", "user": 'b,o"b', "n": 2.5},
        {"type": "Login", "user": "two\nlines"},
        {"type": "Login", "user": "late"},
    ]
    assert got.lines == [b"Login,ann,x,1", b'Login,"b,o""b",y,2.5', b'Login,"two\nlines",z,', b"Login,late"]
    assert got.dead == []


@pytest.mark.parametrize("data", [b"", b"\n", b"user,n\n", b"\xef\xbb\xbfuser,n"])
def test_no_rows(tmp_path: Path, data: bytes) -> None:
    got = read_csv(tmp_path, data)
    assert (got.ids, got.dead) == ([], [])


def test_the_header_may_follow_a_byte_order_mark_and_blank_lines(tmp_path: Path) -> None:
    assert read_csv(tmp_path, b"\xef\xbb\xbf\n\nuser,n\nann,1\n").events == [{"user": "ann", "n": 1}]


def test_of_two_columns_with_one_name_the_last_counts(tmp_path: Path) -> None:
    assert read_csv(tmp_path, b"n,n\n1,2\n").events == [{"n": 2}]


def test_a_type_for_rows_without_one(tmp_path: Path) -> None:
    got = read_csv(tmp_path, b"type,n\nA,1\n,2\n", type_name="B")
    assert [event["type"] for event in got.events] == ["A", "B"]
    assert [e["type"] for e in read_csv(tmp_path, b"n\n1\n", type_name="B").events] == ["B"]


def test_columns_may_be_kept_as_text(tmp_path: Path) -> None:
    data = b"user,n\n5,6\n,\n"
    assert read_csv(tmp_path, data, csv_text=True).events == [{"user": "5", "n": "6"}, {}]
    assert read_csv(tmp_path, data, csv_text={"user"}).events == [{"user": "5", "n": 6}, {}]


def test_the_whole_row_is_a_json_object(tmp_path: Path) -> None:
    got = read_csv(tmp_path, b"a,b,user\n1,true,\n2\n", whole=True, csv_text=["a"])
    assert got.raws == [b'{"a":"1","b":true,"user":null}', b'{"a":"2"}']
    assert got.lines == [b"1,true,", b"2"]


@pytest.mark.parametrize(
    ("row", "code", "reason"),
    [
        (b"a,1,2", "CEP608", "the row has 3 values for 2 columns"),
        (b'"a"b,1', "CEP608", "the row is not CSV: text follows a closing quote"),
        (b"a\0,1", "CEP608", "the row is not CSV: it holds a NUL"),
        (b"a\xff,1", "CEP603", "the record is not valid UTF-8: invalid start byte"),
        (b"a\rb,1", "CEP608", "the row is not CSV: new-line character seen in unquoted field"),
    ],
)
def test_a_broken_row_costs_that_row_alone(tmp_path: Path, row: bytes, code: str, reason: str) -> None:
    got = read_csv(tmp_path, b"user,n\nx,0\n" + row + b"\ny,1\n")
    assert got.ids == ["x.csv:2", "x.csv:4"]
    [letter] = got.dead
    assert (letter.position, letter.code, letter.raw) == (3, code, row)
    assert letter.reason.startswith(reason)


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    got = read_csv(tmp_path, b'user,n\nx,0\n"a,1\ny,1\nz,2')
    assert got.ids == ["x.csv:2", "x.csv:4", "x.csv:5"]
    [letter] = got.dead
    assert (letter.position, letter.code, letter.raw) == (3, "CEP608", b'"a,1')
    assert letter.reason == "the row is not CSV: a quoted value is never closed"


@pytest.mark.parametrize("chunk_bytes", [1, 60, 100_000])
def test_limits(tmp_path: Path, chunk_bytes: int) -> None:
    rows = b'"' + b"a" * 90 + b'"\n' + b"b" * 101 + b'\n"' + b"c" * 60 + b"\n" + b"d" * 60 + b'"\nok\n'
    got = read_csv(tmp_path, b"user\n" + rows, chunk_bytes=chunk_bytes, max_line_bytes=100)
    assert [(got.ids[0], got.events[0]), (got.ids[-1], got.events[-1])] == [
        ("x.csv:2", {"user": "a" * 90}),
        ("x.csv:6", {"user": "ok"}),
    ]
    assert got.codes[:2] == [(3, "CEP602"), (4, "CEP608")]


def test_a_huge_value(tmp_path: Path) -> None:
    got = read_csv(tmp_path, b"user\n" + b"a" * 200_000 + b"\nok\n")
    assert (got.ids, got.codes) == (["x.csv:3"], [(2, "CEP608")])


@pytest.mark.parametrize(
    ("header", "code"), [(b"us\xffer,n", "CEP603"), (b'"a"b,n', "CEP608"), (b"x" * 300, "CEP602"), (b"a\0,n", "CEP608")]
)
def test_without_its_header_nothing_is_read(tmp_path: Path, header: bytes, code: str) -> None:
    got = read_csv(tmp_path, header + b"\nann,1\nbob,2\n", max_line_bytes=200, chunk_bytes=64)
    assert (got.ids, got.codes) == ([], [(1, code)])


@given(
    rows=st.lists(
        st.sampled_from([b"ann,1", b"", b'"', b'"a""b",2', b'"x\ny",3', b"a,b,c", b'"a"b', b"\xff,1", b"q\0,1", b"r\r", b'"a,']),
        max_size=20,
    ),
    chunk_bytes=st.integers(1, 60),
)  # fmt: skip
def test_chunks_make_no_difference(
    tmp_path_factory: pytest.TempPathFactory, rows: list[bytes], chunk_bytes: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    data = b"user,n\n" + b"\n".join(rows)
    small = read_csv(folder, data, chunk_bytes=chunk_bytes)
    large = read_csv(folder, data)
    assert (small.ids, small.events, small.lines) == (large.ids, large.events, large.lines)
    assert sorted(small.dead, key=lambda d: d.position) == large.dead

"""JSONL: every kind of bad input, the ids of events, and the two ways of decoding held against each other."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cep.connectors.jsonl import MAX_DEPTH, JsonlPartition, check_depth
from cep.connectors.protocols import SourceOptions
from cep.connectors.reading import open_file
from cep.event import RAW_LIMIT
from cep.projection import Projection
from cep.record_keys import quotes
from tests.connectors.reader import Read, read_bytes


@pytest.fixture(autouse=True, scope="module", params=["at first", "once numpy is loaded"])
def looked_at(request: pytest.FixtureRequest) -> Iterator[None]:
    """Both ways in which is shown that each line holds one object."""
    before = quotes.numpy
    quotes.numpy = None if request.param == "at first" else numpy
    yield
    quotes.numpy = before


def test_events_ids_and_lines(tmp_path: Path) -> None:
    got = read_bytes(tmp_path, b'{"user":"ann","n":1}\n{"user":"bob","other":[1,{"a":2}]}\n', whole=True)
    assert got.ids == ["x.jsonl:1", "x.jsonl:2"]
    assert got.events == [{"user": "ann", "n": 1}, {"user": "bob"}]
    assert got.lines == [b'{"user":"ann","n":1}', b'{"user":"bob","other":[1,{"a":2}]}']
    assert got.raws == got.lines
    assert got.dead == []


def test_raw_is_kept_only_when_asked(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, b'{"user":"ann"}\n').raws == [None]


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_nothing_in_it(tmp_path: Path, data: bytes) -> None:
    got = read_bytes(tmp_path, data)
    assert (got.ids, got.dead) == ([], [])


def test_blank_lines_count_as_positions(tmp_path: Path) -> None:
    got = read_bytes(tmp_path, b'\n{"n":1}\n  \n\r\n{"n":2}')
    assert got.ids == ["x.jsonl:2", "x.jsonl:5"]
    assert got.dead == []


def test_a_byte_order_mark_is_skipped_at_the_start_only(tmp_path: Path) -> None:
    got = read_bytes(tmp_path, b'\xef\xbb\xbf{"n":1}\n\xef\xbb\xbf{"n":2}\n')
    assert got.ids == ["x.jsonl:1"]
    assert got.lines == [b'{"n":1}']
    assert got.codes == [(2, "CEP601")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_ends(tmp_path: Path, end: bytes) -> None:
    got = read_bytes(tmp_path, end.join([b'{"n":1}', b'{"n":{"a":1}}', b'{"n":3}', b""]), whole=True)
    assert got.ids == ["x.jsonl:1", "x.jsonl:2", "x.jsonl:3"]
    assert got.lines == got.raws == [b'{"n":1}', b'{"n":{"a":1}}', b'{"n":3}']


@pytest.mark.parametrize(
    ("line", "code", "reason", "field"),
    [
        (b"{", "CEP601", "the record is not JSON: it ends too early", None),
        (b'{"n":1', "CEP601", "the record is not JSON: it ends too early", None),
        (b"hello", "CEP601", "the record is not JSON: invalid character at byte 0", None),
        (b'{"n":NaN}', "CEP601", "the record is not JSON: invalid character at byte 5", None),
        (b'{"n":1} {"n":2}', "CEP601", "the record is not JSON: trailing characters at byte 9", None),
        (b'{"n":1}{"n":2}', "CEP601", "the record is not JSON: trailing characters at byte 8", None),
        (b'{"x":"a\x00b"}', "CEP601", "the record is not JSON: invalid character at byte 7", None),
        (rb'{"user":"\ud800"}', "CEP601", "the record is not JSON: half of a surrogate pair in a string", None),
        (rb'{"x":"\udc00 "}', "CEP601", "the record is not JSON: half of a surrogate pair in a string", None),
        (b'{"user":"\xff"}', "CEP603", "the record is not valid UTF-8: invalid start byte", None),
        (b'{"x":"\xff"}', "CEP603", "the record is not valid UTF-8: invalid start byte", None),
        (b'{"x":"\xed\xa0\x80"}', "CEP603", "the record is not valid UTF-8: invalid continuation byte", None),
        (b'{"n":9223372036854775808}', "CEP605", "the number in `n` is too large", "n"),
        (b'{"n":-9223372036854775809}', "CEP605", "the number in `n` is too large", "n"),
        (b'{"n":' + b"9" * 5000 + b"}", "CEP605", "the number in `n` is too large", "n"),
        (b'{"n":1e999}', "CEP605", "the number in `n` is too large", "n"),
        (b'{"tags":[1,1e999]}', "CEP605", "the number in `tags[1]` is too large", "tags[1]"),
        (b"[1]", "CEP606", "the record is not a JSON object but a list", None),
        (b'"a"', "CEP606", "the record is not a JSON object but a string", None),
        (b"1.5", "CEP606", "the record is not a JSON object but a number", None),
        (b"true", "CEP606", "the record is not a JSON object but true or false", None),
        (b"null", "CEP606", "the record is not a JSON object but null", None),
        (b'{"x":' * 100_000 + b"1" + b"}" * 100_000, "CEP604", f"the record is nested more than {MAX_DEPTH} levels deep", None),
        (b'{"n":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "CEP604", f"the record is nested more than {MAX_DEPTH} levels deep", None),
        (b"[" * 100_000, "CEP604", f"the record is nested more than {MAX_DEPTH} levels deep", None),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else None,
)  # fmt: skip
def test_a_broken_line_costs_that_line_alone(
    tmp_path: Path, line: bytes, code: str, reason: str, field: str | None
) -> None:
    got = read_bytes(tmp_path, b'{"n":1}\n' + line + b'\n{"n":3}\n')
    assert got.ids == ["x.jsonl:1", "x.jsonl:3"]
    [letter] = got.dead
    assert (letter.code, letter.reason, letter.field) == (code, reason, field)
    assert (letter.source, letter.partition, letter.position) == ("x.jsonl", "", 2)
    assert (letter.raw, letter.size) == (line[:RAW_LIMIT], len(line))


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b'{"user":{"a":1,"a":2},"x":[{"a":1},{"a":1}]}', {"user": {"a": 2}}),
        (rb'{"user":"\"user\":1,\\","n":1}', {"user": '"user":1,\\', "n": 1}),
        (b'{"n":9223372036854775807}', {"n": 2**63 - 1}),
        (b'{"n":-9223372036854775808}', {"n": -(2**63)}),
        (b'{"x":99999999999999999999,"y":1e999}', {}),
        (b'{"tags":[99999999999999999999]}', {"tags": [99999999999999999999]}),
        (b'{"__class__":1,"user":{"__proto__":2}}', {"user": {"__proto__": 2}}),
        (rb'{"\u0075ser":"\u0000"}', {"user": "\0"}),
        (rb'{"user":"\ud83d\ude00"}', {"user": "😀"}),
        ('{"user":"é\u2028\x85"}'.encode(), {"user": "é\u2028\x85"}),
        (b'  {"user":"} {"}  ', {"user": "} {"}),
        (b'{"x":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}", {}),
        (b'{"user":"' + b"[" * 1000 + b'"}', {"user": "[" * 1000}),
        (rb'{"user":"\"' + b"{" * 1000 + rb'\\"}', {"user": '"' + "{" * 1000 + "\\"}),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else None,
)  # fmt: skip
def test_odd_and_allowed(tmp_path: Path, line: bytes, event: dict[str, object]) -> None:
    for data in (line + b"\n", b"\n" + line, line + b"\r\n{\n"):
        got = read_bytes(tmp_path, data)
        assert got.events == [event]


def test_objects_that_only_add_up_are_not_taken_for_lines(tmp_path: Path) -> None:
    got = read_bytes(tmp_path, b'{"n":1}{"n":2}\n{"n":\n3}\n{"n":4}\n\n{"n":{}} {"n":5}\n')
    assert got.ids == ["x.jsonl:4"]
    assert got.codes == [(1, "CEP601"), (2, "CEP601"), (3, "CEP606"), (6, "CEP601")]


@pytest.mark.parametrize("length", range(70))
def test_no_text_holds_the_end_of_a_line(length: int) -> None:
    """On this the proof rests that a line's end between ``}`` and ``{`` stands between two objects."""
    projection = Projection(["read"])
    for field in ("read", "unread"):
        text = b"x" * length + b"}\n{" + b"x" * (69 - length)
        with pytest.raises(msgspec.DecodeError):
            projection.decode_lines(b'{"' + field.encode() + b'":"' + text + b'"}\n')


@pytest.mark.parametrize(
    "lines",
    [
        [b'{"n":1}{"n":2}', b'{"n":{', b"}}", b'{"n":5}'],
        [b'{"n":1} {"n":2}', b'{"n":[{}', b"{}]}", b'{"n":5}'],
        [b'{"n":1}\t{"n":2}', b'{"n":"}', b'{"}', b'{"n":5}'],
    ],
)
def test_two_on_a_line_beside_one_on_two_lines(tmp_path: Path, lines: list[bytes]) -> None:
    got = read_bytes(tmp_path, b"\n".join(lines) + b"\n")
    assert got.ids == ["x.jsonl:4"]
    assert [line for line, _ in got.codes] == [1, 2, 3]


def test_an_object_may_not_end_on_a_line_where_the_next_begins(tmp_path: Path) -> None:
    got = read_bytes(tmp_path, b'{"n":{}} {\n"n":2}\n')
    assert (got.ids, got.codes) == ([], [(1, "CEP601"), (2, "CEP606")])


@pytest.mark.parametrize(
    "hostile",
    [b'\\"' * 500_000, b"[]" * 500_000, b'"[' + b'\\"[' * 500_000, b'"' + b"[{" * 500_000],
    ids=["escapes", "pairs", "one text with escapes", "one text"],
)
def test_the_depth_check_is_linear_on_hostile_text(hostile: bytes) -> None:
    check_depth(hostile)


@pytest.mark.parametrize(
    "hostile",
    [b'"[' * 500_000, b"[{" * 500_000, b"[" * 300 + b'\\"' * 500_000],
    ids=["many texts", "deep", "deep, then escapes"],
)
def test_the_depth_check_refuses_hostile_text_in_linear_time(hostile: bytes) -> None:
    with pytest.raises(RecursionError):
        check_depth(hostile)


def test_a_truncated_last_line(tmp_path: Path) -> None:
    got = read_bytes(tmp_path, b'{"n":1}\n{"n":2}')
    assert got.ids == ["x.jsonl:1", "x.jsonl:2"]
    got = read_bytes(tmp_path, b'{"n":1}\n{"n":2,"us')
    assert (got.ids, got.codes) == (["x.jsonl:1"], [(2, "CEP601")])


@pytest.mark.parametrize("chunk_bytes", [1, 7, 50, 1000])
def test_a_line_that_is_too_long(tmp_path: Path, chunk_bytes: int) -> None:
    long = b'{"user":"' + b"x" * 189 + b'"}'
    assert len(long) == 200
    longer = b'{"user":"' + b"x" * 190 + b'"}'
    data = longer + b"\n" + long + b"\n" + longer + b"\n\n" + long + b"\n" + longer
    got = read_bytes(tmp_path, data, chunk_bytes=chunk_bytes, max_line_bytes=200)
    assert got.ids == ["x.jsonl:2", "x.jsonl:5"]
    assert [(d.position, d.code, d.size, d.raw) for d in got.dead] == [
        (position, "CEP602", 201, longer) for position in (1, 3, 6)
    ]
    assert got.dead[0].reason == "the record has 201 bytes, more than the limit of 200"


def test_a_line_of_100_mb_is_not_held(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "big.jsonl"
    with path.open("wb") as file:
        file.write(b'{"n":1}\n{"user":"')
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n{"n":3}\n')
    program = """
import sys
from cep.connectors import open_source
from tests.connectors.reader import peak_kib, read
before = peak_kib()
got = read(open_source(sys.argv[1]))
[letter] = got.dead
print(got.ids, letter.position, letter.code, letter.size, len(letter.raw), peak_kib() - before < 20_000)
"""
    told = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=root, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "['big.jsonl:1', 'big.jsonl:3'] 2 CEP602 100000011 65536 True"


def test_the_type_of_events_that_name_none(tmp_path: Path) -> None:
    data = b'{"n":1}\n{"type":"A"}\n{"event":"B"}\n{"type":null,"event_type":null}\n{"type":null,"event":"C"}\n'
    got = read_bytes(tmp_path, data, type_name="Login")
    assert [event.get("type") or event.get("event") for event in got.events] == ["Login", "A", "B", "Login", "C"]
    assert "type" not in got.events[2]
    assert "type" not in got.events[4]


def test_one_reading_of_the_clock_for_each_batch(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"n":1}\n' * 100)
    ticks = iter(range(1000))
    options = SourceOptions(chunk_bytes=80, clock=lambda: next(ticks))
    part = JsonlPartition(open_file(path), "x", Projection([]), options)
    arrivals = []
    while (batch := part.next_batch()) is not None:
        arrivals.append(batch.arrival_us)
    assert arrivals == list(range(10))


LINES = st.one_of(
    st.sampled_from(
        [
            b'{"n":1}', b'{"n":1}', b'{"user":"ann","n":2}', b'{"n":{"a":[1,{}]}}', b"", b"  ", b"\r", b"{", b"}", b"[",
            b'{"n":1} {"n":2}', b'{"n":{}}{"n":2}', b'{"n":', b"3}", b'{"n":1},', b"[1]", b"null", b'{"user":"\xc3\xa9"}',
            b'{"user":"\xff"}', b'{"x":"\xff"}', b'{"n":9223372036854775808}', b'{"n":{}} {', b'"n":1}', b'{"user":"} {"}',
            b'{"user":"a}\\n{b"}', b'{"n":1}\r', b' {"n":1}\t', b'{"x":' + b"[" * 300 + b"]" * 300 + b"}", b"{}", b"{}",
            b'{"n":1,"n":2}', b'{"user":"a","x":1,"user":"a"}', b'{"n":{"n":1,"n":2}}',
            b'{"tags":[' + b"{}," * 200 + b"1]}", b"\xef\xbb\xbf", b'{"user":"' + b"y" * 60 + b'"}',
        ]
    ),
    st.binary(max_size=12),
    st.dictionaries(st.sampled_from(["user", "n", "x"]), st.integers() | st.text() | st.floats(), max_size=3).map(
        lambda record: json.dumps(record).encode()
    ),
)  # fmt: skip


def by_definition(data: bytes, limit: int) -> tuple[list[str], list[dict[str, object]], list[int]]:
    """Line by line, each with a decoder of its own: what the source must give."""
    projection = Projection(["user", "n", "tags"])
    ids, events, dead = [], [], []
    data = data.removeprefix(b"\xef\xbb\xbf")
    for number, line in enumerate(data.split(b"\n"), 1):
        if len(line) > limit:
            dead.append(number)
            continue
        if not line.strip(b" \t\r"):
            continue
        try:
            line.decode()
            check_depth(line)
            event = msgspec.json.decode(line, type=projection.event_class)
        except (ValueError, RecursionError):
            dead.append(number)
            continue
        if repeats_a_key(line):
            dead.append(number)
            continue
        ids.append(f"x.jsonl:{number}")
        found = {name: projection.get(event, name) for name in projection.attributes}
        events.append({name: value for name, value in found.items() if value is not None})
    return ids, events, dead


@given(
    lines=st.lists(LINES, max_size=30),
    chunk_bytes=st.integers(1, 400),
    limit=st.sampled_from([40, 70, 100_000]),
    end=st.sampled_from([b"", b"\n"]),
)
def test_any_lines_in_any_chunks(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], chunk_bytes: int, limit: int, end: bytes
) -> None:
    data = b"\n".join(lines) + end
    folder = tmp_path_factory.getbasetemp()
    ids, events, dead = by_definition(data, limit)
    small: Read = read_bytes(folder, data, chunk_bytes=chunk_bytes, max_line_bytes=limit)
    large: Read = read_bytes(folder, data, max_line_bytes=limit, whole=True)
    for got in (small, large):
        assert got.ids == ids
        assert got.events == events
        assert [letter.position for letter in got.dead] == dead
    assert small.dead == large.dead
    assert small.lines == large.lines == large.raws
    records = sum(
        bool(line.strip(b" \t\r")) or len(line) > limit for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    )
    assert len(large.ids) + len(large.dead) == records


REPEATED = [
    (b'{"user": "ann", "user": "bob"}', "user"),
    (b'{"user":"ann","user":"ann"}', "user"),
    (b'{"type":"A","type":"A"}', "type"),
    (b'{"n":1,"x":null,"n":[]}', "n"),
    (b'{"time":"2026-01-01T00:00:00Z","n":1,"time":"2026-01-01T00:00:01Z"}', "time"),
    (b'{"unread":1,"n":1,"unread":2}', "unread"),
    (rb'{"user":"ann","\u0075ser":"bob"}', "user"),
    (rb'{"\u0075ser" \t: "ann","us\u0065r":"bob"}'.replace(rb"\t", b"\t"), "user"),
    (rb'{"user":"\"n\":1","n":1,"n":2}', "n"),
    (rb'{"n":1,"user":"\\","n":2}', "n"),
    (b'{"o":{"n":1},"n":1,"p":[{"n":2}],"n":3}', "n"),
    (b'{"":1,"":2}', ""),
    ('{"é":1,"n":"}{","é":2}'.encode(), "é"),
]


@pytest.mark.parametrize("beside", [b"", b"{\n"], ids=["in a block", "beside a broken line"])
@pytest.mark.parametrize(("line", "key"), REPEATED)
def test_a_key_that_stands_twice(tmp_path: Path, line: bytes, key: str, beside: bytes) -> None:
    got = read_bytes(tmp_path, b'{"n":1}\n' + line + b'\n{"n":3}\n' + beside)
    assert got.ids == ["x.jsonl:1", "x.jsonl:3"]
    letter = got.dead[0]
    assert (letter.code, letter.reason) == ("CEP609", f"the key `{key}` stands twice in the record")
    assert (letter.field, letter.position, letter.raw) == (key, 2, line)
    assert len(got.dead) == 1 + bool(beside)


KEYS = st.sampled_from(["user", "n", "type", "x", "y z", r"\u0075ser", r"a\\b", r"\"n", "é"])
VALUES = st.sampled_from(["1", '"a"', r'"\"n\":1"', r'"\\"', "null", '{"n":1,"n":2}', '[{"x":"y"},"z"]', '": "', "{}"])
OBJECTS = st.lists(st.tuples(KEYS, st.sampled_from(["", " "]), VALUES), max_size=5).map(
    lambda pairs: "{" + ",".join(f'"{key}"{blank}:{value}' for key, blank, value in pairs) + "}"
)


@given(st.lists(OBJECTS, max_size=12))
def test_whatever_the_keys(tmp_path_factory: pytest.TempPathFactory, records: list[str]) -> None:
    got = read_bytes(tmp_path_factory.getbasetemp(), "".join(record + "\n" for record in records).encode())
    assert [letter.position for letter in got.dead] == [
        number for number, record in enumerate(records, 1) if repeats_a_key(record)
    ]
    assert {letter.code for letter in got.dead} <= {"CEP609"}


def repeats_a_key(record: str | bytes) -> bool:
    pairs: list[list[tuple[str, object]]] = []
    json.loads(record, object_pairs_hook=pairs.append)  # the record itself is the last object that ends
    return len(dict(pairs[-1])) < len(pairs[-1])

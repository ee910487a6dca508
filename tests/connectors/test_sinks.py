"""Derived events as lines and as CloudEvents, late events and dead letters, and a reader that goes away."""

import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cep.connectors import JsonlLetters, JsonlSink, MemorySink, MemorySource, Sink, Source, open_sink, open_source
from cep.connectors.cloudevents import to_cloudevent, traceparent
from cep.connectors.sinks import discard
from cep.errors import UsageError
from cep.event import DeadLetter, DerivedEvent, Evidence, LateEvent
from cep.projection import Projection
from tests.connectors.reader import read

DERIVED = DerivedEvent(
    type="BruteForce",
    time_us=1_767_225_899_000_000,
    fields={"user": "änn", "attempts": 3},
    id="c1.abc",
    rule="brute_force",
    key={"user": "änn"},
    severity="high",
    evidence=(
        Evidence("failed login", "logins.jsonl:7", 1_767_225_600_000_000),
        Evidence("failed login", "logins.jsonl:9", 1_767_225_899_000_000),
        Evidence("failed login", "logins.jsonl:2", 1_767_225_500_000_000),
    ),
)
LINE = (
    '{"type":"BruteForce","time":"2026-01-01T00:04:59Z","user":"änn","attempts":3,"cep":{"id":"c1.abc",'
    '"rule":"brute_force","key":{"user":"änn"},"severity":"high","evidence":['
    '{"step":"failed login","id":"logins.jsonl:7","time":"2026-01-01T00:00:00Z"},'
    '{"step":"failed login","id":"logins.jsonl:9","time":"2026-01-01T00:04:59Z"},'
    '{"step":"failed login","id":"logins.jsonl:2","time":"2025-12-31T23:58:20Z"}]}}\n'
).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"key": {}, "severity": None, "evidence": ()},
        {"tags": ("a", "b"), "meta": {"x": [1, None, {"y": "é"}]}, "truncated": True, "degraded": True},
        {"awaited": "paid", "deadline_us": 1_767_225_899_000_001, "fields": {}},
        {"awaited": "paid", "deadline_us": None, "severity": ""},
        {"time_us": -1, "evidence": (Evidence("", "", 0), Evidence("s", "i", -62_135_596_800_000_000))},
        {"time_us": 253_402_300_800_000_000, "evidence": (Evidence("s", "i", 10**18),)},
        {"time_us": -(10**18), "evidence": (Evidence("s", "i", 2**62),)},
    ],
)
def test_a_line_is_what_the_dictionary_says(changes: dict[str, Any]) -> None:
    derived = msgspec.structs.replace(DERIVED, **changes)
    assert derived.to_json() == msgspec.json.encode(derived.to_dict())


class TestJsonl:
    def test_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "out.jsonl"
        sink = open_sink(path)
        sink.write([DERIVED])
        sink.write([])
        sink.write([DERIVED, DERIVED])
        sink.close()
        assert path.read_bytes() == LINE * 3
        assert DERIVED.to_json() + b"\n" == LINE

    def test_what_is_written_can_be_read_again(self, tmp_path: Path) -> None:
        path = tmp_path / "out.jsonl"
        sink = open_sink(path)
        sink.write([DERIVED])
        sink.close()
        [event] = read(open_source(path), ["attempts"]).events
        assert (event["type"], event["time"], event["attempts"]) == ("BruteForce", "2026-01-01T00:04:59Z", 3)
        assert event["cep"]["id"] == "c1.abc"

    def test_an_older_file_is_emptied_at_the_first_write_or_at_the_end(self, tmp_path: Path) -> None:
        path = tmp_path / "out.jsonl"
        path.write_bytes(b"old and long\n" * 1000)
        sink = JsonlSink(path)
        assert path.stat().st_size == 13_000
        sink.write([DERIVED])
        sink.close()
        assert path.read_bytes() == LINE
        JsonlSink(path).close()
        assert path.read_bytes() == b""

    def test_an_eager_sink_hands_over_each_write(self, tmp_path: Path) -> None:
        for eager, size in ((True, len(LINE)), (False, 0)):
            path = tmp_path / f"{eager}.jsonl"
            sink = open_sink(path, eager=eager)
            sink.write([DERIVED])
            assert path.stat().st_size == size
            sink.flush()
            assert path.stat().st_size == len(LINE)
            sink.close()
            sink.flush()

    def test_standard_output(self, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        sink = open_sink("-")
        sink.write([DERIVED])
        sink.close()
        print("still open", flush=True)
        assert capfdbinary.readouterr().out == LINE + b"still open\n"

    @pytest.mark.parametrize("eager", [True, False])
    def test_a_reader_that_goes_away_ends_it_quietly(self, root: Path, eager: bool) -> None:
        program = f"""
from cep.connectors import ReaderGone, open_sink
from tests.connectors.test_sinks import DERIVED
sink = open_sink("-", eager={eager})
try:
    while True:
        sink.write([DERIVED])
except ReaderGone:
    sink.close()
"""
        with subprocess.Popen(
            [sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline() == LINE
            process.stdout.close()
            errors = process.stderr.read()
        assert (process.returncode, errors) == (0, b"")

    def test_a_reader_that_is_gone_before_the_first_flush(self, root: Path) -> None:
        program = """
import sys
from cep.connectors import ReaderGone, open_sink
from tests.connectors.test_sinks import DERIVED
sink = open_sink("-")
sink.write([DERIVED])
sys.stdin.readline()
try:
    sink.close()
except ReaderGone:
    pass
"""
        with subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            process.stdin.write(b"\n")
            process.stdin.close()
            errors = process.stderr.read()
        assert (process.returncode, errors) == (0, b"")


class TestCloudEvents:
    def test_the_envelope(self) -> None:
        event = to_cloudevent(DERIVED)
        trace = event.pop("traceparent")
        assert event == {
            "specversion": "1.0",
            "id": "c1.abc",
            "source": "/cep/rules/brute_force",
            "type": "BruteForce",
            "time": "2026-01-01T00:04:59Z",
            "datacontenttype": "application/json",
            "correlationid": "logins.jsonl:2",
            "causationid": "logins.jsonl:9",
            "data": {key: value for key, value in DERIVED.to_dict().items() if key not in ("type", "time")},
        }
        version, trace_id, span_id, flags = trace.split("-")
        assert (version, len(trace_id), len(span_id), flags) == ("00", 32, 16, "01")
        assert int(trace_id, 16)
        assert int(span_id, 16)

    def test_trace_follows_from_the_id(self) -> None:
        assert traceparent("c1.abc") == traceparent("c1.abc") != traceparent("c1.abd")

    def test_the_last_of_two_at_the_same_time_is_the_cause(self) -> None:
        twins = (Evidence("a", "x:1", 5), Evidence("b", "x:2", 5))
        event = to_cloudevent(DerivedEvent("A", 5, {}, "c1.a", "r", evidence=twins))
        assert (event["correlationid"], event["causationid"]) == ("x:1", "x:2")

    def test_names_follow_the_standard(self) -> None:
        event = to_cloudevent(DerivedEvent("A", 0, {}, "c1.a", "a rule/ä"))
        assert event["source"] == "/cep/rules/a%20rule%2F%C3%A4"
        assert "correlationid" not in event
        for name, value in event.items():
            assert name == name.lower()
            assert name.isalnum()
            assert value != ""

    def test_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "out.jsonl"
        sink = open_sink(path, format="cloudevents")
        sink.write([DERIVED, DERIVED])
        sink.close()
        lines = path.read_bytes().splitlines()
        assert [json.loads(line) for line in lines] == [to_cloudevent(DERIVED)] * 2


class TestLetters:
    DEAD = DeadLetter("CEP601", "the record is not JSON", "x.jsonl", "", 3, b"\xff{\n\x1b[31m", 7)
    LATE = LateEvent("x.jsonl", "", 4, 0, 5_000_000, b'{"n":1}')

    def test_both_kinds(self, tmp_path: Path) -> None:
        path = tmp_path / "letters.jsonl"
        letters = JsonlLetters(path)
        letters.write([self.DEAD])
        letters.write([self.LATE, self.DEAD])
        letters.close()
        letters.close()
        assert letters.count == 3
        rows = [json.loads(line) for line in path.read_bytes().splitlines()]
        assert rows == [self.DEAD.to_dict(), self.LATE.to_dict(), self.DEAD.to_dict()]
        assert b"\x1b" not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_no_file_without_a_letter(self, tmp_path: Path) -> None:
        letters = JsonlLetters(tmp_path / "dead.jsonl")
        letters.write([])
        letters.flush()
        letters.close()
        assert list(tmp_path.iterdir()) == []

    def test_letters_of_an_earlier_run_do_not_stay(self, tmp_path: Path) -> None:
        path = tmp_path / "dead.jsonl"
        for letters, size in ((JsonlLetters(path), 1), (JsonlLetters(path), 0)):
            letters.write([self.DEAD] * size)
            letters.close()
            assert path.read_bytes().count(b"\n") == size

    def test_a_place_that_cannot_be_written_is_found_at_once(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="make it first"):
            JsonlLetters(tmp_path / "no" / "dead.jsonl")
        with pytest.raises(UsageError, match="it is a folder"):
            JsonlLetters(tmp_path)
        assert list(tmp_path.iterdir()) == []


class TestMemory:
    def test_source(self) -> None:
        records: list[Any] = [{"type": "A", "n": 1}, {"type": "B", "x": object()}, 3, {"n": 4}]
        source = MemorySource(records, batch_size=3)
        assert isinstance(source, Source)
        got = read(source, ["n"], whole=True)
        assert got.ids == ["memory:1", "memory:4"]
        assert got.events == [{"type": "A", "n": 1}, {"n": 4}]
        assert (got.lines[0], got.raws[0]) == (b'{"type":"A","n":1}', records[0])
        unfit, letter = got.dead
        assert (unfit.position, unfit.code) == (2, "CEP617")
        assert (letter.position, letter.code, letter.reason) == (3, "CEP606", "the record is not a mapping but int")
        assert got.batches == 2

    def test_close_ends_it(self) -> None:
        [part] = MemorySource([{"n": 1}], "orders").partitions(Projection(["n"]))
        assert part.source == "orders"
        part.close()
        assert part.next_batch() is None

    def test_sink(self) -> None:
        sink = MemorySink()
        assert isinstance(sink, Sink)
        sink.write([DERIVED])
        sink.flush()
        sink.close()
        assert sink.events == [DERIVED]


def test_discard_leaves_no_descriptor_behind() -> None:
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "wb")
    stream.write(b"held back")
    os.close(reading)
    next_free = os.dup(writing)
    os.close(next_free)
    discard(stream)
    again = os.dup(writing)
    os.close(again)
    assert again == next_free
    stream.close()


def test_discard_of_a_stream_without_a_descriptor_does_nothing() -> None:
    discard(io.BytesIO())
    closed = io.StringIO()
    closed.close()
    discard(closed)

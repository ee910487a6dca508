"""Compressed files, whole and damaged, and standard input."""

import gzip
import io
import os
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cep.connectors import open_source
from cep.connectors.reading import LiveBytes
from cep.errors import MissingExtra, UsageError
from cep.projection import Projection
from tests.connectors.reader import read, read_bytes


def zst(data: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression.zstd import CompressionParameter, compress

        packed: bytes = compress(data, options={CompressionParameter.checksum_flag: 1})
    else:
        import zstandard

        packed = zstandard.ZstdCompressor(write_checksum=True).compress(data)
    return packed


def gz(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


LINES = b"".join(b'{"user":"user%d","n":%d}\n' % (n % 7919, n) for n in range(20_000))
PACKERS = pytest.mark.parametrize(("ending", "pack"), [("gz", gz), ("zst", zst)])
Pack = Callable[[bytes], bytes]


@PACKERS
def test_compressed(tmp_path: Path, ending: str, pack: Pack) -> None:
    plain = read_bytes(tmp_path, LINES)
    got = read_bytes(tmp_path, pack(LINES), f"x.jsonl.{ending}")
    assert got.events == plain.events
    assert got.dead == []
    assert (got.ids[0], got.ids[-1]) == (f"x.jsonl.{ending}:1", f"x.jsonl.{ending}:20000")


@PACKERS
def test_several_members_and_an_empty_file(tmp_path: Path, ending: str, pack: Pack) -> None:
    members = pack(b'{"n":1}\n{"n"') + pack(b"") + pack(b":2}\n") + pack(LINES)
    got = read_bytes(tmp_path, members, f"x.jsonl.{ending}")
    assert len(got.ids) == 20_002
    assert got.dead == []
    for data in (b"", pack(b"")):
        got = read_bytes(tmp_path, data, f"x.jsonl.{ending}")
        assert (got.ids, got.dead) == ([], [])


def test_gzip_padded_with_zeros(tmp_path: Path) -> None:
    got = read_bytes(tmp_path, gz(b'{"n":1}\n') + b"\0" * 3000 + gz(b'{"n":2}\n') + b"\0" * 3000, "x.jsonl.gz")
    assert got.ids == ["x.jsonl.gz:1", "x.jsonl.gz:2"]
    assert got.dead == []


@PACKERS
@pytest.mark.parametrize("chunk_bytes", [100, 128 * 1024])
def test_cut_off(tmp_path: Path, ending: str, pack: Pack, chunk_bytes: int) -> None:
    packed = pack(LINES)
    (tmp_path / "y.jsonl").write_bytes(b'{"n":7}\n')
    (tmp_path / f"x.jsonl.{ending}").write_bytes(packed[: len(packed) // 2])
    got = read(open_source(tmp_path, chunk_bytes=chunk_bytes))
    [letter] = got.dead
    kind = {"gz": "gzip", "zst": "zstd"}[ending]
    assert (letter.code, letter.reason) == ("CEP607", f"the {kind} file is cut off")
    assert letter.position > 1
    assert got.ids[: letter.position - 1] == [f"x.jsonl.{ending}:{n}" for n in range(1, letter.position)]
    assert got.ids[letter.position - 1 :] == ["y.jsonl:1"]
    assert letter.raw is not None
    assert b"\n" not in letter.raw
    assert LINES.splitlines()[letter.position - 1].startswith(letter.raw)


@PACKERS
def test_damaged(tmp_path: Path, ending: str, pack: Pack) -> None:
    packed = bytearray(pack(LINES))
    middle = len(packed) // 2
    packed[middle : middle + 16] = b"\xff" * 16
    whole = read_bytes(tmp_path, bytes(packed), f"x.jsonl.{ending}")
    small = read_bytes(tmp_path, bytes(packed), f"x.jsonl.{ending}", chunk_bytes=50)
    *_, letter = whole.dead
    assert letter.code == "CEP607"
    assert letter.reason.startswith(("the gzip file is damaged: ", "the zstd file is damaged: "))
    assert "\n" not in letter.reason
    assert (whole.ids, whole.events, whole.dead) == (small.ids, small.events, small.dead)


def test_much_is_delivered_before_the_damage(tmp_path: Path) -> None:
    packed = gz(LINES)
    got = read_bytes(tmp_path, packed[: len(packed) // 2] + b"\xff" * 64, "x.jsonl.gz")
    assert len(got.ids) > 8_000


def test_a_wrong_checksum(tmp_path: Path) -> None:
    packed = bytearray(gz(LINES))
    packed[-5] ^= 1
    got = read_bytes(tmp_path, bytes(packed), "x.jsonl.gz")
    assert [letter.code for letter in got.dead] == ["CEP607"]
    assert len(got.ids) > 19_000


@PACKERS
def test_not_compressed_at_all(tmp_path: Path, ending: str, pack: Pack) -> None:
    got = read_bytes(tmp_path, b'{"n":1}\n', f"x.jsonl.{ending}")
    assert got.codes == [(1, "CEP607")]
    got = read_bytes(tmp_path, pack(b'{"n":1}\n') + b"and more", f"x.jsonl.{ending}")
    assert (got.ids, got.codes) == ([f"x.jsonl.{ending}:1"], [(2, "CEP607")])


@PACKERS
def test_a_bomb_stays_small(tmp_path: Path, root: Path, ending: str, pack: Pack) -> None:
    path = tmp_path / f"bomb.jsonl.{ending}"
    packer = zlib.compressobj(9, wbits=31)
    if ending == "gz":
        zeros = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(300)) + packer.flush()
    else:
        zeros = pack(b"\0" * 300_000_000)
    path.write_bytes(pack(b'{"n":1}\n') + zeros + pack(b'\n{"n":3}\n'))
    program = """
import sys
from cep.connectors import open_source
from tests.connectors.reader import peak_kib, read
before = peak_kib()
got = read(open_source(sys.argv[1]))
print(got.ids, got.codes, got.dead[0].size, (peak_kib() - before) < 120_000)
"""
    told = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=root, capture_output=True, text=True, check=True
    )
    name = path.name
    assert told.stdout.strip() == f"['{name}:1', '{name}:3'] [(2, 'CEP602')] 300000000 True"


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="the standard library reads zstd")
def test_zst_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    (tmp_path / "x.jsonl.zst").write_bytes(b"")
    with pytest.raises(MissingExtra, match=r"pip install 'cep-engine\[zstd\]'"):
        open_source(tmp_path / "x.jsonl.zst").partitions(Projection([]))


def test_a_file_that_is_gone_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"n":1}\n')
    [part] = open_source(path).partitions(Projection([]))
    path.unlink()
    os.mkfifo(path)
    batch = part.next_batch()
    assert batch is not None
    [letter] = batch.dead
    assert (letter.code, letter.reason) == ("CEP607", "the file cannot be read: not a regular file")
    assert part.next_batch() is None


def test_too_many_open_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.jsonl").write_bytes(b"")
    [part] = open_source(tmp_path).partitions(Projection([]))

    def refuse(*_: Any) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UsageError, match="ulimit -n"):
        part.next_batch()


class TestStandardInput:
    @pytest.fixture
    def pipe(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
        """The writing end of a pipe whose other end is standard input."""
        reading, writing = os.pipe()
        with os.fdopen(reading, encoding="utf-8") as stream:
            monkeypatch.setattr(sys, "stdin", stream)
            yield writing

    def test_lines_are_delivered_as_they_come(self, pipe: int) -> None:
        projection = Projection(["n"])
        [part] = open_source("-").partitions(projection)
        assert (part.source, part.partition, part.live, part.size) == ("stdin", "", True, None)

        def after(data: bytes) -> list[tuple[int, Any]]:
            os.write(pipe, data)
            batch = part.next_batch()
            assert batch is not None
            return [(p, projection.get(e, "n")) for p, e in zip(batch.positions, batch.events, strict=True)]

        assert after(b'{"n":1}\n{"n"') == [(1, 1)]
        assert after(b':2}\n\n{"n":4}\n{') == [(2, 2), (4, 4)]
        os.write(pipe, b'"n"')
        assert after(b':5}\n{"n":6}') == [(5, 5)]
        os.close(pipe)
        batch = part.next_batch()
        assert batch is not None
        assert list(batch.positions) == [6]
        assert part.next_batch() is None
        assert part.position == len(b'{"n":1}\n{"n":2}\n\n{"n":4}\n{"n":5}\n{"n":6}')

    def test_silence_gives_empty_batches(self, pipe: int) -> None:
        [part] = open_source("-", wait_s=0.0).partitions(Projection(["n"]))
        os.write(pipe, b'{"n":1')
        for _ in range(3):
            batch = part.next_batch()
            assert batch is not None
            assert (list(batch.events), list(batch.dead)) == ([], [])
        os.write(pipe, b"}\n")
        batch = part.next_batch()
        assert batch is not None
        assert list(batch.positions) == [1]
        os.close(pipe)
        assert part.next_batch() is None

    def test_csv(self, pipe: int) -> None:
        os.write(pipe, b'user,n\nann,1\n"bo\nb",2\n')
        os.close(pipe)
        got = read(open_source("csv:-"))
        assert got.ids == ["stdin:2", "stdin:3"]
        assert got.events == [{"user": "ann", "n": 1}, {"user": "bo\nb", "n": 2}]

    def test_a_process_that_is_given_its_input_slowly(self, root: Path) -> None:
        program = "from cep.connectors import open_source; from tests.connectors.reader import read; got = read(open_source('-')); print(got.ids, got.codes)"
        with subprocess.Popen(
            [sys.executable, "-c", program], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdin is not None
            for piece in (b'{"n"', b":1}", b'\n{"user":"\xc3', b'\xa9"}\nbroken', b"\n{"):
                process.stdin.write(piece)
                process.stdin.flush()
            told, _ = process.communicate()
        assert told.decode().strip() == "['stdin:1', 'stdin:2'] [(3, 'CEP601'), (4, 'CEP601')]"

    def test_a_stream_without_a_descriptor(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"n":1}\n{"n":2}')))
        assert read(open_source("-")).ids == ["stdin:1", "stdin:2"]

    def test_no_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", None)
        with pytest.raises(UsageError, match="no standard input"):
            open_source("-").partitions(Projection([]))

    def test_a_descriptor_that_does_not_block(self, pipe: int) -> None:
        os.set_blocking(sys.stdin.fileno(), False)
        stream = LiveBytes(sys.stdin.fileno(), wait_s=0.0)
        assert stream.read(10) is None
        os.write(pipe, b"abc")
        assert stream.read(10) == b"abc"
        os.close(pipe)
        assert stream.read(10) == b""

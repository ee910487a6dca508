"""What the command line gives: files, folders, patterns, schemes, and what is said when it cannot be used."""

import os
import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest

from cep.connectors import JsonlSink, MemorySource, Source, open_sink, open_source, registry, source_paths
from cep.connectors.files import source_names
from cep.connectors.protocols import Partition, Sink, SinkOptions, SourceOptions
from cep.errors import UsageError
from cep.projection import Projection
from tests.connectors.reader import read


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with data in it, which is the working directory."""
    for name in (
        "b.jsonl",
        "a.csv",
        "c.ndjson",
        "below/b.jsonl",
        "below/d.jsonl",
        ".hidden.jsonl",
        "README.md",
        "e.JSONL",
    ):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"n\n1\n" if name.endswith("csv") else b'{"n":1}\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("texts", "ids"),
    [
        (["data/b.jsonl"], ["b.jsonl:1"]),
        (["data"], ["a.csv:2", "b.jsonl:1", "c.ndjson:1", "e.JSONL:1"]),
        (["data/"], ["a.csv:2", "b.jsonl:1", "c.ndjson:1", "e.JSONL:1"]),
        (["data/*.jsonl"], ["b.jsonl:1"]),
        (["data/*"], ["a.csv:2", "b.jsonl:1", "c.ndjson:1", "e.JSONL:1"]),
        (["data/**/*.jsonl"], ["data/b.jsonl:1", "below/b.jsonl:1", "d.jsonl:1"]),
        (["data/below/d.jsonl", "data/b.jsonl"], ["d.jsonl:1", "b.jsonl:1"]),
        (["data/b.jsonl", "data/below/b.jsonl"], ["data/b.jsonl:1", "below/b.jsonl:1"]),
        (["data/b.jsonl", "data/below/../b.jsonl", "data/*.jsonl", "data/b.jsonl"], ["b.jsonl:1"]),
        (["jsonl:data/README.md"], ["README.md:1"]),
        (["jsonl://data/README.md", "csv:data/a.csv"], ["README.md:1", "a.csv:2"]),
    ],
)  # fmt: skip
def test_files(data: Path, texts: list[str], ids: list[str]) -> None:
    assert read(open_source(texts)).ids == ids


def test_absolute_names_give_the_same_ids(data: Path) -> None:
    assert read(open_source([data / "below" / "b.jsonl", data / "b.jsonl"])).ids == [
        "below/b.jsonl:1",
        "data/b.jsonl:1",
    ]


def test_a_name_that_looks_like_a_pattern_or_a_scheme(data: Path) -> None:
    for name in ("a[1].jsonl", "jsonl:x.jsonl"):
        Path(name).write_bytes(b'{"n":1}\n')
        assert read(open_source(name)).ids == [f"{name}:1"]


def test_names_are_told_apart_by_as_many_folders_as_it_takes() -> None:
    paths = [Path("/1/a/x"), Path("/2/a/x"), Path("/2/b/x"), Path("/2/b/y")]
    assert list(source_names(paths).values()) == ["1/a/x", "2/a/x", "2/b/x", "y"]


def test_partitions_open_nothing_before_they_are_read(data: Path) -> None:
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir())) if descriptors.is_dir() else 0
    parts = open_source("data").partitions(Projection([]))
    assert len(parts) == 4
    assert all(isinstance(part, Partition) for part in parts)
    assert [(part.size, part.position, part.live) for part in parts][1] == (8, 0, False)
    if before:
        assert len(list(descriptors.iterdir())) == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data/bb.jsonl", "there is no file `data/bb.jsonl`; did you mean `data/b.jsonl`?"),
        ("data/belw", "there is no file `data/belw`; did you mean `data/below`?"),
        ("data/zzzzzzz.jsonl", "there is no file `data/zzzzzzz.jsonl`"),
        ("nowhere/b.jsonl", "there is no file `nowhere/b.jsonl`: there is no folder `nowhere`"),
        ("data/b.jsonl/x.jsonl", "there is no file `data/b.jsonl/x.jsonl`: there is no folder `data/b.jsonl`"),
        ("", "no source is given: name a file, a folder, or `-` for standard input"),
        ("data/*.txt", "no data file matches `data/*.txt`; data files end in `.jsonl`"),
        ("data/*.md", "no data file matches `data/*.md`; it matches 1 other names; data files end in"),
        ("data/README.md", "cannot tell the format of `data/README.md` by its ending: data files end in `.jsonl`, `.ndjson` or `.csv`, each also with `.gz` or `.zst` after it; write `jsonl:data/README.md` if each line of it is a JSON object, or `csv:data/README.md`"),
        ("/dev/null", "cannot read `/dev/null`: it is not a regular file; `-` reads standard input"),
        ("/dev/zero", "cannot read `/dev/zero`: it is not a regular file"),
        ("pipe.jsonl", "cannot read `pipe.jsonl`: it is not a regular file; `-` reads standard input: `… | cep run … --source -`"),
        ("empty", "no data files in the folder `empty`: they end in"),
        ("outer", "`outer/**/*.jsonl` looks into the folders below it as well"),
        ("a\0b", "cannot read 'a\\x00b': "),
        ("kafka://x/y", "no source for `kafka:`; there are: csv, jsonl"),
        ("jsnl:x", "no source for `jsnl:`; did you mean `jsonl:`?"),
    ],
)  # fmt: skip
def test_what_cannot_be_read(data: Path, text: str, message: str) -> None:
    os.mkfifo("pipe.jsonl")
    Path("empty").mkdir()
    Path("outer/inner").mkdir(parents=True)
    with pytest.raises(UsageError) as caught:
        open_source(text)
    assert message in str(caught.value)


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_permission_denied(data: Path) -> None:
    (data / "b.jsonl").chmod(0)
    with pytest.raises(UsageError, match="permission denied"):
        open_source("data")


def test_a_link_is_read_under_its_own_name(data: Path) -> None:
    Path("link.jsonl").symlink_to(data / "b.jsonl")
    assert read(open_source("link.jsonl")).ids == ["link.jsonl:1"]
    Path("broken.jsonl").symlink_to(data / "gone.jsonl")
    with pytest.raises(UsageError, match="there is no file"):
        open_source("broken.jsonl")


def test_standard_input_among_files(data: Path) -> None:
    source = open_source(["-", "data/b.jsonl"])
    assert source.name == "data/b.jsonl, stdin"
    assert [path.name for path in source_paths(source)] == ["b.jsonl"]
    with pytest.raises(UsageError, match="standard input is given twice"):
        open_source(["-", "csv:-"])


class TestEntryPoints:
    @pytest.fixture(autouse=True)
    def installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two sources and a sink, as a package of a third party would bring them."""

        def offered(group: str) -> EntryPoints:
            return EntryPoints(
                entry
                for entry in (
                    EntryPoint("mem", f"{__name__}:made_source", "cep.sources"),
                    EntryPoint("bad", "no.such.module:x", "cep.sources"),
                    EntryPoint("mem", f"{__name__}:made_sink", "cep.sinks"),
                )
                if entry.group == group
            )

        monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or _this_module())
        monkeypatch.setattr(registry, "entry_points", offered)

    def test_source(self) -> None:
        source = open_source("mem://a/b?c", type_name="T")
        assert source.name == "mem://a/b?c"
        assert read(source).events == [{"type": "T", "n": 1}]

    def test_sink(self) -> None:
        sink = open_sink("mem:x", eager=True)
        assert isinstance(sink, MadeSink)
        assert (sink.text, sink.options) == ("mem:x", SinkOptions("json", True))

    def test_what_cannot_be_loaded(self) -> None:
        with pytest.raises(UsageError, match=r"the source `bad:` of `no\.such\.module:x` cannot be loaded: No module"):
            open_source("bad:x")
        with pytest.raises(UsageError, match="there are: bad, csv, jsonl, mem"):
            open_source("qqqqq:x")


def _this_module() -> Any:
    module = type(sys)(__name__)
    module.__dict__.update(globals())
    return module


def made_source(text: str, options: SourceOptions) -> Source:
    return MemorySource([{"n": 1}], text, options=options)


class MadeSink:
    def __init__(self, text: str, options: SinkOptions) -> None:
        self.text = text
        self.options = options

    def write(self, derived: object) -> None: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...


def made_sink(text: str, options: SinkOptions) -> Sink:
    return MadeSink(text, options)


class TestOpenSink:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("out.txt", "write `jsonl:out.txt` to use that name"),
            ("nowhere/out.jsonl", "cannot write `nowhere/out.jsonl`: there is no folder `nowhere`; make it first"),
            ("jsonl:data", "cannot write `data`: it is a folder; name a file in it"),
            ("jsonl:/dev/zero", "cannot write `/dev/zero`: it is not a regular file; `-` writes to standard output"),
            ("pipe.jsonl", "it is not a regular file"),
            ("data/b.jsonl", "`data/b.jsonl` is read as a source: write to another file"),
            ("link.jsonl", "`link.jsonl` is read as a source"),
            ("kafka:x", "no sink for `kafka:`; there are: jsonl"),
        ],
    )
    def test_what_cannot_be_written(self, data: Path, text: str, message: str) -> None:
        os.mkfifo("pipe.jsonl")
        Path("link.jsonl").symlink_to(data / "b.jsonl")
        with pytest.raises(UsageError) as caught:
            open_sink(text, inputs=source_paths(open_source("data")))
        assert message in str(caught.value)
        assert (data / "b.jsonl").read_bytes() == b'{"n":1}\n'

    def test_an_unknown_format(self) -> None:
        with pytest.raises(UsageError, match="no output format named `xml`; write `json` or `cloudevents`"):
            open_sink("-", format="xml")  # type: ignore[arg-type]

    def test_what_can_be_written(self, data: Path) -> None:
        for text in ("out.jsonl", "jsonl:out.txt", os.devnull, "-"):
            sink = open_sink(text, inputs=[data / "b.jsonl"])
            assert isinstance(sink, JsonlSink)
            sink.close()
            sink.close()

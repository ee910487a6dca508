"""The command as a process: Ctrl-C, pipes that close, a terminal that looks, the wall clock."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cep.connectors import JsonlSink
from tests.cli.command import ROOT, invoke, login, objects, process, write_lines

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes are those of POSIX")

PATIENCE_S = 60


def line(event: object) -> bytes:
    return json.dumps(event).encode() + b"\n"


def read_line(running: subprocess.Popen[bytes]) -> bytes:
    """The next line of its standard output."""
    assert running.stdout is not None
    ready, _, _ = select.select([running.stdout], [], [], PATIENCE_S)
    assert ready, "nothing came in time"
    return running.stdout.readline()


def give(running: subprocess.Popen[bytes], *events: object) -> None:
    assert running.stdin is not None
    running.stdin.write(b"".join(map(line, events)))
    running.stdin.flush()


def test_ctrl_c_while_it_waits_for_input(rules: Path, tmp_path: Path) -> None:
    (tmp_path / "left.cep").write_text("rule left when Logout emit Left(user)")
    running = process("run", tmp_path, "--source", "-", "--json", cwd=tmp_path, stdin=subprocess.PIPE, bufsize=0)
    give(running, login(0), login(1), login(2))
    assert json.loads(read_line(running))["type"] == "BruteForce"
    give(running, login(3), {**login(4), "type": "Logout"})
    assert json.loads(read_line(running))["type"] == "Left"
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 130
    assert out == b""
    [told] = objects(err)
    assert (told["ended"], told["derived"]) == ("interrupted", 2)
    assert told["sources"][0] | {"bytes_read": 0} == {
        "source": "stdin",
        "partition": "",
        "position": 5,
        "bytes_read": 0,
        "bytes_total": None,
        "complete": False,
    }


def test_ctrl_c_tells_where_each_source_stopped(rules: Path, tmp_path: Path) -> None:
    running = process("run", rules, "--source", "-", cwd=tmp_path, stdin=subprocess.PIPE, bufsize=0)
    give(running, login(0), login(1), login(2))
    read_line(running)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 130
    assert b"interrupted: 3 events" in err
    assert b"stdin: read up to 3" in err
    assert b"Traceback" not in err


def test_ctrl_c_in_the_middle_of_a_file_leaves_whole_lines(tmp_path: Path) -> None:
    rules = tmp_path / "each.cep"
    rules.write_text("rule each when Login emit Each(user)")
    events = write_lines(tmp_path / "many.jsonl", [json.dumps(login(0, f"u{n}")) for n in range(200_000)])
    out = tmp_path / "out.jsonl"
    running = process("run", rules, "--source", events, "-o", out, "--json", cwd=tmp_path)
    until = time.monotonic() + PATIENCE_S
    while not (out.exists() and out.stat().st_size):
        assert time.monotonic() < until, "nothing was written in time"
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(0.01)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=PATIENCE_S)
    [told] = objects(err)
    assert running.returncode == 130
    assert told["ended"] == "interrupted"
    assert 0 < told["sources"][0]["position"] < 200_000
    assert len(objects(out.read_bytes())) == told["derived"] == told["events"] == told["sources"][0]["position"]


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    rules = tmp_path / "each.cep"
    rules.write_text("rule each when Login emit Each(user)")
    write_lines(tmp_path / "many.jsonl", [json.dumps(login(0, f"u{n}")) for n in range(20_000)])
    with process("run", rules, "--source", "many.jsonl", cwd=tmp_path) as running:
        assert running.stdout is not None
        assert json.loads(running.stdout.readline())["user"] == "u0"
        running.stdout.close()
        assert running.stderr is not None
        told = running.stderr.read()
        assert told.startswith(b"the reader of the output went away: ")
        assert told.count(b"\n") == 1
        assert running.wait(PATIENCE_S) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("verb", ["run", "check", "explain", "--help"])
def test_standard_output_that_is_full(verb: str, rules: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "logins.jsonl", [login(0), login(1), login(2)])
    arguments = {"run": ("run", rules, "-s", "logins.jsonl"), "--help": ("--help",)}.get(verb, (verb, rules))
    with Path("/dev/full").open("wb") as full:
        _, err = (running := process(*arguments, cwd=tmp_path, stdout=full)).communicate(timeout=PATIENCE_S)
    assert err.decode() == "error: cannot write to standard output: No space left on device\n"
    assert running.returncode == 3


@pytest.mark.parametrize("verb", ["run", "check", "explain"])
def test_standard_output_that_is_closed(verb: str, rules: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "logins.jsonl", [login(0), login(1), login(2)])
    more = "-s logins.jsonl" if verb == "run" else ""
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m cep {verb} {rules} {more} >&-"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert done.stderr.decode() == "error: cannot write to standard output: Bad file descriptor\n"
    assert done.returncode == 3


def test_an_output_file_on_a_full_disk(rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(JsonlSink, "write", full)
    events = write_lines(tmp_path / "logins.jsonl", [login(0), login(1), login(2)])
    done = invoke("run", rules, "-s", events, "-o", tmp_path / "out.jsonl")
    assert done.exit_code == 3
    assert "out.jsonl`: No space left on device" in done.stderr


def test_sigterm_ends_like_ctrl_c(tmp_path: Path) -> None:
    rules = tmp_path / "gone.cep"
    rules.write_text("rule left when Logout emit Left(user)\nrule gone when Login then no Login for 1h emit Gone(user)")
    options = ("-s", "-", "--at-end", "flush")
    running = process("run", rules, *options, cwd=tmp_path, stdin=subprocess.PIPE, bufsize=0)
    give(running, login(0), {**login(1), "type": "Logout"})
    assert json.loads(read_line(running))["type"] == "Left"
    running.send_signal(signal.SIGTERM)
    out, err = running.communicate(timeout=PATIENCE_S)
    assert (running.returncode, out) == (143, b"")
    assert b"terminated: 2 events" in err
    assert b"gone  1 absence still waits; a terminated run does not flush it\n" in err
    assert b"--at-end" not in err


@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_an_early_signal_is_no_traceback(number: str, code: int, root: Path) -> None:
    program = (
        "import os, signal, sys\n"
        "class Early:\n"
        "    def find_spec(self, name, *rest):\n"
        f"        if name == 'click': os.kill(os.getpid(), signal.{number})\n"
        "sys.meta_path.insert(0, Early())\n"
        "from cep.cli import main; main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, check=False)
    assert done.returncode == code
    assert done.stderr.splitlines() == [b"interrupted" if number == "SIGINT" else b"terminated"]


@pytest.mark.parametrize("arguments", [("--help",), ("explain", "rules:authentication"), ("check", "nowhere")])
def test_help_and_text_into_a_closed_pipe(arguments: tuple[str, ...], tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    running = process(*arguments, cwd=tmp_path, stdout=writing)
    os.close(writing)
    _, err = running.communicate(timeout=PATIENCE_S)
    assert err == b""
    assert running.returncode == 0


def test_events_leave_as_they_are_derived(rules: Path, tmp_path: Path) -> None:
    running = process("run", rules, "--source", "-", "-q", cwd=tmp_path, stdin=subprocess.PIPE, bufsize=0)
    for round_ in range(3):
        give(running, *(login(round_ * 3 + n) for n in range(3)))
        assert json.loads(read_line(running))["attempts"] == 3
    assert running.communicate(timeout=PATIENCE_S) == (b"", b"")
    assert running.returncode == 0


def test_silence_of_standard_input_fires_absences(tmp_path: Path) -> None:
    rules = tmp_path / "silence.cep"
    rules.write_text("rule gone when Beat then no Beat for 100ms per host emit Gone(host)")
    options = ("--idle-timeout", "200ms", "--max-skew", "none", "-q")
    running = process("run", rules, "-s", "-", *options, cwd=tmp_path, stdin=subprocess.PIPE, bufsize=0)
    give(running, {"type": "Beat", "time": time.time(), "host": "a"})
    assert json.loads(read_line(running))["host"] == "a"
    running.communicate(timeout=PATIENCE_S)


def test_progress_is_for_terminals(tmp_path: Path, rules: Path) -> None:
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    running = process(
        "run", rules, "-s", "-", cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=slave, bufsize=0
    )
    os.close(slave)
    shown = b""
    for second in range(PATIENCE_S * 5):
        give(running, login(second % 60))
        while select.select([master], [], [], 0.05)[0]:
            shown += os.read(master, 10_000)
        if b"/s" in shown:
            break
    assert b"events" in shown
    assert shown.startswith(b"\r\x1b[K")
    assert running.stdin is not None
    running.stdin.close()
    assert running.wait(PATIENCE_S) == 0
    os.close(master)


def test_a_bug_of_ours_is_told_in_one_line(tmp_path: Path) -> None:
    program = (
        "import sys; sys.argv = ['cep', 'check', 'x']\n"
        "import cep.cli.rule_sources as r\n"
        "def broken(*a, **k): raise ZeroDivisionError('oops\\x1b[2J')\n"
        "r.read_rules = broken\n"
        "from cep.cli import main; main()\n"
    )
    for debug in ("", "1"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parent.parent.parent,
            env={**os.environ, "CEP_DEBUG": debug},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 70
        assert b"CEP901" in done.stderr
        assert b"\x1b[2J" not in done.stderr.splitlines()[-1]
        assert (b"Traceback" in done.stderr) is bool(debug)


def test_heavy_packages_stay_out_of_the_help(root: Path) -> None:
    program = (
        "import sys; from click.testing import CliRunner; from cep.cli.group import cep\n"
        "for verb in ('run', 'check', 'explain'): CliRunner().invoke(cep, [verb, '--help'])\n"
        "print(*sys.modules, sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert {"lark", "numpy", "rich", "msgspec", "yaml"} & set(done.stdout.splitlines()) == set()

"""examples/ssh: what it makes of sshd's lines, and what the rules find in a real server's log.

The real log lies beside the checkout and not in it, because its licence asks for a notice wherever it goes; without it
those tests are skipped. Every line in this file is made up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from examples.ssh.events import Calendar, Reader
from tests.examples import plain_authentication
from tests.examples.plain_reading import read
from tests.examples.running import EXAMPLES, ROOT, RULES, cep_run, objects, python
from tests.examples.test_domains import alerts, in_order

PROGRAM = EXAMPLES / "ssh" / "events.py"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
FAILED = "Failed password for root from 203.0.113.5 port 4022 ssh2"


def events_of(*lines: str, year: int | None = 2026) -> list[dict[str, Any]]:
    reader = Reader(Calendar(year, NOW))
    return [event for line in lines for event in reader.events(line.encode())]


def event(message: str) -> dict[str, Any]:
    """The one event of a message, less what all events have."""
    (found,) = events_of(f"Mar  2 08:00:00 web-1 sshd[77]: {message}")
    assert found["time"] == "2026-03-02T08:00:00Z"
    common = ("time", "host", "pid", "line")
    return {name: value for name, value in found.items() if name not in common}


# ---- messages


def test_a_failed_login_has_what_the_rules_read() -> None:
    assert events_of(f"Mar  2 08:00:00 web-1 sshd[77]: {FAILED}") == [
        {
            "type": "Login",
            "time": "2026-03-02T08:00:00Z",
            "host": "web-1",
            "pid": 77,
            "outcome": "failure",
            "known_user": True,
            "method": "password",
            "user": "root",
            "ip": "203.0.113.5",
            "port": 4022,
            "line": 1,
        }
    ]


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (
            "Accepted publickey for ann from 2001:db8::1 port 22 ssh2: ED25519 SHA256:aGVsbG8",
            {"type": "Login", "outcome": "success", "known_user": True, "method": "publickey", "user": "ann", "ip": "2001:db8::1", "port": 22},
        ),
        (
            "Failed keyboard-interactive/pam for invalid user a b from fe80::1%eth0 port 7 ssh2",
            {"type": "Login", "outcome": "failure", "known_user": False, "method": "keyboard-interactive/pam", "user": "a b", "ip": "fe80::1%eth0", "port": 7},
        ),
        (
            "Failed password for invalid user  from 203.0.113.5 port 7 ssh2",
            {"type": "Login", "outcome": "failure", "known_user": False, "method": "password", "user": "", "ip": "203.0.113.5", "port": 7},
        ),
        ("Invalid user test from 203.0.113.5", {"type": "InvalidUser", "user": "test", "ip": "203.0.113.5"}),
        ("Invalid user test from 2001:db8::1 port 9", {"type": "InvalidUser", "user": "test", "ip": "2001:db8::1", "port": 9}),
        ("Received disconnect from 203.0.113.5: 11: Bye Bye [preauth]", {"type": "Disconnect", "ip": "203.0.113.5", "reason": "11: Bye Bye [preauth]"}),
        ("Received disconnect from 2001:db8::1: 11: Bye Bye", {"type": "Disconnect", "ip": "2001:db8::1", "reason": "11: Bye Bye"}),
        ("Received disconnect from 2001:db8::1 port 9:11: Bye Bye", {"type": "Disconnect", "ip": "2001:db8::1", "port": 9, "reason": "11: Bye Bye"}),
        ("Connection closed by 203.0.113.5 [preauth]", {"type": "ConnectionClosed", "ip": "203.0.113.5"}),
        ("Connection closed by 2001:db8::1 port 9 [preauth]", {"type": "ConnectionClosed", "ip": "2001:db8::1", "port": 9}),
        ("Connection closed by authenticating user root 203.0.113.5 port 9 [preauth]", {"type": "ConnectionClosed", "user": "root", "ip": "203.0.113.5", "port": 9}),
        (
            "reverse mapping checking getaddrinfo for a.example [203.0.113.5] failed - POSSIBLE BREAK-IN ATTEMPT!",
            {"type": "BreakInWarning", "name": "a.example", "ip": "203.0.113.5"},
        ),
        ("Did not receive identification string from 203.0.113.5 port 9", {"type": "NoIdentification", "ip": "203.0.113.5", "port": 9}),
    ],
)  # fmt: skip
def test_messages(message: str, fields: dict[str, Any]) -> None:
    assert event(message) == fields


def test_a_user_name_cannot_pass_for_an_address() -> None:
    sly = "x from 198.51.100.1 port 1 ssh2"
    found = event(f"Failed password for invalid user {sly} from 203.0.113.5 port 7 ssh2")
    assert (found["user"], found["ip"], found["port"]) == (sly, "203.0.113.5", 7)


def test_a_repeated_message_is_as_many_events() -> None:
    found = events_of(f"Mar  2 08:00:00 web-1 sshd[77]: message repeated 5 times: [ {FAILED}]")
    assert len(found) == 5
    assert {(e["time"], e["user"], e["line"]) for e in found} == {("2026-03-02T08:00:00Z", "root", 1)}


# ---- heads of lines


@pytest.mark.parametrize(
    ("line", "at", "pid"),
    [
        ("Mar 12 08:00:00 web-1 sshd[77]: ", "2026-03-12T08:00:00Z", 77),
        ("<38>Mar 12 08:00:00 web-1 sshd[77]: ", "2026-03-12T08:00:00Z", 77),
        ("Mar 12 08:00:00 web-1 sshd: ", "2026-03-12T08:00:00Z", None),
        ("2024-05-01T12:00:00.123456+02:00 web-1 sshd[1]: ", "2024-05-01T10:00:00.123456Z", 1),
        ("2024-05-01T12:00:00Z web-1 sshd-session[812]: ", "2024-05-01T12:00:00Z", 812),
        ("<38>1 2024-05-01T12:00:00.5-0130 web-1 sshd 812 - - ", "2024-05-01T13:30:00.500000Z", 812),
        ('<38>1 2024-05-01T12:00:00Z web-1 sshd - - [x@1 a="b"] ', "2024-05-01T12:00:00Z", None),
    ],
)
def test_heads(line: str, at: str, pid: int | None) -> None:
    (found,) = events_of(line + FAILED)
    assert (found["time"], found.get("pid"), found["host"], found["ip"]) == (at, pid, "web-1", "203.0.113.5")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no log line",
        f"Feb 30 08:00:00 web-1 sshd[77]: {FAILED}",
        f"Mar  2 25:00:00 web-1 sshd[77]: {FAILED}",
        f"Mai  2 08:00:00 web-1 sshd[77]: {FAILED}",
        f"0001-01-01T00:00:00+02:00 web-1 sshd[77]: {FAILED}",
        f"Mar  2 08:00:00 web-1 sshd[{'9' * 5000}]: {FAILED}",
        "Mar  2 08:00:00",
    ],
)
def test_what_is_no_line_is_counted(line: str) -> None:
    reader = Reader(Calendar(2026, NOW))
    assert list(reader.events(line.encode())) == []
    assert reader.counts.not_understood == 1


def test_other_lines_are_counted_by_what_they_are() -> None:
    reader = Reader(Calendar(2026, NOW))
    for line in ("CRON[4]: (root) CMD", "kernel: [1.5] usb", "sshd[77]: Server listening on :: port 22."):
        assert list(reader.events(f"Mar  2 08:00:00 web-1 {line}".encode())) == []
    counts = reader.counts
    assert (counts.other_programs, counts.sshd_without_event, counts.not_understood) == (2, 1, 0)


# ---- the year


@pytest.mark.parametrize(
    ("now", "date", "year"),
    [
        ("2026-11-24", "Nov 24", 2026),
        ("2026-11-24", "Nov 25", 2026),  # a day ahead: a clock that is off, or another zone
        ("2026-11-24", "Nov 26", 2025),
        ("2026-12-31", "Jan  1", 2027),
        ("2026-01-01", "Dec 31", 2025),
        ("2026-05-05", "Feb 29", 2024),
    ],
)
def test_the_year_of_the_first_line(now: str, date: str, year: int) -> None:
    calendar = Calendar(None, datetime.fromisoformat(now).replace(tzinfo=UTC))
    month, day = date.split()
    at = calendar.time(month, day, "00:00:00")
    assert at is not None
    assert at.year == year


def test_new_years_eve_with_a_straggler_and_a_quiet_summer() -> None:
    dates = ("Dec 30", "Jan 1", "Dec 31", "Jan 1", "Feb 1", "Dec 30", "Dec 29", "Jan 2")
    lines = [f"{date} 08:00:00 web-1 sshd[77]: {FAILED}" for date in dates]
    assert [e["time"][:7] for e in events_of(*lines, year=2024)] == [
        "2024-12", "2025-01", "2024-12", "2025-01", "2025-02", "2025-12", "2025-12", "2026-01",
    ]  # fmt: skip


def test_a_leap_day_across_the_year() -> None:
    lines = [f"{date} 08:00:00 web-1 sshd[77]: {FAILED}" for date in ("Dec 30", "Feb 29", "Mar 1")]
    assert [e["time"][:10] for e in events_of(*lines, year=2023)] == ["2023-12-30", "2024-02-29", "2024-03-01"]


# ---- the program


def test_the_program_survives_bytes_that_are_no_text_and_lines_without_end() -> None:
    log = (
        b"Mar  2 08:00:00 web-1 sshd[77]: Failed password for \xff\xfe from 203.0.113.5 port 7 ssh2\r\n"
        + b"x" * 3_000_000
        + b"\nMar  2 08:00:01 web-1 sshd[77]: Invalid user bob from 203.0.113.5"
    )
    done = python(PROGRAM, "--year", "2026", stdin=log)
    first, second = objects(done.stdout)
    assert (first["user"], second["user"], second["line"]) == ("\ufffd\ufffd", "bob", 3)
    assert b"3 lines: 2 events" in done.stderr
    assert b"1 lines not understood" in done.stderr


def test_the_zone_of_times_that_have_none() -> None:
    log = f"Mar  2 22:00:00 web-1 sshd[77]: {FAILED}\n2026-03-02T22:00:00Z web-1 sshd[77]: {FAILED}\n".encode()
    done = python(PROGRAM, "--year", "2026", "--utc-offset=-05:00", "--quiet", stdin=log)
    assert [e["time"] for e in objects(done.stdout)] == ["2026-03-03T03:00:00Z", "2026-03-02T22:00:00Z"]
    assert done.stderr == b""


def test_options_are_checked_and_explained() -> None:
    assert b"--year" in python(PROGRAM, "--help").stdout
    assert b"no year" in python(PROGRAM, "--year", "soon", stdin=b"", code=2).stderr
    assert b"no offset" in python(PROGRAM, "--utc-offset", "CET", stdin=b"", code=2).stderr


def test_nothing_in_nothing_out() -> None:
    assert python(PROGRAM, stdin=b"").stdout == b""


def test_a_reader_that_leaves_is_no_error() -> None:
    log = f"Mar  2 08:00:00 web-1 sshd[77]: {FAILED}\n".encode() * 20_000
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), "--year", "2026"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        try:
            running.stdin.write(log)
            running.stdin.close()
        except BrokenPipeError:
            pass
        messages = running.stderr.read()
        assert running.wait(timeout=60) == 0
    assert b"Traceback" not in messages
    assert b"BrokenPipe" not in messages


def test_events_leave_while_the_log_is_still_open() -> None:
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), "--year", "2026"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(f"Mar  2 08:00:00 web-1 sshd[77]: {FAILED}\n".encode())
        assert json.loads(running.stdout.readline())["user"] == "root"
        running.stdin.close()
        assert running.wait(timeout=60) == 0


def test_the_rules_read_a_log_through_a_pipe() -> None:
    log = "".join(f"Mar  2 08:00:{second:02} web-1 sshd[77]: {FAILED}\n" for second in range(6)).encode()
    made = python(PROGRAM, "--year", "2026", stdin=log).stdout
    counts = Counter(d["type"] for d in objects(cep_run(RULES / "authentication", "-", stdin=made)))
    assert counts == {"BruteForceFromAddress": 2, "BruteForceOnAccount": 2}


# ---- a real server's log


@pytest.fixture
def real() -> Path:
    folder = ROOT.parent / "shared" / "data" / "ssh"
    if not folder.is_dir():
        pytest.skip("../shared/data/ssh (a real log, not ours to copy into the project) is not beside this checkout")
    return folder


def test_the_real_log_gives_the_known_events(real: Path) -> None:
    done = python(PROGRAM, "--year", "2017", stdin=(real / "OpenSSH_2k.log").read_bytes())
    assert objects(done.stdout) == objects((real / "events.jsonl").read_bytes())
    assert b" 1,196 events" in done.stderr
    assert b" 0 lines not understood" in done.stderr


def test_one_idea_in_three_sizes(real: Path) -> None:
    derived = objects(cep_run(EXAMPLES / "ssh" / "guessing.cep", real / "events.jsonl"))
    assert Counter(d["cep"]["rule"] for d in derived) == {"from_anywhere": 172, "from_one_address": 167}
    by_address = [d for d in derived if d["type"] == "FailuresFromAddress"]
    assert len({d["ip"] for d in by_address}) == 13
    assert [(d["time"], d["ip"]) for d in by_address[:2]] == [("2017-12-10T07:13:56Z", "5.36.59.76")] * 2


def test_the_raw_log_through_the_pipe_finds_the_same(real: Path) -> None:
    made = python(PROGRAM, "--year", "2017", stdin=(real / "OpenSSH_2k.log").read_bytes()).stdout
    piped = cep_run(RULES / "authentication", "-", stdin=made)
    from_file = cep_run(RULES / "authentication", real / "events.jsonl")

    def told(lines: bytes) -> list[dict[str, Any]]:
        return [{name: value for name, value in d.items() if name != "cep"} for d in objects(lines)]

    assert told(piped) == told(from_file)
    counts = Counter(d["type"] for d in objects(piped))
    assert counts["BruteForceFromAddress"] == 167
    assert counts["AccountTakeover"] == 0


def test_the_pack_finds_what_the_plain_program_counts(real: Path) -> None:
    derived = objects(cep_run(RULES / "authentication", real / "events.jsonl"))
    events = read(real / "events.jsonl", "time").events
    logins = [e for e in events if e["type"] == "Login"]
    assert logins[-1] is events[-1]  # so that the clock goes as far without the others
    for rule, plain in plain_authentication.RULES.items():
        assert in_order(alerts(derived, rule)) == in_order(list(plain(logins))), rule


def test_the_push_api_counts_the_same(real: Path) -> None:
    from cep import Engine

    engine = Engine.from_rules(str(EXAMPLES / "ssh" / "guessing.cep"))
    lines = (real / "events.jsonl").read_bytes().splitlines()
    counts = Counter(d.rule for line in lines for d in engine.push(json.loads(line)))
    assert counts == {"from_anywhere": 172, "from_one_address": 167}

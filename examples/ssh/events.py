"""Turns what sshd writes to auth.log into events: log lines on standard input, JSON lines on standard output.

    python examples/ssh/events.py --utc-offset=+01:00 < auth.log | cep run rules/authentication --source -
    tail -F auth.log | python examples/ssh/events.py --utc-offset=+01:00 | cep run rules/authentication --source -

It reads the two ways in which syslog writes a line, old and new:

    Dec 10 06:55:48 web-1 sshd[24200]: Failed password for root from 203.0.113.5 port 38926 ssh2
    2026-03-02T08:00:12.345678+01:00 web-1 sshd-session[812]: Failed password for root from ...

The old one has no year and no zone: see --year and --utc-offset. What was made of the lines is counted on standard
error at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, BinaryIO, NamedTuple

Fields = dict[str, Any]

MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHS = {name: number for number, name in enumerate(MONTH_NAMES, 1)}
DAY = timedelta(days=1)
HALF_A_YEAR = timedelta(days=183)
LONGEST_LINE = 64 * 1024  # bytes; syslog cuts far earlier

# A line up to its message. RFC 5424 puts the process id, a message id and structured data between blanks.
HEAD = re.compile(
    r"(?:<\d{1,3}>(?:\d )?)?"
    r"(?:(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?P<clock>\d\d:\d\d:\d\d)"
    r"|(?P<iso>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)))"
    r" +(?P<host>\S+) +(?P<program>[^\s\[:]+)"
    r"(?:(?:\[(?P<pid>\d{1,9})\])?:| (?P<pid5424>\d{1,9}|-) \S+ (?:-|\[.*?\]))(?: (?P<message>.*)|$)",
    re.ASCII | re.DOTALL,
)
PROGRAMS = ("sshd", "sshd-session", "sshd-auth")  # the last two since OpenSSH 9.8

# What rsyslog writes in place of equal lines.
REPEATED = re.compile(r"message repeated (?P<times>\d{1,6}) times: \[ (?P<message>.*)\]$", re.ASCII | re.DOTALL)

# A user name is whatever the other side sent: it may be empty, hold blanks, or look like the rest of the line. So it
# is matched greedily, up to the last " from ", and what follows it is matched to the end of the message.
KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.ASCII | re.DOTALL))
    for kind, pattern in (
        (
            "Login",
            r"(?P<verb>Failed|Accepted) (?P<method>\S+) for (?P<invalid>invalid user )?(?P<user>.*)"
            r" from (?P<ip>\S+) port (?P<port>\d{1,5})(?: ssh\d?)?(?:: .*)?$",
        ),
        ("InvalidUser", r"Invalid user (?P<user>.*) from (?P<ip>\S+)(?: port (?P<port>\d{1,5}))?$"),
        ("Disconnect", r"Received disconnect from (?P<ip>\S+) port (?P<port>\d{1,5}):(?P<reason>.*)"),
        ("Disconnect", r"Received disconnect from (?P<ip>\S+): (?P<reason>.*)"),
        (
            "ConnectionClosed",
            r"Connection closed by (?:invalid|authenticating) user (?P<user>.*)"
            r" (?P<ip>\S+) port (?P<port>\d{1,5})(?: \[preauth\])?$",
        ),
        (
            "ConnectionClosed",
            r"Connection closed by (?P<ip>[0-9A-Fa-f.:]+(?:%\w+)?)(?: port (?P<port>\d{1,5}))?(?: \[preauth\])?$",
        ),
        (
            "BreakInWarning",
            r"reverse mapping checking getaddrinfo for (?P<name>\S+) \[(?P<ip>[^\]\s]+)\] failed",
        ),
        (
            "NoIdentification",
            r"Did not receive identification string from (?P<ip>\S+)(?: port (?P<port>\d{1,5}))?",
        ),
    )
)


class Calendar:
    """Gives the lines of a log without years their year.

    With ``year`` the first line is of that year; without, it is the latest such date that does not lie more than a day
    after ``now``. A line that seems to go back by half a year and more is of the next year; a line that fits just
    before the one above, but in the year before, is a straggler around New Year's Eve.
    """

    def __init__(self, year: int | None, now: datetime, zone: tzinfo = UTC) -> None:
        self.year = year
        self.now = now
        self.zone = zone
        self.last: datetime | None = None

    def time(self, month: str, day: str, clock: str) -> datetime | None:
        """The time of the next line; null where there is no such date."""
        parts = (MONTHS.get(month, 0), int(day), *map(int, clock.split(":")))
        at = self._first(parts) if self.last is None else self._next(parts, self.last)
        if at is not None:
            self.last, self.year = at, at.year
        return at

    def _first(self, parts: tuple[int, ...]) -> datetime | None:
        if self.year is not None:
            return self._date(self.year, parts)
        this_year = self.now.astimezone(self.zone).year
        for year in range(this_year + 1, this_year - 9, -1):  # 29 February may be 8 years away
            at = self._date(year, parts)
            if at is not None and at <= self.now + DAY:
                return at
        return None

    def _next(self, parts: tuple[int, ...], last: datetime) -> datetime | None:
        before = self._date(last.year - 1, parts)
        if before is not None and before >= last - DAY:
            return before
        at = self._date(last.year, parts)
        if at is None:  # 29 February, read in the autumn before; else no date at all
            return self._date(last.year + 1, parts) if last.month > 2 else None
        return self._date(last.year + 1, parts) if at < last - HALF_A_YEAR else at

    def _date(self, year: int, parts: tuple[int, ...]) -> datetime | None:
        try:
            return datetime(year, *parts, tzinfo=self.zone)  # type: ignore[arg-type,misc]
        except ValueError:
            return None


class Counts:
    """What became of the lines."""

    def __init__(self) -> None:
        self.lines = 0
        self.events = 0
        self.sshd_without_event = 0
        self.other_programs = 0
        self.not_understood = 0

    def __str__(self) -> str:
        return (
            f"{self.lines:,} lines: {self.events:,} events; "
            f"no event in {self.sshd_without_event:,} lines of sshd and "
            f"{self.other_programs:,} of other programs; {self.not_understood:,} lines not understood"
        )


class Line(NamedTuple):
    """A line of sshd's, taken apart."""

    time: str
    host: str
    pid: int | None
    message: str


class Reader:
    """Turns lines into events, one line after the other; counts what it cannot use."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.counts = Counts()

    def events(self, raw: bytes | None) -> Iterator[Fields]:
        """The events of the next line: none, one, or as many as "message repeated" says. Null: a line too long."""
        self.counts.lines += 1
        line = self._line(raw)
        if line is None:
            return
        repeated = REPEATED.match(line.message)
        times, message = (1, line.message) if repeated is None else (int(repeated["times"]), repeated["message"])
        found = event_of(message)
        if found is None:
            self.counts.sshd_without_event += 1
            return
        kind, fields = found
        event: Fields = {"type": kind, "time": line.time, "host": line.host}
        if line.pid is not None:
            event["pid"] = line.pid
        event.update(fields)
        event["line"] = self.counts.lines
        for _ in range(times):
            self.counts.events += 1
            yield event

    def _line(self, raw: bytes | None) -> Line | None:
        head = None if raw is None else HEAD.match(raw.decode("utf-8", "replace").rstrip("\r"))
        if head is None:
            self.counts.not_understood += 1
            return None
        if head["program"] not in PROGRAMS:
            self.counts.other_programs += 1
            return None
        time = self._time(head)
        if time is None:
            self.counts.not_understood += 1
            return None
        pid = head["pid"] or head["pid5424"]
        number = int(pid) if pid and pid != "-" else None
        return Line(time, head["host"], number, head["message"] or "")

    def _time(self, head: re.Match[str]) -> str | None:
        try:
            if head["iso"] is not None:
                return time_text(datetime.fromisoformat(head["iso"]))
            at = self.calendar.time(head["month"], head["day"], head["clock"])
            return None if at is None else time_text(at)
        except (ValueError, OverflowError):  # 31 June, or the year 1 in another zone
            return None


def event_of(message: str) -> tuple[str, Fields] | None:
    """Type and fields of the event that a message of sshd's reports, if it is one of KINDS."""
    for kind, pattern in KINDS:
        found = pattern.match(message)
        if found is None:
            continue
        fields: Fields = {name: text for name, text in found.groupdict().items() if text is not None}
        if kind == "Login":
            outcome = "failure" if fields.pop("verb") == "Failed" else "success"
            known = fields.pop("invalid", None) is None
            fields = {"outcome": outcome, "known_user": known, **fields}
        if "port" in fields:
            fields["port"] = int(fields["port"])
        return kind, fields
    return None


def time_text(at: datetime) -> str:
    """UTC with Z; microseconds only where there are any."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def chunks_of_lines(stream: BinaryIO) -> Iterator[list[bytes | None]]:
    """The lines of what is there to read, without waiting for more; null stands for a line that is too long."""
    rest, skipping = b"", False
    while chunk := stream.read1(LONGEST_LINE):  # type: ignore[attr-defined]
        *lines, rest = (rest + chunk).split(b"\n")
        complete: list[bytes | None] = list(lines)
        if skipping and complete:
            complete[0], skipping = None, False
        if skipping or len(rest) > LONGEST_LINE:
            rest, skipping = b"", True
        yield complete
    if rest or skipping:
        yield [None if skipping else rest]


def write(chunks: Iterable[list[bytes | None]], reader: Reader, out: Callable[[str], object]) -> None:
    """Events go out as soon as the lines that are there have been read: at the latest with each chunk."""
    for lines in chunks:
        for line in lines:
            for event in reader.events(line):
                out(json.dumps(event) + "\n")
        sys.stdout.flush()


def utc_offset(text: str) -> tzinfo:
    found = re.fullmatch(r"([+-])(\d\d):?(\d\d)", text)
    if found is None or int(found[2]) > 14 or int(found[3]) > 59:
        raise argparse.ArgumentTypeError(f"{text!r} is no offset such as +01:00")
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-offset if found[1] == "-" else offset)


def year(text: str) -> int:
    if not (text.isdigit() and 1970 <= int(text) <= 9000):
        raise argparse.ArgumentTypeError(f"{text!r} is no year from 1970 on")
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Turns sshd's lines in auth.log (standard input) into events (JSON lines on standard output).",
        epilog="example: "
        "python examples/ssh/events.py --utc-offset=+01:00 < auth.log | cep run rules/authentication --source -",
    )
    parser.add_argument(
        "--year",
        type=year,
        metavar="YYYY",
        help="year of the first line that has none (default: this year, or the last one where "
        "the date would lie more than a day ahead); after New Year's Eve the next year follows",
    )
    parser.add_argument(
        "--utc-offset",
        type=utc_offset,
        default=UTC,
        metavar="+HH:MM",
        help="offset of the server's clock, for times that have none, as in --utc-offset=-05:00 (default: +00:00)",
    )
    parser.add_argument("--quiet", action="store_true", help="do not report the counts")
    options = parser.parse_args(arguments)

    reader = Reader(Calendar(options.year, datetime.now(UTC), options.utc_offset))
    code = 0
    try:
        write(chunks_of_lines(sys.stdin.buffer), reader, sys.stdout.write)
    except BrokenPipeError:
        pass
    except KeyboardInterrupt:
        code = 130
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not options.quiet:
        print(f"events.py: {reader.counts}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())

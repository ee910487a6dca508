"""``cep run``: what goes to standard output, what to standard error, what comes in and how it ends."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from cep.connectors.protocols import Partition, wall_clock
from cep.connectors.registry import SOURCES
from cep.event import Batch
from cep.pipeline import Pipeline
from cep.projection import Projection
from tests.cli.command import invoke, login, objects, write_lines


def summary_of(stderr: str) -> dict[str, Any]:
    [summary] = objects(stderr)
    return summary


class Beats:
    """A live source with a name of its own: one event, then silence until the run has written something."""

    source, partition, live, size, position = "beats", "", True, None, 0

    def __init__(self, written: Path) -> None:
        self._written = written
        self._until_us = wall_clock() + 60_000_000
        self._began = False
        self._projection: Projection | None = None

    def partitions(self, projection: Projection) -> list[Partition]:
        self._projection = projection
        return [self]

    def next_batch(self) -> Batch | None:
        now_us = wall_clock()
        if self._began:
            is_silent = now_us < self._until_us and not self._written.stat().st_size
            return Batch(self.source, "", [], ()) if is_silent else None
        assert self._projection is not None
        self._began = True
        beat = self._projection.make({"type": "Beat", "time": now_us / 1_000_000, "host": "a"})
        return Batch(self.source, "", [beat], [1], arrival_us=now_us)

    def close(self) -> None:
        pass


def test_the_idle_timeout_is_for_every_live_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.jsonl"
    monkeypatch.setitem(SOURCES, "beats", lambda text, options: Beats(out))
    rules = tmp_path / "gone.cep"
    rules.write_text("rule gone when Beat then no Beat for 100ms per host emit Gone(host)")
    done = invoke("run", rules, "-s", "beats:x", "--idle-timeout", "50ms", "-o", out, "--json")
    assert done.exit_code == 0
    assert summary_of(done.stderr)["derived_by_rule"] == {"gone": 1}


@pytest.mark.parametrize(("option", "expected"), [((), 30_000_000), (("--idle-timeout", "none"), None)])
def test_standard_input_is_not_waited_for_forever(
    option: tuple[str, ...], expected: int | None, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    class Watched(Pipeline):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            given.append(options["idle_timeout"])
            super().__init__(*arguments, **options)

    monkeypatch.setattr("cep.pipeline.Pipeline", Watched)
    assert invoke("run", rules, "-s", "-", *option, stdin="").exit_code == 0
    assert given == [expected]


def test_files_have_no_idle_timeout(rules: Path, events: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a file is not silent")

    monkeypatch.setattr(Pipeline, "_silent", never)
    assert invoke("run", rules, "-s", events).exit_code == 0
    assert "[default: 30s with" in invoke("run", "--help").stdout


class TestOutput:
    def test_standard_output_carries_derived_events_only(self, rules: Path, events: Path) -> None:
        done = invoke("run", rules, "--source", events)
        assert done.exit_code == 0
        [derived] = objects(done.stdout)
        assert (derived["type"], derived["time"], derived["user"], derived["attempts"]) == (
            "BruteForce",
            "2026-01-01T00:02:00Z",
            "ann",
            3,
        )
        assert [e["id"] for e in derived["cep"]["evidence"]] == ["logins.jsonl:1", "logins.jsonl:2", "logins.jsonl:5"]

    def test_the_summary_tells_what_happened(self, rules: Path, events: Path) -> None:
        told = invoke("run", rules, "--source", events).stderr
        assert "6 events in" in told
        assert "1 derived" in told
        assert "brute_force  1" in told
        assert "logins.jsonl:3: 30s behind" in told
        assert "logins.jsonl:4: CEP601" in told
        assert "--late FILE" in told
        assert "--dead-letters FILE" in told

    def test_quiet(self, rules: Path, events: Path) -> None:
        done = invoke("run", rules, "-s", events, "--quiet")
        assert done.stderr == ""
        assert len(objects(done.stdout)) == 1

    def test_json(self, rules: Path, events: Path) -> None:
        told = summary_of(invoke("run", rules, "-s", events, "--json").stderr)
        assert told["ended"] == "complete"
        assert (told["events"], told["accepted"], told["late"], told["dead_letters"]) == (6, 4, 1, 1)
        assert told["derived_by_rule"] == {"brute_force": 1}
        assert told["dead_letters_by_code"] == {"CEP601": 1}
        assert told["first_dead_letters"][0]["position"] == 4
        assert told["sources"][0]["complete"] is True
        assert told["events"] == told["accepted"] + told["late"] + told["dead_letters"]

    def test_late_and_dead_letter_files(self, rules: Path, events: Path, tmp_path: Path) -> None:
        late, dead, out = (tmp_path / name for name in ("late.jsonl", "dead.jsonl", "out.jsonl"))
        done = invoke("run", rules, "-s", events, "--late", late, "--dead-letters", dead, "-o", out, "--json")
        assert done.stdout == ""
        assert [d["position"] for d in objects(late.read_text())] == [3]
        assert [(d["position"], d["code"]) for d in objects(dead.read_text())] == [(4, "CEP601")]
        assert [d["type"] for d in objects(out.read_text())] == ["BruteForce"]
        assert summary_of(done.stderr)["first_late"] == []

    def test_late_file_is_named_in_the_summary(self, rules: Path, events: Path, tmp_path: Path) -> None:
        told = invoke("run", rules, "-s", events, "--late", tmp_path / "late.jsonl").stderr
        assert f"1 event, in {tmp_path / 'late.jsonl'}" in told

    def test_cloudevents(self, rules: Path, events: Path) -> None:
        [event] = objects(invoke("run", rules, "-s", events, "--format", "cloudevents").stdout)
        assert event["specversion"] == "1.0"
        assert event["data"]["user"] == "ann"

    def test_several_sinks(self, rules: Path, events: Path, tmp_path: Path) -> None:
        out = tmp_path / "out.jsonl"
        done = invoke("run", rules, "-s", events, "-o", out, "-o", "-", "-q")
        assert done.stdout == out.read_text() != ""

    def test_what_comes_out_can_go_in_again(self, rules: Path, events: Path, tmp_path: Path) -> None:
        out = tmp_path / "out.jsonl"
        invoke("run", rules, "-s", events, "-o", out)
        again = tmp_path / "again.cep"
        again.write_text("rule again when BruteForce as b emit Again(user = b.user)")
        [derived] = objects(invoke("run", again, "-s", out).stdout)
        assert derived["time"] == "2026-01-01T00:02:00Z"
        assert derived["cep"]["evidence"][0]["id"].startswith("c1.")

    def test_control_characters_of_data_do_not_reach_the_terminal(self, rules: Path, tmp_path: Path) -> None:
        write_lines(
            tmp_path / "in.jsonl", [{"type": "Log\x1b]0;evil\x07in", "time": "2026-01-01T00:00:00Z"}, "\x1b[2J"]
        )
        schema = tmp_path / "s.cep"
        schema.write_text('event Login { user: string in ["a"] }\nrule r when Login(user == "a") per user emit R(user)')
        write_lines(tmp_path / "more.jsonl", [login(0, "\x1b[31mred\x07")])
        done = invoke("run", schema, "-s", tmp_path / "in.jsonl", "-s", tmp_path / "more.jsonl")
        assert done.exit_code == 0
        assert "\x1b" not in done.stderr
        assert "\x07" not in done.stderr
        assert "CEP615" in done.stderr


class TestSources:
    def test_several_in_order_of_time(self, rules: Path, tmp_path: Path) -> None:
        a = write_lines(tmp_path / "a.jsonl", [login(0), login(120)])
        b = write_lines(tmp_path / "b.jsonl", [login(60), login(600)])
        forward, backward = (invoke("run", rules, "-q", *given) for given in (("-s", a, "-s", b), ("-s", b, "-s", a)))
        [derived] = objects(forward.stdout)
        assert [e["id"] for e in derived["cep"]["evidence"]] == ["a.jsonl:1", "b.jsonl:1", "a.jsonl:2"]
        assert forward.stdout == backward.stdout
        assert summary_of(invoke("run", rules, "-s", a, "-s", b, "--json").stderr)["late"] == 0

    def test_gzip(self, rules: Path, events: Path, tmp_path: Path) -> None:
        packed = tmp_path / "packed.jsonl.gz"
        packed.write_bytes(gzip.compress(events.read_bytes()))
        assert len(objects(invoke("run", rules, "-s", packed).stdout)) == 1

    def test_standard_input(self, rules: Path) -> None:
        lines = "".join(json.dumps(login(second)) + "\n" for second in (0, 60, 120))
        done = invoke("run", rules, "--source", "-", stdin=lines)
        [derived] = objects(done.stdout)
        assert derived["cep"]["evidence"][0]["id"] == "stdin:1"

    def test_standard_input_does_not_believe_in_the_far_future(self, rules: Path) -> None:
        line = json.dumps({**login(0), "time": "2999-01-01T00:00:00Z"}) + "\n"
        assert summary_of(invoke("run", rules, "-s", "-", "--json", stdin=line).stderr)["dead_letters_by_code"] == {
            "CEP616": 1
        }
        told = invoke("run", rules, "-s", "-", "--json", "--max-skew", "none", stdin=line).stderr
        assert summary_of(told)["accepted"] == 1

    def test_files_may_lie_in_the_future(self, rules: Path, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", [{**login(0), "time": "2999-01-01T00:00:00Z"}])
        assert summary_of(invoke("run", rules, "-s", path, "--json").stderr)["accepted"] == 1

    def test_csv_with_a_type(self, rules: Path, tmp_path: Path) -> None:
        path = tmp_path / "logins.csv"
        rows = "".join(f"2026-01-01T00:0{minute}:00Z,ann,failure\n" for minute in range(3))
        path.write_text("time,user,outcome\n" + rows)
        assert len(objects(invoke("run", rules, "-s", path, "--type", "Login").stdout)) == 1

    def test_text_columns_of_csv_stay_text(self, tmp_path: Path) -> None:
        (tmp_path / "r.cep").write_text("event Scan { code: string }\nrule r when Scan as s emit Seen(code = s.code)")
        (tmp_path / "s.csv").write_text("type,time,code\nScan,2026-01-01T00:00:00Z,7\n")
        [derived] = objects(invoke("run", tmp_path / "r.cep", "-s", tmp_path / "s.csv").stdout)
        assert derived["code"] == "7"

    def test_type_field(self, rules: Path, tmp_path: Path) -> None:
        events = [{**login(s), "type": "x", "kind": "Login"} for s in (0, 60, 120)]
        path = write_lines(tmp_path / "a.jsonl", events)
        assert len(objects(invoke("run", rules, "-s", path, "--type-field", "kind").stdout)) == 1

    def test_time_zone(self, rules: Path, tmp_path: Path) -> None:
        events = [{**login(s), "time": f"2026-01-01T00:0{s}:00"} for s in range(3)]
        path = write_lines(tmp_path / "a.jsonl", events)
        assert summary_of(invoke("run", rules, "-s", path, "--json").stderr)["dead_letters_by_code"] == {"CEP612": 3}
        [derived] = objects(invoke("run", rules, "-s", path, "--time-zone", "Europe/Berlin").stdout)
        assert derived["time"] == "2025-12-31T23:02:00Z"

    def test_an_empty_file(self, rules: Path, tmp_path: Path) -> None:
        done = invoke("run", rules, "-s", write_lines(tmp_path / "empty.jsonl", []))
        assert (done.exit_code, done.stdout) == (0, "")
        assert "0 events" in done.stderr
        assert "no event had the type `Login`" in done.stderr

    def test_a_truncated_last_line(self, rules: Path, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", [login(0), login(60), login(120)])
        path.write_bytes(path.read_bytes()[:-20])
        told = summary_of(invoke("run", rules, "-s", path, "--json").stderr)
        assert (told["events"], told["dead_letters_by_code"]) == (3, {"CEP601": 1})

    def test_lateness_waits(self, rules: Path, events: Path) -> None:
        [derived] = objects(invoke("run", rules, "-s", events, "--lateness", "30s").stdout)
        assert derived["time"] == "2026-01-01T00:01:00Z"


class TestOptions:
    def test_set(self, tmp_path: Path, events: Path) -> None:
        rules = tmp_path / "let.cep"
        rules.write_text(
            'let grace = 5 minutes\nrule r when three Login(outcome == "failure") within grace per user emit R(user)\n'
        )
        assert len(objects(invoke("run", rules, "-s", events).stdout)) == 1
        assert objects(invoke("run", rules, "-s", events, "--set", "grace=1m").stdout) == []

    def test_at_end(self, tmp_path: Path, events: Path) -> None:
        rules = tmp_path / "silence.cep"
        rules.write_text("rule gone when Login then no Login for 1 hour per user emit Gone(user)")
        kept = invoke("run", rules, "-s", events)
        assert kept.stdout == ""
        assert "gone  2 absences still wait; `--at-end flush` fires them" in kept.stderr
        flushed = invoke("run", rules, "-s", events, "--at-end", "flush")
        assert {d["user"] for d in objects(flushed.stdout)} == {"ann", "bob"}
        assert "pending" not in flushed.stderr

    def test_at_end_windows_are_open(self, tmp_path: Path, events: Path) -> None:
        rules = tmp_path / "daily.cep"
        rules.write_text("rule daily from Login per user over each day emit Daily(user)")
        kept = invoke("run", rules, "-s", events)
        assert kept.stdout == ""
        assert "daily  2 windows are still open; `--at-end flush` fires them" in kept.stderr
        rules.write_text(rules.read_text() + "\nrule gone when Login then no Login for 1 hour per user emit Gone(user)")
        assert (
            "absences and windows still wait; `--at-end flush` fires them" in invoke("run", rules, "-s", events).stderr
        )

    def test_on_error_stop(self, rules: Path, events: Path) -> None:
        done = invoke("run", rules, "-s", events, "--on-error", "stop")
        assert done.exit_code == 1
        assert "error: logins.jsonl:4: CEP601" in done.stderr
        assert "logins.jsonl: read up to 4" in done.stderr

    def test_on_error_stop_writes_what_came_before(self, rules: Path, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", [login(0), login(1), login(2), "broken", login(3), "broken"])
        done = invoke("run", rules, "-s", path, "--on-error", "stop", "--json")
        assert done.exit_code == 1
        assert len(objects(done.stdout)) == 1
        told = summary_of(done.stderr)
        assert (told["ended"], told["events"], told["stopped_by"]["position"]) == ("stopped", 4, 4)

    def test_unseen_types_and_fields_are_named(self, tmp_path: Path, rules: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", [{**login(0), "type": "Logon"}])
        told = invoke("run", rules, "-s", path).stderr
        assert "warning: no event had the type `Login`, which rules read; did you mean `Logon`?" in told
        path = write_lines(tmp_path / "b.jsonl", [{"type": "Login", "time": 0, "user": "ann", "out_come": "failure"}])
        told = invoke("run", rules, "-s", path).stderr
        assert "had the field `outcome`, which rules read; did you mean `out_come`?" in told

    def test_fields_of_other_steps_are_not_missed(self, tmp_path: Path) -> None:
        rules = tmp_path / "two.cep"
        rules.write_text("rule r when A as a then B as b within 1 hour emit R(x = a.x, y = b.y)")
        events = [{"type": "A", "time": 0, "x": 1}, {"type": "B", "time": 1, "y": 2}]
        assert "warning" not in invoke("run", rules, "-s", write_lines(tmp_path / "e.jsonl", events)).stderr

    @pytest.mark.parametrize(
        ("environment", "option", "colored"),
        [
            ({}, "auto", False),
            ({}, "always", True),
            ({"FORCE_COLOR": "1"}, "auto", True),
            ({"CLICOLOR_FORCE": "1"}, "auto", True),
            ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False),
            ({"FORCE_COLOR": "1"}, "never", False),
        ],
    )
    def test_colours(self, rules: Path, events: Path, environment: dict[str, str], option: str, colored: bool) -> None:
        clean = {"NO_COLOR": "", "FORCE_COLOR": "", "CLICOLOR_FORCE": ""}
        done = invoke("run", rules, "-s", events, "--color", option, env={**clean, **environment})
        assert ("\x1b[" in done.stderr) is colored
        assert "\x1b[" not in done.stdout

    def test_a_packaged_pack(self, root: Path) -> None:
        done = invoke("run", "rules:authentication", "-s", root / "examples" / "authentication" / "events.jsonl")
        assert done.exit_code == 0
        assert objects(done.stdout)


class TestHints:
    """What the summary advises comes from the events at hand."""

    def test_events_without_a_time(self, rules: Path, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "a.jsonl", [{"type": "Login", "user": "ann", "outcome": "x"}] * 5)
        wanted = (
            "5 events had no time of their own: their arrival was taken"
            " (fields looked for: ts, timestamp, time, @timestamp, event_time)"
        )
        for_files = f"{wanted}; of events in files this is rarely wanted"
        assert f"warning: {for_files}\n" in invoke("run", rules, "-s", path).stderr
        told = summary_of(invoke("run", rules, "-s", path, "--json").stderr)
        assert (told["without_time"], told["warnings"]) == (5, [for_files])
        assert f"warning: {wanted}\n" in invoke("run", rules, "-s", "-", stdin=path.read_text()).stderr

    @pytest.mark.parametrize(
        ("behind_s", "lateness", "advice"),
        [(30, "0s", "30s"), (31, "0s", "1m"), (31, "1s", "1m"), (45 * 60, "0s", "1h"), (90_000, "0s", None)],
    )
    def test_the_lateness_that_is_needed(
        self, behind_s: int, lateness: str, advice: str | None, rules: Path, tmp_path: Path
    ) -> None:
        events = [{**login(0), "time": 1_000_000}, {**login(0), "time": 1_000_000 - behind_s}]
        path = write_lines(tmp_path / "a.jsonl", events)
        told = invoke("run", rules, "-s", path, "--lateness", lateness).stderr
        wanted = "1 event, not kept; `--late FILE` keeps it"
        wanted += f", `--lateness {advice}` waits for it\n" if advice else "\n"
        assert wanted in told
        if advice:
            assert " late " not in invoke("run", rules, "-s", path, "--lateness", advice).stderr

    def test_what_is_not_listed_is_counted(self, rules: Path, tmp_path: Path) -> None:
        late = [login(second) for second in (60, 1, 2, 3, 4)]
        told = invoke("run", rules, "-s", write_lines(tmp_path / "a.jsonl", [*late, *["broken"] * 5])).stderr
        assert "… and 1 more\n" in told
        assert "… and 2 more\n" in told

    def test_one_warning_for_all_types(self, tmp_path: Path) -> None:
        rules = tmp_path / "r.cep"
        rules.write_text("rule r when Login as a then Logout as b then Payment as c within 1h emit R(x = 1)")
        path = write_lines(tmp_path / "a.jsonl", [{"type": "Logon", "time": 0}])
        [warning] = [line for line in invoke("run", rules, "-s", path).stderr.splitlines() if "no event had" in line]
        assert "the types `Login` (did you mean `Logon`?), `Logout`" in warning
        assert warning.endswith("`Payment`, which rules read")

    def test_no_share_of_what_the_buffer_had_read(self, rules: Path, events: Path) -> None:
        assert "logins.jsonl: read up to 4\n" in invoke("run", rules, "-s", events, "--on-error", "stop").stderr

    def test_quiet_json(self, rules: Path, events: Path) -> None:
        assert summary_of(invoke("run", rules, "-s", events, "-q", "--json").stderr)["derived"] == 1
        assert "also with -q" in " ".join(invoke("run", "--help").stdout.split())

    @pytest.mark.parametrize("quiet", [(), ("-q",)])
    def test_an_input_that_is_cut_off(self, quiet: tuple[str, ...], rules: Path, tmp_path: Path) -> None:
        path = tmp_path / "a.jsonl.gz"
        path.write_bytes(gzip.compress(json.dumps(login(0)).encode() + b"\n")[:-9])
        done = invoke("run", rules, "-s", path, *quiet)
        assert done.exit_code == 1
        assert "error: a.jsonl.gz:" in done.stderr
        assert "CEP607" in done.stderr
        assert "the rest of this input was not read" in done.stderr
        told = summary_of(invoke("run", rules, "-s", path, "--json").stderr)
        assert (told["sources"][0]["complete"], told["unreadable"][0]["code"]) == (False, "CEP607")


class TestMistakes:
    """Exit code 3 and one line that says what to do; 2 where the rules are wrong."""

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["run"], "no rules are given"),
            (["run", "RULES"], "no source is given"),
            (["run", "RULES", "-s", "nowhere.jsonl"], "there is no file `nowhere.jsonl`"),
            (["run", "RULES", "-s", "EVENTS", "--lateness", "5"], "write `5s`"),
            (
                ["run", "RULES", "-s", "EVENTS", "--lateness", "soon"],
                "the duration `soon` does not begin with a number; write `10s`",
            ),
            (["run", "RULES", "-s", "EVENTS", "--time-zone", "Berlin"], "did you mean `Europe/Berlin`?"),
            (["run", "RULES", "-s", "EVENTS", "--set", "grace"], "write NAME=VALUE"),
            (["run", "RULES", "-s", "EVENTS", "--sorce", "x"], "--sorce"),
            (["run", "RULES", "-s", "EVENTS", "--at-end", "drop"], "drop"),
            (["run", "RULES", "-s", "EVENTS", "-o", "EVENTS"], "is read as a source"),
            (["run", "RULES", "-s", "EVENTS", "--late", "EVENTS"], "is read as a source"),
            (["run", "RULES", "-s", "EVENTS", "--late", "-"], "--late cannot write to standard output"),
            (["run", "RULES", "-s", "EVENTS", "--late", "x.jsonl", "--dead-letters", "x.jsonl"], "the same file"),
            (["run", "RULES", "-s", "EVENTS", "-o", "x.jsonl", "--late", "x.jsonl"], "the same file"),
            (["run", "RULES", "-s", "EVENTS", "-o", "out.txt"], "ends in `.jsonl`"),
            (["run", "nowhere.cep", "-s", "EVENTS"], "there is no such rule file or folder"),
            (["run", "rules:authentications", "-s", "EVENTS"], "did you mean `authentication`?"),
            (["rum"], "did you mean `cep run`?"),
            (["frobnicate"], "there are: run, new, check, "),
        ],
    )
    def test_usage(
        self,
        arguments: list[str],
        message: str,
        rules: Path,
        events: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        before = events.read_bytes()
        done = invoke(*({"RULES": rules, "EVENTS": events}.get(argument, argument) for argument in arguments))
        assert done.exit_code == 3
        assert done.stdout == ""
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert events.read_bytes() == before

    def test_rules_that_do_not_compile(self, tmp_path: Path, events: Path) -> None:
        rules = tmp_path / "typo.cep"
        rules.write_text('rule r\n  wen Login(outcome == "failure")\n  emit R(user)\n')
        done = invoke("run", rules, "-s", events)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "error[CEP1" in done.stderr
        assert "typo.cep:2:3" in done.stderr
        assert "when" in done.stderr

    def test_a_setting_that_is_wrong_is_usage(self, tmp_path: Path, events: Path) -> None:
        rules = tmp_path / "let.cep"
        rules.write_text("let limit = 3\nrule r when Login(n > limit) emit R(user)")
        done = invoke("run", rules, "-s", events, "--set", "limit=abc")
        assert done.exit_code == 3
        assert "--set limit" in done.stderr

    def test_a_place_without_a_line(self, events: Path) -> None:
        done = invoke("run", "nope", "-s", events)
        assert "--> nope\n" in done.stderr
        assert ":0:0" not in done.stderr

    def test_wrong_rules_as_json(self, tmp_path: Path, events: Path) -> None:
        rules = tmp_path / "typo.cep"
        rules.write_text("rule r\n  wen Login\n  emit R(user)\n")
        done = invoke("run", rules, "-s", events, "--json")
        assert (done.exit_code, done.stdout) == (2, "")
        assert json.loads(done.stderr) == json.loads(invoke("check", rules, "--json").stdout)

    def test_a_folder_without_rules(self, tmp_path: Path, events: Path) -> None:
        (tmp_path / "rules").mkdir()
        done = invoke("run", tmp_path / "rules", "-s", events)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "CEP502" in done.stderr

    def test_what_does_not_run_yet_is_said(self, tmp_path: Path, events: Path) -> None:
        rules = tmp_path / "later.cep"
        rules.write_text("rule r when Login as a to alerts emit R(user = a.user)")
        done = invoke("run", rules, "-s", events)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "CEP490" in done.stderr

    def test_events_among_the_rules(self, rules: Path, events: Path) -> None:
        done = invoke("run", rules, events)
        assert done.exit_code == 3
        assert f"did you mean `--source {events}`?" in done.stderr

    def test_the_summary_says_what_to_do_about_dead_letters(self, rules: Path, tmp_path: Path) -> None:
        path = write_lines(
            tmp_path / "a.jsonl", [{"kind": "Login", "time": 0}, {**login(0), "time": "2026-01-01T00:00"}]
        )
        told = invoke("run", rules, "-s", path).stderr
        assert "--type-field NAME" in told
        assert "--time-zone ZONE" in told

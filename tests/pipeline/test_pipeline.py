"""The loop: several partitions, silence, ends of every kind. Sources and clocks are the test's own."""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from cep.connectors import MemorySink, MemorySource, ReaderGone
from cep.connectors.protocols import Partition
from cep.engine import Engine
from cep.errors import UsageError
from cep.event import Batch, DeadLetter, DerivedEvent, LateEvent
from cep.language.check import check
from cep.language.parser import parse
from cep.pipeline import Pipeline, Progress, Summary
from cep.plan.planner import plan_rules
from cep.projection import Projection
from cep.runtime.feed import Options
from cep.runtime.limits import Limits

SECOND = 1_000_000
EACH = "rule each when A as a emit Each(n = a.n)"
PAIR = "rule pair when A as a then B as b within 1 hour emit Pair(a = a.n, b = b.n)"
SILENCE = "rule gone when A then no A for 10 seconds per n emit Gone(n)"


def engine(rules: str, **options: Any) -> Engine:
    checked, found = check([parse(rules)])
    assert checked is not None, found
    plan, refused = plan_rules(checked)
    assert plan is not None, refused
    return Engine(plan, Options(**options))


def a(second: float, n: int = 1, kind: str = "A") -> dict[str, Any]:
    return {"type": kind, "time": second, "n": n}


def source(name: str, *events: Any, batch_size: int = 1_000) -> MemorySource:
    return MemorySource(list(events), name, batch_size=batch_size)


class Letters:
    """A late or dead-letter output in memory."""

    def __init__(self) -> None:
        self.kept: list[DeadLetter | LateEvent] = []
        self.closed = False

    def write(self, letters: Sequence[DeadLetter | LateEvent]) -> None:
        self.kept += letters

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def run(rules: str, *sources: Any, **options: Any) -> tuple[list[DerivedEvent], Summary]:
    sink = MemorySink()
    summary = Pipeline(engine(rules), sources, [sink], **options).run()
    return sink.events, summary


class Scripted:
    """A live partition that plays a script: lists are batches, numbers are seconds of silence, exceptions are raised.

    It moves the clock, so that silence takes no time.
    """

    live = True
    size = None
    partition = ""

    def __init__(self, name: str, *script: Any, clock: Clock) -> None:
        self.name = self.source = name
        self._script = list(script)
        self._clock = clock
        self._projection: Projection | None = None
        self.position = 0
        self.closed = False

    def partitions(self, projection: Projection) -> list[Partition]:
        self._projection = projection
        return [self]

    def next_batch(self) -> Batch | None:
        if not self._script:
            return None
        act = self._script.pop(0)
        if isinstance(act, BaseException):
            raise act
        if callable(act):
            act()
            act = 0
        if not isinstance(act, list):
            self._clock.now_us += int(act * SECOND)
            return Batch(self.source, "", [], ())
        assert self._projection is not None
        first = self.position + 1
        self.position += len(act)
        events = [self._projection.make(event) for event in act]
        return Batch(self.source, "", events, range(first, first + len(act)), arrival_us=self._clock.now_us)

    def close(self) -> None:
        self.closed = True


class Clock:
    def __init__(self, second: float = 0) -> None:
        self.now_us = int(second * SECOND)

    def __call__(self) -> int:
        return self.now_us


class TestSeveralPartitions:
    def test_they_wait_for_each_other(self) -> None:
        derived, summary = run(PAIR, source("a", a(0), a(20)), source("b", a(10, 2, "B"), a(30, 3, "B")))
        assert [(d.fields["a"], d.fields["b"], d.time_us // SECOND) for d in derived] == [(1, 2, 10), (1, 3, 30)]
        assert summary.late == 0

    def test_the_one_furthest_behind_is_read_next(self) -> None:
        order: list[str] = []

        class Watched(MemorySource):
            def partitions(self, projection: Projection) -> list[Partition]:
                [inner] = super().partitions(projection)
                read = inner.next_batch

                def next_batch() -> Batch | None:
                    order.append(self.name)
                    return read()

                inner.next_batch = next_batch  # type: ignore[method-assign]
                return [inner]

        run(
            EACH,
            Watched([a(t) for t in (0, 1, 2, 3)], "early", batch_size=2),
            Watched([a(t) for t in (100, 101)], "later", batch_size=1),
        )
        assert order == ["early", "later", "early", "early", "later", "later"]

    @pytest.mark.parametrize("batch_size", [1, 2, 1_000])
    def test_batches_and_order_of_sources_change_nothing(self, batch_size: int) -> None:
        def sources() -> list[MemorySource]:
            return [
                source("x", *(a(t, t) for t in range(0, 20, 2)), batch_size=batch_size),
                source("y", *(a(t, t, "B") for t in range(1, 20, 3)), batch_size=batch_size),
                source("z", batch_size=batch_size),
            ]

        first, _ = run(PAIR, *sources())
        second, _ = run(PAIR, *reversed(sources()))
        assert [d.to_dict() for d in first] == [d.to_dict() for d in second]
        assert len(first) == 7

    def test_a_time_far_ahead_does_not_decide_who_is_read(self) -> None:
        sink = MemorySink()
        ahead = source("ahead", a(4_000_000_000), a(1), a(5), batch_size=1)
        behind = source("behind", a(2, 2), a(3, 3), batch_size=1)
        machine = engine(EACH, max_skew_us=60 * SECOND)
        summary = Pipeline(machine, [ahead, behind], [sink]).run()
        assert [d.time_us // SECOND for d in sink.events] == [1, 2, 3, 5]
        assert summary.dead_letters == {"CEP616": 1}


class TestCounts:
    def test_they_add_up(self) -> None:
        events = [a(10), a(5), a(11), 3, {"time": 12}, a(13, n=0)]
        late, dead = Letters(), Letters()
        sink = MemorySink()
        machine = engine("rule each when A as a emit Each(n = 10 / a.n)")
        summary = Pipeline(machine, [source("s", *events)], [sink], late=late, dead=dead).run()
        assert (summary.events, summary.accepted, summary.late) == (6, 3, 1)
        assert summary.dead_letters == {"CEP606": 1, "CEP610": 1, "CEP621": 1}
        assert summary.derived == {"each": 2}
        assert [letter.position for letter in late.kept] == [2]
        assert [letter.position for letter in dead.kept] == [4, 5, 6]
        assert late.closed
        assert dead.closed
        assert (summary.first_late, summary.first_dead) == ([], [])

    @pytest.mark.parametrize("restored", [False, True])
    def test_they_are_of_this_run(self, restored: bool) -> None:
        rules = """
        rule each when A as a emit Each(n = 10 / a.n)
        rule some when A per n emit Some(n) at most 1 every 1 hour
        rule pair when A as a then B as b within 1 hour emit Pair(n = a.n)
        """

        def records(second: int) -> list[Any]:
            return [a(second), a(second), a(second - 5), 3, a(second, n=0), {"type": "A", "time": second}]

        def new() -> Engine:
            return engine(rules, limits=Limits(runs_per_key=1))

        machine = new()
        first = Pipeline(machine, [source("s", *records(10))]).run()
        machine.push_batch(Batch("s", "", [], (), dead=[DeadLetter("CEP601", "of before", "s", "", 7)]))
        if restored:
            snapshot, before, machine = machine.snapshot(), machine, new()
            machine.restore(snapshot)
            assert len(before.take_dead_letters()) == 1
        told: list[Progress] = []
        dead = Letters()
        second = Pipeline(machine, [source("s", *records(20))], dead=dead, on_progress=told.append).run()
        for summary in (first, second):
            assert (summary.events, summary.accepted, summary.late) == (6, 4, 1)
            assert summary.dead_letters == {"CEP606": 1, "CEP621": 1}
            assert summary.null_keys == {"some": 1}
            assert summary.events_per_second == pytest.approx(6 / summary.seconds)
        assert [first.derived, second.derived] == [{"each": 3, "some": n, "pair": 0} for n in (2, 0)]
        assert [first.held_back, second.held_back] == [{"some": 1}, {"some": 3}]
        assert [[hit.count for hit in summary.limits] for summary in (first, second)] == [[3], [4]]
        assert told[0].events == 6
        codes = [getattr(letter, "code", None) for letter in dead.kept]
        assert codes == ["CEP601"] * (not restored) + ["CEP606", "CEP621"]

    def test_without_outputs_the_first_few_are_kept(self) -> None:
        _, summary = run(EACH, source("s", *[1] * 10))
        assert [letter.position for letter in summary.first_dead] == [1, 2, 3]
        assert summary.dead_letters == {"CEP606": 10}

    def test_to_dict_is_json(self) -> None:
        import json

        _, summary = run(SILENCE, source("s", a(0), a(-1), 1, {"type": "A", "time": 3}))
        told = json.loads(json.dumps(summary.to_dict()))
        assert told["pending"] == {"gone": 1}
        assert told["null_keys"] == {"gone": 1}
        assert told["watermark"] == "1970-01-01T00:00:03Z"

    def test_progress(self) -> None:
        told: list[Progress] = []
        run(EACH, source("s", a(0), a(1), batch_size=1), on_progress=told.append)
        assert told[0].events == 1
        assert told[0].bytes_total is None


class TestEnds:
    def test_keep_and_flush(self) -> None:
        kept, summary = run(SILENCE, source("s", a(0)))
        assert (kept, summary.pending) == ([], {"gone": 1})
        [fired], summary = run(SILENCE, source("s", a(0)), at_end="flush")
        assert fired.time_us == 10 * SECOND
        assert summary.pending == {}

    def test_stop_at_the_first_dead_letter(self) -> None:
        for batch_size in (1, 2, 1_000):
            events = source("s", a(0), a(1), "broken", a(2), "broken", batch_size=batch_size)
            derived, summary = run(EACH, events, on_error="stop")
            assert len(derived) == 2
            assert (summary.ended, summary.events, summary.sources[0].position) == ("stopped", 3, 3)
            assert summary.stopped_by is not None
            assert summary.stopped_by.position == 3

    def test_an_engine_that_stops_by_itself(self) -> None:
        sink = MemorySink()
        summary = Pipeline(engine(EACH, on_error="stop"), [source("s", a(0), "broken", batch_size=1)], [sink]).run()
        assert (summary.ended, len(sink.events)) == ("stopped", 1)

    @pytest.mark.parametrize("on_error", ["continue", "stop"])
    def test_what_an_engine_derived_before_it_stopped_is_written(self, on_error: str) -> None:
        rules = f"{EACH}\nrule fraction when A as a emit Fraction(n = 10 / a.n)"
        sink, dead = MemorySink(), Letters()
        events = source("s", a(0), a(1, n=0), a(2))
        machine = engine(rules, on_error="stop")
        summary = Pipeline(machine, [events], [sink], dead=dead, on_error=on_error).run()  # type: ignore[arg-type]
        assert [(d.type, d.fields["n"]) for d in sink.events] == [("Each", 1), ("Fraction", 10), ("Each", 0)]
        assert (summary.ended, sum(summary.derived.values())) == ("stopped", 3)
        assert summary.dead_letters == {"CEP621": 1}
        assert [letter.position for letter in dead.kept] == [2]

    def test_ctrl_c_while_the_engine_works_waits_for_the_end_of_the_batch(self) -> None:
        clock = Clock()

        class Pressed(MemorySink):
            def write(self, derived: Sequence[DerivedEvent]) -> None:
                signal.raise_signal(signal.SIGINT)
                super().write(derived)

        sink = Pressed()
        live = Scripted("s", [a(0), a(1)], [a(2)], clock=clock)
        summary = Pipeline(engine(EACH), [live], [sink]).run()
        assert (summary.ended, len(sink.events)) == ("interrupted", 2)
        assert live.closed
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def test_ctrl_c_while_it_waits(self) -> None:
        live = Scripted("s", [a(0)], lambda: signal.raise_signal(signal.SIGINT), [a(1)], clock=Clock())
        derived, summary = run(EACH, live)
        assert (summary.ended, len(derived)) == ("interrupted", 1)
        assert summary.sources[0].position == 1
        assert not summary.sources[0].complete

    def test_an_interrupt_that_is_raised(self) -> None:
        derived, summary = run(EACH, Scripted("s", [a(0)], KeyboardInterrupt(), clock=Clock()))
        assert (summary.ended, len(derived)) == ("interrupted", 1)

    def test_what_waits_in_the_engine_is_not_released_by_ctrl_c(self) -> None:
        sink = MemorySink()
        live = Scripted("s", [a(0), a(5)], KeyboardInterrupt(), clock=Clock())
        summary = Pipeline(engine(EACH, lateness_us=SECOND), [live], [sink]).run()
        assert (summary.events, len(sink.events)) == (2, 1)

    def test_outside_the_main_thread(self) -> None:
        found: list[Summary] = []
        thread = threading.Thread(target=lambda: found.append(run(EACH, source("s", a(0)))[1]))
        thread.start()
        thread.join()
        assert found[0].derived == {"each": 1}

    def test_a_reader_that_left(self) -> None:
        class Gone(MemorySink):
            def write(self, derived: Sequence[DerivedEvent]) -> None:
                raise ReaderGone

        dead = Letters()
        live = Scripted("s", [a(0)], [a(1)], clock=Clock())
        summary = Pipeline(engine(EACH), [live], [Gone()], dead=dead).run()
        assert summary.ended == "reader_gone"
        assert live.closed
        assert dead.closed

    def test_an_unexpected_error_closes_everything(self) -> None:
        live, dead = Scripted("s", ZeroDivisionError(), clock=Clock()), Letters()
        with pytest.raises(ZeroDivisionError):
            Pipeline(engine(EACH), [live], dead=dead).run()
        assert live.closed
        assert dead.closed

    def test_it_runs_once(self) -> None:
        pipeline = Pipeline(engine(EACH), [source("s", a(0))])
        pipeline.run()
        with pytest.raises(UsageError):
            pipeline.run()

    def test_it_runs_once_without_sources_and_after_a_failure(self) -> None:
        class Missing:
            name = "missing"

            def partitions(self, projection: Projection) -> list[Partition]:
                raise UsageError("there is no such source")

        empty = Pipeline(engine(EACH), [])
        empty.run()
        with pytest.raises(UsageError, match="runs once"):
            empty.run()
        failing = Pipeline(engine(EACH), [Missing()])
        with pytest.raises(UsageError, match="no such source"):
            failing.run()
        with pytest.raises(UsageError, match="runs once"):
            failing.run()

    def test_the_collector_is_as_it_was(self) -> None:
        before = gc.get_threshold(), gc.get_freeze_count()
        run(EACH, source("s", a(0)))
        assert (gc.get_threshold(), gc.get_freeze_count()) == before


class TestSilence:
    """S2: an idle partition is not waited for; when all are idle the watermark follows the wall clock."""

    def test_an_idle_partition_is_not_waited_for(self) -> None:
        clock = Clock(1_000)
        quiet = Scripted("quiet", [a(0, 9)], *[3] * 5, clock=clock)
        busy = source("busy", a(1), a(2, 2), batch_size=1)
        derived, _ = run(EACH, quiet, busy, idle_timeout="5s", clock=clock)
        assert [d.fields["n"] for d in derived] == [9, 1, 2]

    def test_all_silent_the_watermark_follows_the_wall_clock(self) -> None:
        clock = Clock(1_000)
        live = Scripted("s", [a(1_000)], *[2] * 12, clock=clock)
        derived, summary = run(SILENCE, live, idle_timeout="5s", clock=clock)
        assert [d.time_us // SECOND for d in derived] == [1_010]
        assert summary.pending == {}

    def test_not_before_idle_time_and_deadline_have_passed(self) -> None:
        clock = Clock(1_000)
        live = Scripted("s", [a(1_000)], *[2] * 7, [a(1_009.5)], clock=clock)
        derived, summary = run(SILENCE, live, idle_timeout="5s", clock=clock)
        assert derived == []
        assert summary.late == 0

    def test_without_a_timeout_silence_means_nothing(self) -> None:
        clock = Clock(1_000)
        derived, summary = run(SILENCE, Scripted("s", [a(1_000)], *[1_000] * 12, clock=clock), clock=clock)
        assert (derived, summary.pending) == ([], {"gone": 1})

    def test_an_event_ends_the_silence(self) -> None:
        clock = Clock(1_000)
        live = Scripted("s", [a(1_000)], *[2] * 4, [a(1_008)], *[2] * 12, clock=clock)
        derived, _ = run(SILENCE, live, idle_timeout="5s", clock=clock)
        assert [d.time_us // SECOND for d in derived] == [1_018]

    def test_the_lateness_is_waited_for_too(self) -> None:
        clock = Clock(1_000)
        sink = MemorySink()
        live = Scripted("s", [a(1_000)], *[2] * 20, clock=clock)
        machine = engine(SILENCE, lateness_us=60 * SECOND)
        Pipeline(machine, [live], [sink], idle_timeout=5 * SECOND, clock=clock).run()
        assert sink.events == []

    def test_a_timeout_without_a_unit(self) -> None:
        with pytest.raises(UsageError, match="write `5s`, `5m` or `5h`"):
            Pipeline(engine(EACH), [], idle_timeout="5")


class TestUnseen:
    def test_near_names(self) -> None:
        _, summary = run(EACH, source("s", {"type": "a", "time": 0, "n": 1}))
        assert [(u.type, u.field, u.near) for u in summary.unseen] == [("A", None, "a")]
        _, summary = run(EACH, source("s", {"type": "A", "time": 0, "N": 1}))
        assert [(u.type, u.field, u.near) for u in summary.unseen] == [("A", "n", "N")]

    def test_a_field_that_any_of_several_types_may_have(self) -> None:
        rules = "rule pair when A then B within 1 hour emit Pair(all = distinct(x))"
        _, summary = run(rules, source("s", {"type": "A", "time": 0}, {"type": "B", "time": 1, "x": 1}))
        assert summary.unseen == []

    def test_an_interrupted_run_does_not_guess(self) -> None:
        _, summary = run(EACH, Scripted("s", KeyboardInterrupt(), clock=Clock()))
        assert summary.unseen == []


class TestWhatTheSummaryKeeps:
    def test_the_worst_lateness(self) -> None:
        _, summary = run(EACH, source("s", a(100), a(90), a(40), a(99)), late=Letters())
        assert (summary.late, summary.worst_lateness_us, summary.lateness_us) == (3, 60 * SECOND, 0)

    def test_events_without_a_time_of_this_run(self) -> None:
        used = engine(EACH)
        for _ in range(2):
            summary = Pipeline(used, [source("s", {"type": "A", "n": 1}, {"type": "A", "n": 2})]).run()
            assert summary.without_time == 2

    def test_another_signal_ends_the_run_too(self) -> None:
        live = Scripted("s", [a(0)], lambda: pipeline.interrupt(), [a(1)], clock=Clock())
        sink = MemorySink()
        pipeline = Pipeline(engine(EACH), [live], [sink])
        assert (pipeline.run().ended, len(sink.events)) == ("terminated", 1)

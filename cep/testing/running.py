"""Running the tests of rule files. Testing layer.

.. code-block:: python

    tests = RuleTests.from_rules("rules/")
    outcomes = tests.run()

One engine runs a test as it runs live and replayed events; what it derives is compared with what the test lists.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from cep.diagnostics import did_you_mean, suggestion
from cep.engine import Engine
from cep.errors import RuleError, UsageError
from cep.event import DerivedEvent
from cep.language import syntax
from cep.language.checked import RuleSet
from cep.language.parser import parse
from cep.language.rule_files import GivenRules
from cep.plan.compiling import Compilation, compile_rules
from cep.plan.plan import Plan, TablePlan
from cep.testing.comparison import compare, in_another_order
from cep.testing.engines import Engines, emits_of
from cep.testing.given import Played, play, zero_of
from cep.testing.missing import Miss, explain_miss
from cep.testing.results import Coverage, Expected, Outcomes, Pair, Problem, RuleTestResult
from cep.testing.telling import tell_result
from cep.testing.values import NoValue, Values
from cep.types import ANY, Type


class RuleTests:
    """The tests of a set of rules, ready to run. Made by :meth:`from_rules`, or of a compilation.

    Example:
        >>> tests = RuleTests.from_rules('''
        ... rule hot when Reading(celsius > 90) emit Hot(celsius)
        ... test "boiling" for hot
        ...   given 0s Reading(celsius = 100)
        ...   expect 0s Hot(celsius = 100)
        ... ''')
        >>> tests.run().passed
        True
        >>> tests.check('given 5s Reading(celsius = 95) expect 5s Hot')
        >>> [event.fields for event in tests.play("given 0s Reading(celsius = 99)")]
        [{'celsius': 99}]
    """

    def __init__(self, rules: RuleSet, plan: Plan) -> None:
        self.rules = rules
        self.plan = plan
        self._engines = Engines(rules, plan)
        self._values = Values(rules)

    @classmethod
    def from_rules(cls, rules: GivenRules, constants: Mapping[str, object] | None = None) -> RuleTests:
        """The tests of a file, a folder, several of them, ``rules:NAME``, or of the text of rules itself.

        Raises:
            RuleError: the rules do not parse, check or plan; all diagnostics are in it.
        """
        return cls.of(compile_rules(rules, constants))

    @classmethod
    def of(cls, compiled: Compilation) -> RuleTests:
        """The tests of rules that were compiled.

        Raises:
            RuleError: there are errors in them.
        """
        if compiled.plan is None or compiled.rules is None:
            raise RuleError(compiled.diagnostics)
        return cls(compiled.rules, compiled.plan)

    # ---- which tests ----

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tests, in the order of the files."""
        return tuple(test.name for test in self.rules.tests)

    def chosen(self, pattern: str | None = None) -> tuple[syntax.RuleTest, ...]:
        """The tests with a name, or a rule, in which the regular expression is found; all without one.

        Raises:
            UsageError: the pattern is no regular expression.
        """
        if pattern is None:
            return self.rules.tests
        try:
            wanted = re.compile(pattern)
        except re.error as error:
            raise UsageError(f"`{pattern}` is no regular expression: {error}") from None
        return tuple(
            test
            for test in self.rules.tests
            if any(wanted.search(text) for text in (test.name, *self._engines.rules_of(test)))
        )

    # ---- running them ----

    def run(
        self,
        pattern: str | None = None,
        *,
        fail_fast: bool = False,
        on_result: Callable[[RuleTestResult], None] | None = None,
    ) -> Outcomes:
        """Run the tests, all or those that a pattern finds. ``fail_fast`` ends after the first failure.

        Raises:
            UsageError: the pattern is no regular expression.
        """
        started = time.perf_counter()
        tests = self.chosen(pattern)
        results: list[RuleTestResult] = []
        for test in tests:
            results.append(self.run_one(test))
            if on_result is not None:
                on_result(results[-1])
            if fail_fast and results[-1].outcome == "failed":
                break
        left = len(tests) - len(results)
        return Outcomes(tuple(results), self.coverage(), left, time.perf_counter() - started)

    def run_one(self, test: syntax.RuleTest) -> RuleTestResult:
        """Run one test."""
        started = time.perf_counter()
        names = self._engines.rules_of(test)
        result = RuleTestResult(test.name, names, test.span, zero_of(test), is_open=test.open)
        disabled = [name for name in test.rules if self._engines.by_name[name].disabled]
        if disabled:
            return replace(result, skipped=f"the rule `{disabled[0]}` is disabled")
        played = self._played(test, names)
        actual = [derived for derived in played.derived if derived.rule in names]
        try:
            expected = [self._expected(row, played.zero_us) for row in test.expect]
        except NoValue as error:
            problem = Problem(str(error), test.span, "write the value itself")
            return replace(result, problems=(*played.problems, problem), actual=tuple(actual))
        pairs = compare(expected, actual, self._type_of)
        if any(pair.kind == "missing" for pair in pairs):
            pairs = [self._with_reasons(pair, test, names, played) for pair in pairs]
        return replace(
            result,
            pairs=tuple(pairs),
            problems=tuple(played.problems),
            notes=tuple(self._notes(test, pairs)),
            actual=tuple(actual),
            seconds=time.perf_counter() - started,
        )

    def assert_passes(self, name: str) -> None:
        """Run the test of this name, or all of them.

        Raises:
            AssertionError: one fails; the message shows both sides.
            UsageError: there is none.
        """
        tests = [test for test in self.rules.tests if test.name == name]
        if not tests:
            hint = did_you_mean(suggestion(name, self.names)) or "see `RuleTests.names`"
            raise UsageError(f"no test is called `{name}`; {hint}")
        failed = [result for result in map(self.run_one, tests) if result.outcome == "failed"]
        if failed:
            raise AssertionError("\n" + "\n\n".join(map(tell_result, failed)))

    def play(self, given: str, rules: Sequence[str] = ()) -> list[DerivedEvent]:
        """What the rules derive from events, written as in a test: ``given 0s Login(user = "ann") then at 10m``.

        Raises:
            RuleError: the text does not parse or check.
            UsageError: an event is refused or late.
        """
        test = self._inline(f"{given}\nexpect nothing", rules)
        names = self._engines.rules_of(test)
        played = self._played(test, names)
        if played.problems:
            raise UsageError("; ".join(problem.message for problem in played.problems))
        return [derived for derived in played.derived if derived.rule in names]

    def check(self, text: str, rules: Sequence[str] = ()) -> None:
        """Run a test that is written as in a rule file: ``given … expect …``. Without ``rules``, those of all files.

        Raises:
            RuleError: the text does not parse or check.
            AssertionError: it fails; the message shows both sides.
        """
        result = self.run_one(self._inline(text, rules))
        if not result.passed:
            raise AssertionError(f"\n{tell_result(result)}")

    def _inline(self, text: str, rules: Sequence[str]) -> syntax.RuleTest:
        names = ", ".join(rules or [rule.name for rule in self.rules.rules if not rule.disabled])
        parsed = parse(f'test "inline" for {names}\n{text}', "<test>")
        tests = [d for d in parsed.tree.declarations if isinstance(d, syntax.RuleTest)]
        if parsed.diagnostics or len(tests) != 1:
            raise RuleError(parsed.diagnostics)
        return tests[0]

    def engine_of(self, test: syntax.RuleTest) -> Engine:
        """A new engine as the test runs on."""
        return self._engines.engine(test, self._engines.rules_of(test))

    def tables_of(self, rule: str) -> Mapping[str, TablePlan]:
        """The tables that a rule, or one that it reads from, looks into."""
        return self._engines.tables_of(rule)

    def _played(self, test: syntax.RuleTest, names: Sequence[str]) -> Played:
        return play(self._engines.engine(test, names), self._engines, test, self._values)

    def _expected(self, row: syntax.TimedEvent, zero_us: int) -> Expected:
        return Expected(row.type, zero_us + (row.at or 0), self._values.fields(row.fields), row.span)

    def _type_of(self, derived: DerivedEvent, name: str) -> Type:
        emits = self._engines.types_of(derived.rule, derived.type)
        return next((field.value.type for emit in emits for field in emit.fields if field.name == name), ANY)

    def _with_reasons(self, pair: Pair, test: syntax.RuleTest, names: Sequence[str], played: Played) -> Pair:
        if pair.kind != "missing" or pair.expected is None:
            return pair
        emitters = tuple(name for name in names if self._engines.types_of(name, pair.expected.type))
        miss = Miss(pair.expected, emitters, played, self.rules, test)
        return replace(pair, reasons=tuple(explain_miss(miss)))

    def _notes(self, test: syntax.RuleTest, pairs: Sequence[Pair]) -> Iterator[str]:
        if in_another_order(pairs, self._type_of):
            yield "all that was expected came, in another order"
        if test.open and pairs:
            yield "`expect` is empty: `cep test --update` writes what came into it"

    # ---- what is tested ----

    def coverage(self) -> Coverage:
        """Which rules have no test that expects them to fire, or none that expects them not to."""
        fires: set[str] = set()
        silent: set[str] = set()
        for test in (test for test in self.rules.tests if not test.open):
            expected = {row.type for row in test.expect}
            for name in self._engines.rules_of(test):
                if name in self._engines.by_name:
                    emitted = {emit.type for emit in emits_of(self._engines.by_name[name])}
                    (fires if emitted & expected else silent).add(name)
        active = [rule.name for rule in self.rules.rules if not rule.disabled]
        return Coverage(len(active), _without(active, fires), _without(active, silent))


def _without(names: Sequence[str], found: set[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in found)

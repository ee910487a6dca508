"""Functions of applications: the decorator, its guard, and entry points."""

import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Optional

import pytest

import cep.functions.registry as registry
from cep.functions import (
    FUNCTIONS,
    EvaluationError,
    broken_entry_points,
    find_function,
    function,
    function_names,
)
from cep.types import STRING, Type


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Takes away again what a test adds."""
    before = dict(registry._application)
    monkeypatch.setattr(registry, "_loaded", True)
    monkeypatch.setattr(registry, "_broken", [])
    yield
    registry._application.clear()
    registry._application.update(before)


def test_a_function_stays_as_it_is_and_is_known() -> None:
    @function
    def risk(country: str, amount: float, weight: int = 1) -> float:
        """How risky a payment is."""
        return amount * weight if country == "XX" else 0.0

    record = find_function("risk")
    assert record is not None
    assert record is FUNCTIONS["risk"]
    assert "risk" in function_names()
    assert record.doc == "How risky a payment is."
    assert record.signature == "risk(country: string, amount: float, weight: int = 1)"
    assert str(record.result([STRING, Type("int"), Type("int")])) == "float"
    assert str(record.result([STRING, Type("any"), Type("int")])) == "float?"
    assert record.null == "propagate"
    assert record.implementation("XX", 2.5, 2) == risk("XX", 2.5, 2) == 5.0
    assert repr(record.implementation("XX", 3, 2)) == "6.0"


@pytest.mark.parametrize(
    "arguments", [(None, 1.0), ("XX", None), (1, 1.0), ("XX", "1"), ("XX", True), ("XX", Decimal(1))]
)
def test_it_is_not_called_with_what_it_does_not_take(arguments: tuple[Any, ...]) -> None:
    @function
    def risk(country: str, amount: float) -> float:
        raise AssertionError("it was called")

    assert FUNCTIONS["risk"].implementation(*arguments) is None


def test_annotations() -> None:
    @function(name="everything")
    def _everything(
        a: str | None, b: Optional[int], c: list[str], d: dict[str, float], e: Any, f: bool, *rest: Decimal  # noqa: UP045
    ) -> list[int] | None:  # fmt: skip
        """All of them."""
        return None if a is None else [len(rest)]

    record = FUNCTIONS["everything"]
    assert record.signature == (
        "everything(a: string, b: int, c: list<string>, d: map<float>, e: any, f: bool, rest: decimal… = ())"
    )
    assert str(record.returns) == "list<int>?"
    assert record.null == "sees"
    assert record.implementation(None, None, [], {}, None, True) is None
    assert record.implementation("", None, [], {}, None, True, Decimal(1), Decimal(2)) == [2]
    assert record.implementation("", None, None, {}, None, True) is None
    assert record.implementation("", None, [], {}, None, True, 1.5) is None


def test_what_it_raises_and_returns() -> None:
    @function
    def odd(x: int) -> int:
        if x == 0:
            raise KeyError("zero")
        if x == 1:
            raise EvaluationError("one is refused")
        return "text" if x == 2 else 10**30  # type: ignore[return-value]

    @function
    def endless(x: float) -> float:
        return x * float("inf")

    call = FUNCTIONS["odd"].implementation
    for x, reason in ((0, "odd raised KeyError: 'zero'"), (1, "one is refused"), (2, "returned a str"), (3, "64 bits")):
        with pytest.raises(EvaluationError, match=reason):
            call(x)
    with pytest.raises(EvaluationError, match="too large"):
        FUNCTIONS["endless"].implementation(1.0)


def _without_annotation(x) -> int:  # type: ignore[no-untyped-def]
    return 1


def _without_result(x: int):  # type: ignore[no-untyped-def]
    return 1


def _set(x: set[int]) -> int:
    return 1


def _union(x: int | str) -> int:
    return 1


def _named(*, x: int) -> int:
    return 1


def _any_name(**x: int) -> int:
    return 1


def _odd_default(x: list[int] = []) -> int:  # noqa: B006
    return 1


@pytest.mark.parametrize(
    "bad",
    [_without_annotation, _without_result, _set, _union, _named, _any_name, _odd_default],
    ids=lambda f: f.__name__,
)
def test_what_rules_have_no_type_for(bad: Any) -> None:
    with pytest.raises(TypeError, match=bad.__name__):
        function(bad)


def test_names_are_taken_once() -> None:
    def first(x: int) -> int:
        return x

    function(name="mine")(first)
    function(name="mine")(first)
    with pytest.raises(ValueError, match="function of the language"):
        function(name="lower")(first)
    with pytest.raises(ValueError, match="defined twice"):
        function(name="mine")(_second)
    with pytest.raises(ValueError, match="cannot be the name"):
        function(name="not a name")(first)


def _second(x: int) -> int:
    return x


def test_an_unknown_name_loads_the_entry_points_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Point(EntryPoint):
        def load(self) -> Any:
            asked.append(self.name)
            if self.name == "broken":
                raise ImportError("no such module")
            return function(name="from_a_package")(_second)

    def points(group: str) -> list[EntryPoint]:
        assert group == "cep.functions"
        return [Point("broken", "nowhere", group), Point("package", "a_package", group)]

    monkeypatch.setattr(registry, "_loaded", False)
    monkeypatch.setattr("importlib.metadata.entry_points", points)
    assert find_function("lower") is not None
    assert asked == []
    assert find_function("from_a_package") is not None
    assert find_function("no_such_function") is None
    assert asked == ["broken", "package"]
    assert broken_entry_points() == ("the entry point broken = nowhere failed: ImportError: no such module",)


PACKAGE = """
import cep

@cep.function
def vat(amount: float, rate: float = 0.19) -> float:
    \"\"\"The tax in an amount.\"\"\"
    return amount * rate
"""
PROGRAM = """
import sys
import cep
engine = cep.Engine.from_rules('rule r when Sale(vat(amount) > 1) emit Tax(v = vat(amount, 0.5))')
print("acme_rules" in sys.modules, *[d.fields["v"] for x in (1, 10) for d in engine.push(
    {"type": "Sale", "time": "2026-01-01T00:00:00Z", "amount": x})])
try:
    cep.Engine.from_rules("rule r when A(nothing_like_it(x)) emit B()")
except cep.RuleError as error:
    print(error.diagnostics[0].code, error.diagnostics[0].hint)
"""


def test_an_installed_package_offers_functions(tmp_path: Path, root: Path) -> None:
    """As pip leaves it: a module, and a ``.dist-info`` folder with entry points, one of which is broken."""
    (tmp_path / "acme_rules.py").write_text(PACKAGE)
    info = tmp_path / "acme_rules-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[cep.functions]\nacme = acme_rules\nbroken = acme_rules:missing\n")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{root}"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()
    assert first == "True 5.0"
    assert second.startswith("CEP211 the entry point broken = acme_rules:missing failed: AttributeError")

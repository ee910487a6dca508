"""``cep test --suggest``: a test that fires and a near miss, from the rule itself. Testing layer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cep.diagnostics import did_you_mean, suggestion, visible
from cep.errors import UsageError
from cep.event import DerivedEvent
from cep.language import syntax
from cep.language.formatting.formatter import format_text
from cep.language.parser import parse
from cep.language.printer import print_declaration
from cep.language.rule_files import SUFFIXES
from cep.language.yaml_form import parse_yaml
from cep.testing.running import RuleTests
from cep.testing.suggesting.scenario import yaml_rows
from cep.testing.suggesting.search import Search
from cep.testing.telling import literal


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The tests that were found for a rule, each of them run; ``reasons`` say what was not found and why."""

    rule: str
    file: str
    tests: tuple[syntax.RuleTest, ...]
    reasons: tuple[str, ...] = ()

    def text(self, form: str = "cep") -> str:
        """The tests, ready to paste: in the language, or as items of ``tests:`` in the YAML form."""
        return _laid_out(self.tests, "yaml" if form == "yaml" else "cep")


def _laid_out(tests: Sequence[syntax.RuleTest], form: Literal["cep", "yaml"]) -> str:
    """The tests as `cep fmt` lays them out, so that a file to which they are added stays formatted."""
    if form == "yaml":
        text = "\n".join(["tests:", *(line for test in tests for line in _yaml(test))])
    else:
        text = "\n\n".join(map(print_declaration, tests))
    return (format_text(text, form=form).text or text).rstrip("\n") if tests else text


def suggest(tests: RuleTests, name: str) -> Suggestion:
    """Search for a test in which the rule fires and one in which it nearly does.

    Raises:
        UsageError: there is no such rule, or it is disabled.
    """
    rule = next((rule for rule in tests.rules.rules if rule.name == name), None)
    if rule is None:
        known = [rule.name for rule in tests.rules.rules]
        hint = did_you_mean(suggestion(name, known)) or f"there are: {', '.join(known) or 'none'}"
        raise UsageError(f"there is no rule `{name}`; {hint}")
    if rule.disabled:
        raise UsageError(f"the rule `{name}` is disabled")
    search = Search(tests, rule)
    positive = search.positive()
    if positive is None:
        steps = ", ".join(f"`{step}`" for step in sorted(search.unmet))
        why = f"no event was found that meets the condition of {steps}" if steps else "what ties its events is too much"
        reason = f"`{name}`: none of {search.tries} scenarios made it fire, so there is no near miss either: {why}"
        return Suggestion(name, rule.span.file, (), (reason,))
    result = search.fires(positive)
    assert result is not None
    rows = [_row(derived, result.zero_us) for derived in result.actual]
    found = [positive.test(f"{name} fires", name, rows)]
    near = search.near_miss(positive)
    if near is None:
        reason = f"`{name}`: whatever was changed in the test that fires, it fired still: it may do so at every event"
        return Suggestion(name, rule.span.file, tuple(found), (reason,))
    found.append(near.scenario.test(f"{name} does not fire: {near.how}", name))
    return Suggestion(name, rule.span.file, tuple(found))


def _row(derived: DerivedEvent, zero_us: int) -> syntax.TimedEvent:
    fields = tuple(syntax.EmitField(literal(value), name) for name, value in derived.fields.items())
    return syntax.TimedEvent(derived.type, fields, derived.time_us - zero_us)


def append(suggestions: Sequence[Suggestion], texts: Mapping[str, str]) -> list[str]:
    """Write the tests at the end of the files of their rules; gives a line for each file.

    Raises:
        UsageError: a file cannot be written or read again with them, or has changed since.
    """
    told = []
    for file in dict.fromkeys(each.file for each in suggestions if each.tests):
        tests = [test for each in suggestions if each.file == file for test in each.tests]
        _append(Path(file), texts[file], tests)
        told.append(f"{visible(file)}: {len(tests)} tests written")
    return told


def _append(path: Path, text: str, tests: Sequence[syntax.RuleTest]) -> None:
    from cep.testing.updating import write_file

    is_yaml = SUFFIXES.get(path.suffix.lower()) == "yaml"
    newline = "\r\n" if "\r\n" in text else "\n"
    body = text.rstrip()
    if is_yaml:
        begins, *lines = _laid_out(tests, "yaml").split("\n")  # a value may hold other line breaks
        head = newline if _ends_in_tests(text) else f"{newline * 2}{begins}"
        after = newline.join([f"{body}{head}", *lines]) + newline
    else:
        blocks = _laid_out(tests, "cep").replace("\n", newline)
        after = f"{body}{newline * 2}{blocks}{newline}"
    parsed = parse_yaml(after, str(path)) if is_yaml else parse(after, str(path))
    names = [each.name for each in parsed.tree.declarations if isinstance(each, syntax.RuleTest)]
    if parsed.diagnostics or names[-len(tests) :] != [test.name for test in tests]:
        raise UsageError(f"the tests cannot be appended to {path}: print them without `--write`, and paste them")
    write_file(path, text, after)


def _ends_in_tests(text: str) -> bool:
    """Whether `tests:` is the last section of a YAML file, its items indented by two."""
    heads = [line for line in text.splitlines() if line[:1].strip() and not line.startswith(("#", "-"))]
    return bool(heads) and heads[-1].rstrip() == "tests:"


def _yaml(test: syntax.RuleTest) -> list[str]:
    lines: list[str] = []
    for key, value in yaml_rows(test).items():
        head = "  - " if not lines else "    "
        if key in ("given", "expect") and value:
            lines.append(f"{head}{key}:")
            lines += [f"      - {json.dumps(row, ensure_ascii=False)}" for row in value]
        else:
            lines.append(f"{head}{key}: {json.dumps(value, ensure_ascii=False)}")
    return lines

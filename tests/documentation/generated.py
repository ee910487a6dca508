"""The parts of grammar/README.md that are made from the records in the code.

``python -m tests.documentation.generated`` from the checkout writes them; a test holds the page against them.
"""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

from cep.diagnostic_codes import CODES
from cep.functions.aggregates import AGGREGATES
from cep.functions.records import AggregateRecord, FunctionRecord, ParameterRecord
from cep.functions.registry import FUNCTIONS

PAGE = Path(__file__).parents[2] / "grammar" / "README.md"
STAGES = {
    "1": "1xx: syntax",
    "2": "2xx: names",
    "3": "3xx: types",
    "4": "4xx: patterns and bounds",
    "5": "5xx: files, connectors and options",
    "6": "6xx: data at run time",
    "9": "9xx: bugs of ours",
}


def functions() -> str:
    """A row for each family."""
    language = [record for record in FUNCTIONS.values() if record.family in _families()]
    rows = ["| family | functions |", "|---|---|"]
    for family in _families():
        calls = [f"`{_call(record)}`" for record in language if record.family == family]
        rows.append(f"| {family} | {' '.join(calls)} |")
    return "\n".join(
        [*rows, "", "What stands in brackets may be left out. In `any`, `all`, `map` and `filter` it is `x -> …`."]
    )


def _families() -> list[str]:
    families = dict.fromkeys(record.family for record in FUNCTIONS.values())
    return [family for family in families if "." not in family]


def aggregates() -> str:
    """A row for each aggregate."""
    rows = ["| aggregate | |", "|---|---|"]
    rows += [f"| `{_call(record)}` | {_sentence(record.doc)} |" for record in AGGREGATES.values()]
    return "\n".join(rows)


def _call(record: FunctionRecord | AggregateRecord) -> str:
    required = [_shown(parameter) for parameter in record.parameters if parameter.required]
    more = [_shown(parameter) for parameter in record.parameters if not parameter.required]
    inside = ", ".join(required)
    for parameter in more:
        inside += f"[, {parameter}]" if inside else f"[{parameter}]"
    return f"{record.name}({inside})"


def _shown(parameter: ParameterRecord) -> str:
    return f"{parameter.name}…" if parameter.repeats else parameter.name


def _sentence(doc: str) -> str:
    first = " ".join(doc.split()).partition(". ")[0]
    return first.replace("|", "\\|").rstrip(".")


def diagnostics() -> str:
    """A list for each stage."""
    parts: list[str] = []
    ordered = sorted(CODES.values(), key=lambda code: code.code)
    for stage, codes in groupby(ordered, key=lambda code: code.code[3]):
        listed = " · ".join(f"`{code.code}` {code.title}" for code in codes)
        parts.append(f"**{STAGES[stage]}** {listed}")
    return "\n\n".join(parts)


PARTS = {"functions": functions, "aggregates": aggregates, "diagnostics": diagnostics}


def refreshed(page: str) -> str:
    """The page with its generated parts as they should be."""
    for name, make in PARTS.items():
        pattern = re.compile(rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        assert pattern.search(page), name
        page = pattern.sub(lambda found, make=make: f"{found[1]}{make()}\n{found[2]}", page)  # type: ignore[misc]
    return page


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text("utf-8")), "utf-8")

"""What a query of the benchmark is: rules, a file of events, the answer, and the fields that decoding alone decodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """One job, measured by :mod:`tests.bench.queries.measure`. To add one, add an entry to the catalogue.

    ``write`` makes the file: path, number of events, in order of time and the same for the same number. ``answer``
    tells how many matches there are, from the decoded records in their order, by a program that shares nothing with the
    engine. ``fields`` is the struct of what the rules need of a record, for decoding alone. ``aim`` is the ratio to
    decoding alone that is wanted.
    """

    name: str
    title: str
    rules: str
    write: Callable[[Path, int], None]
    answer: Callable[[Iterable[Row]], int]
    fields: type[msgspec.Struct]
    aim: float

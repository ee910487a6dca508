"""All functions by name: ours, and those that applications add. Core layer."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping

from cep.functions.families.collections import COLLECTION_FUNCTIONS
from cep.functions.families.conversion import CONVERSION_FUNCTIONS
from cep.functions.families.geography import GEOGRAPHY_FUNCTIONS
from cep.functions.families.hashing import HASHING_FUNCTIONS
from cep.functions.families.network import NETWORK_FUNCTIONS
from cep.functions.families.number import NUMBER_FUNCTIONS
from cep.functions.families.text import TEXT_FUNCTIONS
from cep.functions.families.time import TIME_FUNCTIONS
from cep.functions.records import FunctionRecord

_language: dict[str, FunctionRecord] = (
    TEXT_FUNCTIONS
    | NUMBER_FUNCTIONS
    | TIME_FUNCTIONS
    | COLLECTION_FUNCTIONS
    | NETWORK_FUNCTIONS
    | GEOGRAPHY_FUNCTIONS
    | HASHING_FUNCTIONS
    | CONVERSION_FUNCTIONS
)
_application: dict[str, FunctionRecord] = {}

FUNCTIONS: Mapping[str, FunctionRecord] = ChainMap(_language, _application)
"""All functions known now. :func:`find_function` looks further, at what installed packages offer."""

ENTRY_POINTS = "cep.functions"

_broken: list[str] = []
_loaded = False


def find_function(name: str) -> FunctionRecord | None:
    """The function with this name: ours, else an application's; the first unknown name loads the entry points."""
    if name not in FUNCTIONS and not _loaded:
        load_entry_points()
    return FUNCTIONS.get(name)


def function_names() -> list[str]:
    """The names of all functions known now, in alphabetical order."""
    return sorted(FUNCTIONS)


def broken_entry_points() -> tuple[str, ...]:
    """A sentence for each entry point that could not be loaded."""
    return tuple(_broken)


def register(record: FunctionRecord) -> None:
    """Adds an application's function. The same function may come again, as when its module is reloaded.

    Raises:
        ValueError: the name is taken, by us or by another function.
    """
    if record.name in _language:
        raise ValueError(f"`{record.name}` is a function of the language; choose another name")
    before = _application.get(record.name)
    if before is not None and before.family != record.family:
        raise ValueError(f"the function `{record.name}` is defined twice: {before.family} and {record.family}")
    _application[record.name] = record


def load_entry_points() -> None:
    """Imports what installed packages offer under ``cep.functions``; one that fails does not keep the others away."""
    global _loaded
    _loaded = True
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=ENTRY_POINTS)):
        try:
            point.load()
        except Exception as error:  # whatever a package of others raises when it is imported, ours must not end by it
            _broken.append(f"the entry point {point.name} = {point.value} failed: {type(error).__name__}: {error}")

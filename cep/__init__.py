"""cep: a complex event processing engine for Python.

The public names. They are loaded on first use, so that ``import cep`` costs nothing.

======================================================  ======================================================
:class:`Engine`                                         rules running: push events, get derived events
:func:`compile_rules`, :class:`Compilation`             rules to a plan, with all that was found
:class:`Plan`, :class:`Options`                         what an engine can be made of directly
:class:`Pipeline`, :class:`Summary`                     sources → engine → sinks
:class:`MemorySource`, :class:`MemorySink`              a source and a sink for tests and applications
:class:`DerivedEvent`, :class:`Evidence`                what a rule emits, and why
:class:`DeadLetter`, :class:`LateEvent`                 what could not be used
:class:`Limits`, :class:`Counters`                      bounds on state, and what happened
:func:`function`                                        adds a function to the rule language
:func:`why_match`, :func:`why_not`                      why a rule fired, and why not
:class:`CepError` and its children                      everything that is raised on purpose
======================================================  ======================================================
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cep.connectors.memory import MemorySink, MemorySource
    from cep.diagnostics import Diagnostic, Span
    from cep.engine import Engine
    from cep.errors import CepError, DataError, MissingExtra, RuleError, SnapshotError, UsageError
    from cep.event import DeadLetter, DerivedEvent, Event, Evidence, LateEvent
    from cep.functions.application import function
    from cep.pipeline import Pipeline, Summary
    from cep.plan.compiling import Compilation, compile_rules
    from cep.plan.plan import Plan
    from cep.runtime.feed import Options
    from cep.runtime.limits import Counters, Limits
    from cep.why import why_match, why_not

__version__ = "0.1.0"

_HOMES = {
    "CepError": "errors",
    "Compilation": "plan.compiling",
    "Counters": "runtime.limits",
    "DataError": "errors",
    "DeadLetter": "event",
    "DerivedEvent": "event",
    "Diagnostic": "diagnostics",
    "Engine": "engine",
    "Event": "event",
    "Evidence": "event",
    "LateEvent": "event",
    "Limits": "runtime.limits",
    "MemorySink": "connectors.memory",
    "MemorySource": "connectors.memory",
    "MissingExtra": "errors",
    "Options": "runtime.feed",
    "Pipeline": "pipeline",
    "Plan": "plan.plan",
    "RuleError": "errors",
    "SnapshotError": "errors",
    "Span": "diagnostics",
    "Summary": "pipeline",
    "UsageError": "errors",
    "compile_rules": "plan.compiling",
    "function": "functions.application",
    "why_match": "why",
    "why_not": "why",
}

__all__ = [
    "CepError",
    "Compilation",
    "Counters",
    "DataError",
    "DeadLetter",
    "DerivedEvent",
    "Diagnostic",
    "Engine",
    "Event",
    "Evidence",
    "LateEvent",
    "Limits",
    "MemorySink",
    "MemorySource",
    "MissingExtra",
    "Options",
    "Pipeline",
    "Plan",
    "RuleError",
    "SnapshotError",
    "Span",
    "Summary",
    "UsageError",
    "__version__",
    "compile_rules",
    "function",
    "why_match",
    "why_not",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'cep' has no attribute {name!r}")
    value = getattr(import_module(f"cep.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

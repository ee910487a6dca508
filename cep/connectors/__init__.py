"""Sources and sinks: bytes to events and derived events to bytes. Connectors layer: imports the core only."""

from cep.connectors.memory import MemorySink, MemorySource
from cep.connectors.protocols import (
    Format,
    Partition,
    ReaderGone,
    Sink,
    SinkOptions,
    Source,
    SourceOptions,
)
from cep.connectors.registry import check_not_input, open_sink, open_source, source_paths
from cep.connectors.sinks import JsonlLetters, JsonlSink

__all__ = [
    "Format",
    "JsonlLetters",
    "JsonlSink",
    "MemorySink",
    "MemorySource",
    "Partition",
    "ReaderGone",
    "Sink",
    "SinkOptions",
    "Source",
    "SourceOptions",
    "check_not_input",
    "open_sink",
    "open_source",
    "source_paths",
]

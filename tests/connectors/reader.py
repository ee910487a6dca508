"""Helpers of the connector tests: read a source to its end and compare what came out."""

import resource
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cep.connectors import Source, open_source
from cep.event import DeadLetter
from cep.projection import Projection

FIELDS = ("user", "n", "tags")


@dataclass
class Read:
    """All that a source gave, in order."""

    ids: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    lines: list[bytes | None] = field(default_factory=list)
    raws: list[Any] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    batches: int = 0

    @property
    def codes(self) -> list[tuple[int, str]]:
        return [(letter.position, letter.code) for letter in self.dead]


def read(source: Source, fields: Iterable[str] = FIELDS, whole: bool = False) -> Read:
    projection = Projection(fields, whole=whole)
    result = Read()
    for part in source.partitions(projection):
        while (batch := part.next_batch()) is not None:
            assert (batch.source, batch.partition) == (part.source, part.partition)
            assert len(batch.events) == len(batch.positions)
            result.batches += 1
            result.dead += batch.dead
            for index, (event, position) in enumerate(zip(batch.events, batch.positions, strict=True)):
                result.ids.append(f"{batch.source}:{position}")
                found = {name: projection.get(event, name) for name in projection.attributes}
                result.events.append({name: value for name, value in found.items() if value is not None})
                result.lines.append(batch.line(index))
                result.raws.append(event.raw)
        assert part.next_batch() is None
        assert part.size is None or part.position == part.size or result.dead
        part.close()
        part.close()
    return result


def read_bytes(folder: Path, data: bytes, name: str = "x.jsonl", **options: Any) -> Read:
    whole = options.pop("whole", False)
    path = folder / name
    path.write_bytes(data)
    return read(open_source(path, **options), whole=whole)


def peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

"""Approximate aggregates: how many different values, and percentiles, in a space that does not grow. Core layer.

Both sketches are a function of the set (or bag) of values alone, not of their order, and the same on every machine: no
hash of this process is in them. Here are their parts and their definition over a list of values; the accumulators of
the runtime keep the same parts up to date.

``approx_count_distinct`` is a HyperLogLog of 4,096 registers: its standard error is 1.6 % (95 of 100 estimates are
within 3.3 %), and it is next to exact below some hundred values. The estimate is the improved raw estimator of O. Ertl,
New cardinality estimation algorithms for HyperLogLog sketches, 2017, algorithm 6, which needs no bias tables.

``approx_percentile`` is a DDSketch (Masson, Rim, Lee, PVLDB 12(12), 2019): the number at the wanted place, within 1 %
of its size. Counts can be taken out again, so that it slides.

=================  ==============================
here               in the papers
=================  ==============================
``REGISTER_BITS``  p
``RANKS``          q + 2, the values of a register
``histogram``      C_0 … C_(q+1)
``GAMMA``          γ = (1 + α) / (1 − α)
``bucket_of``      ⌈log_γ x⌉
=================  ==============================
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from hashlib import blake2b
from typing import Any

from cep.functions.exact import numbers
from cep.functions.records import EvaluationError
from cep.functions.values import is_number, kind

# ---- how many different values ----

REGISTER_BITS = 12
REGISTERS = 1 << REGISTER_BITS
_HASH_BITS = 64
RANKS = _HASH_BITS - REGISTER_BITS + 2
"""A register holds 0 (untouched) to RANKS − 1."""


def register_and_rank(value: Any) -> tuple[int, int]:
    """The register that a value falls into, and its rank there: the place of the first 1 behind, from 1."""
    hashed = int.from_bytes(blake2b(stable_bytes(value), digest_size=8).digest())
    rest = hashed & ((1 << (_HASH_BITS - REGISTER_BITS)) - 1)
    return hashed >> (_HASH_BITS - REGISTER_BITS), _HASH_BITS - REGISTER_BITS - rest.bit_length() + 1


def stable_bytes(value: Any) -> bytes:
    """Bytes that are the same for equal values (1 and 1.0), different for others, and the same on every machine.

    Raises:
        EvaluationError: the value is nested too deeply.
    """
    if value.__class__ is str:
        return b"s" + value.encode("utf-8", "surrogatepass")
    try:
        return _canonical(value).encode("utf-8", "surrogatepass")
    except RecursionError:
        raise EvaluationError(f"a {kind(value)} is nested too deeply to be compared") from None


def _canonical(value: Any) -> str:
    match kind(value):
        case "text":
            return f"s{value}"
        case "number" if is_number(value):
            above, below = value.as_integer_ratio()
            return f"n{above:x}" if below == 1 else f"n{above:x}/{below:x}"
        case "bool":
            return "t" if value else "f"
        case "null":
            return "0"
        case "list":
            return f"l{''.join(_framed(item) for item in value)}"
        case "map":
            return f"m{''.join(_framed(key) + _framed(value[key]) for key in sorted(value))}"
    return f"o{str(value).lower()}"


def _framed(value: Any) -> str:
    text = _canonical(value)
    return f"{len(text)}:{text}"


def estimate(histogram: Sequence[int]) -> int:
    """How many different values, from how many registers hold each rank."""
    untouched, full = histogram[0] / REGISTERS, histogram[-1] / REGISTERS
    if untouched == 1.0:
        return 0
    z = REGISTERS * _tau(1 - full)
    for many in reversed(histogram[1:-1]):
        z = 0.5 * (z + many)
    z += REGISTERS * _sigma(untouched)
    return round(REGISTERS * REGISTERS / (2 * math.log(2) * z))


def _sigma(x: float) -> float:
    total, power, weight = x, x, 1.0
    while True:
        power *= power
        before = total
        total += power * weight
        weight += weight
        if total == before:
            return total


def _tau(x: float) -> float:
    if x in (0.0, 1.0):
        return 0.0
    total, weight = 1 - x, 1.0
    while True:
        x = math.sqrt(x)
        weight *= 0.5
        before = total
        total -= (1 - x) ** 2 * weight
        if total == before:
            return total / 3


def approx_count_distinct(values: Sequence[Any]) -> int:
    """The estimate over the values that are not null."""
    registers: dict[int, int] = {}
    for value in values:
        if value is not None:
            register, rank = register_and_rank(value)
            registers[register] = max(rank, registers.get(register, 0))
    histogram = [0] * RANKS
    histogram[0] = REGISTERS - len(registers)
    for rank in registers.values():
        histogram[rank] += 1
    return estimate(histogram)


# ---- percentiles ----

ERROR = 0.01
"""The largest relative error of ``approx_percentile``."""
GAMMA = (1 + ERROR) / (1 - ERROR)
_LOG_GAMMA = math.log(GAMMA)
_LARGEST = 1e308
_SMALLEST = 1e-300

Bucket = tuple[int, int]
"""Sign (-1, 0, 1) and number; in the order of the numbers that fall into it."""


def bucket_of(number: Any) -> Bucket:
    """The bucket of a usable number. What is closer to zero than 1e-300 counts as zero.

    Raises:
        EvaluationError: it is beyond 1e308.
    """
    size = abs(number)
    if size < _SMALLEST:
        return 0, 0
    if size > _LARGEST:
        raise EvaluationError("approx_percentile of a number beyond 1e308")
    place = math.ceil(math.log(size) / _LOG_GAMMA)
    return (1, place) if number > 0 else (-1, -place)


def middle_of(bucket: Bucket) -> float:
    """The number that stands for all in a bucket."""
    sign, place = bucket
    return sign * 2 * math.exp(sign * place * _LOG_GAMMA) / (GAMMA + 1)


def percentile_of(ordered: Iterable[Bucket], counts: Mapping[Bucket, int], total: int, p: Any) -> float | None:
    """The number at the place below which ``p`` percent lie; null of nothing. ``ordered`` are the buckets, sorted."""
    if not total:
        return None
    place = math.floor(Fraction(p) * (total - 1) / 100)
    for bucket in ordered:
        place -= counts[bucket]
        if place < 0:
            return middle_of(bucket)
    raise AssertionError("a place behind the last")


def approx_percentile(values: Sequence[Any], p: Any) -> float | None:
    """The approximate percentile of the numbers among the values."""
    counts: dict[Bucket, int] = {}
    found = numbers(values)
    for number in found:
        bucket = bucket_of(number)
        counts[bucket] = counts.get(bucket, 0) + 1
    return percentile_of(sorted(counts), counts, len(found), p)

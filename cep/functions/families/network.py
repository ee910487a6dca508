"""Functions over network addresses. Core layer.

An IPv4 address written as IPv6 (``::ffff:10.0.0.1``) counts as IPv4; an address of one family is in no network of the
other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any

from cep.functions.records import TEXT, EvaluationError, Example, FunctionRecord, ParameterRecord
from cep.types import BOOL, STRING

_MAPPED = bytes(10) + b"\xff\xff"


def cidr(ip: Any, *networks: Any) -> bool | None:
    """Whether the address is in one of the networks."""
    address = parse_ip(ip)
    if address is None or not all(isinstance(network, str) for network in networks):
        return None
    return any(parse_network(network).holds(address) for network in networks)


def compile_cidr(*networks: str) -> Callable[[object], bool | None]:
    """A test whether an address is in one of the networks; null for what is no address."""
    parsed = [parse_network(network) for network in networks]

    def test(ip: object) -> bool | None:
        address = parse_ip(ip)
        return None if address is None else any(network.holds(address) for network in parsed)

    return test


@dataclass(frozen=True, slots=True)
class Network:
    """The first ``bits`` that the addresses of one family have in common, all but their ``shift`` last ones."""

    size: int
    shift: int
    bits: int

    def holds(self, address: bytes) -> bool:
        """Whether an address, as :func:`parse_ip` gives it, is in the network."""
        return len(address) == self.size and int.from_bytes(address) >> self.shift == self.bits


@lru_cache(maxsize=1024)
def parse_network(network: str) -> Network:
    """The network that a text names.

    ``10.0.0.0/8``, ``2001:db8::/32``, or an address alone; bits behind the prefix do not count.

    Raises:
        EvaluationError: no network is written so.
    """
    text, slash, width = network.partition("/")
    first = parse_ip(text)
    if first is None or (slash and not (width.isascii() and width.isdigit() and len(width) <= 3)):
        raise EvaluationError(f"`{network[:64]}` is no network such as `10.0.0.0/8`")
    written = 128 if ":" in text else 32
    size = len(first) * 8
    prefix = int(width) - (written - size) if slash else size
    if not 0 <= prefix <= size:
        raise EvaluationError(f"`{network[:64]}` is no network: its prefix is too long or too short")
    shift = size - prefix
    return Network(len(first), shift, int.from_bytes(first) >> shift)


def parse_ip(ip: object) -> bytes | None:
    """4 or 16 bytes of an address in text, without a zone (``%eth0``); null for what is no address."""
    if not isinstance(ip, str):
        return None
    try:
        if ":" not in ip:
            return inet_pton(AF_INET, ip)
        address = inet_pton(AF_INET6, ip.partition("%")[0])
    except (OSError, ValueError):
        return None
    return address[12:] if address.startswith(_MAPPED) else address


def network_error(network: object) -> str | None:
    """What is wrong with a network; null when nothing is."""
    try:
        parse_network(network) if isinstance(network, str) else None
    except EvaluationError as error:
        return error.reason
    return None


NETWORK_FUNCTIONS: dict[str, FunctionRecord] = {
    "cidr": FunctionRecord(
        "cidr", "network",
        (
            ParameterRecord("ip", TEXT, "the address"),
            ParameterRecord("networks", (STRING,), "one or more networks", repeats=True,
                            check=network_error),
        ), BOOL,
        "Whether an address, IPv4 or IPv6, is in one of the networks. Null for what is no address.",
        (
            Example('cidr("10.1.2.3", "10.0.0.0/8")', ("10.1.2.3", "10.0.0.0/8"), True),
            Example('cidr("192.168.1.1", "10.0.0.0/8", "192.168.0.0/16")',
                    ("192.168.1.1", "10.0.0.0/8", "192.168.0.0/16"), True),
            Example('cidr("::ffff:10.1.2.3", "10.0.0.0/8")',
                    ("::ffff:10.1.2.3", "10.0.0.0/8"), True),
            Example('cidr("localhost", "10.0.0.0/8")', ("localhost", "10.0.0.0/8"), None),
        ), cidr, compile_rest=compile_cidr,
    ),
}  # fmt: skip

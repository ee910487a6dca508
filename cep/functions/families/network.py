"""Functions over network addresses. Core layer.

An IPv4 address written as IPv6 (``::ffff:10.0.0.1``) counts as IPv4; an address of one family is in no network of the
other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any

from cep.functions.records import TEXT, EvaluationError, Example, FunctionRecord, ParameterRecord
from cep.types import BOOL, STRING

_MAPPED = bytes(10) + b"\xff\xff"


def cidr(ip: Any, *networks: Any) -> bool | None:
    """Whether the address is in one of the networks."""
    if parse_ip(ip) is None or not all(isinstance(network, str) for network in networks):
        return None
    return any(compile_cidr(network)(ip) for network in networks)


@lru_cache(maxsize=1024)
def compile_cidr(network: str) -> Callable[[object], bool | None]:
    """A test whether an address is in a network; null for what is no address.

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
    wanted = int.from_bytes(first) >> shift

    def test(ip: object) -> bool | None:
        address = parse_ip(ip)
        if address is None:
            return None
        return len(address) * 8 == size and int.from_bytes(address) >> shift == wanted

    return test


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
        compile_cidr(network) if isinstance(network, str) else None
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
        ), cidr,
    ),
}  # fmt: skip

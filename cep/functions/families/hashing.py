"""Functions that hash text. Core layer. Not for passwords: they are fast."""

from __future__ import annotations

from typing import Any

from cep.functions.records import TEXT, Example, FunctionRecord, ParameterRecord
from cep.types import STRING


def sha256(text: Any) -> str | None:
    """SHA-256 of the UTF-8 bytes, 64 hexadecimal digits."""
    if not isinstance(text, str):
        return None
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def md5(text: Any) -> str | None:
    """MD5 of the UTF-8 bytes, 32 hexadecimal digits."""
    if not isinstance(text, str):
        return None
    import hashlib

    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


_TEXT = ParameterRecord("text", TEXT, "the text")

HASHING_FUNCTIONS: dict[str, FunctionRecord] = {
    "sha256": FunctionRecord(
        "sha256", "hashing", (_TEXT,), STRING,
        "The SHA-256 of the text in UTF-8, as 64 hexadecimal digits in lower case.",
        (
            Example('sha256("abc")', ("abc",),
                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ), sha256,
    ),
    "md5": FunctionRecord(
        "md5", "hashing", (_TEXT,), STRING,
        "The MD5 of the text in UTF-8, as 32 hexadecimal digits in lower case: for comparing with "
        "lists that use it, not for secrets.",
        (Example('md5("abc")', ("abc",), "900150983cd24fb0d6963f7d28e17f72"),), md5,
    ),
}  # fmt: skip

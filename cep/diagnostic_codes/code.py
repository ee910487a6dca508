"""The record of a code. Core layer: imports nothing of ours."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A code, its title (a few words, without a full stop) and an explanation in whole sentences."""

    code: str
    title: str
    explanation: str

"""Texts that a pattern is likely to take; whether it does is for the engine to say. Testing layer."""

from __future__ import annotations

from collections.abc import Iterator

_CLASSES = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a", "b": "", "B": "", "A": "", "z": ""}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def like_samples(pattern: str) -> Iterator[str]:
    """For ``like``: ``*`` stands for nothing, or for a letter."""
    yield pattern.replace("*", "").replace("?", "x")
    yield pattern.replace("*", "x").replace("?", "x")


def regex_samples(pattern: str) -> Iterator[str]:
    """For ``matches``: each loop as often as it must, or one time more."""
    for extra in (0, 1):
        yield _Sampler(pattern, extra).sample()


class _Sampler:
    """Reads a regular expression once, from left to right, and writes what it would take."""

    def __init__(self, pattern: str, extra: int) -> None:
        self._text = pattern
        self._place = 0
        self._extra = extra

    def sample(self) -> str:
        return self._alternatives()

    def _peek(self) -> str:
        return self._text[self._place : self._place + 1]

    def _next(self) -> str:
        self._place += 1
        return self._text[self._place - 1 : self._place]

    def _alternatives(self) -> str:
        """The first of several; the others are read and dropped."""
        first = self._sequence()
        while self._peek() == "|":
            self._next()
            self._sequence()
        return first

    def _sequence(self) -> str:
        parts: list[str] = []
        while self._peek() and self._peek() not in "|)":
            parts.append(self._repeated(self._atom()))
        return "".join(parts)

    def _atom(self) -> str:
        match self._next():
            case "\\":
                return self._escape()
            case "[":
                return self._set()
            case "(":
                return self._group()
            case ".":
                return "x"
            case "^" | "$":
                return ""
            case other:
                return other

    def _escape(self) -> str:
        character = self._next()
        return _CLASSES.get(character, _ESCAPES.get(character, character))

    def _group(self) -> str:
        if self._peek() == "?":
            while self._peek() and self._peek() not in ":>)":
                self._next()
            if self._peek() != ")":
                self._next()
        inside = self._alternatives()
        self._next()
        return inside

    def _set(self) -> str:
        negated = self._peek() == "^"
        if negated:
            self._next()
        members: list[str] = []
        while self._peek() and (self._peek() != "]" or not members):
            members.append(self._escape() if self._next() == "\\" else self._text[self._place - 1])
        self._next()
        if not negated:
            return members[0] if members else ""
        return next(c for c in "x1-_ ~" if c not in members)

    def _repeated(self, atom: str) -> str:
        match self._peek():
            case "*" | "?":
                count = self._extra
            case "+":
                count = 1 + self._extra
            case "{":
                end = self._text.find("}", self._place)
                bounds = self._text[self._place + 1 : end].split(",")
                if end < 0 or not bounds[0].isdecimal():
                    return atom
                self._place = end
                count = min(int(bounds[0]), 100)
            case _:
                return atom
        self._next()
        if self._peek() in ("?", "+"):
            self._next()
        return atom * count

"""The state of the installation. Workshop layer."""

from __future__ import annotations

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

from cep import __version__

DISTRIBUTION = "cep-engine"
_NEEDED = ("click", "google-re2", "lark", "msgspec", "numpy", "pyyaml", "rich", "sortedcontainers")
_EXTRAS = {"parquet": ("pyarrow",), "zstd": ("zstandard",)}
_OLDEST = (3, 11)


def diagnose() -> list[dict[str, Any]]:
    """What was looked at: ``name``, ``state`` (ok, missing, wrong, info), ``found``, and what to do, or null."""
    return [
        _python(),
        _check("cep", "ok", __version__),
        *_dependencies(),
        *_extras(),
        _time_zones(),
        _re2(),
        *_machine(),
    ]


def _check(name: str, state: str, found: str, hint: str | None = None) -> dict[str, Any]:
    return {"name": name, "state": state, "found": found, "hint": hint}


def _python() -> dict[str, Any]:
    found = f"{platform.python_implementation()} {platform.python_version()} at {sys.executable}"
    good = sys.version_info[:2] >= _OLDEST
    return _check("Python", "ok" if good else "wrong", found, None if good else "cep needs Python 3.11 or newer")


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _least(name: str) -> tuple[int, ...]:
    """The oldest version that cep says it works with, empty where the installation does not tell."""
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return ()
    for line in lines:
        match = re.match(rf"{re.escape(name)}\s*>=\s*([0-9.]+)", line, re.IGNORECASE)
        if match:
            return _numbers(match[1])
    return ()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _dependencies() -> list[dict[str, Any]]:
    checks = []
    for name in _NEEDED:
        found = _installed(name)
        if found is None:
            checks.append(_check(name, "wrong", "not installed", f"pip install '{name}'"))
        elif _numbers(found) < _least(name):
            least = ".".join(map(str, _least(name)))
            checks.append(_check(name, "wrong", f"{found}, older than {least}", f"pip install '{name}>={least}'"))
        else:
            checks.append(_check(name, "ok", found))
    return checks


def _extras() -> list[dict[str, Any]]:
    checks = []
    for extra, packages in _EXTRAS.items():
        if extra == "zstd" and sys.version_info >= (3, 14):
            checks.append(_check(f"extra {extra}", "ok", "part of Python"))
            continue
        missing = [name for name in packages if _installed(name) is None]
        found = ", ".join(f"{name} {_installed(name) or 'not installed'}" for name in packages)
        hint = f"pip install '{DISTRIBUTION}[{extra}]'" if missing else None
        checks.append(_check(f"extra {extra}", "missing" if missing else "ok", found, hint))
    return checks


def _time_zones() -> dict[str, Any]:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

    try:
        ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        return _check("time zones", "wrong", "no time zone data", "pip install tzdata")
    return _check("time zones", "ok", f"{len(available_timezones())} zones")


def _re2() -> dict[str, Any]:
    try:
        import re2

        works = re2.compile("a+").fullmatch("aaa") is not None
    except (ImportError, OSError) as error:
        return _check("RE2", "wrong", str(error), "pip install --force-reinstall google-re2")
    return _check("RE2", "ok" if works else "wrong", "regular expressions work" if works else "it does not match")


def _machine() -> list[dict[str, Any]]:
    seen = "a terminal" if sys.stdout is not None and sys.stdout.isatty() else "no terminal"
    encoding = getattr(sys.stdout, "encoding", None) or "unknown"
    return [
        _check("platform", "info", platform.platform()),
        _check("output", "info", f"{seen}, {encoding}"),
    ]

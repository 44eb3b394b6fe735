"""The environment that a command may see: without secrets. Pure."""

from __future__ import annotations

from collections.abc import Mapping

_SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL")


def is_secret(name: str) -> bool:
    """Whether a variable of that name is withheld; a word too many costs less than a key."""
    upper = name.upper()
    return any(word in upper for word in _SECRET_WORDS)


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` without secrets, and told that no one sits at a terminal."""
    kept = {name: value for name, value in environment.items() if not is_secret(name)}
    kept["TERM"] = "dumb"
    kept.setdefault("PAGER", "cat")
    kept.setdefault("GIT_PAGER", "cat")
    kept.setdefault("GIT_TERMINAL_PROMPT", "0")
    return kept

"""Runs the console program as a child, on scripted models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from alloy_tui.domain.events import Envelope

SCRIPTS = Path(__file__).parent / "scripts"
ALLOY = (sys.executable, "-m", "alloy_tui")


def model(name: str) -> str:
    """The model that plays the script `name`."""
    return f"scripted/{SCRIPTS / name}.json"


def alloy(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `alloy` to its end."""
    options.setdefault("stdin", subprocess.DEVNULL if "input" not in options else None)
    if options["stdin"] is None:
        del options["stdin"]
    limit_s = options.pop("timeout", 60)
    return subprocess.run(
        [*ALLOY, *arguments],
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
        **options,
    )


def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start `alloy` and return at once."""
    return subprocess.Popen(
        [*ALLOY, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def envelopes(output: str) -> list[Envelope]:
    """The events of a `--json` run; every line must be one."""
    import msgspec

    return [msgspec.json.decode(line, type=Envelope) for line in output.splitlines()]


def kinds(output: str) -> list[str]:
    """Their types, in order."""
    return [json.loads(line)["event"]["type"] for line in output.splitlines()]

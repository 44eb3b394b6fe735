"""Asking git about the project: the one place where it is started.

Owns what keeps that harmless: nothing that the repository's own settings name is
run, nothing is written, nobody is prompted, and no answer is waited for long.
Must not know what is asked. Blocks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

# A repository's own settings could name programs that git would start.
_GIT = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks")


def ask_git(
    arguments: Sequence[str],
    folder: Path,
    *,
    patience_s: float,
    started: Callable[[subprocess.Popen[bytes]], object],
    own_variables: bool,
) -> bytes | None:
    """What git prints when it is asked in `folder`; None where it has no answer in time.

    `started` is given the process, so that it can be ended from elsewhere. With
    `own_variables` those of the user's environment count that point git to another
    repository or index (GIT_DIR and the like); without, only the folder does.
    """
    git = shutil.which("git")
    if git is None or not folder.is_dir():
        return None
    kept = {k: v for k, v in os.environ.items() if own_variables or not k.startswith("GIT_")}
    try:
        process = subprocess.Popen(  # noqa: S603 - git itself, with arguments of ours
            (str(Path(git).absolute()), *_GIT, *arguments),
            cwd=folder,
            env={**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None
    with process:
        started(process)
        try:
            out, _ = process.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return None
    return out if process.returncode == 0 else None

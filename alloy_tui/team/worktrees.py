"""A git worktree of its own for an agent, so that its changes are in nobody's way.

Owns making one, saying what is in it, and removing it only when nothing is lost
with that. Uses the `git` program; never touches the user's branch, index or
files. Blocking work runs in a thread.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path

import msgspec

from alloy_tui.domain.errors import TeamError

_GIT_S = 60.0
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class Worktree(msgspec.Struct, frozen=True):
    """Where an agent works: `folder` is its working folder, `branch` what it commits to."""

    root: Path
    folder: Path
    branch: str
    base: str


class Leftover(msgspec.Struct, frozen=True):
    """What stands in the way of removing a worktree: files not committed, commits not merged."""

    files: tuple[str, ...]
    commits: int


async def make_worktree(project: Path, home: Path, team: str, agent: str) -> Worktree:
    """A worktree below `home` on branch `alloy/TEAM/AGENT`, from what is checked out now.

    One that is there already is used again, with what is in it. Raises
    TeamError when `project` is no git repository or git refuses.
    """
    return await asyncio.to_thread(_make, project, home, _plain(team), _plain(agent))


async def remove_worktree(tree: Worktree) -> Leftover | None:
    """Remove it and its branch, unless something in it is nowhere else; None = removed."""
    return await asyncio.to_thread(_remove, tree)


def _plain(name: str) -> str:
    plain = _UNSAFE.sub("-", name).strip("-.")[:60] or "agent"
    return plain.removesuffix(".lock")


def _make(project: Path, home: Path, team: str, agent: str) -> Worktree:
    top = Path(_git(project, "rev-parse", "--show-toplevel"))
    base = _git(project, "rev-parse", "--verify", "HEAD")
    inside = project.resolve().relative_to(top.resolve())
    root = home / team / agent
    branch = f"alloy/{team}/{agent}"
    if (root / ".git").exists():
        return Worktree(root, root / inside, branch, _git(root, "merge-base", branch, base))
    _git(top, "worktree", "prune")
    root.parent.mkdir(parents=True, exist_ok=True)
    known = _git(top, "branch", "--list", "--format=%(refname:short)", branch)
    start = (branch,) if known else ("-b", branch, base)
    if known:
        _git(top, "worktree", "add", "--quiet", str(root), *start)
    else:
        _git(top, "worktree", "add", "--quiet", *start[:2], str(root), base)
    return Worktree(root, root / inside, branch, base)


def _remove(tree: Worktree) -> Leftover | None:
    if not tree.root.exists():
        return None
    changed = _git(tree.root, "status", "--porcelain", "-z", "--untracked-files=all")
    files = tuple(part[3:] for part in changed.split("\0") if len(part) > 3)
    commits = int(_git(tree.root, "rev-list", "--count", tree.branch, "--not", *_others(tree)))
    if files or commits:
        return Leftover(files, commits)
    top = Path(_git(tree.root, "rev-parse", "--path-format=absolute", "--git-common-dir")).parent
    _git(top, "worktree", "remove", str(tree.root))
    _git(top, "branch", "--quiet", "-D", tree.branch)
    return None


def _others(tree: Worktree) -> list[str]:
    refs = _git(tree.root, "for-each-ref", "--format=%(refname)").split()
    return [ref for ref in refs if ref != f"refs/heads/{tree.branch}"] or [tree.base]


def _git(folder: Path, *arguments: str) -> str:
    git = shutil.which("git")
    if git is None:
        raise TeamError("There is no git here, and a worktree needs it.", kind="failed")
    # A hook that starts the program must not turn its git towards another repository.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    argv = (str(Path(git).absolute()), "-c", "core.hooksPath=/dev/null", *arguments)
    try:
        done = subprocess.run(  # noqa: S603 - git itself; names are made plain before
            argv,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TeamError(f"git could not be run in {folder}: {error}.", kind="failed") from None
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise TeamError(
            f"git {arguments[0]} failed in {folder}: {words[-1] if words else 'no reason given'}",
            kind="failed",
            hint="A worktree needs a git repository with at least one commit.",
        )
    return done.stdout.decode(errors="surrogateescape").strip("\n")

"""The real program killed while files go back, and what its next starts make of the folder.

Every life begins with the same conversation of three turns, each of which changed
many files. It goes back on screen, with the files, and is killed at a random moment
around that. Afterwards every file has to be as it was or as it should become, none
between, and whatever any state held has to be reachable in the store.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alloy_tui.domain.sanitise import clean
from alloy_tui.runtime.file_garbage import drop_unneeded
from alloy_tui.sessions.nodes import manifest_of
from alloy_tui.sessions.sqlite import SqliteStore
from alloy_tui.settings import locate
from alloy_tui.workspace.journal import JOURNALS
from alloy_tui.workspace.manifest import needed
from alloy_tui.workspace.states import address_of
from tests.sessions.real_program import Answering, ModelServer, model_server
from tests.support.terminal import Terminal

State = dict[str, tuple[str, int, bytes]]
"""By path: what it is, its rights, its content or where it leads."""

FILES = 60
BY_HAND = b"somebody else was here\n"
_TURNS = (1, 2, 3)


@dataclass
class FilesToll:
    """What the kills found."""

    kills: int = 0
    again: int = 0
    """Kills of the next start, while it finished what the first had begun."""
    untouched: int = 0
    caught_up: int = 0
    """Lives after which the next start finished the work."""
    done: int = 0
    """Lives that had come to the end of it before they were killed."""
    moved: int = 0
    """Lives in which only the conversation went back."""


class _Obeying(Answering):
    """A model that runs the step it is told, and says that it did."""

    def answer(self, number: int, messages: list[dict[str, Any]]) -> None:
        """See `Answering.answer`."""
        del number
        said = str(messages[-1].get("content"))
        if messages[-1]["role"] == "user" and "step-" in said:
            self.call("bash", command=f"sh ../step-{said.rpartition('step-')[2][0]}.sh")
        else:
            self.say("done")


def state_of(folder: Path) -> State:
    """Everything below `folder`."""
    found: State = {}
    for path in sorted(folder.rglob("*")):
        name, mode = path.relative_to(folder).as_posix(), path.lstat().st_mode & 0o777
        if path.is_symlink():
            found[name] = ("link", 0, os.fsencode(path.readlink()))
        elif path.is_dir():
            found[name] = ("folder", mode, b"")
        else:
            found[name] = ("file", mode, path.read_bytes())
    return found


def _script(turn: int) -> str:
    """A command that changes many files in many ways."""
    lines = ["umask 022"]
    for number in range(FILES):
        folder = f"part{number % 7}"
        name = f"{folder}/file{number}"
        if number % 5 == turn:
            lines.append(f"rm -f {name}")
        else:
            lines.append(f"mkdir -p {folder}; seq {turn} {number * 40 + turn} > {name}")
        if number % 11 == turn:
            lines.append(f"chmod 75{turn} {name} 2>/dev/null")
    lines += [
        "rm -rf swapped",
        "mkdir swapped; echo x > swapped/in" if turn % 2 else "echo y > swapped",
        f"ln -sfn part{turn} link",
        f"rm -rf old{turn - 1}; mkdir -p old{turn}/deep; echo {turn} > old{turn}/deep/file",
        "true",
    ]
    return "\n".join(lines) + "\n"


class FilesKiller:
    """Lives of the program on copies of one conversation with files."""

    def __init__(self, server: ModelServer, folder: Path, rng: random.Random) -> None:
        self.rng, self.toll = rng, FilesToll()
        self.home, self.work, self._kept = folder / "home", folder / "work", folder / "kept"
        self.work.mkdir(parents=True)
        config = self.home / "config"
        config.mkdir(parents=True)
        (config / "config.toml").write_text('model = "compat/m"\n[approvals]\nmode = "all"\n')
        self.environment = {
            **os.environ,
            "ALLOY_HOME": str(self.home),
            "ALLOY_COMPAT_BASE_URL": server.url,
            "TEXTUAL_ANIMATIONS": "none",
        }
        self.paths = locate(self.environment)
        self.states: list[State] = [state_of(self.work)]
        """Before the first turn and after each."""
        for turn in _TURNS:
            (folder / f"step-{turn}.sh").write_text(_script(turn))
            session = ["--session", "latest"] if turn > 1 else []
            arguments = ["run", "-p", f"step-{turn}", "--approve", "all", *session]
            done = subprocess.run(
                [sys.executable, "-m", "alloy_tui", *arguments],
                cwd=self.work,
                env=self.environment,
                capture_output=True,
                check=False,
                text=True,
            )
            assert done.returncode == 0, done.stderr
            self.states.append(state_of(self.work))
        assert len({json.dumps(s, default=bytes.hex) for s in self.states}) == len(self.states)
        shutil.copytree(folder / "home", self._kept / "home", symlinks=True)
        shutil.copytree(folder / "work", self._kept / "work", symlinks=True)
        self.longest_s = 0.0

    def life(self) -> None:
        """One life, the starts after it, and the check."""
        for path in (self.home, self.work):
            shutil.rmtree(path)
            shutil.copytree(self._kept / path.name, path, symlinks=True)
        turn = self.rng.choice(_TURNS)
        scope = self.rng.choice(("both", "both", "files", "conversation"))
        if not self.longest_s:  # the first one shows how long it takes
            turn, scope = 2, "both"
        hand = self.rng.choice(sorted(n for n, s in self.states[-1].items() if s[0] == "file"))
        if by_hand := scope != "conversation" and self.rng.random() < 0.5:
            (self.work / hand).write_bytes(BY_HAND)
        before, goal = state_of(self.work), self.states[turn - 1]
        if scope == "conversation":
            goal = before
        elif by_hand:  # what somebody else changed is kept, unless one says otherwise
            folders = (parent.as_posix() for parent in Path(hand).parents[:-1])
            kept = {name: before[name] for name in folders if name not in goal}
            goal = {**goal, **kept, hand: before[hand]}
        self._go_back(turn, scope)
        half_way = self._waiting()
        now = state_of(self.work)
        assert half_way or now in (before, goal), _differences(now, before, goal)
        self.toll.kills += 1
        if scope == "conversation":
            self.toll.moved += 1
        elif half_way:
            self.toll.caught_up += 1
        elif now == goal:
            self.toll.done += 1
        else:
            self.toll.untouched += 1
        while self._waiting() and self.rng.random() < 0.4:
            self._start(kill_after_s=self.rng.uniform(0.3, 0.8))
            self.toll.again += 1
        if self.rng.random() < 0.3:  # a new conversation in the folder comes first
            self._start(fresh=True)
            if half_way:
                assert state_of(self.work) == goal, _differences(state_of(self.work), goal)
        self._start()
        self._check(before, goal if half_way else now)

    def _go_back(self, turn: int, scope: str) -> None:
        """On screen, to before a message; killed at a random moment from the last key on."""
        with self._terminal("--continue") as terminal:
            terminal.wait_for("done")
            terminal.type("/rewind\r")
            terminal.wait_for("Go back to before")
            for _ in range(len(_TURNS) - turn):
                terminal.type("\x1b[B")
            terminal.type("\r")
            terminal.wait_for("Enter goes back")
            terminal.drain()
            terminal.type({"conversation": "1", "files": "2", "both": "3"}[scope] + "\r")
            start = time.monotonic()
            if not self.longest_s:
                terminal.wait_for("put back")
                self.longest_s = time.monotonic() - start
            else:
                until = start + self.rng.uniform(0, 1.2 * self.longest_s)
                while (left := until - time.monotonic()) > 0:
                    terminal.pump(left)
            os.killpg(terminal.process.pid, signal.SIGKILL)

    def _start(self, *, fresh: bool = False, kill_after_s: float | None = None) -> None:
        """A start of the program, ended by a kill after so long or by a person once it is ready."""
        waiting = self._waiting(untold=not fresh)
        with self._terminal(*([] if fresh else ["--continue"])) as terminal:
            if kill_after_s is not None:
                until = time.monotonic() + kill_after_s
                while (left := until - time.monotonic()) > 0:
                    terminal.pump(left)
                os.killpg(terminal.process.pid, signal.SIGKILL)
                return
            terminal.wait_for("compat/m")
            if waiting:
                terminal.wait_for("was finished")
            terminal.wait_for("Ask anything")
            terminal.wait_gone("starting")
            terminal.type("/quit\r")
            assert terminal.wait_exit() == 0, clean(terminal.text())

    def _terminal(self, *arguments: str) -> Terminal:
        argv = [sys.executable, "-m", "alloy_tui", *arguments]
        return Terminal(argv, cwd=self.work, environment=self.environment)

    def _waiting(self, *, untold: bool = False) -> bool:
        """Whether there is a plan that was not carried out to its end, or `untold` of."""
        pattern = "*.restore*" if untold else "*.restore"
        return any((self.paths.data / "workspace" / JOURNALS).glob(pattern))

    def _check(self, before: State, wanted: State) -> None:
        """The folder is whole, and what any state held is in the store. Raises AssertionError."""
        now = state_of(self.work)
        assert now == wanted, _differences(now, wanted)
        assert not self._waiting(untold=True)
        drop_unneeded(self.paths)
        store = SqliteStore(self.paths.data / "sessions")
        try:
            assert store.kept is None, "a kill was taken for damage"
            (info,) = [each for each in store.sessions() if each.preview.startswith("step-")]
            tree = store.tree(info.id)
            marks = store.read(info.id, tree.of_kind("checkpoint", "leaf"))
            roots = {found for e in marks if (found := manifest_of(e.node)) is not None}
            reached = needed(roots, store.blob)
            assert len(tree.of_kind("user")) == len(_TURNS)
        finally:
            store.close()
        states = [*self.states, *([before] if now != before else [])]
        lost = [
            f"{name} ({data[:20]!r})"
            for state in states
            for name, (kind, _, data) in state.items()
            if kind == "file" and address_of(data) not in reached
        ]
        assert not lost, f"nothing leads to what stood at {sorted(set(lost))}"


def _differences(now: State, *others: State) -> str:
    told: list[str] = []
    for other in others:
        names = [n for n in sorted(now.keys() | other.keys()) if now.get(n) != other.get(n)]
        told.append(f"{len(names)} paths differ: {names[:8]}")
    return "; ".join(told)


def kill_going_back(folder: Path, lives: int, rng: random.Random) -> FilesToll:
    """Kill so many lives while they go back. Raises AssertionError."""
    with model_server(_Obeying) as server:
        killer = FilesKiller(server, folder, rng)
        for _ in range(lives):
            killer.life()
    return killer.toll

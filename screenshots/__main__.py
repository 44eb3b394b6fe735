"""`make screenshots`: plays the scenes in the running program and draws what the terminal shows.

Writes SVG files, and PNG beside them where `rsvg-convert` is installed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from alloy_tui.runtime.local_server import find_installed
from screenshots import scenes, team_scenes
from screenshots.svg import Film, still
from tests.support.terminal import Terminal

HERE = Path(__file__).parent
_ALLOY = str(Path(sys.executable).with_name("alloy"))


class Stage:
    """The program in a terminal, and a film of it."""

    def __init__(self, terminal: Terminal, film: Film) -> None:
        self.terminal = terminal
        self._film = film
        self._since = time.monotonic()

    def until(self, text: str, *, gone: bool = False) -> None:
        """Go on filming until `text` stands on the screen, or no longer does."""

        def there() -> bool:
            self._film.add(time.monotonic() - self._since, self.terminal.screen)
            return (text in self.terminal.text()) is not gone

        self.terminal.wait_until(there, text)

    def works(self, name: str, meanwhile: Callable[[], None] = lambda: None) -> bool:
        """Wait for an agent to write, and to be done; false where it fails."""

        def line() -> str:
            return next((row for row in self.terminal.lines() if f" {name} " in row), "")

        wait = self.terminal.wait_until
        wait(lambda: "writing" in line() or "failed" in line(), f"{name} writing", 180)
        if "writing" in line():
            meanwhile()
        wait(lambda: "done" in line() or "failed" in line(), f"{name} done", 180)
        return "done" in line()

    def hold(self, seconds: float) -> None:
        """Let the viewer read."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.terminal.pump(0.04)
            self._film.add(time.monotonic() - self._since, self.terminal.screen)

    def type(self, text: str) -> None:
        """Type as a person does."""
        for key in text:
            self.terminal.type(key)
            self.hold(0.04)

    def send(self, text: str) -> None:
        """Type and press Enter."""
        self.type(text)
        self.hold(0.3)
        self.terminal.type("\r")


@contextmanager
def stage(columns: int, rows: int, *flags: str) -> Generator[tuple[Stage, Film]]:
    """The program, opened in a small project with the scenes' files."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "shop")
        project.mkdir()
        for name, text in {**scenes.FILES, **team_scenes.FILES}.items():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_text(text)
        for name, script in {**scenes.SCRIPTS, **team_scenes.SCRIPTS}.items():
            (project / f"{name}.json").write_text(json.dumps(script))
        film = Film(columns, rows)
        home = {"ALLOY_HOME": str(Path(folder, "home")), "HOME": folder}
        with Terminal(
            [_ALLOY, *flags], cwd=project, columns=columns, rows=rows, environment=home
        ) as terminal:
            yield Stage(terminal, film), film


def _keep(name: str, svg: str) -> None:
    path = HERE / f"{name}.svg"
    path.write_text(svg)
    if shutil.which("rsvg-convert"):
        subprocess.run(
            ["rsvg-convert", "-z", "1.25", str(path), "-o", str(path.with_suffix(".png"))],
            check=True,
        )
    print(path.name)


def session() -> None:
    """The recording of the README, and the stills taken on its way."""
    with stage(120, 34, "--model", "scripted/first.json") as (play, film):
        picture: Callable[[str], None] = lambda name: _keep(  # noqa: E731  # a local shorthand
            name, still(play.terminal.screen, "alloy")
        )
        play.until("Ask anything")
        play.hold(0.8)
        play.send("Why does the cart round twice?")
        play.until("edit wants to")
        play.hold(1.2)
        picture("approval-edit")
        play.terminal.type("\x1by")
        play.until("bash wants to")
        play.hold(1.2)
        picture("approval")
        play.terminal.type("\x1be")
        play.hold(0.4)
        play.send("never push")
        play.until("python3 test_cart.py")
        play.until("bash wants to")
        play.hold(0.9)
        play.terminal.type("\x1by")
        play.until("Nothing was pushed.")
        play.hold(1.5)
        picture("workbench")
        play.send("Tell me the history of rounding")
        play.until("counted counted counted")
        play.terminal.type("\x1b")
        play.until("incomplete: stopped")
        play.hold(1.0)
        play.send("In one line, please")
        play.until("again in")
        play.hold(0.6)
        picture("retry")
        play.until("whole cents")
        play.hold(1.0)
        play.send("/model scripted/second.json")
        play.until("second.json")
        play.hold(0.6)
        play.send("And you?")
        play.until("all of the above.")
        play.hold(1.5)
        play.send("/quit")
        _keep_film("session", film)


def _keep_film(name: str, film: Film) -> None:
    (HERE / f"{name}.svg").write_text(film.svg("alloy"))
    print(f"{name}.svg, {len(film.frames)} frames")


def local() -> None:
    """A real answer of the local model, full screen."""
    with stage(100, 26, "--model", "local/smollm2-135m") as (play, _):
        play.until("smollm2")
        play.send("Name three primary colours.")
        play.until("done in")
        play.hold(0.5)
        _keep("local-model", still(play.terminal.screen, "alloy"))


def first_run() -> None:
    """What a newcomer sees who has no key."""
    with stage(100, 26) as (play, _):
        play.until("smollm2")
        play.hold(1.0)
        _keep("first-run", still(play.terminal.screen, "alloy"))


def sessions() -> None:
    """The tree, going back, two branches beside each other, a race, and the list of sessions."""
    flags = ("--model", "scripted/branches.json", "--approve", "all")
    with stage(120, 32, *flags) as (play, _):
        play.until("Ask anything")
        for said, end in (
            ("Why does the cart round twice?", "at the end."),
            ("Note it in a changelog", "has a line about it."),
        ):
            play.send(said)
            play.until(end)
            play.until("done in")
        play.send("/checkpoint works")
        play.until("Labelled")
        play.send("/rewind")
        play.until("Go back to before")
        play.terminal.type("\r")
        play.until("leave the path")
        play.terminal.type("3")
        play.hold(0.5)
        _still(play, "rewind")
        play.terminal.type("\r")
        play.until("leave the path", gone=True)
        # In the prompt, that is: what is typed before would be put aside with a draft.
        play.until("❯ Note it in a changelog")
        play.terminal.type("\x15")
        play.send("Count in thousandths instead")
        play.until("until its last step.")
        play.until("done in")
        play.terminal.type("\x14")
        play.until("Tree")
        play.until("← here")
        play.hold(6.0)  # the words in the corner leave by themselves
        _still(play, "tree")
        play.terminal.type("\x14")
        play.send("/compare")
        play.until("Compare")
        play.terminal.type("\r")
        play.until("both begin with")
        play.hold(0.5)
        _still(play, "compare")
        play.terminal.escape()
        play.until("both begin with", gone=True)
        play.send("/race scripted/careful.json scripted/quick.json")
        play.until("What are they all to be asked?")
        play.send("Which type should a price have?")
        play.until("nowhere else")
        play.hold(0.3)
        _still(play, "race")
        play.until("all are done")
        play.terminal.escape()
        play.until("all are done", gone=True)
        play.send("/resume")
        play.until("search in all that was said")
        play.until("called edit")
        play.hold(6.0)
        _still(play, "resume")


def team() -> None:
    """Three agents at work; two of them wait for a person."""
    with stage(120, 32, "--model", "scripted/first.json") as (play, _):
        play.until("Ask anything")
        play.send("/team crew")
        play.until("reviewer")
        play.terminal.type("b")
        play.until("Broadcast to")
        play.send("Find out why the cart rounds twice, and mend it")
        play.until("needs you 2")
        play.terminal.type("\x1b[H")
        play.hold(2.5)
        _still(play, "team")


def team_local() -> None:
    """Three agents on the real local model hand work on; then when each of them worked.

    So small a model may go on until it is cut off, and then there is nothing to
    hand on: another team is asked.
    """
    for _ in range(4):
        with stage(120, 32, "--model", "local/smollm2-135m") as (play, _):
            if _hand_on(play):
                play.terminal.type("6")
                play.until("At this moment")
                play.terminal.type("\x1b[D")
                play.hold(0.5)
                _still(play, "team-local-timeline")
                return
    raise SystemExit("The local model brought nothing to its end, four times.")


def _hand_on(play: Stage) -> bool:
    play.until("smollm2")
    play.send("/team trio")
    play.until("reviewer")
    for _ in range(3):
        play.terminal.type("\x1b[Bx")
        play.hold(0.3)
    play.terminal.type("h")
    play.until("researcher → coder → reviewer")
    play.send("How many cents are a dollar?")
    return (
        play.works("researcher")
        and play.works("coder", lambda: _first_line(play, "team-local"))
        and play.works("reviewer")
    )


def _first_line(play: Stage, name: str) -> None:
    """A picture with the cursor on the dashboard's first line."""
    play.terminal.type("\x1b[H")
    play.hold(1.2)
    _still(play, name)


def hundred() -> None:
    """A hundred agents at once, at 20 tokens a second each."""
    with stage(120, 40, "--model", "scripted/first.json") as (play, _):
        play.until("Ask anything")
        play.send("/team hundred")
        play.until("101 agents")
        play.terminal.type("b")
        play.until("Broadcast to")
        play.send("Where are amounts rounded before they are added up?")
        play.until("\n needs you")
        play.terminal.type("\x1b[H")
        play.hold(4.0)
        _still(play, "hundred")


def _still(play: Stage, name: str) -> None:
    _keep(name, still(play.terminal.screen, "alloy"))


def main(names: list[str]) -> int:
    """Make the pictures named, or all."""
    scripted = (session, sessions, team, hundred)
    real = {f.__name__: f for f in (local, first_run, team_local)}
    known = {f.__name__: f for f in scripted} | real
    for name in names or known:
        if name in real and find_installed() is None:
            print(f"{name}: left out, for the extra `local` is not installed")
            continue
        known[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

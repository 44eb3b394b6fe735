"""From the first millisecond: keys are taken and shown, and a start that fails leaves no trace."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program.conftest import ALLOY
from tests.program.test_leaving import assert_left_clean
from tests.support.terminal import Terminal

_PLACEHOLDER = "Ask anything"


def prompt_of(terminal: Terminal) -> str:
    """What stands in the prompt, all its rows joined."""
    lines = terminal.lines()
    start = max(i for i, line in enumerate(lines) if line.startswith(" ❯ "))
    return "".join(line[3:].rstrip() for line in lines[start:-1])


def look_of(terminal: Terminal, row: int) -> list[tuple[str, str, str, bool]]:
    """Each cell's character and colours; a blank has no colour but its ground."""
    cells = [terminal.screen.buffer[row][x] for x in range(60)]
    return [(c.data, "" if c.data == " " else c.fg, c.bg, c.reverse) for c in cells]


def at_start(terminal: Terminal) -> None:
    """Wait until the program has the keyboard; the screen is the skeleton's."""
    terminal.wait_for("❯")


class Held:
    """A start that waits for its settings file until it is let go."""

    def __init__(self, home: Path) -> None:
        self._file = home / "config" / "config.toml"
        self._file.parent.mkdir(parents=True)
        self.environment = {"ALLOY_HOME": str(home)}
        self.hold()

    def hold(self) -> None:
        """Let the next start wait."""
        self._file.unlink(missing_ok=True)
        os.mkfifo(self._file)

    def let_go(self, terminal: Terminal, settings: str = "") -> None:
        """Hand over the settings once they are asked for, and go on."""
        pipes: list[int] = []

        def asked() -> bool:
            with contextlib.suppress(OSError):
                pipes.append(os.open(self._file, os.O_WRONLY | os.O_NONBLOCK))
            return bool(pipes)

        terminal.wait_until(asked, "the settings to be read")
        self._file.unlink()
        self._file.write_text(settings)
        os.write(pipes[0], settings.encode())
        os.close(pipes[0])


@pytest.fixture
def held(tmp_path: Path) -> Held:
    """Keeps the program between its first byte on the screen and everything else."""
    return Held(tmp_path / "held")


def test_a_key_is_shown_before_the_program_is_loaded(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], held: Held
) -> None:
    """Letters, corrections, wide characters; and they stay when the whole screen comes."""
    with open_program(scripted([{"text": "hi"}]), environment=held.environment) as terminal:
        at_start(terminal)
        terminal.type("qu\x7f")
        terminal.wait_for("❯ q")
        terminal.type("好 é")
        terminal.wait_until(lambda: prompt_of(terminal).replace(" ", "") == "q好é", "the rest")
        held.let_go(terminal)
        terminal.wait_for("ready")
        assert prompt_of(terminal).replace(" ", "") == "q好é"


@pytest.mark.parametrize("seed", range(6))
def test_what_is_typed_during_the_start_arrives_once_and_in_order(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], seed: int
) -> None:
    """Words and wide characters, in pieces of any size at any time."""
    chance = random.Random(seed)
    keys = [chance.choice("abcdefghijklmnopqrstuvwxyz 0123456789é好") for _ in range(60)]
    wanted: list[str] = []
    with open_program(scripted([{"text": "hi"}])) as terminal:
        while keys:
            piece = "".join(keys[: chance.randint(1, 4)])
            del keys[: len(piece)]
            wanted += piece
            terminal.type(piece)
            for _ in range(chance.randint(0, 6)):
                terminal.pump(0.01)
        terminal.wait_for("scripted")
        expected = "".join(wanted).strip()
        # pyte leaves a blank after a wide character.
        terminal.wait_until(
            lambda: prompt_of(terminal).replace(" ", "").strip() == expected.replace(" ", ""),
            f"{expected!r} in the prompt",
        )


def test_a_message_sent_during_the_start_is_answered(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    with open_program(scripted([{"text": "Here I am."}])) as terminal:
        terminal.type("are you there\rand then")
        terminal.wait_for("Here I am.")
        terminal.wait_for("❯ and then")
        assert "are you there" in terminal.text()


def test_a_message_typed_before_the_program_has_the_keyboard_is_answered(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], project: Path
) -> None:
    """Enter was a line feed to the shell's line discipline; to the prompt it is Enter."""
    terminal = open_program(scripted([{"text": "Here I am."}]))
    wait = 'until [ -e go ]; do sleep 0.01; done; exec "$@"'
    terminal.argv = ["/bin/sh", "-c", wait, "sh", *terminal.argv]
    with terminal:
        terminal.type("are you there\r")
        terminal.wait_for("are you there")
        (project / "go").touch()
        terminal.wait_for("Here I am.")


def test_keys_that_are_no_text_wait_for_the_prompt(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """A paste comes after what was typed before it, and brings no Enter."""
    with open_program(scripted([{"text": "hi"}])) as terminal:
        at_start(terminal)
        terminal.type("ax\x7fb\x1b[200~<p>\x1b[201~c")
        terminal.wait_for("scripted")
        terminal.wait_for("❯ ab<p>c")


def test_ctrl_c_during_the_start_ends_the_program(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], held: Held
) -> None:
    with open_program(scripted([{"text": "hi"}]), environment=held.environment) as terminal:
        at_start(terminal)
        terminal.type("abc\x03")
        assert terminal.wait_exit() == 130
        assert_left_clean(terminal)
        assert "Traceback" not in terminal.record.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_start_gives_the_terminal_back(
    open_program: Callable[..., Terminal],
    scripted: Callable[..., str],
    held: Held,
    number: signal.Signals,
) -> None:
    with open_program(scripted([{"text": "hi"}]), environment=held.environment) as terminal:
        at_start(terminal)
        os.kill(terminal.process.pid, number)
        assert terminal.wait_exit() in {128 + number, -number}
        assert_left_clean(terminal)


def test_a_start_that_fails_says_so_on_the_normal_screen(project: Path, held: Held) -> None:
    """A broken config file: one line, exit 2, and no full screen left behind."""
    with Terminal([ALLOY], cwd=project, environment=held.environment) as terminal:
        at_start(terminal)
        terminal.type("typed ahead")
        held.let_go(terminal, "model = \n")
        assert terminal.wait_exit() == 2
        assert_left_clean(terminal)
        after = terminal.record.decode().rpartition("\x1b[?1049l")[2]
        assert "alloy: " in after
        assert "config.toml" in after


@pytest.mark.parametrize(
    ("flags", "environment"),
    [
        (["--help"], {}),
        (["--bogus"], {}),
        (["--approve", "sometimes"], {}),
        (["models", "--help"], {}),
    ],
)
def test_commands_that_only_print_never_take_the_screen(
    project: Path, flags: list[str], environment: dict[str, str]
) -> None:
    with Terminal([ALLOY, *flags], cwd=project, environment=environment) as terminal:
        terminal.wait_exit()
        assert b"\x1b[?1049h" not in terminal.record
        assert terminal.modes_restored()


@pytest.mark.parametrize(
    "options", [{"columns": 16, "rows": 20}, {"columns": 80, "rows": 5}], ids=["narrow", "low"]
)
def test_a_tiny_window_starts_without_a_skeleton(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], options: dict[str, int]
) -> None:
    with open_program(scripted([{"text": "hi"}]), **options) as terminal:
        terminal.wait_for("ready")
        terminal.type("\x11")
        terminal.wait_exit()
        assert_left_clean(terminal)


def test_the_prompt_stays_where_the_skeleton_put_it(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], held: Held
) -> None:
    """On the second start in its colours and with its words, so that nothing flickers."""
    model = scripted([{"text": "hi"}])
    with open_program(model, environment=held.environment) as terminal:
        held.let_go(terminal)
        terminal.wait_for("ready")
        terminal.type("\x11")
        terminal.wait_exit()
    held.hold()
    with open_program(model, environment=held.environment) as terminal:
        terminal.wait_for(_PLACEHOLDER)
        row = next(i for i, line in enumerate(terminal.lines()) if "❯" in line)
        before = look_of(terminal, row - 1), look_of(terminal, row)
        held.let_go(terminal)
        terminal.wait_for("ready")
        assert (look_of(terminal, row - 1), look_of(terminal, row)) == before
        assert terminal.record.count(b"\x1b[?1049h") == 1, "the screen was cleared in between"


@pytest.mark.parametrize("damage", [False, True])
def test_the_next_start_uses_what_this_one_found_out_and_bears_that_it_is_damaged(
    open_program: Callable[..., Terminal],
    scripted: Callable[..., str],
    tmp_path: Path,
    damage: bool,
) -> None:
    compiled = tmp_path / "compiled"
    environment = {"PYTHONPYCACHEPREFIX": str(compiled), "PYTHONDONTWRITEBYTECODE": ""}
    model = scripted([{"text": "hello from the model"}])

    def start() -> None:
        with open_program(model, environment=environment) as terminal:
            at_start(terminal)
            terminal.type("hi\r")
            terminal.wait_for("hello from the model")
            terminal.type("/quit\r")
            assert terminal.wait_exit() == 0
            assert_left_clean(terminal)

    start()
    (kept,) = compiled.rglob("start.*")
    assert b"sheets" in kept.read_bytes()
    if damage:
        kept.write_bytes(kept.read_bytes()[:-1])
    start()
    start()
    assert [kept] == list(compiled.rglob("start.*"))

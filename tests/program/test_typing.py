"""What is typed or pasted is what stands in the prompt, whatever else goes on."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program.modes import assert_left_clean
from tests.support.terminal import Terminal

STREAM = {"text": "word " * 1200 + "LAST-WORD", "chunk": 5, "chunk_delay_ms": 4}
KITTY_PUSH, KITTY_POP = b"\x1b[>", b"\x1b[<u"


def history(own_home: Path) -> str:
    """What the program keeps of what was sent."""
    return (own_home / "alloy" / "data" / "prompt-history.jsonl").read_text()


def test_two_thousand_keys_while_an_answer_streams(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """A storm of letters, deletions and moves leaves exactly the text that it spells."""
    chosen = random.Random(11)
    letters = string.ascii_letters + string.digits + "éß漢 .,;-()"
    typed, keys = "", []
    for _ in range(2000):
        dice = chosen.random()
        if dice < 0.1:
            keys.append("\x7f")
            typed = typed[:-1]
        elif dice < 0.13:
            keys.append("\x1b[D\x1b[C")
        elif dice < 0.15:
            keys.append("\x01\x05")  # to the beginning and back to the end of the line
        elif dice < 0.16:
            keys.append("\n")
            typed += "\n"
        else:
            letter = chosen.choice(letters)
            # Two lines that begin so would be something else than a message.
            letter = "x" if not typed and letter == " " else letter
            keys.append(letter)
            typed += letter
    answers = [STREAM, {"expect": typed.strip(), "text": "TOOK-ALL-OF-IT"}]
    with open_program(scripted(answers), answers=("sync",)) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("word word")
        for at in range(0, len(keys), 20):
            terminal.type("".join(keys[at : at + 20]))
            terminal.pump(0)
        terminal.type("\x1b[1;5F\x05")
        terminal.wait_for("LAST-WORD", 60)
        terminal.type("\r")
        terminal.wait_for("TOOK-ALL-OF-IT")


HOSTILE = (
    "one\r\ntwo\x1b]52;c;UFdORUQ=\x07\x1b]0;PWNED\x07three\x1brm -rf everything that is here\rfour"
    "\x1b[<0;NaN;NaNM\x1b[2J\u202efive\x9b31m\x00six\x1b[?1049l"
)


def test_a_hostile_paste_is_text(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """Returns in it send nothing, escapes in it do nothing, and words in it stay."""
    answers = [{"expect": "five", "text": "TOOK-IT"}]
    with open_program(scripted(answers)) as terminal:
        terminal.wait_for("scripted")
        terminal.paste(HOSTILE)
        terminal.wait_for("four")
        assert "you" not in terminal.text().split()
        for part in ("one", "two", "three", "rf everything that is here", "four"):
            assert part in terminal.text()
        for forbidden in (b"PWNED\x07", b"\x1b]52", "\u202e".encode(), b"\xc2\x9b31m"):
            assert forbidden not in terminal.record
        terminal.type("\r")
        terminal.wait_for("TOOK-IT")
        terminal.type("/quit\r")
        assert terminal.wait_exit() == 0
        assert_left_clean(terminal)


def test_a_paste_answers_no_question(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], project: Path
) -> None:
    """An approval is not given by pasted letters and returns."""
    call = {"tool_calls": [{"name": "bash", "arguments": {"command": "touch made"}}]}
    with open_program(scripted([call, {"text": "END"}])) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("touch made")
        for words in ("y", "a\r", "\x1by\r", "1\r\ny\r"):
            terminal.paste(words)
            terminal.drain()
        assert not (project / "made").exists()
        assert "END" not in terminal.text()


def test_a_paste_of_a_megabyte_is_whole_and_leaves_the_keys_alone(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """Size is no matter: what comes after it is typed after it."""
    lines = [f"line {number} of a very large paste" for number in range(25_000)]
    answers = [{"expect": "line 24999 of a very large paste and more", "text": "TOOK-IT"}]
    with open_program(scripted(answers)) as terminal:
        terminal.wait_for("scripted")
        data = f"\x1b[200~{chr(10).join(lines)}\x1b[201~ and more\r".encode()
        for at in range(0, len(data), 2048):
            terminal.type(data[at : at + 2048])
            terminal.pump(0)
        terminal.wait_for("TOOK-IT", 60)


@pytest.mark.parametrize("key", ["\x1b\r", "\x1b[13;3u"], ids=["ESC CR", "kitty"])
def test_alt_enter_follows_up_in_either_spelling(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], key: str
) -> None:
    """While a run is under way Alt+Enter queues for after it."""
    answers = [{"text": "word " * 200, "chunk": 5, "chunk_delay_ms": 20}, {"text": "NEXT"}]
    with open_program(scripted(answers)) as terminal:
        terminal.wait_for("scripted")
        terminal.type("go\r")
        terminal.wait_for("word")
        terminal.type(f"then this{key}")
        terminal.wait_until(lambda: "follow" in terminal.text().lower(), "the lane's name")


@pytest.mark.parametrize(
    "key", ["\x1b[13;2u", "\x1b[27;2;13~", "\n", "\x1b[13;2:1u"], ids=["kitty", "xterm", "^J", "1"]
)
def test_shift_enter_makes_a_line_in_every_spelling(
    open_program: Callable[..., Terminal], scripted: Callable[..., str], key: str
) -> None:
    """Two lines stand in the prompt and nothing was sent."""
    with open_program(scripted([{"expect": "first\nsecond", "text": "BOTH"}])) as terminal:
        terminal.wait_for("scripted")
        terminal.type(f"first{key}second")
        terminal.wait_for("second")
        terminal.type("\r")
        terminal.wait_for("BOTH")


def test_the_newer_key_protocol_is_asked_for_once_and_given_back(
    open_program: Callable[..., Terminal], scripted: Callable[..., str]
) -> None:
    """Keys in the spelling of that protocol type what they say; releases type nothing."""
    with open_program(scripted([{"text": "ok"}])) as terminal:
        terminal.wait_for("scripted")
        for letter in "kitty":
            terminal.type(f"\x1b[{ord(letter)};1:1u\x1b[{ord(letter)};1:3u")
        terminal.type("\x1b[32;;32u\x1b[233;;233u\x1b[57399;;48u")
        terminal.wait_for("❯ kitty é0")
        terminal.type("\x1b[117;5u/quit\x1b[13u")  # Ctrl+U, Enter
        assert terminal.wait_exit() == 0
        assert terminal.record.count(KITTY_PUSH) == terminal.record.count(KITTY_POP) == 1

"""What a terminal sends becomes keys and pastes, and nothing else becomes anything."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.events import Key

from alloy_tui.ui.terminal.driver import _known
from alloy_tui.ui.terminal.incoming import Gate, Input, Keys, Pasted

ANSWERS = (
    "\x1b[?62;22c",  # what the terminal is
    "\x1b[>41;354;0c",
    "\x1b[0n",
    "\x1b[?997;1n",
    "\x1b[8;24;80t",
    "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
    "\x1b]10;rgb:ffff/ffff/ffff\x07",
    "\x1b]52;c;aGVsbG8=\x07",
    "\x1bP>|kitty(0.38.1)\x1b\\",
    "\x1bP1+r544e=787465726d\x1b\\",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b[?31u",
)
NOT_NUMBERS = (
    "\x1b[<0;NaN;NaNM",
    "\x1b[<35;NaN;12m",
    "\x1b[<64;Infinity;-InfinityM",
    "\x1b[<undefined;undefined;undefinedM",
    "\x1b[<0;;M",
    "\x1b[<M",
    "\x1b[<0;99999999999999999999;1M",
    "\x1b[<0;1M",
    "\x1b[<0;1.5;2.5M",
)
IMPOSSIBLE = (
    "\x1b[9999999;1u",
    "\x1b[99999999999999;1u",
    "\x1b[97;1;9999999u",
    "\x1b[55296;1u",
    "\x1b[97;1;55296u",
    "\x1b[155;1u",
    "\x1b[97;99999u",
    "\x1b[97;1:3u",
    "\x1b[48;99999999999;1;1;1t",
    "\x1b[48;0;0;0;0t",
    "\x1b[48;1;2t",
    "\x1b[255~",
    "\x1b[u",
)
PARTS = ("\x1b", "\x1b[", "\x1b]", "\x1bP", "\x1bO", "\x1b_", "\x07", "\r", "é", "\x9b", "0;")
WHOLE = ("\x1b[200~", "\x1b[201~", "\x1b[<0;4;5M", "\x1b[<0;4;5m", "\x1b[97;5u", "\x1b[M !!")
SOME_KEYS = tuple(ANSI_SEQUENCES_KEYS)[::7]
FRAGMENTS = st.one_of(
    st.sampled_from((*ANSWERS, *NOT_NUMBERS, *IMPOSSIBLE, *SOME_KEYS, *PARTS, *WHOLE)),
    st.text(max_size=6),
)
STREAMS = st.lists(FRAGMENTS, max_size=12).map("".join)


def through(pieces: list[str]) -> list[Input]:
    """What comes out of a gate, neighbouring keys joined."""
    gate = Gate(_known)
    out: list[Input] = []
    for piece in [*pieces, None]:
        for item in gate.feed(piece) if piece is not None else gate.expire():
            before = out[-1] if out else None
            if isinstance(item, Keys) and isinstance(before, Keys):
                out[-1] = Keys(before.text + item.text)
            else:
                out.append(item)
    return out


def keys(text: str) -> list[str]:
    """The names of the keys that Textual makes of what comes through."""
    parser, found = XTermParser(), []
    for item in through([text]):
        if isinstance(item, Keys):
            found += [e.key for e in parser.feed(item.text) if isinstance(e, Key)]
    return found


@pytest.mark.parametrize("text", [*ANSWERS, *NOT_NUMBERS, *IMPOSSIBLE])
def test_what_is_no_key_is_not_typed(text):
    """Answers and damaged reports leave what is typed round them alone, and nothing else."""
    assert keys(f"a{text}b") == ["a", "b"]


@pytest.mark.parametrize("text", sorted(s for s in ANSI_SEQUENCES_KEYS if s.startswith("\x1b")))
def test_every_key_that_textual_knows_comes_through(text):
    assert through([text]) == [Keys(text)]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("\x1b[13;2u", "shift+enter"),
        ("\x1b[27;2;13~", "shift+enter"),
        ("\x1b[13;3u", "alt+enter"),
        ("\x1b[97;5u", "ctrl+a"),
        ("\x1b[97:65;5:1u", "ctrl+a"),
        ("\x1b[97;;97u", "a"),
        ("\x1b[57399;1u", "0"),
        ("\x1b[32;1u", "space"),
        ("\x1b[1;5D", "ctrl+left"),
        ("\x1b[1;1:1A", "up"),
        ("\x1b[3;5~", "ctrl+delete"),
    ],
)
def test_keys_of_the_newer_protocols(text, key):
    """Every way in which terminals write a key with modifiers means that key."""
    assert keys(text) == [key]


def test_a_paste_is_one_whatever_is_in_it():
    """Escape sequences and returns inside stay inside; typing goes on after it."""
    inside = "one\x1brm -rf all of it, and send it now\rtwo\x1b[<0;NaN;NaNM\x1b]52;c;eA==\x07"
    assert through([f"a\x1b[200~{inside}\x1b[201~b"]) == [Keys("a"), Pasted(inside), Keys("b")]


def test_a_paste_without_an_end_does_not_take_the_keyboard():
    """After a pause it is over, and what follows is typed."""
    gate = Gate(_known)
    assert gate.feed("\x1b[200~half") == []
    assert gate.wait_s is not None
    assert gate.expire() == [Pasted("half")]
    assert gate.feed("x") == [Keys("x")]


def test_escape_alone_is_a_key_after_a_moment():
    gate = Gate(_known)
    assert gate.feed("\x1b") == []
    assert gate.wait_s == pytest.approx(0.1)
    assert gate.expire() == [Keys("\x1b")]
    assert gate.wait_s is None


@settings(max_examples=500, deadline=None)
@given(STREAMS, st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_cuts_change_nothing(text, sizes):
    """However a stream arrives, the same comes out."""
    pieces, at = [], 0
    for size in sizes:
        pieces.append(text[at : at + size])
        at += size
    pieces.append(text[at:])
    assert through(pieces) == through([text])


@settings(max_examples=500, deadline=None)
@given(STREAMS)
@example("\x1b[1;99999999999999999999P")
@example("\x1bO\x1b[9999999;1u")
def test_textual_takes_whatever_comes_through(text):
    """Nothing that a terminal sends makes the parser raise or types a control character."""
    parser = XTermParser()
    for item in through([text]):
        if isinstance(item, Keys):
            for event in parser.feed(item.text):
                if isinstance(event, Key) and event.is_printable:
                    assert event.character is not None
                    assert not 0x80 <= ord(event.character[0]) <= 0x9F
                    assert event.character.encode()

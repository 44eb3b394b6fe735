r"""What a terminal sends, cut into keys and pastes before anything else looks at it.

A terminal sends more than keys: answers to questions that some program asked,
mouse reports (with `NaN` for coordinates in one well-known terminal), pastes
that hold escape sequences. Textual's parser types what it does not know into
the prompt, types the first characters after an ESC inside a paste, Return
included, and ends the program over numbers that are too large. So it gets only
what it knows. Owns that decision; knows neither threads nor Textual.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import msgspec

PASTE_START, PASTE_END = "\x1b[200~", "\x1b[201~"

KEY_WAIT_S = 0.1
"""How long the rest of an escape sequence may take before what came counts as keys."""
ANSWER_WAIT_S = 0.5
"""Likewise for a terminal's answer, which may be long."""
PASTE_WAIT_S = 5.0
"""How long a paste may pause before it counts as over: its end may never come."""

_LONGEST_ANSWER = 65_536
_ALT = 2  # ESC and one more character: Alt and a key
_LARGEST_SCREEN = 10_000

_CSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_CSI_OPEN = re.compile(r"\x1b\[[0-?]*[ -/]*\Z")
# Coordinates as numbers are printed that are none; CSI grammar would end at the first letter.
_MOUSE = re.compile(r"\x1b\[<(?:[0-9;:.+-]|NaN|nan|Infinity|inf|undefined|null)*([Mm])")
_MOUSE_OPEN = re.compile(r"\x1b\[<[0-9;:.+\-A-LN-Za-ln-z]{0,40}\Z")
_MOUSE_GOOD = re.compile(r"\x1b\[<\d{1,3};-?\d{1,5};-?\d{1,5}[Mm]")
_OLD_MOUSE = re.compile(r"\x1b\[M(.{3})?", re.DOTALL)
# Only what looks like an answer: ESC ] and ESC P alone are Alt+] and Alt+Shift+P.
_ANSWER = re.compile(r"(?:\x1b\]\d+[;:]|\x1bP[0-9;]*[$+>!|]|\x1b_G)[^\x07\x1b]*(?:\x07|\x1b\\)")
_ANSWER_OPEN = re.compile(
    r"(?:\x1b\]\d*|\x1b\]\d+[;:][^\x07\x1b]*|\x1bP[0-9;]*|\x1bP[0-9;]*[$+>!|][^\x07\x1b]*"
    r"|\x1b_|\x1b_G[^\x07\x1b]*)\x1b?\Z"
)
_EXTENDED = re.compile(r"\x1b\[([\d:]*)(?:;([\d:]*))?(?:;([\d:]*))?([u~ABCDEFHPQRS])")
_RESIZE = re.compile(r"\x1b\[48;(\d{1,5});(\d{1,5});(\d{1,6});(\d{1,6})t")
_MODE = re.compile(r"\x1b\[\?\d{1,5};\d\$y")
_FOCUS = ("\x1b[I", "\x1b[O")
_RELEASED = "3"
# Never typed: C1 controls, and what `domain.sanitise` removes from any text.
_UNTYPED = re.compile(
    "[\x80-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


class Keys(msgspec.Struct, frozen=True):
    """Characters and whole escape sequences that stand for keys, the mouse or the window."""

    text: str


class Pasted(msgspec.Struct, frozen=True):
    """What was between the marks of a paste, as it came."""

    text: str


Input: TypeAlias = Keys | Pasted


class Gate:
    """Takes what was read, in any pieces, and gives what may be acted on.

    `known` says whether a sequence names a key, or begins one that does. What
    is unfinished is held until more comes or `expire` is called; `wait_s` says
    when that is due.
    """

    def __init__(self, known: Callable[[str], bool]) -> None:
        self._known = known
        self._held = ""
        self._paste: list[str] | None = None
        self._out: list[Input] = []
        self._keys: list[str] = []

    @property
    def wait_s(self) -> float | None:
        """Seconds of silence after which to call `expire`; None when nothing is held."""
        if self._paste is not None:
            return PASTE_WAIT_S
        if not self._held:
            return None
        return ANSWER_WAIT_S if len(self._held) > _ALT else KEY_WAIT_S

    def feed(self, text: str) -> list[Input]:
        """What is whole now."""
        text, self._held = self._held + text, ""
        while text:
            text = self._from_paste(text) if self._paste is not None else self._from_keys(text)
        return self._taken()

    def expire(self) -> list[Input]:
        """Nothing more came: what was held is what it looks like."""
        held, self._held = self._held, ""
        if self._paste is not None:
            self._paste.append(held)
            self._end_paste()
        elif len(held) <= _ALT or self._known(held):
            self._key(held)
        return self._taken()

    def _taken(self) -> list[Input]:
        self._flush_keys()
        out, self._out = self._out, []
        return out

    def _key(self, text: str) -> None:
        if text:
            self._keys.append(text)

    def _flush_keys(self) -> None:
        if self._keys:
            self._out.append(Keys("".join(self._keys)))
            self._keys = []

    # -- a paste --------------------------------------------------------------------------

    def _from_paste(self, text: str) -> str:
        assert self._paste is not None
        inside, mark, rest = text.partition(PASTE_END)
        if mark:
            self._paste.append(inside)
            self._end_paste()
            return rest
        # The mark may be cut: keep back what could be its beginning.
        keep = next(
            (n for n in range(len(PASTE_END) - 1, 0, -1) if text.endswith(PASTE_END[:n])), 0
        )
        self._paste.append(text[: len(text) - keep])
        self._held = text[len(text) - keep :]
        return ""

    def _end_paste(self) -> None:
        pasted = "".join(self._paste or ())
        self._paste = None
        self._out.append(Pasted(pasted))

    # -- keys -----------------------------------------------------------------------------

    def _from_keys(self, text: str) -> str:
        plain, escape, _ = text.partition("\x1b")
        self._key(_UNTYPED.sub("", plain))
        rest = text[len(plain) :]
        if not escape:
            return ""
        if rest.startswith(PASTE_START):
            self._flush_keys()
            self._paste = []
            return rest[len(PASTE_START) :]
        return self._sequence(rest)

    def _sequence(self, text: str) -> str:
        """Take the sequence that `text` begins with; what follows it, or "" when it is held."""
        if self._unfinished(text):
            self._held = text if len(text) <= _LONGEST_ANSWER else ""
            return ""
        if answer := _ANSWER.match(text):
            return text[answer.end() :]
        if mouse := _MOUSE.match(text):
            self._key(mouse[0] if _MOUSE_GOOD.fullmatch(mouse[0]) else "")
            return text[mouse.end() :]
        if old := _OLD_MOUSE.match(text):
            return text[old.end() :]
        if (csi := _CSI.match(text)) and len(csi[0]) > _ALT:
            self._key(self._checked(csi[0]))
            return text[csi.end() :]
        # Escape itself before another sequence; Alt and a key before a character.
        taken = text[:1] if text[1:2] == "\x1b" else text[:_ALT]
        if taken == "\x1bO" and text[2:3] != "\x1b":
            taken = text[:3]
        self._key(_UNTYPED.sub("", taken))
        return text[len(taken) :]

    @staticmethod
    def _unfinished(text: str) -> bool:
        if text in {"\x1b", "\x1bO", "\x1b["} or _CSI_OPEN.match(text):
            return True
        if _MOUSE_OPEN.match(text) or _ANSWER_OPEN.match(text):
            return True
        return text.startswith("\x1b[M") and len(text) < 6

    def _checked(self, sequence: str) -> str:
        """`sequence` as it may be passed on; "" when it stands for nothing that is known."""
        if sequence in _FOCUS or _MODE.fullmatch(sequence) or self._known(sequence):
            return sequence
        if size := _RESIZE.fullmatch(sequence):
            cells = [int(size[1]), int(size[2])]
            return sequence if all(0 < n <= _LARGEST_SCREEN for n in cells) else ""
        if extended := _EXTENDED.fullmatch(sequence):
            code, modifiers, text, final = (part or "" for part in extended.groups())
            if final == "~" and code == "27" and text:  # the older way to write such keys
                code, text, final = text, "", "u"
            if final == "u" or (final == "~" and self._known(f"\x1b[{code}~")):
                return _extended(code, modifiers, text, final)
            if final not in "u~" and code in {"", "1"}:
                return _extended(code, modifiers, "", final)
        return ""


def _extended(code: str, modifiers: str, text: str, final: str) -> str:
    """A key of the newer protocols in its plainest form; "" for a release or an impossible one."""
    bits, _, event = modifiers.partition(":")
    code = code.partition(":")[0]  # the rest are the same key on other layouts
    if event == _RELEASED or not _is_small(bits or "1", 0x1FF):
        return ""
    if (final == "u" and not code) or not _is_small(code or "1"):
        return ""
    if not all(_is_typed(point) for point in text.split(":") if point):
        return ""
    if code == "32" and bits in {"", "1"} and not text and final == "u":
        return " "  # or it would be a key without a character
    parts = [code, bits, text]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return f"\x1b[{';'.join(parts)}{final}"


def _is_small(number: str, largest: int = 0x10FFFF) -> bool:
    """Whether `number` is one, not above `largest`, and no surrogate or C1 control."""
    if not number.isascii() or not number.isdecimal() or len(number) > len("1114111"):
        return False
    value = int(number)
    return value <= largest and not 0xD800 <= value <= 0xDFFF and not 0x80 <= value <= 0x9F


def _is_typed(point: str) -> bool:
    return _is_small(point) and int(point) >= ord(" ") and not _UNTYPED.match(chr(int(point)))

"""The one gate between text that is not ours and a terminal.

Model text, tool output, file names, server errors: whatever others wrote goes
through here at the display boundary. Stored messages keep what was said.

Removed: whole escape sequences (7-bit and C1 forms, strings such as OSC up to
4,096 characters), all other C0 and C1 controls, bidirectional controls, tag
characters, variation selectors beyond the usual sixteen and zero-width
characters that can hide text. Kept: newline, tab, the joiners that scripts and
emoji need. CRLF, lone CR and the Unicode line separators become newlines. A
string sequence that never ends loses its introducer and shows its payload:
nothing is swallowed. Lone surrogates become U+FFFD.

`Cleaner` gives the same result however the text is cut into deltas. Owns no
policy on what is shown where.
"""

from __future__ import annotations

import re

_STRING_LIMIT = 4096

# Anything that needs a decision; text without a match passes untouched.
_SUSPECT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
# What an ordinary text may hold and an approval must not hide: blanks that a shell takes for
# part of a word, joiners, fillers and selectors that show as nothing.
_HIDING = re.compile(
    _SUSPECT.pattern[:-1] + "\xa0\u034f\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f"
    "\u202f\u205f\u2800\u3000\u3164\ufe00-\ufe0f\uffa0]"
)
# What some terminal obeys although JSON lets it through: DEL, C1, direction, invisible tags.
_OBEYED = (
    "[\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
    "|[\U000e0000-\U000e0fff]"
)
_ACTIVE = re.compile(f"{_OBEYED}|[\ud800-\udfff]")
_ARMED = re.compile(f"[\x00-\x1f]|{_OBEYED}")
_CSI = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*"
_STRING = rf"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]{{0,{_STRING_LIMIT}}}"
_SEQUENCE = re.compile(
    # Finals that no program sends count as text: an unfinished introducer before
    # a word must not eat its first letter.
    rf"{_CSI}[@-HJ-MPSTX`-~]|{_STRING}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-OQ-WYZ\\`-~]|\x1b[ -/]+[PX\[\]^_]"
)
# A sequence that may still be completed by text to come.
_PREFIX = re.compile(rf"(?:{_CSI}|{_STRING}\x1b?|\x1b[ -/]*)\Z")
_INTRODUCER = re.compile(r"\x1b[\[\]PX^_]?|[\x80-\x9f]")
_BREAKS = "\r\u2028\u2029"
_LEADS = "\x1b\x90\x98\x9b\x9d\x9e\x9f"


class Cleaner:
    """Cleans one stream of text piece by piece.

    `feed` returns what can be shown now; an escape sequence that is cut at the
    end of a piece is held back until it is whole. `close` returns the rest.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """The displayable part of `text` and of what was held back before it."""
        if not self._held and _SUSPECT.search(text) is None:
            return text
        return self._run(self._held + text, final=False)

    def close(self) -> str:
        """What was held back, now that nothing more comes."""
        return self._run(self._held, final=True) if self._held else ""

    def _run(self, text: str, *, final: bool) -> str:
        out: list[str] = []
        self._held = ""
        at = 0
        while (match := _SUSPECT.search(text, at)) is not None:
            start = match.start()
            out.append(text[at:start])
            char = text[start]
            if char in _LEADS:
                end = self._sequence_end(text, start, final=final)
                if end is None:
                    self._held = text[start:]
                    return "".join(out)
                at = end
            elif char == "\r":
                if start + 1 == len(text) and not final:
                    self._held = "\r"
                    return "".join(out)
                at = start + (2 if text.startswith("\n", start + 1) else 1)
                out.append("\n")
            else:
                at = start + 1
                if char in _BREAKS:
                    out.append("\n")
                elif "\ud800" <= char <= "\udfff":
                    out.append("\ufffd")
        out.append(text[at:])
        return "".join(out)

    @staticmethod
    def _sequence_end(text: str, start: int, *, final: bool) -> int | None:
        """Where the sequence at `start` ends; None while it may go on in the next piece."""
        whole = _SEQUENCE.match(text, start)
        if whole is not None:
            return whole.end()
        if not final and _PREFIX.match(text, start) is not None:
            return None
        introducer = _INTRODUCER.match(text, start)
        return introducer.end() if introducer is not None else start + 1


def clean(text: str) -> str:
    """All of `text` that may be shown, as `Cleaner` would give it."""
    if _SUSPECT.search(text) is None:
        return text
    cleaner = Cleaner()
    return cleaner.feed(text) + cleaner.close()


def clean_line(text: str, limit: int = 200) -> str:
    """`text` as one line of at most `limit` characters, for titles and bars."""
    # Cutting before cleaning bounds the work on a hostile megabyte; the factor
    # leaves room for what cleaning removes.
    line = " ".join(clean(text[: limit * 8]).split())
    if len(line) <= limit and len(text) <= limit * 8:
        return line
    return line[: limit - 1].rstrip() + "…"


def reveal(text: str) -> tuple[str, int]:
    """`text` with everything that hides or misleads spelled out, and how many such characters.

    For approvals: a person must see what really runs. Beyond what `clean` would
    remove these are the blanks that look like a space and are none, characters
    without width and variation selectors. Newline, tab and space stay.
    """
    count = 0

    def spell(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        code = ord(match[0])
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"

    return _HIDING.sub(spell, text), count


def disarm(text: str) -> str:
    """`text` without the characters that a terminal obeys, none of which is a cell wide.

    For one row that should have been cleaned before: of an escape sequence the rest stays.
    """
    return text if text.isprintable() else _ARMED.sub("", text)


def json_safe(text: str) -> str:
    """JSON `text` with what a terminal obeys, and lone surrogates, spelled as escapes.

    Its meaning stays the same: such characters stand only within strings.
    """
    return _ACTIVE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    pairs = (units[i : i + 2].hex() for i in range(0, len(units), 2))
    return "".join(f"\\u{pair}" for pair in pairs)

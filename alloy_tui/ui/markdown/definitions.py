"""Link reference definitions: `[label]: destination "title"` at the start of a paragraph.

Owns the syntax only. A definition holds for what comes after it: what has been
shown stays as it is, so that streamed and whole text look the same.
"""

from __future__ import annotations

import re

_DEFINITION = re.compile(
    r"""\[(?P<label>(?:[^\[\]\\]|\\.){1,999})\]:[ \t]*\n?[ \t]*
    (?:<(?P<angled>(?:[^<>\n\\]|\\.)*)>|(?P<plain>(?!<)[^\s\x00-\x1f\x7f]+))""",
    re.VERBOSE | re.DOTALL,
)
_TITLE = re.compile(
    r"""(?:[ \t]*\n[ \t]*|[ \t]+)
    (?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'
      |\((?P<round>(?:[^()\\]|\\.)*)\))
    [ \t]*(?:\n|$)""",
    re.VERBOSE | re.DOTALL,
)
_END = re.compile(r"[ \t]*(?:\n|$)")


def take_definition(text: str) -> tuple[str, str, str, str] | None:
    """Label, destination, title and what follows; None if `text` starts with no definition."""
    match = _DEFINITION.match(text)
    if match is None or not match["label"].strip():
        return None
    url = match["angled"] if match["angled"] is not None else match["plain"]
    titled = _TITLE.match(text, match.end())
    if titled is not None:
        title = titled["double"] or titled["single"] or titled["round"] or ""
        return match["label"], url, title, text[titled.end() :].lstrip(" \t")
    end = _END.match(text, match.end())
    if end is None:
        return None
    return match["label"], url, "", text[end.end() :].lstrip(" \t")

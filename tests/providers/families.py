"""Support: damaged and odd answers of three formats, with the outcome due.

The shared corpora have them for the other formats; these are made here, and
served and judged by the same programs.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.providers.families_odd import HALF, LOST, ODD, PIECES, PREFIX, TEXT
from tests.providers.streams import FORMATS, Call, Said, aws

_SHOWN = {"capabilities": ["tools"], "model_info": {"q.context_length": 4096}}
_JSON = {"content-type": "application/json"}


class Maker:
    """Makes the cases of one format."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.form = FORMATS[name]
        self.odd = ODD[name]()
        self.frames = self.form.stream(Said(PIECES))
        third = next(n for n, f in enumerate(self.frames) if " 🦊".encode() in f)
        self.third = third
        self.cases: list[dict[str, Any]] = []

    def reply(
        self,
        *parts: bytes,
        status: int = 200,
        headers: dict[str, str] | None = None,
        framing: str = "chunked",
        end: str = "finish",
    ) -> dict[str, Any]:
        """One answer of the server."""
        made = [{"b64": base64.b64encode(p).decode()} for p in parts]
        kind = {"content-type": self.form.kind}
        sent = kind if headers is None else headers
        return {"status": status, "headers": sent, "framing": framing, "parts": made, "end": end}

    def add(self, title: str, *replies: dict[str, Any], text: str = TEXT, **expect: Any) -> None:
        """A case: answers in their order, and what is due."""
        shown = self.reply(json.dumps(_SHOWN).encode(), headers=_JSON)
        due = {"text": text, "text_mode": "exact", "error": "forbidden", "max_s": 8, **expect}
        self.cases.append(
            {
                "id": f"{self.name[:3]}-{len(self.cases):03}",
                "family": "made",
                "title": title,
                "responses": [*([shown] if self.name == "ollama-chat" else []), *replies],
                "expect": due,
            }
        )

    def swapped(self, *frames: bytes) -> list[bytes]:
        """The good stream with its third delta replaced."""
        return [*self.frames[: self.third], *frames, *self.frames[self.third + 1 :]]

    def said(self, *calls: Call) -> list[bytes]:
        """A stream of tool calls."""
        return self.form.stream(Said((), (), calls))


def cases(name: str) -> list[dict[str, Any]]:
    """All cases of a format."""
    make = Maker(name)
    for family in (_framing, _cuts, _damage, _errors, _sizes, _tools):
        family(make)
    return make.cases


def _framing(make: Maker) -> None:
    frames, body = make.frames, b"".join(make.frames)
    make.add("one event a chunk", make.reply(*frames))
    make.add("whole in one packet", make.reply(body))
    make.add("of known length", make.reply(body, framing="length"))
    make.add("until the connection closes", make.reply(body, framing="close"))
    for step in (1, 3, 1000):
        pieces = [body[a : a + step] for a in range(0, len(body), step)]
        make.add(f"{step} bytes a chunk", make.reply(*pieces))
    fox = body.index("🦊".encode()) + 2
    make.add("cut inside a character", make.reply(body[:fox], body[fox:]))
    make.add("of another type", make.reply(body, headers={"content-type": "application/x"}))
    make.add(
        "unknown events",
        make.reply(make.odd.unknown, *make.swapped(make.odd.unknown, frames[make.third])),
    )
    if name_is_text(make.name):
        make.add("CRLF", make.reply(body.replace(b"\n", b"\r\n")))
        make.add("a byte order mark", make.reply(b"\xef\xbb\xbf" + body))
        make.add("no line end at the end", make.reply(body.rstrip(b"\n")))
        raw = "a\u2028b\u2029c\u0085d"
        odd = b"".join(make.form.stream(Said((raw,))))
        make.add("line separators inside a string", make.reply(odd), text=raw)
    if make.name == "openai-responses":
        bare = [b"\n".join(f.split(b"\n")[1:]) for f in frames]
        make.add("no names of events", make.reply(*bare))
        make.add("wrong names of events", make.reply(*(b"event: ping\n" + f for f in bare)))
        make.add("comments", make.reply(*(b": ping\n\nid: 3\nretry: 5\n" + f for f in frames)))


def name_is_text(name: str) -> bool:
    """Whether the format's frames are lines of text."""
    return name != "bedrock-converse"


def _cuts(make: Maker) -> None:
    frames, last = make.frames, len(make.frames) - make.odd.closing
    for at in range(last + 1):
        for end in ("finish", "abort"):
            make.add(f"{end} before event {at}", make.reply(*frames[:at], end=end), **LOST)
        half = frames[at][: len(frames[at]) // 2]
        make.add(f"end inside event {at}", make.reply(*frames[:at], half), **LOST)
    head = frames[: make.third]
    make.add(
        "longer by its header than it is",
        make.reply(*head, framing="length+50", end="abort"),
        text=HALF,
        **LOST,
    )
    make.add(
        "silence",
        {**make.reply(*head), "parts": [*make.reply(*head)["parts"], {"delay_ms": 6000}]},
        text=HALF,
        error="required",
        client_timeout_s=2,
    )
    for title, closing, due in make.odd.ends:
        expect = {"text_mode": "exact", "error": "forbidden", **due}
        make.add(f"ends with {title}", make.reply(*frames[:last], *closing), **expect)


def _damage(make: Maker) -> None:
    for title, frames, due in make.odd.swaps:
        make.add(title, make.reply(*make.swapped(*frames)), **due)
    good = make.frames[make.third]
    for payload in (
        b'"str"',
        b"[]",
        b"{}",
        b"null",
        b"7",
        b'{"n": NaN}',
        b'{"n": ' + b"9" * 5000 + b"}",
    ):
        make.add(
            f"an event of {payload[:12]!r}",
            make.reply(*make.swapped(make.odd.wrap(payload), good)),
            **PREFIX,
        )
    for payload in (b"{", b'{"delta": {"te', b"\xff\xfe{"):
        make.add(
            f"broken JSON {payload!r}",
            make.reply(*make.swapped(make.odd.wrap(payload), good)),
            **LOST,
        )
    page = b"<html><body>Sign in</body></html>"
    make.add(
        "a page", make.reply(page, headers={"content-type": "text/html"}), text="", error="required"
    )
    wrong = json.dumps({"error": {"message": "No.", "type": "x"}, "message": "No."}).encode()
    make.add("an error with 200", make.reply(wrong, headers=_JSON), text="", error="required")
    make.add("not streamed", make.reply(json.dumps(make.odd.whole).encode(), headers=_JSON))
    make.add("nothing", make.reply(), text="", error="required")
    make.add("204", make.reply(status=204, framing="none"), text="", error="required")
    make.add("unused", make.reply(*make.frames, b"\n\n" if name_is_text(make.name) else b""))


def _errors(make: Maker) -> None:
    frames, odd = make.frames, make.odd
    good = make.reply(*frames)
    start, head = frames[: make.third - 2], frames[: make.third]
    make.add(
        "an error first",
        make.reply(*start, odd.fault),
        text="",
        error="required",
        error_class="retryable",
    )
    make.add(
        "an error in the middle",
        make.reply(*head, odd.fault),
        text=HALF,
        error="required",
        error_class="retryable",
    )
    make.add(
        "an error, then words",
        make.reply(*head, odd.fault, *frames[make.third :]),
        text=HALF,
        error="required",
    )
    make.add(
        "a lasting error",
        make.reply(*start, odd.wrong),
        text="",
        error="required",
        error_class="fatal",
        requests=[1, 1],
    )

    def refusal(status: int, **headers: str) -> dict[str, Any]:
        sent = {**_JSON, **{k.replace("_", "-"): v for k, v in headers.items()}}
        words = json.dumps(odd.refusal(status, "Not now.")).encode()
        return make.reply(words, status=status, headers=sent, framing="length")

    make.add(
        "429 for a second", refusal(429, retry_after="1"), good, requests=[2, 2], min_gap_s=1.0
    )
    make.add(
        "429 for 700 ms", refusal(429, retry_after_ms="700"), good, requests=[2, 2], min_gap_s=0.7
    )
    for status in (408, 429, 500, 502, 503, 504, 529):
        make.add(f"{status}, then right", refusal(status), good, requests=[2, 2], max_s=15)
    make.add("401", refusal(401), text="", error="required", requests=[1, 1], error_class="auth")
    for status in (400, 403, 404, 422):
        make.add(
            f"{status}",
            refusal(status),
            text="",
            error="required",
            requests=[1, 2 if status == 404 else 1],
        )
    away = make.reply(status=307, headers={"location": "http://127.0.0.2:1/x"}, framing="length")
    make.add("elsewhere", away, text="", error="required", requests=[1, 1])


def _sizes(make: Maker) -> None:
    long = "x" * 8_000_000
    make.add(
        "one event of 8 MB",
        make.reply(b"".join(make.form.stream(Said((long,))))),
        text="x*8000000",
        text_mode="length",
        max_s=20,
    )
    head = make.frames[: make.third]
    endless = make.reply(*head)
    if name_is_text(make.name):
        begin = b"data: " if make.name == "openai-responses" else b""
        endless["parts"] += [
            {"b64": base64.b64encode(begin).decode()},
            {"repeat_b64": base64.b64encode(b"x" * 65536).decode(), "n": 1024},
        ]
    else:
        huge = aws("contentBlockDelta", b"x" * 17_000_000)
        endless = make.reply(*head, huge)
    make.add(
        "one event without an end",
        endless,
        text=HALF,
        error="required",
        text_mode="prefix_ok",
        max_s=30,
    )
    many = make.form.stream(Said(("word ",) * 20_000))
    make.add(
        "20,000 events",
        make.reply(b"".join(many)),
        text="word *20000",
        text_mode="length",
        max_s=20,
    )


def _tools(make: Maker) -> None:
    def whole(*calls: Call, **expect: Any) -> None:
        make.add(f"calls {len(make.cases)}", make.reply(*make.said(*calls)), text="", **expect)

    read = Call("c1", "read", ('{"file_', 'path": "a', '\\"', 'b"}'))
    whole(read, tools=[{"name": "read", "args": {"file_path": 'a"b'}}])
    twins = (
        Call("c1", "read", ('{"file_path": "a"}',)),
        Call("c2", "read", ('{"file_path": "b"}',)),
    )
    both = [{"name": "read", "args": {"file_path": p}} for p in "ab"]
    whole(*twins, tools=both)
    whole(twins[0], Call("c1", "read", twins[1].pieces), tools=both)
    whole(Call("", "read", twins[0].pieces), tools=both[:1])
    whole(Call("c1", "never_offered", ("{}",)), error="either", tools_executed=False)
    whole(Call("c1", "read", ("{}",)), error="either", tools=[{"name": "read", "args": {}}])
    whole(Call("c1", "read", ("[1]",)), error="either", tools_executed=False)
    whole(Call("c1", "", ("{}",)), error="required", tools_executed=False)
    frames = make.said(*twins)
    for at in range(len(frames) - make.odd.closing + 1):
        for end in ("finish", "abort"):
            make.add(
                f"calls, {end} before event {at}",
                make.reply(*frames[:at], end=end),
                text="",
                error="required",
                tools=[],
                tools_executed=False,
            )
    if make.name != "ollama-chat":
        broken = make.said(Call("c1", "read", ('{"file_path": ', "oops}")))
        make.add(
            "arguments that are no JSON",
            make.reply(*broken),
            text="",
            error="either",
            tools_executed=False,
        )
        lost = [f for n, f in enumerate(make.said(read)) if n != 1]
        make.add(
            "a call whose beginning is lost",
            make.reply(*lost),
            text="",
            error="required" if make.name == "bedrock-converse" else "either",
            tools_executed=False,
        )
        hole = [f for f in make.said(read) if b'path\\": \\"a' not in f]
        make.add(
            "a piece of the arguments is lost",
            make.reply(*hole),
            text="",
            error="either",
            tools_executed=False,
        )

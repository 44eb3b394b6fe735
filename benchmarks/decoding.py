"""How fast the answers of each wire format are decoded, beside the services' own libraries.

    python -m benchmarks decoding [--quick]

The same bytes in the same pieces, one after the other in one process, CPU time,
the best of several runs. The libraries get them from a stand-in for the network
that does no more than hand them over. Then, for each format, the time from the
moment before an event's bytes are written to a loopback socket until its word
is delivered (the median), at 33 words a second.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import re
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing
from typing import Any

from alloy_tui.domain.access import ServiceAccess
from alloy_tui.domain.messages import user
from alloy_tui.domain.provider import CompletionRequest, TextPart
from alloy_tui.domain.secret import Secret
from alloy_tui.providers.registry import create
from alloy_tui.providers.services import find_service
from alloy_tui.providers.wire.answer import AnswerReader
from alloy_tui.providers.wire.calls import CallIds
from benchmarks.keeping import keep
from tests.providers.replay import free_port
from tests.providers.streams import FORMATS, LIST, Format, Said

CHUNK = 4096
APART_S = 0.03
"""Between two words on the socket. What comes faster is gathered for up to 25 ms on purpose."""
_WORDS = ("Every ", "word ", "of ", "this ", "answer ", "counts, ", "naïve ", "ones ", "too. ")
_WORD = re.compile(rb'"\d+ "')
_HOST = "http://bench.invalid"


def answer(words: int) -> Said:
    """A long answer: thinking, text and a call."""
    text = tuple(_WORDS[n % len(_WORDS)] for n in range(words))
    return Said(text, text[: words // 5], (LIST,))


def ours(form: Format, chunks: list[bytes]) -> None:
    """Decode with our own."""
    wire = find_service(form.service).wire_for("m")
    reader = AnswerReader(wire.decoder("S", "s/m", CallIds()), "S", wire.frames)
    for chunk in chunks:
        for _ in reader.feed(chunk):
            pass
    if not reader.finished:
        for _ in reader.close():
            pass
    assert reader.finished


def _client(library: str, chunks: list[bytes], kind: str) -> Any:
    """A client of an HTTP library whose network hands over `chunks`."""
    http: Any = importlib.import_module(library)

    class Body(http.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return iter(chunks)

    def reply(_: Any) -> Any:
        return http.Response(200, headers={"content-type": kind}, stream=Body())

    return http.MockTransport(reply), http.Client


def _exhaust(parts: Iterable[Any]) -> None:
    for _ in parts:
        pass


def _openai(form: Format, chunks: list[bytes]) -> Any:
    transport, client = _client("httpx2", chunks, form.kind)
    library: Any = importlib.import_module("openai")
    return library.OpenAI(api_key="k", base_url=_HOST, http_client=client(transport=transport))


def their_chat(form: Format, chunks: list[bytes]) -> None:
    """`openai`, Chat Completions."""
    asked = [{"role": "user", "content": "Hi"}]
    _exhaust(_openai(form, chunks).chat.completions.create(model="m", messages=asked, stream=True))


def their_responses(form: Format, chunks: list[bytes]) -> None:
    """`openai`, Responses."""
    _exhaust(_openai(form, chunks).responses.create(model="m", input="Hi", stream=True))


def their_messages(form: Format, chunks: list[bytes]) -> None:
    """`anthropic`."""
    transport, client = _client("httpx2", chunks, form.kind)
    library: Any = importlib.import_module("anthropic")
    made = library.Anthropic(api_key="k", base_url=_HOST, http_client=client(transport=transport))
    asked = [{"role": "user", "content": "Hi"}]
    _exhaust(made.messages.create(model="m", max_tokens=9, messages=asked, stream=True))


def their_gemini(form: Format, chunks: list[bytes]) -> None:
    """`google-genai`."""
    transport, client = _client("httpx", chunks, form.kind)
    library: Any = importlib.import_module("google.genai")
    options = library.types.HttpOptions(httpx_client=client(transport=transport), base_url=_HOST)
    made = library.Client(api_key="k", http_options=options)
    _exhaust(made.models.generate_content_stream(model="m", contents="Hi"))


def their_ollama(form: Format, chunks: list[bytes]) -> None:
    """`ollama`."""
    transport, _ = _client("httpx", chunks, form.kind)
    library: Any = importlib.import_module("ollama")
    made = library.Client(host=_HOST, transport=transport)
    _exhaust(made.chat(model="m", messages=[{"role": "user", "content": "Hi"}], stream=True))


def their_bedrock(_: Format, chunks: list[bytes]) -> None:
    """`botocore`, which boto3 is made of."""
    model: Any = importlib.import_module("botocore.session").Session()
    shape = model.get_service_model("bedrock-runtime").operation_model("ConverseStream")
    parser = importlib.import_module("botocore.parsers").create_parser("rest-json")
    stream: Any = importlib.import_module("botocore.eventstream").EventStream

    class Raw:
        def stream(self) -> Iterator[bytes]:
            return iter(chunks)

    events = parser._event_stream_parser  # noqa: SLF001 -- the library gives no other way to it
    _exhaust(stream(Raw(), shape.output_shape.members["stream"], events, "ConverseStream"))


THEIRS: dict[str, Callable[[Format, list[bytes]], None]] = {
    "openai-chat": their_chat,
    "openai-responses": their_responses,
    "anthropic-messages": their_messages,
    "gemini": their_gemini,
    "ollama-chat": their_ollama,
    "bedrock-converse": their_bedrock,
}


def least_s(
    decode: Callable[[Format, list[bytes]], None], form: Format, chunks: list[bytes], runs: int
) -> float:
    """CPU seconds of the fastest of `runs`."""
    decode(form, chunks)  # imports, caches
    times: list[float] = []
    for _ in range(runs):
        gc.collect()
        began = time.process_time()
        decode(form, chunks)
        times.append(time.process_time() - began)
    return min(times)


def delays_ms(form: Format, words: int) -> list[float]:
    """For each word, from before it was written to a socket until it was delivered."""
    frames = form.stream(Said(tuple(f"{n} " for n in range(words))))
    port = free_port()
    sent: list[float] = []
    ready = threading.Event()
    thread = threading.Thread(target=_serve, args=(port, form.kind, frames, sent, ready))
    thread.start()
    ready.wait()
    access = ServiceAccess(f"http://127.0.0.1:{port}", Secret("sk-benchmark"))

    async def read() -> list[float]:
        provider = create(f"{form.service}/m", lambda _: access)
        came: list[float] = []
        request = CompletionRequest("", (user("Hi"),))
        parts: Any = provider.stream(request)
        async with aclosing(parts):
            async for part in parts:
                if isinstance(part, TextPart):
                    came += [time.perf_counter()] * len(part.text.split())
        await provider.aclose()
        return came

    came = asyncio.run(read())
    thread.join()
    return [(b - a) * 1000 for a, b in zip(sent, came, strict=True)]


def _serve(
    port: int, kind: str, frames: list[bytes], sent: list[float], ready: threading.Event
) -> None:
    with socket.create_server(("127.0.0.1", port)) as server:
        ready.set()
        head = f"HTTP/1.1 200 X\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n".encode()
        while True:
            connection, _ = server.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                asked = connection.recv(65_536)
                while not asked.endswith(b"}"):
                    asked += connection.recv(65_536)
                if b"/api/show" in asked.split(b"\r\n", 1)[0]:
                    connection.sendall(
                        b"HTTP/1.1 404 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                    )
                    continue
                connection.sendall(head)
                for frame in frames:
                    time.sleep(APART_S)
                    if _word(frame):
                        sent.append(time.perf_counter())
                    connection.sendall(frame)
                return


def _word(frame: bytes) -> bool:
    """Whether a frame brings a word, and not the whole of the answer or nothing."""
    return _WORD.search(frame) is not None


def main() -> None:
    """Print and keep the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks decoding")
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    words, runs = (500, 2) if quick else (4000, 5)
    lines = [
        "| format | events | ours, events/s | MB/s | theirs, events/s | MB/s | ratio | word, ms |",
        "|:--|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, form in FORMATS.items():
        frames = form.stream(answer(words))
        body = b"".join(frames)
        chunks = [body[a : a + CHUNK] for a in range(0, len(body), CHUNK)]
        mine = least_s(ours, form, chunks, runs)
        other = least_s(THEIRS[name], form, chunks, runs)
        delay = statistics.median(delays_ms(form, 20 if quick else 100))
        size, count = len(body) / 1e6, len(frames)
        lines.append(
            f"| {name} | {count:,} | {count / mine:,.0f} | {size / mine:.1f}"
            f" | {count / other:,.0f} | {size / other:.1f} | {other / mine:.1f} | {delay:.2f} |"
        )
        print(lines[-1], flush=True)
    keep("decoding", "\n".join(lines))


if __name__ == "__main__":
    main()

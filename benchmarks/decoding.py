"""How fast the answers of each wire format are decoded, beside the services' own libraries.

    python -m benchmarks decoding [--quick]

The same bytes in the same pieces, one after the other in one process, CPU time,
the best of several runs. The libraries get them from a stand-in for the network
that does no more than hand them over. Then, for each format, the median time
from the moment before an event's bytes are written to a loopback socket until
its word is delivered, at 50 and at 200 words a second; and, at full speed, from
when the last bytes were read off the socket. What comes faster than 67 a second
is gathered for up to 25 ms on purpose, so at 200 there is a second figure, of
the last word of each delivery.
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
from typing import Any, NamedTuple

from alloy_tui.domain.access import ServiceAccess
from alloy_tui.domain.messages import user
from alloy_tui.domain.provider import CompletionRequest, TextPart
from alloy_tui.domain.secret import Secret
from alloy_tui.providers.chunk_joining import ChunkJoiner
from alloy_tui.providers.registry import create
from alloy_tui.providers.services import find_service
from alloy_tui.providers.wire.answer import AnswerReader
from alloy_tui.providers.wire.calls import CallIds
from benchmarks.keeping import keep
from tests.providers.replay import free_port
from tests.providers.streams import FORMATS, LIST, Format, Said

CHUNK = 4096
CALM_S, FAST_S = 1 / 50, 1 / 200
"""Between two words on the socket."""
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


class Delays(NamedTuple):
    """Milliseconds until delivery.

    Of each word since it was written, of the last word of each delivery since it
    was written, and of each delivery since its bytes were read.
    """

    word: list[float]
    newest: list[float]
    read: list[float]


def delays_ms(form: Format, words: int, apart_s: float) -> Delays:
    """One answer over a loopback socket, its words `apart_s` seconds apart."""
    frames = form.stream(Said(tuple(f"{n} " for n in range(words))))
    port = free_port()
    sent: list[float] = []
    ready = threading.Event()
    given = (port, form.kind, frames, sent, ready, apart_s)
    thread = threading.Thread(target=_serve, args=given)
    thread.start()
    ready.wait()
    access = ServiceAccess(f"http://127.0.0.1:{port}", Secret("sk-benchmark"))

    came: list[float] = []
    newest: list[int] = []
    since_read: list[float] = []

    async def read() -> None:
        provider = create(f"{form.service}/m", lambda _: access)
        request = CompletionRequest("", (user("Hi"),))
        parts: Any = provider.stream(request)
        async with aclosing(parts):
            async for part in parts:
                if isinstance(part, TextPart):
                    now_s = time.perf_counter()
                    came.extend([now_s] * len(part.text.split()))
                    newest.append(len(came) - 1)
                    since_read.append((now_s - read_at[-1]) * 1000)
        await provider.aclose()

    read_at: list[float] = []
    joined, feed = ChunkJoiner, ChunkJoiner.feed

    def noting(joiner: ChunkJoiner, data: bytes) -> bytes:
        read_at.append(time.perf_counter())
        return feed(joiner, data)

    joined.feed = noting  # type: ignore[method-assign] -- to see when bytes come
    try:
        asyncio.run(read())
    finally:
        joined.feed = feed  # type: ignore[method-assign] -- as it was
    thread.join()
    each = [(b - a) * 1000 for a, b in zip(sent, came, strict=True)]
    return Delays(each, [each[n] for n in newest], since_read)


def _serve(
    port: int,
    kind: str,
    frames: list[bytes],
    sent: list[float],
    ready: threading.Event,
    apart_s: float,
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
                    if apart_s:
                        time.sleep(apart_s)
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
    columns = "format | events | ours, events/s | MB/s | theirs, events/s | MB/s | ratio"
    columns += " | 50/s, ms | 200/s, ms | full speed, ms"
    lines = [f"| {columns} |", "|:--" + "|--:" * columns.count("|") + "|"]
    for name, form in FORMATS.items():
        frames = form.stream(answer(words))
        body = b"".join(frames)
        chunks = [body[a : a + CHUNK] for a in range(0, len(body), CHUNK)]
        mine = least_s(ours, form, chunks, runs)
        other = least_s(THEIRS[name], form, chunks, runs)
        calm, fast = (delays_ms(form, 30 if quick else 100, s) for s in (CALM_S, FAST_S))
        full = delays_ms(form, words, 0.0)
        last, every = statistics.median(fast.newest), statistics.median(fast.word)
        size, count = len(body) / 1e6, len(frames)
        lines.append(
            f"| {name} | {count:,} | {count / mine:,.0f} | {size / mine:.1f}"
            f" | {count / other:,.0f} | {size / other:.1f} | {other / mine:.1f}"
            f" | {statistics.median(calm.word):.2f} | {last:.2f} ({every:.1f})"
            f" | {statistics.median(full.read):.2f} |"
        )
        print(lines[-1], flush=True)
    keep("decoding", "\n".join(lines))


if __name__ == "__main__":
    main()

"""Damaged answers through the decoder of every wire format: no crash, no hang, no lie.

    python -m benchmarks fuzz_streams                          100,000 a format
    python -m benchmarks fuzz_streams --count 2000 --seed 7 --formats gemini bedrock-converse
    python -m benchmarks fuzz_streams --rechunk 10000

Good streams are cut at random places, which must change nothing. Streams with
flipped bytes, strange values, lost, doubled, swapped and cut events must end in
one whole answer, whose words are those that were shown, or in a typed error.
What breaks is printed with its seed and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from dataclasses import dataclass, field

from alloy_tui.domain.errors import ProviderError
from alloy_tui.domain.provider import CallPart, Completion
from alloy_tui.providers.event_stream import EventStreamDecoder
from benchmarks.keeping import keep
from tests.providers.answers import Outcome, read
from tests.providers.streams import FORMATS, LIST, READ, Format, Said, aws

COUNT, RECHUNK = 100_000, 10_000
HANG_S = 5.0
MEMORY_MB = 300
GOOD = (
    Said(("Hel", "lo 🦊 w\u2028", "\ud83e", "\udd8a done."), ("h", "m 漢"), (READ, LIST)),
    Said(
        ("Only ", "text."),
    ),
    Said((), ("hm",), (READ,)),
)
_WORDS = (
    *(b"null", b"1", b"-1", b"0", b'""', b"[]", b"{}", b"true", b"1e308", b"-1e999", b"NaN", b"1e"),
    *(b"[[]]", b"[null]", b'{"text":1}', b'"\\ud83d"', b'"\\u0000"', b"9" * 30, b"[" * 400),
)


@dataclass
class Tally:
    """What was run of one format, and what broke."""

    rechunked: int = 0
    mutated: int = 0
    whole: int = 0
    """Mutated answers that came out as whole ones."""
    slowest_s: float = 0.0
    """CPU time of the slowest input."""
    broken: list[str] = field(default_factory=list[str])


def fuzz(form: Format, *, seed: int, rechunk: int, mutations: int) -> Tally:
    """Try one format."""
    tally = Tally()
    rng = random.Random(seed)
    bodies = [form.stream(said) for said in GOOD]
    whole = [b"".join(frames) for frames in bodies]
    due = [read(form.service, body).parts for body in whole]
    for n in range(rechunk):
        which = n % len(GOOD)
        cut = chunks(rng, whole[which])
        if read(form.service, *cut).parts != due[which]:
            tally.broken.append(f"seed {seed}: re-chunking {n} gives another answer")
        tally.rechunked += 1
    for n in range(mutations):
        rng = random.Random(f"{seed} {n}")
        cut = chunks(rng, mutate(rng, bodies[n % len(GOOD)], binary=form.service == "bedrock"))
        began = time.process_time()
        try:
            out = read(form.service, *cut)
            sound(out)
            tally.whole += out.error is None
        except Exception as error:
            tally.broken.append(f"seed {seed}, mutation {n}: {type(error).__name__}: {error}")
        took = time.process_time() - began
        tally.slowest_s = max(tally.slowest_s, took)
        if took > HANG_S:
            tally.broken.append(f"seed {seed}, mutation {n}: took {took:.1f} s")
        tally.mutated += 1
    return tally


def chunks(rng: random.Random, body: bytes) -> list[bytes]:
    """`body` cut at a few places, or into very small pieces."""
    if rng.random() < 0.05:
        step = rng.randint(1, 7)
        return [body[a : a + step] for a in range(0, len(body), step)]
    cuts = sorted(rng.randrange(len(body) + 1) for _ in range(rng.randrange(8)))
    return [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def mutate(rng: random.Random, good: list[bytes], *, binary: bool) -> bytes:
    """The frames of a good answer with one to four things done to them.

    Binary frames are mostly mended afterwards, for a wrong checksum ends all.
    """
    mend = binary and rng.random() < 0.9
    frames = [f[12:-4] for f in good] if mend else list(good)
    for _ in range(rng.randint(1, 4)):
        if not frames:
            break
        _damage(rng, frames, rng.randrange(len(frames)))
    return b"".join(_mended(good, f) for f in frames) if mend else b"".join(frames)


def _damage(rng: random.Random, frames: list[bytes], at: int) -> None:
    frame = frames[at]
    match rng.randrange(8):
        case 0:
            frames.pop(at)
        case 1:
            frames.insert(rng.randrange(len(frames) + 1), frame)
        case 2:
            other = rng.randrange(len(frames))
            frames[at], frames[other] = frames[other], frame
        case 3:
            raw = bytearray(frame)
            for _ in range(rng.randint(1, 4)):
                raw[rng.randrange(len(raw))] = rng.randrange(256)
            frames[at] = bytes(raw)
        case 4:
            frames[at] = frame[: rng.randrange(1, len(frame) + 1)]
        case 5:
            # Another number for an index, or for anything that is counted.
            places = [i for i, c in enumerate(frame) if 48 <= c <= 57]
            if places:
                i = rng.choice(places)
                frames[at] = frame[:i] + str(rng.choice((0, 1, 2, 7, -1))).encode() + frame[i + 1 :]
        case _:
            # Another value for a field.
            places = [i for i, c in enumerate(frame) if c == 58]
            if places:
                i = rng.choice(places)
                ends = [e for e in (frame.find(b",", i), frame.find(b"}", i)) if e > 0]
                end = min(ends, default=len(frame))
                frames[at] = frame[: i + 1] + rng.choice(_WORDS) + frame[end:]


def _mended(good: list[bytes], inside: bytes) -> bytes:
    """A frame whose lengths and checksums fit what is in it."""
    for known in good:
        headers = int.from_bytes(known[4:8], "big")
        if inside[:headers] == known[12 : 12 + headers]:
            (event,) = EventStreamDecoder().feed(known)
            return aws(event.name, inside[headers:])
    return aws("contentBlockDelta", inside[:4000])


def sound(out: Outcome) -> None:
    """One Completion at the end or a typed error; shown text is kept text; all of it encodes."""
    ends = [p for p in out.parts if isinstance(p, Completion)]
    assert len(ends) == (0 if out.error else 1), "no end, or two"
    out.text.encode()
    out.thinking.encode()
    if out.error is not None:
        assert isinstance(out.error, ProviderError)
        return
    message = out.message
    assert message.text == out.text, "what was shown is not what is kept"
    ids = [c.id for c in message.tool_calls]
    assert len(ids) == len(set(ids)), "two calls with one id"
    json.dumps([c.arguments for c in message.tool_calls], ensure_ascii=False).encode()
    begun = {p.id: p.name for p in out.parts if isinstance(p, CallPart)}
    assert begun == {c.id: c.name for c in message.tool_calls}, "other calls than were begun"


def main() -> None:
    """Print and keep the table; exit with 1 if anything broke."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks fuzz_streams")
    parser.add_argument("--count", type=int, default=COUNT, help="mutations of each format")
    parser.add_argument("--rechunk", type=int, default=RECHUNK, help="re-chunkings of each format")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--formats", nargs="*", default=list(FORMATS), choices=list(FORMATS))
    given = parser.parse_args()
    rows = [
        "| format | re-chunkings | mutations | of them whole | slowest, ms | memory, MB | broken |",
        "|:--|--:|--:|--:|--:|--:|--:|",
    ]
    failed = False
    for name in given.formats:
        tally = fuzz(FORMATS[name], seed=given.seed, rechunk=given.rechunk, mutations=given.count)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if memory > MEMORY_MB:
            tally.broken.append(f"{memory:.0f} MB of memory")
        rows.append(
            f"| {name} | {tally.rechunked:,} | {tally.mutated:,} | {tally.whole:,}"
            f" | {tally.slowest_s * 1000:.1f} | {memory:.0f} | {len(tally.broken)} |"
        )
        print(rows[-1], flush=True)
        for words in tally.broken[:10]:
            print(f"  {name}: {words}")
        failed = failed or bool(tally.broken)
    keep("fuzz_streams", "\n".join(rows))
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()

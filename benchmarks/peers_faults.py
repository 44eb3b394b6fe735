"""What `alloy run` makes of servers of other people's making, and of the faults that they have.

    python -m benchmarks peers_faults --llmock PATH --aimock node_modules/.bin/llmock
    python -m benchmarks peers_faults --llmock PATH --only stall anthropic

`llmock` (PyPI) has a verdict on its client: 14 faults at each of six services must
leave `llmock report --strict` content. `@copilotkit/aimock` (npm) plays seven
services: a turn with two tools, and five faults that a second request mends.
Servers without a path are left out. Exits with 1 if any run went wrong.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.keeping import keep
from tests.providers.replay import free_port

ALLOY = Path(sys.executable).with_name("alloy")
AT_ONCE = 3
LLMOCK = {
    "openai": ("openai/gpt-4o", "/v1", "OPENAI"),
    "anthropic": ("anthropic/claude-sonnet-5", "/anthropic", "ANTHROPIC"),
    "gemini": ("gemini/gemini-2.5-flash", "/gemini", "GEMINI"),
    "mistral": ("mistral/mistral-large-latest", "/mistral/v1", "MISTRAL"),
    "groq": ("groq/llama-3.3-70b", "/groq/openai/v1", "GROQ"),
    "xai": ("xai/grok-4", "/xai/v1", "XAI"),
}
_OVERFLOW = "This model's maximum context length is 8192 tokens"
_LATER: dict[str, Any] = {"type": "stream_fault", "after_chunks": 1}
FAULTS: dict[str, dict[str, Any]] = {
    "429": {"type": "fail", "status": 429, "retry_after": 1},
    "400": {"type": "fail", "status": 400},
    "500": {"type": "fail", "status": 500},
    "529": {"type": "fail", "status": 529},
    "delay": {"type": "delay", "seconds": 1},
    "slow": {"type": "slow_first_token", "seconds": 1},
    "disconnect": {**_LATER, "kind": "disconnect"},
    "truncate": {**_LATER, "kind": "truncate"},
    "malformed": {**_LATER, "kind": "malformed"},
    "stall": {**_LATER, "kind": "stall", "stall_seconds": 8},
    "unknown_tool": {"type": "tool_fault", "kind": "unknown_tool"},
    "arguments": {"type": "tool_fault", "kind": "malformed_arguments"},
    "context": {
        "type": "fail",
        "status": 400,
        "code": "context_length_exceeded",
        "message": _OVERFLOW,
    },
    "rpm": {},
}
AIMOCK = {
    "ollama": ("ollama/qwen3", "", "OLLAMA"),
    "openrouter": ("openrouter/openai/gpt-5", "/api/v1", "OPENROUTER"),
    "openai": ("openai/gpt-5", "/v1", "OPENAI"),
    "anthropic": ("anthropic/claude-sonnet-5", "", "ANTHROPIC"),
    "gemini": ("gemini/gemini-3-pro", "", "GEMINI"),
    "bedrock": ("bedrock/amazon.nova-pro-v1:0", "", "BEDROCK"),
    "azure": ("azure/gpt-5", "/openai/v1", "AZURE"),
}
_SAID = "Everything was seen, and it was good."
_TOOLS = [{"name": "read", "arguments": {"file_path": f"{n}.txt"}} for n in ("one", "two")]
_FIRST: dict[str, Any] = {"match": {"userMessage": "hello", "sequenceIndex": 0}}
_GOOD: dict[str, Any] = {"match": {"userMessage": "hello"}, "response": {"content": _SAID}}
_CUT: dict[str, Any] = {**_FIRST, "response": {"content": _SAID}, "chunkSize": 4}
FIXTURES: dict[str, list[dict[str, Any]]] = {
    "tools": [
        {
            "match": {"userMessage": "hello", "turnIndex": 0},
            "response": {"content": "I look.", "reasoning": "Hm.", "toolCalls": _TOOLS},
        },
        {"match": {"userMessage": "hello", "turnIndex": 1}, "response": {"content": _SAID}},
    ],
    "truncate": [{**_CUT, "truncateAfterChunks": 3}, _GOOD],
    "disconnect": [{**_CUT, "latency": 60, "disconnectAfterMs": 200}, _GOOD],
    "429": [_FIRST | {"response": {"error": {"message": "Slow down."}, "status": 429}}, _GOOD],
    "500": [_FIRST | {"response": {"error": {"message": "Oh."}, "status": 500}}, _GOOD],
    "malformed": [{**_CUT, "chaos": {"malformedRate": 1}}, _GOOD],
}


class Run(msgspec.Struct, frozen=True):
    """One run, and what was wrong with it."""

    server: str
    service: str
    fault: str
    wrong: str = ""


@contextmanager
def served(command: list[str], port: int) -> Generator[str]:
    """A server as a child, once it listens; its address."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as child:
        base = f"http://127.0.0.1:{port}"
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"{base}/health", timeout=1).close()
                    break
                except urllib.error.HTTPError:
                    break
                except OSError:
                    time.sleep(0.1)
            yield base
        finally:
            child.terminate()
            child.wait(10)


def ask(model: str, name: str, base_url: str, folder: str) -> subprocess.CompletedProcess[str]:
    """Run the program once against a server."""
    there = {
        f"ALLOY_{name}_BASE_URL": base_url,
        f"{name}_API_KEY": "sk-test",
        "AZURE_OPENAI_API_KEY": "sk-test",
        "AWS_BEARER_TOKEN_BEDROCK": "sk-test",
        "ALLOY_CHUNK_TIMEOUT_S": "4",
        "ALLOY_HOME": f"{folder}/home",
    }
    words = [*("-p", "hello there"), *("--approve", "all"), *("--timeout", "200")]
    return subprocess.run(
        [str(ALLOY), "run", *words, "--model", model, "--max-turns", "6"],
        env={**os.environ, **there},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=250,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def llmock(program: str, service: str, fault: str) -> Run:
    """One of the 84: the verdict is the server's."""
    model, path, name = LLMOCK[service]
    port, behaviour = free_port(), FAULTS[fault]
    more = [] if behaviour else ["--rpm", "3"]
    if fault == "malformed":
        # The verdict asks who stopped reading: there must be something left to read.
        more = ["--stream-chunk-delay-ms", "100"]
    command = [program, "serve", "--port", str(port), "--log-level", "warning", *more]
    with served(command, port) as base, tempfile.TemporaryDirectory() as folder:
        if behaviour:
            body = json.dumps({"behaviors": [behaviour]}).encode()
            kind = {"content-type": "application/json"}
            request = urllib.request.Request(f"{base}/_llmock/scenario", body, kind)
            urllib.request.urlopen(request, timeout=10).close()
        for _ in range(1 if behaviour else 2):
            ask(model, name, base + path, folder)
        report = subprocess.run(
            [program, "report", "--strict", "--url", base],
            capture_output=True,
            text=True,
            check=False,
        )
    return Run("llmock", service, fault, report.stdout if report.returncode else "")


def aimock(program: str, service: str, fault: str) -> Run:
    """One run at the other server: the whole text is due, after a second request if need be."""
    model, path, name = AIMOCK[service]
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        for word in ("one", "two"):
            Path(folder, f"{word}.txt").write_text(f"the words of {word}\n")
        fixtures = Path(folder, "fixtures.json")
        fixtures.write_text(json.dumps({"fixtures": FIXTURES[fault]}))
        with served([program, "-p", str(port), "-f", str(fixtures)], port) as base:
            run = ask(model, name, base + path, folder)
            with urllib.request.urlopen(f"{base}/__aimock/journal", timeout=10) as reply:
                journal = reply.read().decode()
    wrong = ""
    if run.returncode or not run.stdout.strip().endswith(_SAID):
        wrong = f"exit {run.returncode}: {run.stdout[-300:]} {run.stderr[-500:]}"
    elif fault == "tools" and not ("words of one" in journal and "words of two" in journal):
        wrong = "the results did not arrive"
    return Run("aimock", service, fault, wrong)


def main() -> None:
    """Run all, print what went wrong, and keep the count."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks peers_faults")
    parser.add_argument("--llmock", help="the program of the package of that name")
    parser.add_argument("--aimock", help="the program `llmock` of @copilotkit/aimock")
    parser.add_argument("--only", nargs="*", default=[], help="names of services or faults")
    given = parser.parse_args()
    jobs: list[tuple[Callable[[str, str, str], Run], str, str, str]] = [
        (make, program, service, fault)
        for make, program, services, faults in (
            (llmock, given.llmock, LLMOCK, FAULTS),
            (aimock, given.aimock, AIMOCK, FIXTURES),
        )
        if program
        for service in services
        for fault in faults
        if not given.only or set(given.only) <= {service, fault}
    ]
    if not jobs:
        print("neither --llmock nor --aimock was given, or nothing is so called")
        return
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        begun = [pool.submit(make, *rest) for make, *rest in jobs]
        runs = [each.result() for each in begun]
    lines = ["| server | runs | right |", "|:--|--:|--:|"]
    for server in dict.fromkeys(r.server for r in runs):
        mine = [r for r in runs if r.server == server]
        lines.append(f"| {server} | {len(mine)} | {sum(not r.wrong for r in mine)} |")
    for run in runs:
        if run.wrong:
            print(f"{run.server}, {run.service}, {run.fault}:\n{run.wrong}")
    print("\n".join(lines))
    keep("peers_faults", "\n".join(lines))
    if any(r.wrong for r in runs):
        sys.exit(1)


if __name__ == "__main__":
    main()

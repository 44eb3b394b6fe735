"""Alloy beside its peers, through the driver that the peers were measured with.

    python -m benchmarks peers                          five runs of every case
    python -m benchmarks peers --runs 3 --case a,b --peer alloy,codex,pi
    python -m benchmarks peers --report                 the table and the plot of what was measured

The driver, the fake model and the table of programs stand in a folder of their
own beside the checkout (`--bench`); a copy in `--scratch` is run, for they write
beside themselves. There the peers are looked for, too: `--install` gets them
with npm. What is not there is left out, with a word. Results go to
benchmarks/results/: every measurement, the table as Markdown, the plot as SVG.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.plot import bars

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
FIRST_KEY = "alloy-first-key"
CASES = "a,b,bs,c2,c10,c100,d,e"
PACKAGES = {
    "codex": ("codex", "@openai/codex@0.169.0"),
    "claude": ("claude", "@anthropic-ai/claude-code@2.1.197"),
    "pi": ("pi2", "@earendil-works/pi-coding-agent@0.74.2"),
    "opencode": ("opencode", "opencode-ai@1.18.33"),
}
Record = dict[str, Any]
# Column, case, what is read from a record, format.
COLUMNS: list[tuple[str, str, list[str], str]] = [
    ("first key s", "first key", ["echo"], "{:.2f}"),
    ("whole screen s", "a", ["ready"], "{:.2f}"),
    ("CPU s", "a", ["cpu"], "{:.2f}"),
    ("MB", "a", ["rss"], "{:.0f}"),
    ("key idle ms", "b", ["median", "p99"], "{:.1f}"),
    ("key streaming ms", "bs", ["median", "p99"], "{:.1f}"),
    ("2k tokens: lag s, CPU s", "c2", ["lag", "cpu"], "{:.2f}"),
    ("10k tokens: lag s, CPU s", "c10", ["lag", "cpu"], "{:.2f}"),
    ("20 s at 100/s: CPU s", "c100", ["cpu"], "{:.2f}"),
    ("kB written", "c100", ["kB"], "{:.0f}"),
    ("50 replies: MB", "d", ["rss"], "{:.0f}"),
    ("PageUp ms", "d", ["pageup_first_ms"], "{:.1f}"),
    ("idle 20 s: CPU s", "e", ["cpu"], "{:.2f}"),
    ("bytes", "e", ["bytes"], "{:.0f}"),
]


def main() -> None:
    """Measure, or only report."""
    given = _arguments().parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    if not given.report:
        why = _missing(given.bench)
        if why:
            print(f"not measured: {why}")
        else:
            _measure(given)
    records = load(RESULTS / "peers.jsonl")
    if not records:
        print("there are no results to report")
        return
    table = table_of(records)
    (RESULTS / "peers.md").write_text(table)
    (RESULTS / "peers.svg").write_text(plot_of(records))
    print(table)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks peers")
    parser.add_argument("--bench", type=Path, default=ROOT.parent / "shared" / "bench")
    parser.add_argument("--scratch", type=Path, default=ROOT / "benchmarks" / "results" / "bench")
    parser.add_argument("--peer", default="alloy," + ",".join(PACKAGES))
    parser.add_argument("--case", default=CASES)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--install", action="store_true", help="get the peers with npm first")
    parser.add_argument("--report", action="store_true", help="only the table and the plot")
    return parser


def _missing(bench: Path) -> str:
    if not (bench / "drive.py").exists():
        return f"the driver is not at {bench} (--bench)"
    if importlib.util.find_spec("aiohttp") is None:
        return "the fake model needs aiohttp: install it into this environment"
    return ""


def _measure(given: argparse.Namespace) -> None:
    scratch: Path = given.scratch.resolve()
    scratch.mkdir(parents=True, exist_ok=True)
    for name in ("drive.py", "fakellm.py", "peers.py"):
        target = scratch / name
        target.unlink(missing_ok=True)
        shutil.copyfile(given.bench / name, target)
    # The driver types when the text "ready" shows. For our own first key that is the prompt
    # of the skeleton; the whole screen is measured by the usual entry.
    with (scratch / "peers.py").open("a") as table:
        table.write(f'\nPEERS["{FIRST_KEY}"] = dict(PEERS["alloy"], ready="❯")\n')
    wanted = given.peer.split(",")
    if given.install:
        _install(scratch, wanted)
    port = _free_port()
    environment = {
        **os.environ,
        "ALLOY": str(Path(sys.executable).with_name("alloy")),
        "FAKELLM_PORT": str(port),
    }
    # Bytecode must be kept, as it is for a user.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    peers = [name for name in wanted if _present(name, scratch)]
    server = subprocess.Popen(
        [sys.executable, str(scratch / "fakellm.py"), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _await_server(port, server)
        for case in given.case.split(","):
            first = [FIRST_KEY] if case == "a" and "alloy" in peers else []
            subprocess.run(
                [
                    *(sys.executable, "drive.py", "--peer", ",".join([*peers, *first])),
                    *("--case", case, "--runs", str(given.runs)),
                    *("--out", str(RESULTS / "peers.jsonl")),
                ],
                cwd=scratch,
                env=environment,
                check=True,
            )
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)


def _install(scratch: Path, wanted: list[str]) -> None:
    if shutil.which("npm") is None:
        print("not installed: there is no npm here")
        return
    for name in wanted:
        if name in PACKAGES:
            folder, package = PACKAGES[name]
            prefix = str(scratch / "npm" / folder)
            subprocess.run(["npm", "install", "--silent", "--prefix", prefix, package], check=False)


def _present(name: str, scratch: Path) -> bool:
    if name not in PACKAGES or (scratch / "npm" / PACKAGES[name][0] / "node_modules").is_dir():
        return True
    print(f"left out: {name} is not installed below {scratch / 'npm'} (--install)")
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_server(port: int, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_log?since=0", timeout=5).close()
        except OSError:
            continue
        return
    raise SystemExit("the fake model did not start")


def load(path: Path) -> dict[tuple[str, str], list[Record]]:
    """The measurements that worked, by program and case; times of a key in milliseconds."""
    found: dict[tuple[str, str], list[Record]] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        record: Record = json.loads(line)
        if "error" in record:
            continue
        record["kB"] = record.get("bytes", 0) / 1000
        if record["peer"] == FIRST_KEY:
            record["peer"], record["case"] = "alloy", "first key"
        elif record["case"] == "a":
            first = {k: record[k] for k in ("peer", "echo")} | {"case": "first key"}
            if record["peer"] != "alloy":
                found.setdefault((record["peer"], "first key"), []).append(first)
        found.setdefault((record["peer"], record["case"]), []).append(record)
    return found


def _middle(records: list[Record], field: str) -> float | None:
    values = [r[field] for r in records if r.get(field) is not None]
    return median(values) if values else None


def table_of(records: dict[tuple[str, str], list[Record]]) -> str:
    """Medians as Markdown, one row a program; the best of each column is bold."""
    names = sorted({name for name, _ in records}, key=lambda n: (n != "alloy", n))
    lines = ["| | " + " | ".join(c[0] for c in COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    firsts: list[list[float | None]] = [
        [_middle(records.get((name, case), []), fields[0]) for _, case, fields, _ in COLUMNS]
        for name in names
    ]
    best = [
        min((v for v in column if v is not None), default=None)
        for column in zip(*firsts, strict=True)
    ]
    for name, values in zip(names, firsts, strict=True):
        cells: list[str] = []
        for (_, case, fields, form), first, least in zip(COLUMNS, values, best, strict=True):
            all_of = [_middle(records.get((name, case), []), field) for field in fields]
            text = " / ".join("–" if v is None else form.format(v) for v in all_of)
            cells.append(f"**{text}**" if first is not None and first == least else text)
        # What follows the last @ of a package's name is its version.
        version = PACKAGES[name][1].rpartition("@")[2] if name in PACKAGES else ""
        lines.append(f"| {f'{name} {version}'.strip()} | " + " | ".join(cells) + " |")
    runs = max(len(r) for r in records.values())
    loads = [r["load"] for rs in records.values() for r in rs if "load" in r]
    lines.append(
        f"\n{'One run' if runs == 1 else f'Medians of up to {runs} runs'};"
        f" load average {min(loads):.1f} to {max(loads):.1f}."
    )
    return "\n".join(lines) + "\n"


def plot_of(records: dict[tuple[str, str], list[Record]]) -> str:
    """The four figures that a user feels, side by side."""
    names = sorted({name for name, _ in records}, key=lambda n: (n != "alloy", n))
    charts = [
        ("First key on the screen, s", "first key", "echo"),
        ("Key to screen while it streams, ms", "bs", "median"),
        ("CPU for 20 s of answer, s", "c100", "cpu"),
        ("Memory after 50 answers, MB", "d", "rss"),
    ]
    return bars(
        [
            (title, [(n, _middle(records.get((n, case), []), field)) for n in names])
            for title, case, field in charts
        ]
    )


if __name__ == "__main__":
    main()

"""A local model's server as a child process that never outlives the program.

Run as a script with the standard library alone, never imported by the program.
A crash in native code then costs an answer, not the program. Its life is tied
to the parent's twice: standard input is a pipe whose other end the parent
holds, and on Linux the kernel kills it when the thread that started it is gone
(`PR_SET_PDEATHSIG`; that thread is the engine's, which lives as long as the
program).

One argument, JSON: parent (process id), folder (where the module lies), model,
template, alias, threads, context, slots, longest_answer (tokens). The key comes
in the environment as LLAMA_API_KEY, so that no list of processes shows it.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1


def tie_to_parent(parent: int) -> None:
    """Die with the parent; leave at once if it is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def leave_when_the_pipe_closes() -> None:
    """Wait for the end of standard input, then leave without ceremony."""
    while os.read(0, 4096):
        pass
    os._exit(0)


def serve(options: dict[str, Any]) -> object:
    """Start the server on a free port of the loopback interface and say where it is."""
    sys.path.insert(0, options["folder"])
    # By name: it is optional and has no types.
    module: Any = importlib.import_module("xllamacpp")
    made = module.CommonParams()
    made.model.path = options["model"]
    made.model_alias = {options["alias"]}
    made.hostnames = ["127.0.0.1"]
    made.port = 0
    made.api_keys = [os.environ.pop("LLAMA_API_KEY")]
    made.use_jinja = True
    made.chat_template = Path(options["template"]).read_text()
    made.ui = False
    made.offline = True
    made.n_ctx = options["context"]
    made.n_parallel = options["slots"]
    made.cpuparams.n_threads = options["threads"]
    # Waiting threads sleep instead of spinning: the screen and the tools need the cores too.
    made.cpuparams.poll = 0
    made.n_gpu_layers = 0
    # So small a model repeats itself without end unless it is kept from it.
    made.n_predict = options["longest_answer"]
    made.sampling.temp = 0.3
    made.sampling.penalty_repeat = 1.15
    server = module.Server(made)
    sys.stdout.write(f"listening on {server.listening_address}\n")
    sys.stdout.flush()
    return server


def main() -> None:
    """Serve until the parent is gone or says so."""
    options = json.loads(sys.argv[1])
    tie_to_parent(options["parent"])
    threading.Thread(target=leave_when_the_pipe_closes, daemon=True).start()
    server = serve(options)
    while server:  # kept alive by this name
        signal.pause()


if __name__ == "__main__":
    main()

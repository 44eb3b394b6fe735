"""A local model's server as a child process that never outlives the program.

Run as a script with the standard library alone, never imported by the program.
It ties its life to the parent, then either becomes a server's executable or
serves from an extension module. Linux: the kernel kills it when the thread
that started it is gone (`PR_SET_PDEATHSIG`; that thread is the engine's, which
lives as long as the program). Everywhere: standard input is a pipe whose other
end the parent holds, and the serving form leaves when it closes.

One argument, JSON: `parent` (process id), then `command` (list) or `serve`
(module_folder, model, template, alias, threads, context, slots). The key comes
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


def serve(options: dict[str, Any]) -> None:
    """Serve with the extension module until the parent is gone."""
    sys.path.append(options["module_folder"])
    # By name: it is one of two optional servers, and has no types.
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
    made.n_gpu_layers = 0
    server = module.Server(made)
    sys.stdout.write(f"listening on {server.listening_address}\n")
    sys.stdout.flush()
    leave_when_the_pipe_closes()


def main() -> None:
    """Read the argument and become what it says."""
    options = json.loads(sys.argv[1])
    tie_to_parent(options["parent"])
    if "command" in options:
        os.execv(options["command"][0], options["command"])  # noqa: S606 -- the point of this file
    threading.Thread(target=leave_when_the_pipe_closes, daemon=True).start()
    serve(options["serve"])


if __name__ == "__main__":
    main()

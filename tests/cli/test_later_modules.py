"""What is put off until it is touched is then what it would have been."""

from __future__ import annotations

import subprocess
import sys

import pytest

from alloy_tui.cli import later_modules

_OWN = ("__cached__",)
_FIRST_FRAME = """
import sys
from alloy_tui.cli import later_modules
end = later_modules.begin()
import alloy_tui.cli.entry, alloy_tui.cli.fullscreen, alloy_tui.cli.screen_choices
import alloy_tui.ui.app, textual.drivers.linux_driver
"""


def said_by(code: str) -> str:
    """What a fresh interpreter prints."""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_nothing_before_the_first_frame_needs_what_is_put_off() -> None:
    code = f"{_FIRST_FRAME}\nprint([n for n in later_modules.PUT_OFF if n in sys.modules and"
    code += " type(sys.modules[n]) is not later_modules.Later])"
    assert said_by(code) == "[]"
    assert said_by(f"{_FIRST_FRAME}\nprint('_ssl' in sys.modules)") == "False"


@pytest.mark.parametrize("name", sorted(later_modules.PUT_OFF))
def test_what_is_put_off_has_the_names_that_it_has(name: str) -> None:
    names = f"sorted(n for n in vars(m) if n not in {_OWN})"
    usual = f"import importlib\nm = importlib.import_module({name!r})\nprint({names})"
    put_off = (
        "from alloy_tui.cli import later_modules\nlater_modules.begin()\n"
        f"import sys, importlib\nm = importlib.import_module({name!r})\n"
        "assert type(m) is later_modules.Later, 'loaded by others already'\n"
        f"getattr(m, 'no_such_name', None)\nprint({names})"
    )
    assert said_by(put_off) == said_by(usual)


def test_a_module_that_was_put_off_is_an_ordinary_one_once_it_is_touched() -> None:
    code = """
from asyncio import sslproto
import ssl
end()
assert ssl.create_default_context().check_hostname
assert issubclass(ssl.SSLWantReadError, sslproto.SSLAgainErrors)
assert type(ssl) is type(sslproto) is type(sys)
assert ssl.__spec__.loader is ssl.__loader__ and type(ssl.__loader__).__name__ == "SourceFileLoader"
try:
    ssl.no_such_name
except AttributeError as error:
    print(error)
"""
    assert said_by(_FIRST_FRAME + code) == "module 'ssl' has no attribute 'no_such_name'"


def test_all_of_its_names_may_be_wanted_at_once() -> None:
    code = "\nfrom asyncio.sslproto import *\nprint(SSLProtocol.__module__)"
    assert said_by(_FIRST_FRAME + code) == "asyncio.sslproto"


def test_threads_that_touch_it_at_once_all_get_the_whole_of_it() -> None:
    code = """
import ssl, threading
names = ["SSLContext", "create_default_context", "SSLError", "Purpose", "OP_ALL"] * 8
gate, found = threading.Barrier(len(names)), []

def touch(name):
    gate.wait()
    found.append(getattr(ssl, name, None) is not None)

threads = [threading.Thread(target=touch, args=(n,)) for n in names]
for each in threads: each.start()
for each in threads: each.join()
print(len(found), all(found))
"""
    assert said_by(_FIRST_FRAME + code) == "40 True"


def test_a_python_without_tls_says_so_when_it_is_asked_for() -> None:
    code = """
import sys
from importlib.machinery import PathFinder
usual = PathFinder.find_spec
PathFinder.find_spec = lambda name, *a: None if name == "_ssl" else usual(name, *a)
from alloy_tui.cli import later_modules
later_modules.begin()
try:
    import ssl
except ImportError as error:
    print(error.name)
"""
    assert said_by(code) == "_ssl"

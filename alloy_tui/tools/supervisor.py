"""A process that stands between the program and a command, and outlives neither's work.

Run as a script with the standard library alone, never imported by the program.
It starts the command in a session of its own, adopts whatever the command
orphans (Linux: `PR_SET_CHILD_SUBREAPER`, so that even a daemonised grandchild
stays below it), and ends all of it when the command is over, when it is told
to, or when the program is gone. It knows the last one by a pipe: however the
program dies, the kernel closes its end. `PR_SET_PDEATHSIG` on the command
itself would not do: it is bound to the *thread* that forked, and grandchildren
do not inherit it. Where there is no subreaper (macOS), the command's process
group is ended, and only processes that left it can stay.

Arguments: control fd, status fd, grace in seconds, folder, program, arguments.
Status lines: `pid N`, then `exit WAITSTATUS` or `failed ERRNO`, then `ended N`
(processes that were still there when the command was over).
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LINUX = sys.platform == "linux"
_NATURAL_S = 0.25  # for what ends by itself together with the command
_KILL_S = 5.0  # after this even a fork bomb's remains are left to the kernel
_FIRST_TO_GO = 500  # of 1000: half of the memory counts against it beside what it takes


class Supervisor:
    """The life of one command."""

    def __init__(self, control: int, status: int, grace_s: float) -> None:
        self._control = control
        self._status = status
        self._grace_s = grace_s
        self._parent = os.getppid()
        self._main = 0
        self._exit: int | None = None
        self._alone = False  # no child is left
        self._wake, wake_write = os.pipe()
        for descriptor in (self._wake, wake_write):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _nothing)
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)

    def run(self, folder: str, command: list[str]) -> None:
        """Start the command, wait, clean up, report."""
        libc = ctypes.CDLL(None, use_errno=True) if _LINUX else None
        if libc is not None:
            libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        error_read, error_write = os.pipe()
        self._main = os.fork()
        if not self._main:
            os.close(error_read)
            _become(command, folder, libc, error_write, (self._control, self._status))
        os.close(error_write)
        self._tell(f"pid {self._main}")
        failure = os.read(error_read, 16)
        os.close(error_read)
        if failure:
            self._tell(f"failed {failure.decode()}")
        # Our own copy of the output pipe would keep it open for ever.
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)
        told = self._wait(None)
        if self._exit is not None:
            self._tell(f"exit {self._exit}")
            if not told:
                self._wait(_NATURAL_S, all_of_them=True)
        left = 0 if self._alone else max(1, len(_descendants()))
        self._end_all()
        self._tell(f"ended {left}")

    def _wait(self, timeout_s: float | None, *, all_of_them: bool = False) -> bool:
        """Until the command (or everything) is over: false; told or orphaned first: true."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            self._reap()
            if self._alone or (self._exit is not None and not all_of_them):
                return False
            left_s = 1.0 if until is None else min(1.0, until - time.monotonic())
            if left_s <= 0:
                return False
            ready, _, _ = select.select([self._control, self._wake], [], [], left_s)
            if self._wake in ready:
                os.read(self._wake, 4096)
            # The parent's id is looked at, too: some other child of the
            # program might hold a copy of its end of the pipe.
            if self._control in ready or os.getppid() != self._parent:
                return True

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._alone = True
                return
            if not pid:
                return
            if pid == self._main:
                self._exit = status

    def _end_all(self) -> None:
        """TERM, a grace, then KILL until no child is left."""
        self._signal(signal.SIGTERM)
        until = time.monotonic() + self._grace_s
        while not self._gone() and time.monotonic() < until:
            self._pause()
        until = time.monotonic() + _KILL_S
        while not self._gone() and time.monotonic() < until:
            self._signal(signal.SIGKILL)
            self._pause()

    def _gone(self) -> bool:
        self._reap()
        if not self._alone:
            return False
        if _LINUX:
            return True  # with a subreaper, no child means no descendant
        try:
            os.killpg(self._main, 0)
        except OSError:
            return True
        return False

    def _pause(self) -> None:
        if select.select([self._wake], [], [], 0.01)[0]:
            os.read(self._wake, 4096)

    def _signal(self, number: int) -> None:
        # The group at once, for a fork bomb is faster than a list of it.
        for send, pid in [(os.killpg, self._main), *((os.kill, p) for p in _descendants())]:
            try:
                send(pid, number)
                # A stopped process acts on TERM only once it goes on.
                send(pid, signal.SIGCONT)
            except OSError:
                continue

    def _tell(self, line: str) -> None:
        try:
            os.write(self._status, f"{line}\n".encode())
        except OSError:  # nobody is there to read it
            return


def _become(
    command: list[str], folder: str, libc: ctypes.CDLL | None, error: int, ours: tuple[int, ...]
) -> None:
    """In the child: a session of its own, signals as in a shell, then the command."""
    try:
        os.setsid()
        if libc is not None:
            # Bound to the supervisor's only thread: should someone kill that
            # one with -9, at least the command itself goes with it.
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            _offer_first()
        for descriptor in ours:
            os.close(descriptor)
        os.chdir(folder)
        for number in range(1, signal.NSIG):
            if number not in {signal.SIGKILL, signal.SIGSTOP}:
                try:
                    signal.signal(number, signal.SIG_DFL)
                except (OSError, ValueError):
                    continue
        os.execv(command[0], command)  # noqa: S606 - the shell is the command
    except OSError as failure:
        os.write(error, str(failure.errno).encode())
    finally:
        os._exit(127)


def _offer_first() -> None:
    """Where memory runs out, the kernel ends the command and not the program that runs it."""
    try:
        with open("/proc/self/oom_score_adj", "r+", encoding="ascii") as file:  # noqa: PTH123 - as below
            if int(file.read()) < _FIRST_TO_GO:
                file.seek(0)
                file.write(str(_FIRST_TO_GO))
    except (OSError, ValueError):
        return


def _descendants() -> list[int]:
    """Every process below this one, by what the kernel says now; empty off Linux."""
    found: list[int] = []
    waiting = [os.getpid()] if _LINUX else []
    while waiting:
        children = _children(waiting.pop())
        found += children
        waiting += children
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - pathlib would double the start-up time
    except OSError:
        return found
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:  # noqa: PTH123 - likewise
                found += map(int, file.read().split())
        except OSError:
            continue
    return found


def _nothing(_number: int, _frame: object) -> None:
    """A handler must be there for the wake-up pipe to be written to."""


def main(arguments: list[str]) -> None:
    """The script."""
    control, status, grace_s, folder, *command = arguments
    # Not to be inherited by the command, whose descendants would hold them.
    for descriptor in (int(control), int(status)):
        os.set_inheritable(descriptor, False)
    Supervisor(int(control), int(status), float(grace_s)).run(folder, command)


if __name__ == "__main__":
    main(sys.argv[1:])

"""One workspace folder, and everything that is done to files in it.

Owns safety of paths: every operation walks from the folder's own descriptor,
part by part, and never through a symbolic link, so that no path leads out,
whoever swaps folders meanwhile. Only regular files are ever opened. Blocks.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Generator
from pathlib import Path

from alloy_tui.workspace.states import (
    FILE_MODE,
    FOLDER_MODE,
    NOTHING,
    File,
    Folder,
    Link,
    Seen,
    Special,
    Stamp,
    Unkept,
    Why,
    address_of,
    kind_of,
)

_WALK = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_TRIES = 3
_SWAPPED = {errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.ENOTDIR}

VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".jj"})


def is_path(path: str) -> bool:
    """Whether `path` names something below a workspace that may be kept and put back.

    What version control keeps for itself may not.
    """
    parts = path.split("/")
    return "\0" not in path and not any(
        part in {"", ".", ".."} or part.casefold() in VERSION_CONTROL for part in parts
    )


class Place:
    """An open workspace folder; close it when it is done with.

    Methods raise OSError unless they say otherwise; a path through something
    that is no folder counts as one where nothing is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.realpath(folder))
        self._fd = os.open(self.folder, _WALK)

    def close(self) -> None:
        """Give the descriptor back; safe to call twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def refresh(self) -> None:
        """Go on with the folder that has taken the place of the one that was opened, if any."""
        with contextlib.suppress(OSError):
            fd = os.open(self.folder, _WALK)
            here, there = os.fstat(fd), os.fstat(self._fd)
            if (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
                os.dup2(fd, self._fd, inheritable=False)
            os.close(fd)

    def relative(self, path: str | Path) -> str | None:
        """An absolute resolved path as one of ours, None when it is outside or not for us."""
        try:
            found = Path(path).relative_to(self.folder).as_posix()
        except ValueError:
            return None
        return found if is_path(found) else None

    @contextlib.contextmanager
    def opened(self, folder: str) -> Generator[int]:
        """A descriptor of the folder at that path; "" is the workspace itself."""
        first, _, rest = folder.partition("/")
        fd = os.open(first or ".", _WALK, dir_fd=self._fd)
        try:
            for part in filter(None, rest.split("/")):
                inner = os.open(part, _WALK, dir_fd=fd)
                os.close(fd)
                fd = inner
            yield fd
        finally:
            os.close(fd)

    @contextlib.contextmanager
    def _parent(self, path: str) -> Generator[tuple[int, str]]:
        folder, _, name = path.rpartition("/")
        with self.opened(folder) as fd:
            yield fd, name

    def see(self, path: str, largest: int) -> Seen:
        """What stands there; content of more than `largest` bytes is left out. Never raises."""
        try:
            with self._parent(path) as (fd, name):
                return see_in(fd, name, largest)
        except OSError:
            return NOTHING

    def stamp(self, path: str) -> Stamp | None:
        """What stands there at a glance; None for nothing. Never raises."""
        try:
            with self._parent(path) as (fd, name):
                return Stamp.of(os.stat(name, dir_fd=fd, follow_symlinks=False))
        except OSError:
            return None

    def changed_ns(self, path: str) -> int:
        """When what stands there, or the nearest folder above that does, was changed."""
        while path:
            stamp = self.stamp(path)
            if stamp is not None:
                return stamp.ctime_ns
            path = path.rpartition("/")[0]
        return os.fstat(self._fd).st_ctime_ns

    def write(self, path: str, data: bytes, mode: int, temporary: str, *, over: bool) -> None:
        """Put a whole file there by way of the name `temporary` beside it, on disk when done.

        Without `over` whatever has appeared there meanwhile stays, and
        FileExistsError is raised.
        """
        with self._parent(path) as (fd, name):
            try:
                handle = os.open(temporary, _NEW, 0o600, dir_fd=fd)
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    if over:
                        _keep_owner(handle, fd, name)
                    os.fchmod(handle, mode & FILE_MODE)
                    file.flush()
                    os.fsync(handle)
                _place(fd, temporary, name, over=over)
            finally:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=fd)
            _sync(fd)

    def link(self, path: str, target: bytes, temporary: str, *, over: bool) -> None:
        """Put a symbolic link there, in place of a file or link only with `over`."""
        with self._parent(path) as (fd, name):
            try:
                os.symlink(target, os.fsencode(temporary), dir_fd=fd)
                _place(fd, temporary, name, over=over)
            finally:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=fd)
            _sync(fd)

    def remove(self, path: str) -> None:
        """Take away the file or link there."""
        with self._parent(path) as (fd, name):
            os.unlink(name, dir_fd=fd)
            _sync(fd)

    def remove_folder(self, path: str) -> None:
        """Take away the folder there, which must be empty."""
        with self._parent(path) as (fd, name):
            os.rmdir(name, dir_fd=fd)
            _sync(fd)

    def make_folder(self, path: str) -> None:
        """Make a folder there, and those above it that are missing; one that is there is fine."""
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            above = self._parent("/".join(parts[:end]))
            with above as (fd, name), contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=fd)
                _sync(fd)
        with self.opened(path):
            return

    def set_mode(self, path: str, mode: int) -> None:
        """Give the file or folder there these rights."""
        with self._parent(path) as (fd, name):
            handle = os.open(name, _READ, dir_fd=fd)
            try:
                folder = stat.S_ISDIR(os.fstat(handle).st_mode)
                os.fchmod(handle, mode & (FOLDER_MODE if folder else FILE_MODE))
            finally:
                os.close(handle)

    def links_to(self, path: str) -> int:
        """How many names the file there has."""
        with self._parent(path) as (fd, name):
            return os.stat(name, dir_fd=fd, follow_symlinks=False).st_nlink


def see_in(fd: int, name: str, largest: int) -> Seen:
    """What stands at `name` in the open folder `fd`. Raises OSError."""
    tries = 0
    while True:
        tries += 1
        try:
            stamp = Stamp.of(os.stat(name, dir_fd=fd, follow_symlinks=False))
        except (FileNotFoundError, NotADirectoryError):
            return NOTHING
        mode = stamp.mode
        if stat.S_ISLNK(mode):
            with contextlib.suppress(OSError):
                target = os.readlink(os.fsencode(name), dir_fd=fd)
                return Seen(Link(target), stamp)
        elif stat.S_ISDIR(mode):
            return Seen(Folder(mode & FOLDER_MODE), stamp)
        elif not stat.S_ISREG(mode):
            return Seen(Special(kind_of(mode)), stamp)
        elif stamp.size > largest:
            return Seen(unkept(stamp, "large"), stamp)
        else:
            try:
                data = _content(fd, name, stamp)
            except OSError as error:
                if error.errno not in _SWAPPED:
                    return Seen(unkept(stamp, "unreadable"), stamp)
                data = None
            if data is not None:
                return Seen(File(address_of(data), mode & FILE_MODE, len(data)), stamp, data)
        if tries >= _TRIES:
            return Seen(unkept(stamp, "changing"), stamp)


def unkept(stamp: Stamp, why: Why) -> Unkept:
    """The state of a regular file whose content is not at hand."""
    return Unkept(stamp.mode & FILE_MODE, stamp.size, stamp.mtime_ns, why)


def _content(fd: int, name: str, stamp: Stamp) -> bytes | None:
    """The whole content, None when it was not the same before and after."""
    handle = os.open(name, _READ, dir_fd=fd)
    with os.fdopen(handle, "rb", buffering=0) as file:
        if Stamp.of(os.fstat(handle)) != stamp:
            return None
        pieces: list[bytes] = []
        left = stamp.size + 1
        while left > 0 and (piece := file.read(left)):
            pieces.append(piece)
            left -= len(piece)
        same = left == 1 and Stamp.of(os.fstat(handle)) == stamp
    return b"".join(pieces) if same else None


def _keep_owner(handle: int, fd: int, name: str) -> None:
    """Give the new file the owner of the one that it replaces, if we may."""
    with contextlib.suppress(OSError):
        old = os.stat(name, dir_fd=fd, follow_symlinks=False)
        if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(handle, old.st_uid, old.st_gid)


def _place(fd: int, temporary: str, name: str, *, over: bool) -> None:
    if over:
        os.replace(temporary, name, src_dir_fd=fd, dst_dir_fd=fd)
        return
    try:
        # A link, unlike a rename, fails where something has appeared meanwhile.
        os.link(temporary, name, src_dir_fd=fd, dst_dir_fd=fd, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if _is_there(fd, name):
            raise FileExistsError(name) from None
        os.rename(temporary, name, src_dir_fd=fd, dst_dir_fd=fd)


def _is_there(fd: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _sync(fd: int) -> None:
    with contextlib.suppress(OSError):  # not every file system takes it
        os.fsync(fd)

"""The files of a checkpoint: which paths a session has touched, and what stood at each.

Owns the spelling. The same content is always the same bytes, whatever came
before. A large manifest is laid down in pages by the hash of the path, so that
one that differs in a few paths shares all other pages. Versioned: what a later
version wrote is refused, never misread.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import msgspec

from alloy_tui.domain.errors import WorkspaceError
from alloy_tui.workspace.places import is_path
from alloy_tui.workspace.states import File, State, Tracked, address_of

_FORM = "alloy-files"
_VERSION = 1
_PAGE = 128

Get: TypeAlias = Callable[[str], bytes | None]
Manifest: TypeAlias = Mapping[str, Tracked]

EMPTY: Manifest = MappingProxyType({})


class _Head(msgspec.Struct, frozen=True, array_like=True):
    form: str
    version: int


class _Sheet(msgspec.Struct, frozen=True, array_like=True):
    """Either `entries` in the order of their paths, or the addresses of the `pages` that do."""

    form: str
    version: int
    pages: tuple[str, ...]
    entries: tuple[tuple[bytes, Tracked], ...]


class Written(msgspec.Struct, frozen=True):
    """A manifest as blobs: its own `address`, and all blobs that it is made of."""

    address: str
    blobs: dict[str, bytes]


def write(manifest: Manifest) -> Written:
    """The blobs of `manifest`."""
    entries = sorted((os.fsencode(path), tracked) for path, tracked in manifest.items())
    if len(entries) <= _PAGE:
        data = _encode((), entries)
        return Written(address_of(data), {address_of(data): data})
    count = 1 << (len(entries) * 2 // _PAGE - 1).bit_length()
    pages: list[list[tuple[bytes, Tracked]]] = [[] for _ in range(count)]
    for entry in entries:
        digest = hashlib.sha256(entry[0]).digest()
        pages[int.from_bytes(digest[:4], "big") % count].append(entry)
    sheets = [_encode((), page) for page in pages]
    addresses = [address_of(data) for data in sheets]
    root = _encode(addresses, ())
    return Written(
        address_of(root), {address_of(root): root, **dict(zip(addresses, sheets, strict=True))}
    )


def load(address: str, get: Get) -> Manifest:
    """The manifest at `address`. Raises WorkspaceError when it, or a page of it, is lost."""
    sheet = _sheet(address, get)
    entries = list(sheet.entries)
    for page in sheet.pages:
        entries += _sheet(page, get).entries
    found: dict[str, Tracked] = {}
    for raw, tracked in entries:
        path = os.fsdecode(raw)
        if not is_path(path):
            raise WorkspaceError("The list of files at that checkpoint names an impossible path.")
        found[path] = tracked
    return MappingProxyType(found)


def needed(manifests: Iterable[str], get: Get) -> set[str]:
    """Every address that the manifests at these addresses rest on, their own included.

    What lies under no such address can be dropped. A manifest that is lost
    rests on nothing; one of a later version raises WorkspaceError, for what it
    needs is unknown and nothing may then be dropped.
    """
    found: set[str] = set()
    waiting = list(manifests)
    while waiting:
        address = waiting.pop()
        if address in found or get(address) is None:
            continue
        found.add(address)
        sheet = _sheet(address, get)
        waiting += sheet.pages
        for _, tracked in sheet.entries:
            found.update(_addresses(tracked))
    return found


def _addresses(tracked: Tracked) -> Iterable[str]:
    states: tuple[State | None, ...] = (tracked.state, tracked.origin, tracked.base)
    return (state.address for state in states if isinstance(state, File))


def _encode(pages: Iterable[str], entries: Iterable[tuple[bytes, Tracked]]) -> bytes:
    return msgspec.msgpack.encode(_Sheet(_FORM, _VERSION, tuple(pages), tuple(entries)))


def _sheet(address: str, get: Get) -> _Sheet:
    data = get(address)
    if data is None:
        raise WorkspaceError(
            "The list of files at that checkpoint is lost.",
            hint="The conversation can still be rewound; choose another point for the files.",
        )
    try:
        head = msgspec.msgpack.decode(data, type=_Head)
        if head.form == _FORM and head.version > _VERSION:
            raise WorkspaceError(
                "The files at that checkpoint were listed by a newer version of Alloy.",
                hint="Use that version to go there.",
            )
        sheet = msgspec.msgpack.decode(data, type=_Sheet)
        if sheet.form != _FORM:
            raise msgspec.ValidationError("no manifest")
    except msgspec.DecodeError as error:
        raise WorkspaceError("The list of files at that checkpoint is damaged.") from error
    return sheet

"""How the files of a checkpoint are laid down, and what they rest on."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloy_tui.domain.errors import WorkspaceError
from alloy_tui.workspace.manifest import Manifest, load, needed, write
from alloy_tui.workspace.places import is_path
from alloy_tui.workspace.shelf import Shelf
from alloy_tui.workspace.states import (
    ABSENT,
    File,
    Folder,
    Link,
    Special,
    State,
    Tracked,
    Unkept,
    address_of,
)
from tests.workspace.conftest import Blobs

ADDRESSES = st.binary(max_size=4).map(address_of)
STATES: st.SearchStrategy[State] = st.one_of(
    st.just(ABSENT),
    st.builds(File, ADDRESSES, st.integers(0, 0o777), st.integers(0, 2**63)),
    st.builds(Link, st.binary(max_size=9)),
    st.builds(Folder, st.integers(0, 0o3777)),
    st.builds(Unkept, st.integers(0, 0o777), st.just(1), st.integers(0, 2**63), st.just("large")),
    st.just(Special("a socket")),
)
NAMES = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=5).map(
    lambda name: name.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
)
PATHS = st.lists(NAMES, min_size=1, max_size=3)
TRACKED = st.builds(Tracked, STATES, STATES, st.none() | STATES, st.integers(0, 9))
MANIFESTS = st.dictionaries(PATHS.map("/".join).filter(is_path), TRACKED, max_size=8)


def many(count: int) -> dict[str, Tracked]:
    return {
        f"d{n % 9}/f{n}": Tracked(File(address_of(b"%d" % n), 0o644, n), ABSENT)
        for n in range(count)
    }


@given(MANIFESTS)
def test_what_was_written_is_read_back(manifest: Manifest) -> None:
    written = write(manifest)
    assert load(written.address, written.blobs.get) == manifest


@given(MANIFESTS)
def test_the_same_files_are_the_same_bytes_in_whatever_order(manifest: Manifest) -> None:
    assert write(dict(reversed(manifest.items()))) == write(manifest)


def test_a_large_manifest_shares_the_pages_that_did_not_change() -> None:
    one = many(5_000)
    other = {**one, "d1/f1": Tracked(ABSENT, ABSENT)}
    first, second = write(one), write(other)
    assert load(first.address, first.blobs.get) == one
    assert len(second.blobs.keys() - first.blobs.keys()) == 2


def test_pages_that_are_stored_are_not_stored_again() -> None:
    blobs = Blobs()
    shelf = Shelf(blobs)
    shelf.keep_manifest(many(5_000))
    before = blobs.puts
    address = shelf.keep_manifest({**many(5_000), "d1/f1": Tracked(ABSENT, ABSENT)})
    assert blobs.puts - before == 2
    assert load(address, blobs.blob)["d1/f1"].state == ABSENT


def test_all_that_manifests_rest_on_is_found_through_pages_too() -> None:
    large, small = write(many(500)), write({"x": Tracked(ABSENT, File("o" * 64, 0, 0))})
    blobs = {**large.blobs, **small.blobs}
    found = needed([large.address, small.address, "lost"], blobs.get)
    assert found == {*blobs, "o" * 64, *(address_of(b"%d" % n) for n in range(500))}


def test_a_lost_or_damaged_manifest_is_named_and_one_of_a_later_version_refused() -> None:
    written = write(many(3))
    with pytest.raises(WorkspaceError, match="is lost"):
        load("0" * 64, written.blobs.get)
    with pytest.raises(WorkspaceError, match="is damaged"):
        load("0" * 64, lambda _: b"\x93\x01\x02")
    later = msgspec.msgpack.encode(["alloy-files", 2, {"new": "shape"}])
    with pytest.raises(WorkspaceError, match="newer version"):
        needed(["0" * 64], lambda _: later)


@pytest.mark.parametrize(
    "path", ["../out", "/etc/passwd", "a//b", "a/./b", ".git/hooks/x", "", "a\0"]
)
def test_a_manifest_that_names_what_it_must_not_is_refused(path: str) -> None:
    written = write({path: Tracked(ABSENT, ABSENT)})
    with pytest.raises(WorkspaceError, match="impossible path"):
        load(written.address, written.blobs.get)

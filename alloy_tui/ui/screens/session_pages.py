"""The pages over the workbench that have to do with sessions, and what comes of them.

Owns how compare, graft, race, the resume picker and search are opened. Their
modules are loaded only then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from textual.message import Message

from alloy_tui.domain.sanitise import clean_line
from alloy_tui.runtime.branch_values import GraftWhat, Racer
from alloy_tui.runtime.path_values import TreeView
from alloy_tui.runtime.port import RuntimePort
from alloy_tui.ui.clock import Clock
from alloy_tui.ui.screens.reading import ReadingScreen
from alloy_tui.ui.transcript.painting import app_of

if TYPE_CHECKING:
    from alloy_tui.ui.race_feed import RaceFeed
    from alloy_tui.ui.screens.race import Outcome, RaceScreen

GRAFTS: tuple[tuple[str, str], ...] = (
    ("answer", "its last answer"),
    ("summary", "a summary of what was said"),
    ("files", "what it changed in the files"),
)
_COMPARE = "Compare where you stand with the branch of"
_GRAFT = "Bring something here from the branch of"


class BranchesCame(Message, bubble=False):
    """The tree, from another thread, to choose a branch from for `then`."""

    def __init__(self, view: TreeView | None, title: str, then: Callable[[str], object]) -> None:
        super().__init__()
        self.view = view
        self.title = title
        self.then = then


class RacersCame(Message, bubble=False):
    """Who runs in the race, from another thread; None when it cannot begin."""

    def __init__(self, racers: tuple[Racer, ...] | None) -> None:
        super().__init__()
        self.racers = racers


class Told(Message, bubble=False):
    """Words for the user, from another thread."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words


class SessionPages(ReadingScreen):
    """Opens the pages."""

    _runtime: RuntimePort
    _clock: Clock

    def __init__(self) -> None:
        super().__init__()
        self.race_feed: RaceFeed | None = None
        self._race_screen: RaceScreen | None = None

    def tell(self, words: str) -> None:
        """A short word in the corner; may be called from any thread."""
        self.post_message(Told(words))

    def on_told(self, message: Told) -> None:
        """Say it."""
        self.notify(clean_line(message.words, limit=300), markup=False, timeout=6)

    # -- branches ---------------------------------------------------------------------------

    def graft(self, node: str, title: str) -> None:
        """Bring something of the branch that ends at `node` here."""
        from alloy_tui.ui.screens.choice import Choice

        def chosen(what: str | None) -> None:
            if what is not None:
                self._runtime.tree.graft(node, cast("GraftWhat", what))

        name = clean_line(title, limit=50)
        page = Choice(f"Bring here from “{name}”", GRAFTS, "Enter brings it · Esc leaves")
        app_of(self).push_screen(page, chosen)

    def compare(self, left: str, right: str, back: Callable[[], object] = lambda: None) -> None:
        """Two branches beside each other; `back` is called when they are only looked at."""
        from alloy_tui.ui.screens.compare import CompareScreen

        def chosen(deed: tuple[str, str, str] | None) -> None:
            if deed is not None:
                what, node, title = deed
                if what == "graft":
                    self.graft(node, title)
                else:
                    self._runtime.tree.switch(node)
            else:
                back()

        app_of(self).push_screen(CompareScreen(self._runtime.tree, left, right), chosen)

    def pick_compare(self, words: str) -> None:
        """Compare with another branch: the one whose end holds `words`, or chosen from a list."""
        here = self._runtime.tree.state.leaf
        if here is None:
            self.notify("There is nothing to compare yet.", markup=False, timeout=4)
        else:
            self._pick_branch(_COMPARE, lambda node: self.compare(here, node), words)

    def pick_graft(self, words: str) -> None:
        """Bring something here from another branch."""
        self._pick_branch(_GRAFT, lambda node: self.graft(node, words or "that branch"), words)

    def _pick_branch(self, title: str, then: Callable[[str], object], words: str) -> None:
        del words  # the list narrows nothing: there are few branches
        self._runtime.tree.view(lambda view: self.post_message(BranchesCame(view, title, then)))

    def on_branches_came(self, message: BranchesCame) -> None:
        """The ends of all branches but the one that the conversation stands on."""
        view = message.view
        if view is None:
            return
        from alloy_tui.ui.screens.choice import Choice

        parents = {node.parent for node in view.nodes}
        said: dict[str, str] = {}  # of each node: the last message of the user above it
        ends: list[tuple[str, str]] = []
        for node in view.nodes:
            above = said.get(node.parent or "", "")
            said[node.id] = node.title if node.kind == "user" else above
            if node.id not in parents and node.id != view.state.leaf and not node.hidden:
                ends.append((node.id, said[node.id] or node.title))

        def chosen(node: str | None) -> None:
            if node is not None:
                message.then(node)

        foot = "Enter takes it · Esc leaves"
        page = Choice(message.title, ends[::-1], foot, "There is no other branch yet.")
        app_of(self).push_screen(page, chosen)

    # -- races ------------------------------------------------------------------------------

    def race(self, models: Sequence[str]) -> None:
        """Ask several models the same; without models, look at the race that is on."""
        feed = self.race_feed
        if len(models) >= 2:
            from alloy_tui.ui.screens.ask import Ask

            def asked(text: str | None) -> None:
                if text is not None:
                    self._begin_race(text, tuple(models))

            foot = f"Enter lets {len(models)} models begin · Esc leaves"
            page = Ask("What are they all to be asked?", self.prompt.stashed.strip(), foot)
            app_of(self).push_screen(page, asked)
        elif feed is not None and not models:
            self._open_race(feed)
        else:
            words = "/race takes two models or more: /race model-a model-b"
            self.notify(words, severity="warning", markup=False, timeout=6)

    def _begin_race(self, text: str, models: tuple[str, ...]) -> None:
        from alloy_tui.ui.race_feed import RaceFeed

        self.race_feed = feed = RaceFeed(text, models)
        self._open_race(feed)
        self._runtime.tree.race(text, models, lambda r: self.post_message(RacersCame(r)))

    def _open_race(self, feed: RaceFeed) -> None:
        from alloy_tui.ui.screens.race import RaceScreen

        def left(outcome: Outcome | None) -> None:
            self._race_screen = None
            if outcome is None:
                if not feed.over:
                    words = "The race goes on. /race shows it again."
                    self.notify(words, markup=False, timeout=6)
            elif outcome[0] == "pick":
                self._runtime.tree.switch(outcome[1])
            else:
                self.compare(outcome[1], outcome[2], lambda: self._open_race(feed))

        self._race_screen = RaceScreen(feed, self._clock.wall_ms, self._runtime.cancel)
        app_of(self).push_screen(self._race_screen, left)

    async def on_racers_came(self, message: RacersCame) -> None:
        """One of them began or ended."""
        if self.race_feed is None:
            return
        if message.racers is None:
            if self._race_screen is not None:
                self._race_screen.dismiss(None)
            return
        self.race_feed.racers = message.racers
        if self._race_screen is not None and self._race_screen.is_mounted:
            await self._race_screen.take_racers()
        elif self._race_screen is None and self.race_feed.over:
            self.notify("The race is over. /race shows it.", markup=False, timeout=6)

    # -- all sessions -----------------------------------------------------------------------

    def open_sessions(self, query: str = "", *, found: bool = False) -> None:
        """The resume picker; with `found`, what was said in all sessions."""
        from alloy_tui.ui.screens.sessions import SessionsScreen

        page: SessionsScreen = SessionsScreen(
            self._runtime.library,
            self._clock.wall_ms,
            query=query,
            folder=self._runtime.cwd,
            everywhere=found,
            seek=self._seek,
        )
        app_of(self).push_screen(cast("Any", page))

    def _seek(self, session: str, node: str) -> None:
        """What was found is shown where it was said, once its conversation is there."""
        tree = self._runtime.tree
        self.work.chat.stored(tree).seek(node, here=tree.state.id == session)

"""What the main screen does with sessions: another conversation, turning branches, going back.

Owns the order of these: what is asked of the session's tree, what comes back as
an event, and where the prompt's text goes. Every page over the workbench that
has to do with sessions is opened here and loaded only then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from textual import on
from textual.actions import SkipAction
from textual.message import Message

from alloy_tui.domain import events as ev
from alloy_tui.domain.events import Envelope
from alloy_tui.runtime.branch_values import RewindPreview
from alloy_tui.runtime.path_values import TreeView
from alloy_tui.ui.clipboard import copy_and_tell
from alloy_tui.ui.drafts import Draft
from alloy_tui.ui.keymap import Keymap
from alloy_tui.ui.messages import SessionChanged, TokensArrived
from alloy_tui.ui.panes.side import SidePanel, register
from alloy_tui.ui.panes.stored_chat import StoredChat
from alloy_tui.ui.screens.session_pages import SessionPages
from alloy_tui.ui.transcript.painting import app_of
from alloy_tui.ui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from alloy_tui.ui.panes.session_tree import SessionTreePane
    from alloy_tui.ui.tree_rows import Filter

_OURS = frozenset({"", "user"})


class KeymapHost(Protocol):
    """What the tree needs of the app."""

    keymap: Keymap


class PreviewCame(Message, bubble=False):
    """What a rewind would do, from another thread; None when that is not known."""

    def __init__(self, preview: RewindPreview | None) -> None:
        super().__init__()
        self.preview = preview


class PathCame(Message, bubble=False):
    """The session's tree, from another thread, to choose a message from."""

    def __init__(self, view: TreeView | None) -> None:
        super().__init__()
        self.view = view


class SessionBench(SessionPages):
    """The workbench's way with the session on screen."""

    def __init__(self) -> None:
        super().__init__()
        self._agent = ""
        self._refill: str | None = None
        self._title = ""
        words = "the session as a tree: search, branch, label, compare"
        register(SidePanel("tree", words, self._make_tree_pane))

    # -- events ---------------------------------------------------------------------------

    def _is_foreign(self, envelope: Envelope) -> bool:
        """Whether another agent than the conversation's speaks; a race hears it then."""
        agent = envelope.agent
        if agent in _OURS:
            return False
        if not self._agent:
            self._agent = agent
        return agent != self._agent

    def _overheard(self, what: TokensArrived | Envelope) -> None:
        if self.race_feed is not None:
            self.race_feed.take(what)

    def session_event(self, envelope: Envelope) -> None:
        """The parts that show the session follow what happened to it."""
        event = envelope.event
        if isinstance(event, ev.SessionOpened | ev.LeafMoved):
            self.work.stand_elsewhere(envelope, self._runtime.tree, self._runtime.choice)
            if isinstance(event, ev.LeafMoved) and self._refill is not None:
                self.prompt.put_instead(Draft(self._refill))
                self.prompt.focus()
            self._refill = None
        elif isinstance(event, ev.SessionSaved):
            self.work.chat.stored(self._runtime.tree).saved()
        elif not isinstance(event, ev.CheckpointMade):
            return
        self.call_later(self._tell_session)

    def _tell_session(self) -> None:
        self.query_one(StatusBar).branch = self._runtime.tree.state.branch
        for panel in self.query(".follows-session"):
            panel.post_message(SessionChanged())

    # -- branches in place ----------------------------------------------------------------

    @on(StoredChat.TurnWanted)
    def _turn_wanted(self, message: StoredChat.TurnWanted) -> None:
        history = self.work.chat.stored(self._runtime.tree)
        item = history.node_of(message.block)
        if item is not None:
            self._turn(item.id, item.siblings, message.step)

    def action_turn_branch(self, step: int) -> None:
        """The branch before or after, at the last message that has some above what is on show."""
        if self.focused is self.prompt and self.prompt.text:
            raise SkipAction  # the keys that turn also go by words
        chat = self.work.chat
        history = chat.stored(self._runtime.tree)
        item = history.last_turn(chat.transcript.last_on_show)
        if item is None:
            words = "No message here has another one beside it. /rewind begins a branch."
            self.notify(words, markup=False, timeout=4)
        else:
            self._turn(item.id, item.siblings, step)

    def _turn(self, node: str, siblings: tuple[str, ...], step: int) -> None:
        if node in siblings and len(siblings) > 1:
            at = (siblings.index(node) + step) % len(siblings)
            self._runtime.tree.switch(siblings[at])

    # -- going back -----------------------------------------------------------------------

    def rewind_to(self, node: str) -> None:
        """Go back to `node`; what that would do is asked first."""
        self._runtime.tree.preview(node, lambda p: self.post_message(PreviewCame(p)))

    def on_preview_came(self, message: PreviewCame) -> None:
        """Ask where files are concerned; else go."""
        preview = message.preview
        if preview is None:
            self.notify("What that would change is not known.", severity="warning", markup=False)
        elif preview.files or preview.problems:
            from alloy_tui.ui.screens.rewind import RewindDialog, RewindWish

            def chosen(wish: RewindWish | None) -> None:
                if wish is not None and preview.again:
                    self._runtime.tree.redo(wish.scope, wish.choices)
                elif wish is not None:
                    text = preview.prompt if wish.scope != "files" else None
                    self._refill = text or None
                    self._runtime.tree.rewind(preview.node, wish.scope, wish.choices)

            app_of(self).push_screen(RewindDialog(preview), chosen)
        elif preview.again:
            self._runtime.tree.redo()
        else:
            self._refill = preview.prompt or None
            self._runtime.tree.rewind(preview.node)

    def redo(self) -> None:
        """Take the last going back back; where files went back, too, it is asked first."""
        self._runtime.tree.preview_redo(lambda p: self.post_message(PreviewCame(p)))

    def pick_rewind(self) -> None:
        """Choose an earlier message of the path, to be edited and sent again."""
        tree = self._runtime.tree
        tree.view(lambda view: self.post_message(PathCame(view)))

    def on_path_came(self, message: PathCame) -> None:
        """The messages to choose from."""
        view = message.view
        if view is None:
            return
        from alloy_tui.ui.screens.choice import Choice

        by_id = {node.id: node for node in view.nodes}
        at, said = view.state.leaf, list[tuple[str, str]]()
        while at is not None and at in by_id:
            node = by_id[at]
            if node.kind == "user" and not node.synthetic:
                said.append((node.id, node.title))
            at = node.parent

        def chosen(node: str | None) -> None:
            if node is not None:
                self.rewind_to(node)

        foot = "Enter takes it into the prompt, to send it anew · Esc leaves"
        page = Choice("Go back to before", said, foot, "Nothing was said yet.")
        app_of(self).push_screen(page, chosen)

    # -- the tree -------------------------------------------------------------------------

    def _make_tree_pane(self) -> SessionTreePane:
        from alloy_tui.ui.panes.session_tree import SessionTreePane

        host = cast("KeymapHost", app_of(self))
        return SessionTreePane(self._runtime.tree, lambda: host.keymap)

    def _tree_pane(self) -> SessionTreePane:
        """The pane with the tree, opened if it was not."""
        side = self.work.side
        if not (side.display and side.current == "tree"):
            self.work.show_panel("tree")
            side.panel.focus()
        return cast("SessionTreePane", side.panel)

    def action_tree(self, what: str) -> None:
        """Something in the tree; the pane opens with it."""
        self._tree_pane().do(what)

    def action_tree_filter(self, name: Filter) -> None:
        """Other rows of the tree."""
        self._tree_pane().show_filter(name)

    def on_session_tree_pane_wanted(self, message: SessionTreePane.Wanted) -> None:
        """What the tree's keys do to a node."""
        tree, row = self._runtime.tree, message.row
        match message.what:
            case "open" if message.on_path:
                self.rewind_to(row.node.id)
            case "open":
                tree.switch(row.node.id)
            case "branch":
                tree.branch(row.end)
                self.prompt.focus()
            case "hide":
                tree.prune(row.node.id, hidden=not row.node.hidden)
            case "copy":
                copy_and_tell(app_of(self), row.node.id, f"the id {row.node.id}")
            case "graft":
                self.graft(row.end, row.node.title)
            case "compare":
                other = message.marked or tree.state.leaf
                if other is not None:
                    self.compare(other, row.end)
            case _:
                pass

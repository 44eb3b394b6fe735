"""What one can do on the dashboard: answer, give work, hold, end, change, look closer.

Owns what each key of the team means where the cursor is. An answer counts only
once its question has been on show for a moment; ending an agent asks first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from textual.message import Message

from alloy_tui.domain.events import Decision
from alloy_tui.domain.sanitise import clean_line
from alloy_tui.domain.team_events import DelegationKind
from alloy_tui.runtime.port import RuntimePort
from alloy_tui.runtime.team_port import AgentRow, MemberAction, NewMember, TeamFile
from alloy_tui.ui.clock import Clock
from alloy_tui.ui.keymap import Keymap
from alloy_tui.ui.screens.choice import Choice
from alloy_tui.ui.screens.team import TeamBase
from alloy_tui.ui.spending import limits
from alloy_tui.ui.team_rows import ORDERS, SHOWS, Show
from alloy_tui.ui.transcript.painting import app_of
from alloy_tui.ui.widgets.approval_bar import ARMING_S

Deed: TypeAlias = Callable[[], object]
MOST_PANES = 4
SLIPPED_S = 1.0
"""So long a deed is not for an agent that took the place of one that has gone."""


class FilesCame(Message, bubble=False):
    """The teams that there are, from another thread."""

    def __init__(self, files: tuple[TeamFile, ...]) -> None:
        super().__init__()
        self.files = files


class TeamScreen(TeamBase):
    """The dashboard; `attach` opens agents' whole conversations beside each other."""

    def __init__(
        self,
        runtime: RuntimePort,
        clock: Clock,
        keymap: Keymap,
        attach: Callable[[tuple[str, ...]], object],
    ) -> None:
        super().__init__(runtime.team, clock, keymap)
        self._runtime = runtime
        self._look_at = attach
        self._ending = ("", "")
        port = self.port
        self._deeds: dict[str, Deed] = {
            "attach": self._open,
            "peek": self._turn_peek,
            "reply": lambda: self._with(self._reply),
            "approve": lambda: self._answer("once"),
            "approve-session": lambda: self._answer("session"),
            "deny": lambda: self._answer("deny"),
            "select": lambda: self._with(self._select),
            "delegate": lambda: self._give("delegate"),
            "broadcast": lambda: self._give("broadcast"),
            "handoff": lambda: self._give("handoff"),
            "mail": self._mail,
            "split": self._split,
            "pause": lambda: self._with(self._pause),
            "cancel": lambda: self._with(self._cancel),
            "restart": lambda: self._with(lambda row: self._act("restart", row)),
            "kill": lambda: self._with(self._kill),
            "add": lambda: self._member("A new agent: NAME [MODEL] [what it is for]", port.add),
            "replace": lambda: self._with(self._replace),
            "model": lambda: self._with(self._model),
            "budget": self._budget,
            "sort": self._sort,
            "filter": self._filter,
            "search": self._search,
            "new-task": self._new_task,
            "finish-task": lambda: self._change_task("finish"),
            "release-task": lambda: self._change_task("release"),
            "remove": self._remove,
            "share": self._share,
            "open-file": self._open_file,
            "back": lambda: self.gantt.scrub(-1),
            "on": lambda: self.gantt.scrub(1),
            "step-back": lambda: self.gantt.step(-1),
            "step-on": lambda: self.gantt.step(1),
            "closer": lambda: self.gantt.zoom(-1),
            "wider": lambda: self.gantt.zoom(1),
        }

    def do(self, what: str) -> bool:
        """See `TeamBase.do`."""
        if what.startswith("show "):
            self._show(what.removeprefix("show "))
            return True
        deed = self._deeds.get(what)
        if deed is None:
            return False
        if what != self._ending[0]:
            self._ending = ("", "")
        deed()
        self.paint()
        return True

    async def action_give(self) -> None:
        """A click on the key that gives what is typed."""
        await self.ask_line.field.action_submit()

    def _say(self, words: str) -> None:
        self.notify(clean_line(words, limit=200), markup=False, timeout=4)

    def _with(self, deed: Callable[[AgentRow], object]) -> None:
        row = self.row
        if row is None or self.tab not in {"agents", "timeline"}:
            self._say("Choose an agent first.")
        else:
            deed(row)

    # -- looking closer -----------------------------------------------------------------------

    def _open(self) -> None:
        row = self.row
        if self.tab in {"agents", "timeline"} and row is not None:
            self._look_at((row.name,))
        else:
            self.peek.display = True

    def _turn_peek(self) -> None:
        self.peek.display = not self.peek.display

    def _split(self) -> None:
        names = tuple(self.selected)
        if len(names) < 2 and self.row is not None and self.row.name not in names:
            names = (*names, self.row.name)
        if not 2 <= len(names) <= MOST_PANES:
            self._say("Select two to four agents first, with x.")
        else:
            self._look_at(names)

    def _select(self, row: AgentRow) -> None:
        if row.name in self.selected:
            del self.selected[row.name]
        else:
            self.selected[row.name] = None
        self.agents.refresh()

    def _sort(self) -> None:
        at = ORDERS.index(self.agents.order)
        self.agents.sort(ORDERS[(at + 1) % len(ORDERS)])

    def _filter(self) -> None:
        at = SHOWS.index(self.agents.filter)
        self.agents.only(SHOWS[(at + 1) % len(SHOWS)], self.agents.query_words)

    def _show(self, show: str) -> None:
        """A click on a count: only these agents, or all again."""
        self.show_tab("agents")
        wanted: Show = next(name for name in SHOWS if name == show)
        self.agents.only(
            SHOWS[0] if self.agents.filter == wanted else wanted, self.agents.query_words
        )
        self.paint()

    def _search(self) -> None:
        def found(words: str) -> None:
            self.agents.only(self.agents.filter, words)
            self.paint()

        self.show_tab("agents")
        self.ask_line.ask("Search: name, role, model, what it does", found, self.agents.query_words)

    # -- answering ----------------------------------------------------------------------------

    def _answer(self, decision: Decision) -> None:
        ids = self.questions()
        if not ids:
            self._say("Nothing here waits for an answer.")
        elif not self.peek.display:
            self.peek.display = True
            self._shown_s = self.clock.monotonic_s()
            self._note("This is the question. Read it, then answer.")
        elif ids != self._shown_for or self.clock.monotonic_s() - self._shown_s < ARMING_S:
            self._note("The question has only just come. Read it, then answer.")
        else:
            for approval in ids:
                self._runtime.answer_approval(approval, decision)

    def _reply(self, row: AgentRow) -> None:
        def said(words: str) -> None:
            if words:
                self.port.say(row.name, words, "steer" if row.view.busy else "prompt")

        busy = " (it is at work: this steers it)" if row.view.busy else ""
        self.ask_line.ask(f"To {clean_line(row.name, limit=40)}{busy}", said)

    # -- giving work --------------------------------------------------------------------------

    def _chosen(self) -> tuple[str, ...]:
        if self.selected:
            return tuple(self.selected)
        return (self.row.name,) if self.row is not None else ()

    def _give(self, kind: DelegationKind) -> None:
        names = self._chosen()
        if kind == "broadcast" and not self.selected:
            names = tuple(row.name for row in self.team.rows if not row.main and not row.over)
        if not names or (kind == "handoff" and len(names) < 2):
            self._say("Select the agents first, with x, in the order of the work.")
            return

        def given(words: str) -> None:
            if words:
                self.port.delegate(kind, names, words)
                self.selected.clear()
                self.agents.refresh()
                self.paint()

        joiner = " → " if kind == "handoff" else ", "
        who = joiner.join(clean_line(name, limit=24) for name in names)
        self.ask_line.ask(f"{kind.capitalize()} to {who}", given)

    def _mail(self) -> None:
        names = self._chosen()
        if not names:
            self._say("Choose who shall read it first.")
            return

        def written(words: str) -> None:
            if words:
                self.port.mail(names, words)

        self.ask_line.ask(
            f"Mail to {', '.join(clean_line(name, limit=24) for name in names)}", written
        )

    # -- holding and ending -------------------------------------------------------------------

    def _act(self, action: MemberAction, row: AgentRow) -> None:
        name, since_s = self._slipped
        if name == row.name and self.clock.monotonic_s() - since_s < SLIPPED_S:
            self._say(f"{row.name} has only just come to this line. Once more, if you mean it.")
            self._slipped = ("", 0.0)
        else:
            self.port.act(action, row.name)

    def _cancel(self, row: AgentRow) -> None:
        if row.view.busy:
            self._act("cancel", row)
        else:
            self._say(f"{row.name} does nothing that could be stopped.")

    def _pause(self, row: AgentRow) -> None:
        self._act("resume" if row.paused else "pause", row)

    def _kill(self, row: AgentRow) -> None:
        words = f"Once more ends {row.name}; its supervisor may start it anew."
        if self._sure("kill", row, words):
            self._act("kill", row)

    def _sure(self, what: str, row: AgentRow, words: str) -> bool:
        """Whether it was asked for twice in a row; the first time it tells what it does."""
        if self._ending == (what, row.name):
            self._ending = ("", "")
            return True
        self._ending = (what, row.name)
        self._say(words)
        return False

    # -- changing -----------------------------------------------------------------------------

    def _member(self, words: str, then: Callable[[NewMember], object], value: str = "") -> None:
        def typed(line: str) -> None:
            name, _, rest = line.partition(" ")
            model, _, role = rest.strip().partition(" ")
            if rest and "/" not in model:
                model, role = "", rest.strip()
            if name:
                then(NewMember(name, model, role.strip()))

        self.ask_line.ask(words, typed, value)

    def _replace(self, row: AgentRow) -> None:
        words = "In its place, with its conversation: NAME [MODEL] [what it is for]"
        self._member(words, self.port.replace, f"{row.name} ")

    def _model(self, row: AgentRow) -> None:
        def named(model: str) -> None:
            if model:
                self.port.set_model(row.name, model)

        self.ask_line.ask(f"The model of {clean_line(row.name, limit=40)}", named, row.view.model)

    def _budget(self) -> None:
        row = self.row if self.tab == "agents" else None
        name = row.name if row is not None and not row.main else ""
        of = self.team if row is None or not name else row

        def limited(words: str) -> None:
            usd, tokens, trouble = limits(words)
            if trouble:
                self._say(trouble)
            else:
                self.port.set_budget(name, usd, tokens)

        who = clean_line(name, limit=40) or "the whole team"
        value = "" if of.budget_usd is None else f"{of.budget_usd:g}"
        if of.budget_tokens is not None:
            value = f"{value}, {of.budget_tokens} tokens".removeprefix(", ")
        self.ask_line.ask(
            f"What {who} may spend: 2.50, 50k tokens; empty = no limit", limited, value
        )

    # -- tasks and shared context -------------------------------------------------------------

    def _new_task(self) -> None:
        def put(title: str) -> None:
            if title:
                self.port.put_task(title)

        self.show_tab("tasks")
        self.ask_line.ask("A new task", put)

    def _change_task(self, action: str) -> None:
        item = self.item
        if self.tab != "tasks" or item is None:
            self._say("Choose a task first.")
        elif action == "finish":
            key = item.key
            self.ask_line.ask(
                "What came of it", lambda words: self.port.change_task("finish", key, words)
            )
        else:
            self.port.change_task("release", item.key)

    def _remove(self) -> None:
        item = self.item
        if self.tab == "tasks" and item is not None:
            self.port.change_task("remove", item.key)
        elif self.tab == "shared" and item is not None and item.key.startswith("key "):
            self.port.share(item.key.removeprefix("key "), None)
        elif self.tab == "agents" and self.row is not None:
            words = f"Once more takes {self.row.name} out of the team. Its conversation is kept."
            if self._sure("remove", self.row, words):
                self._act("remove", self.row)
        else:
            self._say("Nothing here can be taken away.")

    def _share(self) -> None:
        def written(words: str) -> None:
            key, _, value = words.partition("=")
            if key.strip() and value.strip():
                self.port.share(key.strip(), value.strip())
            elif words:
                self._say("Write KEY = VALUE.")

        item = self.item if self.tab == "shared" else None
        key = item.key.removeprefix("key ") if item and item.key.startswith("key ") else ""
        self.show_tab("shared")
        self.ask_line.ask("Share with everybody: KEY = VALUE", written, f"{key} = " if key else "")

    # -- files --------------------------------------------------------------------------------

    def _open_file(self) -> None:
        self.port.files(lambda files: self.post_message(FilesCame(files)))

    def on_files_came(self, message: FilesCame) -> None:
        """Choose one."""
        rows = [(file.path, _file_words(file)) for file in message.files if file.path and file.name]
        if not rows:
            self._say("There is no team here. Write one in .alloy/teams/NAME.toml.")
            return

        def chosen(path: str | None) -> None:
            if path is not None:
                self.port.open(path)

        app_of(self).push_screen(Choice("Open a team", rows, "Enter opens it · Esc leaves"), chosen)


def _file_words(file: TeamFile) -> str:
    name = clean_line(file.name, limit=40)
    if file.trouble:
        return f"{name}: {clean_line(file.trouble, limit=120)}"
    members = ", ".join(clean_line(member, limit=24) for member in file.members)
    return f"{name}: {members}{', as it was left' if file.kept_ms else ''}"

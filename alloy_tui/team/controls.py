"""What is done to one agent of a team: pausing, cancelling, killing, replacing, budgets.

Owns those verbs. Must not know how work is passed on. Every failure is a TeamError.
"""

from __future__ import annotations

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from alloy_tui.domain import team_events as te
from alloy_tui.domain.errors import ConfigError, TeamError, UnknownRequestError
from alloy_tui.team.membership import Membership
from alloy_tui.team.recording import PERSON
from alloy_tui.team.restarts import Exit
from alloy_tui.team.spec import MemberSpec, checked_member


class Controls(Membership):
    """A team whose agents can be steered by name."""

    async def kill(self, name: str, cause: str = "It was killed.") -> None:
        """End an agent at once; its supervisor does what the team's strategy says.

        It is no crash: it does not count, and brings nobody down who is not its to restart.
        """
        life = self._life(name)
        life.fate = ("crashed", cause)
        life.end(Exit("killed", cause))
        await life.gone(self.member(name).spec.shutdown_s + 1.0)

    async def restart(self, name: str, cause: str = "Somebody wanted it anew.") -> None:
        """Start an agent anew with its conversation; does not count as a crash."""
        try:
            await self._restart(name, cause)
        except TeamError as error:
            self._down(name, error)  # who waits for it is told
            raise

    async def _restart(self, name: str, cause: str) -> None:
        self._running()
        member, above = self.member(name), self._above[name]
        if name not in above:
            raise TeamError(f"{name} is being removed.", kind="unknown_agent", agent=name)
        if member.life is not None:
            member.life.fate = ("cancelled", f"{name} was restarted.")
        await above.restart(name, cause)

    async def replace(self, name: str, spec: MemberSpec) -> None:
        """Put another agent in the place, with its conversation; the name stays.

        When it cannot be made, the one before is started again, and TeamError says why.
        """
        self._running()
        member, before = self.member(name), self.member(name).spec
        try:
            member.spec = checked_member(replace(spec, name=name))
        except ConfigError as error:
            raise TeamError(error.message, kind="invalid", agent=name, hint=error.hint) from None
        try:
            await self._restart(name, "Another takes its place.")
        except TeamError:
            member.spec = before
            await self.restart(name, "The other could not take its place.")
            raise
        self._above[name].revise(name, member.spec.restart, member.spec.shutdown_s)
        self.allowances.open(name, member.spec.budget_usd, member.spec.budget_tokens)

    async def set_model(self, name: str, model: str) -> None:
        """Have an agent answer with another model from its next turn on."""
        self._running()
        member = self.member(name)
        if member.life is not None:
            try:
                await member.life.agent.set_model(model)
            except ConfigError as error:
                raise TeamError(
                    error.message, kind="invalid", agent=name, hint=error.hint
                ) from None
        member.spec = replace(member.spec, model=model)
        self._announce(member, PERSON)

    def pause(self, name: str) -> None:
        """Let an agent begin no request; a running one goes on to its end."""
        member = self.member(name)
        if not member.paused:
            member.pause()
            self._publish(PERSON, te.MemberPaused(name))

    def resume(self, name: str) -> None:
        """Let an agent begin requests again."""
        member = self.member(name)
        if member.paused:
            member.resume()
            self._publish(PERSON, te.MemberResumed(name))

    def cancel(self, name: str, request_id: str | None = None) -> None:
        """Cancel a request of an agent, None = the running one. TeamError "invalid" if none is."""
        try:
            self._life(name).agent.cancel_request(request_id)
        except UnknownRequestError as error:
            raise TeamError(error.message, kind="invalid", agent=name) from None

    def raise_budget(
        self,
        name: str = "",
        *,
        usd: float | UnsetType | None = UNSET,
        tokens: int | UnsetType | None = UNSET,
    ) -> None:
        """Set the limits of an agent, "" = of the team; None = no limit, UNSET = as it is."""
        purse = self.allowances.team if not name else self.allowances.purse(self.member(name).name)
        assert purse is not None, "every member has a purse"
        now = purse.limits["tokens"]
        most = None if now is None else int(now)
        usd = purse.limits["usd"] if isinstance(usd, UnsetType) else usd
        tokens = most if isinstance(tokens, UnsetType) else tokens
        self.allowances.raise_to(name, usd, tokens)
        self._publish(PERSON, te.BudgetRaised(name, usd, tokens))

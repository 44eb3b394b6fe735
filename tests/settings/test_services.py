"""The two tables of services, of settings and of providers, stay in step."""

from __future__ import annotations

from alloy_tui.providers.services import SERVICES
from alloy_tui.settings.services import key_variables


def test_every_key_that_a_service_wants_is_read() -> None:
    """A variable that `providers` names in an error is one that `settings` reads."""
    for name, service in SERVICES.items():
        assert set(service.key_variables) <= set(key_variables(name)), name

"""From a model's name to a provider.

Owns `create`; `resolve` is `resolving.py`'s. Imports no HTTP library: what is
not used costs nothing.
"""

from __future__ import annotations

from pathlib import Path

from alloy_tui.domain.access import AccessLookup
from alloy_tui.domain.errors import ConfigError
from alloy_tui.domain.models import ModelRef
from alloy_tui.domain.provider import Provider
from alloy_tui.providers import aws
from alloy_tui.providers.catalogue import model_info
from alloy_tui.providers.resolving import resolve
from alloy_tui.providers.scripted import SERVICE as SCRIPTED
from alloy_tui.providers.scripted import ScriptedProvider
from alloy_tui.providers.service_provider import ServiceProvider
from alloy_tui.providers.services import base_address, find_service

__all__ = ["create", "resolve"]


def create(model: str | ModelRef, lookup: AccessLookup) -> Provider:
    """The provider for `model` (any name that `resolve` takes), reached as `lookup` says.

    `scripted/FILE.json` reads a script, its path relative to the working folder.
    Nothing is sent yet. Raises ConfigError: unknown service, no key, no
    address, a bad script.
    """
    ref = resolve(model, lookup) if isinstance(model, str) else model
    if ref.service == SCRIPTED:
        return ScriptedProvider.load(Path(ref.model), ref=ref)
    access = lookup(ref.service)
    service = find_service(ref.service, access)
    if service.key_needed and not access.api_key:
        variables = " or ".join(service.key_variables)
        raise ConfigError(
            f"There is no key for {service.label}, which {ref} needs.",
            hint=f"Set {variables}, or run `alloy config set-key {ref.service}`.",
        )
    given = access.base_url
    if service.auth == "aws" and given is None:
        given = aws.endpoint_of()
    base_url = base_address(service, given)
    return ServiceProvider(model_info(ref, access.models.get(ref.model)), service, base_url, access)

"""Who we are at AWS, and in which region, as users of AWS expect it.

Owns the order: a Bedrock key, the variables of an access key, then whatever
botocore finds (profiles, single sign-on, roles), which is an optional extra.
Nothing is looked for before a request is made: some of it asks the network.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol, cast

import anyio.to_thread

from alloy_tui.domain.errors import ConfigError, ProviderError
from alloy_tui.domain.secret import Secret
from alloy_tui.providers.sigv4 import Credentials, sign

SERVICE: Final = "bedrock"
# Also in the names of endpoints for FIPS, and of those in private networks.
_REGION: Final = re.compile(r"[/.]bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.")
_EXTRA: Final = "pip install 'alloy-tui[bedrock]'"


class _Found(Protocol):
    access_key: str
    secret_key: str
    token: str | None


def region_of(environment: Mapping[str, str] = os.environ) -> str | None:
    """The region that the environment or the chosen profile names; None if neither does."""
    named = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if named:
        return named
    session = _session()
    return cast("str | None", session.get_config_variable("region")) if session else None


def has_credentials(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether there is a sign of credentials: an access key, or profiles that can be read."""
    if _from_environment(environment) is not None:
        return True
    if importlib.util.find_spec("botocore") is None:
        return False
    if environment.get("AWS_PROFILE") or environment.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        return True
    named = environment.get("AWS_SHARED_CREDENTIALS_FILE")
    return (Path(named) if named else Path.home() / ".aws" / "credentials").is_file()


def endpoint_of(environment: Mapping[str, str] = os.environ) -> str:
    """The address of Bedrock's runtime in the user's region. Raises ConfigError without one."""
    region = region_of(environment)
    if not region:
        raise ConfigError(
            "Bedrock needs a region, and none is set.",
            hint="Set AWS_REGION, for example to us-east-1, or name one in your AWS profile.",
        )
    return f"https://bedrock-runtime.{region}.amazonaws.com"


class Signer:
    """Signs requests with the user's AWS credentials, looked up anew when they may have expired."""

    def __init__(self, base_url: str) -> None:
        self._region = _region_in(base_url)
        self._source: Any = None

    async def headers(
        self, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> dict[str, str]:
        """`headers` with a signature. Raises ProviderError, kind "auth", without credentials."""
        found = _from_environment(os.environ)
        if found is None:
            # Reads files, and may ask the network (roles, single sign-on).
            found = await anyio.to_thread.run_sync(self._look)
        region = self._region or region_of() or "us-east-1"
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        return sign(
            method, url, headers, body, credentials=found, region=region, service=SERVICE, now=now
        )

    def _look(self) -> Credentials:
        if self._source is None:
            session = _session()
            if session is None:
                raise ProviderError(
                    "There is no key for AWS Bedrock.",
                    kind="auth",
                    hint="Set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and"
                    f" AWS_SECRET_ACCESS_KEY; for profiles and roles: {_EXTRA}.",
                )
            self._source = session.get_credentials()
        if self._source is None:
            raise ProviderError(
                "AWS knows no credentials for you.",
                kind="auth",
                hint="Run `aws configure` or `aws sso login`, or set AWS_PROFILE.",
            )
        try:
            # Refreshes what has expired.
            frozen = cast("_Found", self._source.get_frozen_credentials())
        except Exception as error:  # noqa: BLE001 -- botocore's many, all meaning the same
            raise ProviderError(
                f"AWS did not give credentials: {error}",
                kind="auth",
                hint="Run `aws sso login`, or check your profile.",
            ) from None
        token = Secret(frozen.token) if frozen.token else None
        return Credentials(frozen.access_key, Secret(frozen.secret_key), token)


def _from_environment(environment: Mapping[str, str]) -> Credentials | None:
    access, secret = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if not access or not secret:
        return None
    token = environment.get("AWS_SESSION_TOKEN")
    return Credentials(access, Secret(secret), Secret(token) if token else None)


def _region_in(base_url: str) -> str | None:
    """The region in an address of AWS; an address of another kind has none."""
    found = _REGION.search(base_url)
    return found[1] if found else None


def _session() -> Any | None:
    """A session of botocore, None where the extra is not installed."""
    try:
        module = importlib.import_module("botocore.session")
    except ImportError:
        return None
    return module.Session()

"""AWS Signature Version 4 for one request; pure, the clock is the caller's.

Owns the canonical form and the signature, after AWS's documentation of the
process. Where credentials come from is `aws`'s business. A test holds it
against botocore's own signer.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

import msgspec

from alloy_tui.domain.secret import Secret

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_SIGNED: Final = ("content-type", "host", "x-amz-date", "x-amz-security-token")


class Credentials(msgspec.Struct, frozen=True):
    """An access key; `token` belongs to temporary ones."""

    access_key: str
    secret_key: Secret
    token: Secret | None = None


def sign(
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes,
    *,
    credentials: Credentials,
    region: str,
    service: str,
    now: str,
) -> dict[str, str]:
    """`headers` with those that sign the request; `now` is UTC as `YYYYMMDDTHHMMSSZ`.

    The path of `url` is what is sent; its canonical form encodes it once more,
    as all services but S3 want it.
    """
    parts = urlsplit(url)
    made = {k.lower(): v for k, v in headers.items()}
    made["x-amz-date"] = now
    if credentials.token:
        made["x-amz-security-token"] = credentials.token.reveal()
    signed = {"host": _host(parts), **made}
    names = [n for n in _SIGNED if n in signed]
    canonical = "\n".join(
        (
            method,
            quote(parts.path or "/", safe="/~"),
            _query(parts.query),
            *(f"{n}:{' '.join(signed[n].split())}" for n in names),
            "",
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        )
    )
    scope = f"{now[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"{_ALGORITHM}\n{now}\n{scope}\n{digest}"
    key = b"AWS4" + credentials.secret_key.reveal().encode()
    for step in (now[:8], region, service, "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    made["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return made


def _host(parts: SplitResult) -> str:
    """The header `host` as HTTP clients spell it: without a port that goes without saying."""
    name = parts.hostname or ""
    name = f"[{name}]" if ":" in name else name
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return name if parts.port in (None, usual) else f"{name}:{parts.port}"


def _query(query: str) -> str:
    """The query in order; it is encoded already, as it goes out."""
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&") if pair)
    return "&".join(f"{k}={v}" for k, v in pairs)

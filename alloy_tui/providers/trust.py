"""Whose certificates are believed: the system's, the well-known ones, and those a user names.

Owns the TLS context of all connections. A company's own authority is usually in
the system's store, or in a file that a variable names for other programs: both
count. Must not know HTTP.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from alloy_tui.domain.errors import ProviderError

FILES: Final = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE")
"""Variables that name a file of certificates to believe besides the others."""
FOLDER: Final = "SSL_CERT_DIR"


def widen(context: ssl.SSLContext, environment: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Let `context` believe the system's certificates and the user's, too; returns it.

    Raises ProviderError when a file that the environment names cannot be read:
    OpenSSL would ignore it without a word.
    """
    context.load_default_certs()
    for name in FILES:
        if path := environment.get(name):
            _load(context, name, Path(path))
    if folder := environment.get(FOLDER):
        context.load_verify_locations(capath=folder)
    return context


def _load(context: ssl.SSLContext, name: str, path: Path) -> None:
    try:
        if path.is_dir():  # what REQUESTS_CA_BUNDLE may be
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except OSError as error:  # ssl.SSLError is one, too
        why = "holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise ProviderError(
            f"The file of certificates that {name} names, {path}, cannot be used: {why}.",
            kind="network",
            should_retry=False,
            hint=f"Mend the file, or unset {name}.",
        ) from None

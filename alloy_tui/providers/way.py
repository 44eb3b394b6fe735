"""What lies on the way to a service, and what went wrong there, in words.

Owns addresses fit to show, the proxy that the environment puts on the way, and
sentences about names, certificates and refused connections. Knows no HTTP
library: errors are told by their words.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

LOOPBACK: Final = {"127.0.0.1", "localhost", "::1"}
_PROXIES: Final = "Check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY"
_VERIFY: Final = re.compile(r"certificate verify failed: (.+?)(?: \(_ssl|$)", re.IGNORECASE)


def address(url: str) -> str:
    """Scheme, host and port of `url`, without the password that may stand before the host."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}"


def is_loopback(url: str) -> bool:
    """Whether `url` is on this machine."""
    return urlsplit(url).hostname in LOOPBACK


def proxy_of(where: str) -> str:
    """The proxy on the way to `where`, without name and password; "" for none."""
    return urlsplit(_proxy_url(where)).netloc.rpartition("@")[2]


def unusable_proxy(where: str) -> tuple[str, str]:
    """What is said when the HTTP library cannot use the environment's proxies: words and a hint."""
    from urllib.request import getproxies

    # The library takes all of them at once, those for other addresses too.
    given = [_proxy_url(where), *getproxies().values()]
    url = next((each for each in given if urlsplit(each).scheme not in {"http", "https"}), given[0])
    scheme, shown = urlsplit(url).scheme or "no scheme", urlsplit(url).netloc.rpartition("@")[2]
    if scheme.startswith("socks"):
        return (
            f"The proxy {shown} speaks SOCKS, which needs the Python package socksio.",
            "Install socksio beside Alloy, or name an HTTP proxy in HTTPS_PROXY.",
        )
    return (
        f"The proxy {shown} cannot be used: its address begins with {scheme}.",
        f"{_PROXIES}: an address begins with http:// or https://.",
    )


def proxy_words(said: str, service: str, where: str) -> tuple[str, str]:
    """The proxy refused with `said`."""
    proxy = proxy_of(where)
    words = f"The proxy {proxy} on the way to {service} refused: {said}".replace("  ", " ")
    if "407" in said:
        return words, "It wants a name and password: HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT."
    return words, f"{_PROXIES}."


def connect_words(said: str, service: str, where: str) -> tuple[str, str]:
    """No connection to `service` at `where`; `said` is the library's own sentence."""
    low = said.lower()
    if verdict := _VERIFY.search(said):
        return _certificate_words(verdict[1], service, where)
    if "ssl" in low or "tls" in low or "certificate" in low:
        return (
            f"The TLS connection to {service} at {where} failed: {said}",
            "Check the address: it may not be a server of https.",
        )
    if proxy := proxy_of(where):
        return (
            f"{service} at {where} cannot be reached through the proxy {proxy}.",
            f"{_PROXIES}, and that the proxy runs.",
        )
    if any(word in low for word in ("name or service", "getaddrinfo", "nodename", "resolution")):
        return (
            f"The name of {service} at {where} is unknown to your network.",
            "Check the address for typing errors, and whether you are online.",
        )
    if "unreachable" in low:
        return (
            f"{service} at {where} cannot be reached: there is no way to it from this network.",
            "Check whether you are online.",
        )
    return (
        f"{service} does not answer: the connection to {where} failed.",
        "Check that the server runs there, or set another base URL.",
    )


def _certificate_words(verdict: str, service: str, where: str) -> tuple[str, str]:
    words = f"The certificate of {service} at {where} is not believed (TLS): {verdict}."
    low = verdict.lower()
    if "expired" in low or "not yet valid" in low:
        return words, "Check this machine's clock; if it is right, the certificate is too old."
    if "mismatch" in low or "not valid for" in low:
        return words, "Check the address: another server may be answering there."
    return words, (
        "Where a company's proxy looks into connections, its certificate must be in the system's "
        "store, or in a file that SSL_CERT_FILE or NODE_EXTRA_CA_CERTS names."
    )


def _proxy_url(where: str) -> str:
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(where)
    if parts.hostname in LOOPBACK or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return ""
    known = getproxies()
    given = known.get(parts.scheme) or known.get("all") or ""
    return given if "://" in given or not given else f"//{given}"

"""By which names and under which path the service is asked; DNS rebinding and a forged `Host` name others."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence

from indexer.errors import SettingsError
from indexer.settings import Settings

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(?::([0-9]{1,5}))?")
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class AllowedHosts:
    """The names and addresses that a request's `Host` may have; its port may be any, as a proxy or container maps it.

    Args:
        settings: its `allowed_hosts`, or if there are none, the names of its `host`: of a loopback address those of
            loopback; else the address and the machine's name; of every address (`0.0.0.0`, `::`) any address besides,
            since DNS rebinding needs a name.

    Raises:
        SettingsError: one of `allowed_hosts` is no name.
    """

    def __init__(self, settings: Settings) -> None:
        listed = settings.allowed_hosts.replace(",", " ").split()
        self._any = "*" in listed
        self._any_address = False
        self._names: set[str] = set()
        self._addresses: set[IpAddress] = set()
        self._endings: tuple[str, ...] = ()
        for name in listed:
            self._add(name)
        if not listed:
            self._add_names_of(settings.host.lower())

    def allow(self, hosts: Sequence[bytes], *, probe: bool = False) -> bool:
        """Whether a request may be answered.

        Args:
            hosts: the values of its `Host` headers; there must be exactly one.
            probe: it asks whether the service is alive, which load balancers and containers do by address.
        """
        found = _HOST.fullmatch(hosts[0].decode("latin-1").lower()) if len(hosts) == 1 else None
        if found is None or int(found[2] or 0) > 65535:
            return False
        name = found[1]
        if name in self._names:
            return True
        address = _address(name)
        if address is not None:
            return self._any or self._any_address or probe or address in self._addresses
        if name.startswith("[") or not _NAME.fullmatch(name):
            return False
        return self._any or name.endswith(self._endings)

    def _add_names_of(self, host: str) -> None:
        address = _address(host)
        everywhere = address is not None and address.is_unspecified
        self._any_address = everywhere
        if host == "localhost" or everywhere or (address is not None and address.is_loopback):
            for name in _LOOPBACK:
                self._add(name)
        machine = socket.gethostname().lower()
        if address is None or not address.is_loopback:
            self._names |= {host, machine, f"{machine.partition('.')[0]}.local"}
        if address is not None:
            self._addresses.add(address)

    def _add(self, name: str) -> None:
        if name == "*":
            return
        address = _address(name)
        if address is not None:
            self._addresses.add(address)
            return
        star, plain = ("*.", name[2:]) if name.startswith("*.") else ("", name)
        try:
            plain = (plain if plain.isascii() else plain.encode("idna").decode()).lower()
        except UnicodeError:
            plain = ""
        if not _NAME.fullmatch(plain):
            raise SettingsError(
                f"--allowed-hosts (FAQ_ALLOWED_HOSTS): {name!a} is no host name; give names like faq.example.org, "
                "*.example.org or 192.168.1.5 without http:// and port, set apart by commas, or * for any",
                "allowed_hosts",
            )
        if star:
            self._endings += (f".{plain}",)
        else:
            self._names.add(plain)


def path_prefix(root_path: str) -> str:
    """The path prefix of a reverse proxy, without a slash at its end.

    Raises:
        SettingsError: it is none.
    """
    prefix = root_path.rstrip("/")
    if not _PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/")):
        raise SettingsError(
            f"--root-path (FAQ_ROOT_PATH) {root_path!a} is no path prefix; give one like /help/faq", "root_path"
        )
    return prefix


def _address(name: str) -> IpAddress | None:
    """The IP address that a name is; IPv6 with or without its brackets."""
    try:
        return ipaddress.ip_address(name[1:-1] if name.startswith("[") and name.endswith("]") else name)
    except ValueError:
        return None

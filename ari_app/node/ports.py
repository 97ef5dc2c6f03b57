"""Which ports are free, told before anything is started."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable

from ari_app.node.errors import NodeError
from ari_app.settings import PREFIX, Settings


def check_free(settings: Settings) -> None:
    """Raise NodeError naming every taken port and the setting that moves it."""
    host = str(settings.bind)
    wanted = [
        ("http_port", settings.http_port, (socket.SOCK_STREAM,)),
        ("sip_port", settings.sip_port, (socket.SOCK_STREAM, socket.SOCK_DGRAM)),
    ]
    taken = [
        f"Port {port} on {host} is taken; stop what uses it or set {PREFIX}{name.upper()}."
        for name, port, kinds in wanted
        if settings.ari_url is None or name != "sip_port"
        if not all(is_free(host, port, kind) for kind in kinds)
    ]
    if taken:
        raise NodeError("\n".join(taken))


def is_free(host: str, port: int, kind: socket.SocketKind) -> bool:
    """Tell whether a socket of this kind could be bound; raises NodeError for a bad address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:
            # As a server does: connections of a stopped one that linger are no hindrance.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise NodeError(f"Port {port} needs root; choose one above 1023.") from error
        except OSError as error:
            if error.errno in _NO_ADDRESS:
                raise NodeError(f"{PREFIX}BIND: {host} is not an address here.") from error
            return False
    return True


def free_port(host: str, preferred: Iterable[int] = ()) -> int:
    """Return the first free TCP port of ``preferred``, else one the system picks."""
    for port in preferred:
        if is_free(host, port, socket.SOCK_STREAM):
            return port
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    return int(port)


_NO_ADDRESS = (errno.EADDRNOTAVAIL,)

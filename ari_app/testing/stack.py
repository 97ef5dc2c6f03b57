"""A whole node for tests: the same code as `ariswitch up`, in a folder and on ports of its own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ari_app.node import asterisk as node_asterisk
from ari_app.node import ports, rest, stack
from ari_app.node.state import prepare
from ari_app.node.supervisor import Supervisor
from ari_app.settings import PREFIX, Settings
from ari_app.settings_load import Loaded, load

# Asterisk calls it an error when the peer of a WebSocket is killed, which tests do.
_EXPECTED = re.compile(r"ws_safe_read|session_read")


@dataclass(frozen=True)
class RealStack:
    """A running node and everything a test needs to reach it."""

    settings: Settings
    supervisor: Supervisor

    @property
    def sip(self) -> tuple[str, int]:
        """Host and port of SIP."""
        return self.settings.host, self.settings.sip_port

    @property
    def api_url(self) -> str:
        """Base URL of the HTTP API, without `/2010-04-01`."""
        return self.settings.api_url

    @property
    def sid(self) -> str:
        """Account SID."""
        return self.settings.account_sid or ""

    @property
    def token(self) -> str:
        """Auth token."""
        return self.settings.auth_token.get_secret_value() if self.settings.auth_token else ""

    @property
    def ari_url(self) -> str:
        """Base URL of ARI, without `/ari`."""
        return self.settings.ari_base_url

    @property
    def ari_login(self) -> tuple[str, str]:
        """User and password of ARI."""
        secret = self.settings.ari_password
        return self.settings.ari_username, secret.get_secret_value() if secret else ""

    def log(self, part: str) -> str:
        """Everything that ``app``, ``asterisk`` or ``stream-<n>`` has logged."""
        path = self.settings.log_dir / f"{part}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def pid(self, part: str) -> int:
        """Process id of a part, 0 while there is none; of Asterisk also where it runs alone."""
        if part == "asterisk":
            file = self.settings.run_dir / "asterisk.pid"
            # Empty while a new Asterisk is about to write it.
            return int(file.read_text().strip() or 0) if file.exists() else 0
        return next(p.pid for p in self.supervisor.processes() if p.name == part)

    def wait_healthy(self, deadline: float = 30.0) -> None:
        """Block until `/health` says 200 again; raises NodeError when it does not."""
        stack.wait_healthy(self.settings, self.supervisor, deadline)

    async def add_number(self, number: str, voice_url: str, **params: str) -> dict[str, Any]:
        """Create an IncomingPhoneNumber through REST; ``params`` are Twilio's own."""
        return await rest.add_number(self.settings, number, VoiceUrl=voice_url, **params)

    async def remove_number(self, number: str) -> None:
        """Delete an IncomingPhoneNumber through REST."""
        await rest.remove_number(self.settings, number)

    def asterisk_errors(self) -> list[str]:
        """Lines of ERROR in Asterisk's log, those left out that a killed client causes."""
        return errors_of(self.log("asterisk"))


@contextmanager
def real_stack(state_dir: Path, **settings: object) -> Iterator[RealStack]:
    """Run a whole node; ``settings`` are names of settings, e.g. ``outbound_sip_uri=...``.

    One stream worker, private addresses allowed, unless said otherwise.
    """
    loaded = _loaded(state_dir, settings)
    try:
        started = stack.up(loaded, environ=_environ(state_dir, settings))
        yield RealStack(started.settings, started.supervisor)
    finally:
        stack.down(loaded.settings)


@contextmanager
def real_asterisk(
    state_dir: Path, edit: Callable[[Path], None] | None = None, **settings: object
) -> Iterator[RealStack]:
    """Run Asterisk alone with a node's configuration; nothing listens to its ARI application.

    ``edit`` is called with the folder of the rendered configuration before the start.
    """
    found = prepare(_loaded(state_dir, settings).settings)
    found = found.model_copy(update={"ari_port": ports.free_port(found.local_address)})
    conf = node_asterisk.render(found)
    if edit is not None:
        edit(conf.parent)
    log = found.log_dir / "asterisk.log"
    with log.open("w") as out:
        process = subprocess.Popen(  # noqa: S603
            node_asterisk.command(found), stdout=out, stderr=subprocess.STDOUT
        )
    try:
        until = time.monotonic() + 30
        while "Asterisk Ready." not in log.read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Asterisk did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield RealStack(found, Supervisor(state_dir))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def errors_of(asterisk_log: str) -> list[str]:
    """Lines of ERROR in Asterisk's log, those left out that a killed client causes."""
    return [
        line
        for line in asterisk_log.splitlines()
        if " ERROR[" in line and not _EXPECTED.search(line)
    ]


def free_sip_port(host: str = "127.0.0.1") -> int:
    """Return a port that is free for UDP and TCP alike."""
    while True:
        port = ports.free_port(host)
        if ports.is_free(host, port, socket.SOCK_DGRAM):
            return port


def _environ(state_dir: Path, settings: Mapping[str, object]) -> dict[str, str]:
    outer = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    kept = {
        name: value
        for name in (f"{PREFIX}CACHE_DIR", f"{PREFIX}ASTERISK_ROOT")
        if (value := os.environ.get(name))
    }
    chosen = {"stream_workers": 1, "allow_private_urls": "true", **settings}
    ours = {f"{PREFIX}{name.upper()}": str(value) for name, value in chosen.items()}
    return outer | kept | ours | {f"{PREFIX}STATE_DIR": str(state_dir)}


def _loaded(state_dir: Path, settings: dict[str, object]) -> Loaded:
    settings.setdefault("http_port", ports.free_port("127.0.0.1"))
    settings.setdefault("sip_port", free_sip_port())
    # The default is free for the first of two stacks that start at once, and then for neither.
    settings.setdefault("ari_port", ports.free_port("127.0.0.1"))
    return load(environ=_environ(state_dir, settings))

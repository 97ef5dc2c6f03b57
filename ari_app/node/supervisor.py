"""Supervisord as this node uses it: its configuration, its start, its answers.

One supervisord a state folder, spoken to over a Unix socket in that folder
(supervisord.org: XML-RPC API).
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from supervisor.xmlrpc import SupervisorTransport

from ari_app.node.errors import NodeError
from ari_app.node.state import write_private

#: Bound of each log: one file of this size and this many older ones.
LOG_BYTES = "10MB"
LOG_BACKUPS = 3


@dataclass(frozen=True)
class Program:
    """One supervised process; a higher ``rank`` starts later and stops earlier.

    ``stop_seconds`` after SIGTERM comes SIGKILL.
    """

    name: str
    command: Sequence[str]
    rank: int
    stop_seconds: int = 10


@dataclass(frozen=True)
class Process:
    """What supervisord says of a process; ``started`` is a Unix time, 0 before the first start."""

    name: str
    state: str
    pid: int
    started: int
    detail: str

    @property
    def running(self) -> bool:
        """Whether it runs, for longer than a moment."""
        return self.state == "RUNNING"


class Supervisor:
    """The supervisord of one state folder."""

    def __init__(self, state_dir: Path) -> None:
        self.run_dir = state_dir / "run"
        self.log_dir = state_dir / "log"
        self.socket = self.run_dir / "supervisor.sock"
        self.config = self.run_dir / "supervisord.conf"
        self.pid_file = self.run_dir / "supervisord.pid"

    def write(self, programs: Sequence[Program], *, foreground: bool = False) -> None:
        """Write the configuration that the next start reads.

        In the ``foreground`` all logs go to standard output, for whoever keeps them there.
        """
        sections: list[tuple[str, dict[str, object]]] = [
            ("unix_http_server", {"file": self.socket, "chmod": "0600"}),
            (
                "supervisord",
                {
                    "pidfile": self.pid_file,
                    # In the foreground it prints what it has to say, whatever else it does.
                    "nodaemon": str(foreground).lower(),
                    "logfile": "/dev/null" if foreground else self.log_dir / "supervisord.log",
                    "logfile_maxbytes": 0 if foreground else LOG_BYTES,
                    "logfile_backups": LOG_BACKUPS,
                    "childlogdir": self.log_dir,
                    "directory": self.run_dir.parent,
                    "umask": "077",
                    # Named, because supervisord warns when root leaves it out.
                    **({"user": "root"} if os.geteuid() == 0 else {}),
                },
            ),
            (
                "rpcinterface:supervisor",
                {
                    "supervisor.rpcinterface_factory": "supervisor.rpcinterface:"
                    "make_main_rpcinterface"
                },
            ),
            *(
                (f"program:{program.name}", self._options(program, foreground))
                for program in programs
            ),
        ]
        lines: list[str] = []
        for title, options in sections:
            lines.append(f"[{title}]")
            lines += [f"{key} = {_escape(value)}" for key, value in options.items()]
            lines.append("")
        write_private(self.config, "\n".join(lines))

    def _options(self, program: Program, foreground: bool) -> dict[str, object]:
        return {
            "command": shlex.join(program.command),
            "priority": program.rank,
            "autostart": "true",
            "autorestart": "true",
            "startsecs": 1,
            # It waits a second longer each time: minutes of trying before it gives up.
            "startretries": 20,
            "stopsignal": "TERM",
            "stopwaitsecs": program.stop_seconds,
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": "/dev/fd/1" if foreground else self.log_dir / f"{program.name}.log",
            "stdout_logfile_maxbytes": 0 if foreground else LOG_BYTES,
            "stdout_logfile_backups": LOG_BACKUPS,
        }

    def start(self, environ: Mapping[str, str]) -> None:
        """Start supervisord in the background; its children see ``environ``."""
        self.socket.unlink(missing_ok=True)
        done = subprocess.run(  # noqa: S603
            self._command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise NodeError(f"supervisord did not start: {(done.stderr or done.stdout).strip()}")

    def become(self, environ: Mapping[str, str]) -> NoReturn:
        """Turn this very process into supervisord, so that signals reach it; never returns."""
        self.socket.unlink(missing_ok=True)
        os.execve(self._command[0], self._command, dict(environ))  # noqa: S606

    @property
    def _command(self) -> list[str]:
        return [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.config)]

    @property
    def pid(self) -> int | None:
        """Process id of the supervisord that answers; None when none does."""
        try:
            return int(self._call("getPID"))
        except NodeError:
            return None

    def processes(self) -> list[Process]:
        """List what is supervised; raises NodeError when nothing answers."""
        return [
            Process(
                name=info["name"],
                state=info["statename"],
                pid=info["pid"],
                started=info["start"],
                detail=info["spawnerr"] or info["description"],
            )
            for info in self._call("getAllProcessInfo")
        ]

    def start_missing(self) -> None:
        """Start every process that was stopped or given up on."""
        self._call("startAllProcesses", False)

    def restart(self, name: str) -> None:
        """Stop one process and start it anew."""
        self._call("stopProcess", name)
        self._call("startProcess", name)

    def shutdown(self) -> None:
        """Ask supervisord to stop all in order and to end itself; does not wait."""
        self._call("shutdown")

    def _call(self, method: str, *args: Any) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        try:
            return getattr(proxy.supervisor, method)(*args)
        except (OSError, xmlrpc.client.Error) as error:
            raise NodeError(f"supervisord of {self.run_dir.parent}: {error}") from error
        finally:
            transport.close()


def _escape(value: object) -> str:
    """Write a value for supervisord's parser, which expands ``%``."""
    return str(value).replace("%", "%%")

"""A node as a whole: up, down, and what it is made of."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ari_app.node import asterisk, health, orphans, ports
from ari_app.node.errors import NodeError
from ari_app.node.state import locked, prepare, write_private
from ari_app.node.supervisor import Process, Program, Supervisor
from ari_app.settings import PREFIX, Settings
from ari_app.settings_load import Loaded

#: Longest wait for a node to become healthy, seconds.
START_DEADLINE = 60.0
#: A process that was started this often while we waited will not come up by itself.
HOPELESS_STARTS = 3

Say = Callable[[str], None]


def quiet(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Stack:
    """A running node: its complete settings and its supervisor."""

    settings: Settings
    supervisor: Supervisor
    already: bool = False


def up(
    loaded: Loaded,
    *,
    say: Say = quiet,
    environ: Mapping[str, str] | None = None,
    deadline: float = START_DEADLINE,
) -> Stack:
    """Start everything that does not run yet and wait until all is healthy.

    Started this way a node may use private addresses unless a setting says otherwise. Harmless
    when it runs already. Raises NodeError with the last log lines of the part that failed.
    """
    base = os.environ if environ is None else environ
    settings = prepare(_defaults_of_up(loaded))
    supervisor = Supervisor(settings.state_dir)
    with locked(settings.run_dir / "up.lock"):
        already = supervisor.pid is not None
        if already:
            settings = _as_started(settings, supervisor, say)
            supervisor.start_missing()
        else:
            settings = _laid_out(loaded, settings, supervisor, say)
            supervisor.start(_environ(base, loaded, settings))
        wait_healthy(settings, supervisor, deadline)
    return Stack(settings, supervisor, already)


def run(loaded: Loaded, *, environ: Mapping[str, str] | None = None) -> NoReturn:
    """Become a node's supervisor in the foreground, as containers want it; never returns.

    Unlike ``up`` it turns on nothing of its own accord and waits for nothing: `/health` tells when
    the node takes calls. SIGTERM drains and ends it. Raises NodeError when it cannot start.
    """
    base = os.environ if environ is None else environ
    settings = prepare(loaded.settings)
    supervisor = Supervisor(settings.state_dir)
    with locked(settings.run_dir / "up.lock"):
        if supervisor.pid is not None:
            raise NodeError(f"A node already runs in {settings.state_dir}.")
        settings = _laid_out(loaded, settings, supervisor, quiet, foreground=True)
        supervisor.become(_environ(base, loaded, settings))


def _laid_out(
    loaded: Loaded,
    settings: Settings,
    supervisor: Supervisor,
    say: Say,
    *,
    foreground: bool = False,
) -> Settings:
    """Clear away what an earlier run left and write all that the supervisor will start."""
    if left := orphans.end(settings.state_dir):
        say(f"Ended {len(left)} processes that an earlier run left behind.")
    ports.check_free(settings)
    if settings.ari_url is None:
        settings = settings.model_copy(update={"ari_port": _ari_port(loaded, settings)})
        asterisk.render(settings)
    supervisor.write(programs(settings), foreground=foreground)
    write_private(_record(supervisor), json.dumps(_fingerprint(settings), indent=2))
    return settings


def down(settings: Settings, *, say: Say = quiet) -> bool:
    """Stop what ``up`` started for this state folder and nothing else.

    Running calls get the drain time. Returns whether anything ran.
    """
    supervisor = Supervisor(settings.state_dir)
    pid = supervisor.pid
    if pid is None:
        return bool(orphans.end(settings.state_dir))
    supervisor.shutdown()
    until = time.monotonic() + settings.drain_timeout + 40
    told = time.monotonic() + 4
    while orphans.find(settings.state_dir):
        if time.monotonic() > until:
            orphans.end(settings.state_dir)
            break
        if time.monotonic() > told:
            say("Waiting for running calls to end ...")
            told = until
        time.sleep(0.1)
    return True


def current(loaded: Loaded) -> Stack | None:
    """Return the running node of these settings' state folder, None when none runs."""
    supervisor = Supervisor(loaded.settings.state_dir)
    if supervisor.pid is None:
        return None
    settings = prepare(_defaults_of_up(loaded))
    return Stack(_as_started(settings, supervisor, quiet), supervisor, already=True)


def programs(settings: Settings) -> list[Program]:
    """List the processes of a node in order of start."""
    ours = [sys.executable, "-m", "ari_app.cli"]
    workers = [
        Program(f"stream-{n}", [*ours, "stream-worker", "--index", str(n)], rank=20)
        for n in range(settings.stream_workers)
    ]
    app = Program("app", [*ours, "serve"], rank=30, stop_seconds=int(settings.drain_timeout) + 15)
    if settings.recognizer != "none":
        workers.append(Program("recognizer", [*ours, "recognizer"], rank=20))
    if settings.ari_url is not None:
        return [*workers, app]
    return [Program("asterisk", asterisk.command(settings), rank=10), *workers, app]


def wait_healthy(settings: Settings, supervisor: Supervisor, deadline: float) -> None:
    """Return once `/health` says 200; raises NodeError naming the part that does not come up."""
    until = time.monotonic() + deadline
    starts: dict[str, set[int]] = {}
    while True:
        processes = supervisor.processes()
        for process in processes:
            seen = starts.setdefault(process.name, set())
            seen.update({process.started} if process.started else ())
            if process.state == "FATAL" or len(seen) >= HOPELESS_STARTS:
                raise _failure(process, supervisor)
        answer = health.ask(settings)
        if answer.ok and all(process.running for process in processes):
            return
        if time.monotonic() > until:
            for process in processes:
                if not process.running:
                    raise _failure(process, supervisor)
            raise NodeError(
                f"Not healthy after {deadline:.0f} s: {json.dumps(answer.parts)}\n"
                + tail(supervisor.log_dir / "app.log")
            )
        time.sleep(0.1)


def tail(path: Path, lines: int = 15) -> str:
    """Return the last lines of a log, indented; empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16384))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])


def _failure(process: Process, supervisor: Supervisor) -> NodeError:
    log = supervisor.log_dir / f"{process.name}.log"
    return NodeError(
        f"{process.name} does not come up ({process.state.lower()}: {process.detail}).\n"
        f"Last lines of {log}:\n{tail(log)}\n`ariswitch down` stops the rest."
    )


def _defaults_of_up(loaded: Loaded) -> Settings:
    """What `up` turns on for a first try on one's own machine, unless a setting says otherwise."""
    wanted = {
        name: True for name in ("allow_private_urls", "demo") if loaded.origins[name] == "default"
    }
    return loaded.settings.model_copy(update=wanted)


def _ari_port(loaded: Loaded, settings: Settings) -> int:
    """A port for ARI: the one asked for or an error, else any free one."""
    host, wanted = settings.local_address, settings.ari_port
    port = ports.free_port(host, (wanted,))
    if port != wanted and loaded.origins["ari_port"] != "default":
        raise NodeError(f"Port {wanted} on {host} is taken; set {PREFIX}ARI_PORT.")
    return port


def _environ(base: Mapping[str, str], loaded: Loaded, settings: Settings) -> dict[str, str]:
    """The environment of all processes: the caller's, and what ``up`` has decided."""
    environ = dict(base) | {
        f"{PREFIX}STATE_DIR": str(settings.state_dir),
        f"{PREFIX}ARI_PORT": str(settings.ari_port),
        f"{PREFIX}ALLOW_PRIVATE_URLS": str(settings.allow_private_urls).lower(),
        f"{PREFIX}DEMO": str(settings.demo).lower(),
        orphans.MARK: str(settings.state_dir),
        "PYTHONUNBUFFERED": "1",
    }
    if loaded.file is not None:
        environ[f"{PREFIX}CONFIG"] = str(loaded.file.absolute())
    return environ


def _record(supervisor: Supervisor) -> Path:
    return supervisor.run_dir / "stack.json"


def _fingerprint(settings: Settings) -> dict[str, object]:
    """What a running node was started with, secrets masked."""
    dumped: dict[str, object] = json.loads(settings.model_dump_json())
    return dumped


def _as_started(settings: Settings, supervisor: Supervisor, say: Say) -> Settings:
    """The settings with the ARI port that was chosen at the start; tells of what differs."""
    try:
        started = json.loads(_record(supervisor).read_text())
    except (OSError, ValueError):
        return settings
    settings = settings.model_copy(update={"ari_port": started.get("ari_port")})
    now = _fingerprint(settings)
    changed = sorted(name for name in now if now[name] != started.get(name))
    if changed:
        say(
            f"It runs with other settings than now: {', '.join(changed)} changed. "
            "`make down` and `make up` to use the new ones."
        )
    return settings

"""The state folder: its layout, and the secrets that are made once."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from ari_app.node.errors import NodeError
from ari_app.settings import Settings
from ari_app.sids import new_sid

#: Longest path of a Unix socket on Linux, bytes (unix(7): sun_path less its terminating zero).
MAX_SOCKET_PATH = 107

_GENERATED = ("account_sid", "auth_token", "ari_password")


def prepare(settings: Settings) -> Settings:
    """Make the folders and fill in the secrets nobody has set, which are made once and kept.

    The folder and the file of secrets are readable by their owner only. Raises NodeError when
    the folder cannot be used.
    """
    longest = settings.run_dir / "supervisor.sock.12345678"
    if len(os.fsencode(longest)) > MAX_SOCKET_PATH:
        raise NodeError(
            f"The state folder's path is too long for Unix sockets: {settings.state_dir}. "
            "Set ARISWITCH_STATE_DIR to a shorter one."
        )
    try:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (settings.run_dir, settings.log_dir, settings.media_dir):
            folder.mkdir(mode=0o700, exist_ok=True)
        with locked(settings.state_dir / "secrets.lock"):
            made = _secrets(settings.state_dir)
    except OSError as error:
        raise NodeError(f"The state folder cannot be used: {error}") from error
    changes: dict[str, str | SecretStr] = {}
    for name in _GENERATED:
        if getattr(settings, name) is None:
            changes[name] = made[name] if name == "account_sid" else SecretStr(made[name])
    return settings.model_copy(update=changes)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path`` among processes; waits for it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def sole(settings: Settings) -> Iterator[None]:
    """Be the only app of the state folder; raises NodeError when another is.

    Held by the kernel for this process, so a killed one leaves nothing behind.
    """
    with (settings.run_dir / "app.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NodeError(
                f"An app already runs in {settings.state_dir}. Stop it first, or give this one "
                "another ARISWITCH_STATE_DIR."
            ) from None
        yield


def runs(settings: Settings) -> bool:
    """Tell whether an app runs in the state folder, whoever started it."""
    try:
        with sole(settings):
            return False
    except FileNotFoundError:
        return False
    except NodeError:
        return True


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` in one step by a file that only its owner can read."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)
    new.replace(path)


def kept_secrets(state_dir: Path) -> dict[str, str]:
    """Return what was made earlier for this folder, empty at first; raises NodeError."""
    path = state_dir / "secrets.json"
    try:
        known: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise NodeError(f"{path} is damaged; remove it to have new secrets made") from error
    return known


def _secrets(state_dir: Path) -> dict[str, str]:
    known = kept_secrets(state_dir)
    made = {
        "account_sid": new_sid("AC"),
        "auth_token": secrets.token_hex(16),
        "ari_password": secrets.token_urlsafe(24),
    }
    whole = made | known
    if whole != known:
        write_private(state_dir / "secrets.json", json.dumps(whole, indent=2) + "\n")
    return whole

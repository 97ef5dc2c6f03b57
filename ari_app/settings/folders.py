"""Folders of a node, and what lies in them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from ari_app.settings.kinds import AbsolutePath, field

#: The directory of the unpacked Asterisk in the cache; `asterisk/install.sh` makes it.
ASTERISK_ROOT_NAME = "asterisk-22-forky"

_CHECKOUT = Path(__file__).resolve().parents[2]


def _state_dir() -> Path:
    """`.ariswitch/` in the checkout, or in the working directory of an installed package."""
    return (_CHECKOUT if (_CHECKOUT / "pyproject.toml").exists() else Path.cwd()) / ".ariswitch"


def _cache_dir() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ariswitch"


class FolderSettings(BaseModel):
    """State, cache and Asterisk's root."""

    state_dir: AbsolutePath = field(
        _state_dir,
        "Sockets, logs, SQLite, media, recordings, process ids",
        shown="`.ariswitch/` in the checkout",
    )
    cache_dir: AbsolutePath = field(
        _cache_dir,
        "What all checkouts share: the unpacked Asterisk. `make` reads the variable, not the file",
        shown="`~/.cache/ariswitch`",
    )
    asterisk_root: AbsolutePath | None = field(
        None, "Root of another Asterisk 22 to start, `/` for an installed one", shown="in the cache"
    )
    spool_dir: AbsolutePath | None = field(
        None,
        "Audio of recordings until they are finished; nodes of one host may share it",
        shown="in the state folder",
    )
    media_cache_bytes: Annotated[int, Field(ge=10_000_000)] = field(
        2_000_000_000, "Bound of the cache of fetched and spoken audio, bytes"
    )

    @property
    def asterisk_dir(self) -> Path:
        """Root of the Asterisk that `up` starts."""
        return self.asterisk_root or self.cache_dir / ASTERISK_ROOT_NAME

    @property
    def run_dir(self) -> Path:
        """Folder of sockets and process ids."""
        return self.state_dir / "run"

    @property
    def log_dir(self) -> Path:
        """Folder of the logs of all parts."""
        return self.state_dir / "log"

    @property
    def media_dir(self) -> Path:
        """Folder of fetched and spoken audio, shared with Asterisk."""
        return self.state_dir / "media"

    @property
    def recordings_dir(self) -> Path:
        """Folder of finished recordings."""
        return self.state_dir / "recordings"

    @property
    def asterisk_spool(self) -> Path:
        """Asterisk's spool folder."""
        return self.spool_dir or self.state_dir / "asterisk" / "spool"

    @property
    def raw_recordings_dir(self) -> Path:
        """Folder in which Asterisk records: ARI's own, below its spool folder."""
        return self.asterisk_spool / "recording"

    @property
    def tap_socket(self) -> Path:
        """Socket from which `ari-debug` reads what the app does."""
        return self.run_dir / "tap.sock"

    @property
    def recognizer_socket(self) -> Path:
        """Socket of the recogniser process."""
        return self.run_dir / "recognizer.sock"

"""Reading settings: environment over file, unknown names refused with a suggestion.

``ARISWITCH_<NAME>_FILE`` names a file that holds the value of ``ARISWITCH_<NAME>``.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from ari_app.settings import PREFIX, NumberSettings, Settings

Origin = Literal["environment", "file", "default", "state folder"]

#: Variables of ours that are not settings of a node.
_OTHER = {f"{PREFIX}CONFIG"}
#: What is no node but shares prefix and file with it: ``ARISWITCH_<PART>_*`` and ``[<part>]``.
#: `settings_part` reads it.
PARTS = ("gateway", "gateway_client")
#: Settings that only the file can hold.
_FILE_ONLY = {"numbers"}
_PART_PREFIXES = tuple(f"{PREFIX}{part.upper()}_" for part in PARTS)


class SettingsError(ValueError):
    """Settings that cannot be used; ``problems`` has one sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Loaded:
    """Settings, where each came from, and the file that was read."""

    settings: Settings
    origins: Mapping[str, Origin]
    file: Path | None


def load(config: Path | None = None, environ: Mapping[str, str] | None = None) -> Loaded:
    """Read the settings of a node.

    ``config`` (the ``--config`` option) goes before ``ARISWITCH_CONFIG``. Raises SettingsError
    with every problem found, not only the first.
    """
    env = os.environ if environ is None else environ
    path = config or (Path(env[f"{PREFIX}CONFIG"]) if env.get(f"{PREFIX}CONFIG") else None)
    from_file = {k: v for k, v in _read(path).items() if k not in PARTS} if path else {}
    from_env = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in env.items()
        if name.startswith(PREFIX) and name not in _OTHER and value != ""
        if not name.startswith(_PART_PREFIXES)
    }
    problems = _read_values(from_env)
    problems += [
        f"{PREFIX}{name.upper()} is not a setting{_suggest(name, variables(), PREFIX)}"
        for name in from_env
        if name not in variables()
    ]
    problems += [
        f"{path}: {name} is not a setting{_suggest(name, Settings.model_fields)}"
        for name in from_file
        if name not in Settings.model_fields
    ]
    if problems:
        raise SettingsError(sorted(problems))
    try:
        settings = _FromMapping(**{**from_file, **from_env})
    except ValidationError as error:
        raise SettingsError([_explain(item, from_env, path) for item in error.errors()]) from None
    origins: dict[str, Origin] = {
        name: "environment" if name in from_env else "file" if name in from_file else "default"
        for name in Settings.model_fields
    }
    return Loaded(settings, origins, path)


def variables() -> tuple[str, ...]:
    """Names of the settings that an environment variable can hold, without prefix."""
    return tuple(name for name in Settings.model_fields if name not in _FILE_ONLY)


class _FromMapping(Settings):
    """Settings of what ``load`` has merged, and of nothing else."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise SettingsError([f"{path}: {error.strerror}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: not TOML: {error}"]) from None


def _read_values(from_env: dict[str, str]) -> list[str]:
    """Put in place of each ``<name>_file`` the setting that its file holds; returns problems.

    So a secret need not be in the environment, which child processes and `docker inspect` show.
    """
    problems: list[str] = []
    known = variables()
    for name in [one for one in from_env if one.endswith("_file") and one not in known]:
        setting = name.removesuffix("_file")
        if setting not in known:
            continue
        path = from_env.pop(name)
        where = f"{PREFIX}{name.upper()}"
        if setting in from_env:
            problems.append(f"{where}: {PREFIX}{setting.upper()} is set too; leave one out")
            continue
        try:
            value = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not text"
            problems.append(f"{where}: {path}: {reason}")
            continue
        if value:
            from_env[setting] = value
        else:
            problems.append(f"{where}: {path} is empty")
    return problems


def _suggest(name: str, known: Iterable[str], prefix: str = "") -> str:
    close = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    if not close:
        return "; `ariswitch config` lists all"
    return f"; did you mean {prefix}{close[0].upper() if prefix else close[0]}?"


def _explain(item: Any, from_env: Mapping[str, str], path: Path | None) -> str:
    """One sentence on one problem; never the value, which may be a secret."""
    where, *inside = [str(part) for part in item["loc"]] or [""]
    message = str(item["msg"]).removeprefix("Value error, ")
    if not where:
        return message
    name = f"{PREFIX}{where.upper()}" if where in from_env else where
    if where == "numbers" and item["type"] == "extra_forbidden":
        key = inside[-1]
        message = f"{key} is not a key of a number{_suggest(key, NumberSettings.model_fields)}"
    elif inside:
        name = ".".join([name, *inside])
    place = f"{path}: " if path and where not in from_env else ""
    return f"{place}{name}: {message}"

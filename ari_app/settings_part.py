"""Settings of a part that is no node: variables with a longer prefix, a table of the file.

``ARISWITCH_GATEWAY_SIP_PORT=5060`` is the key ``sip_port`` in the file's table ``[gateway]``.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ari_app.settings import PREFIX
from ari_app.settings_load import PARTS, SettingsError

T = TypeVar("T", bound=BaseModel)


def load_part(
    model: type[T],
    part: str,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> T:
    """Read the settings of ``part``, one of `PARTS`; raises SettingsError with every problem."""
    env = os.environ if environ is None else environ
    path = config or (Path(env[f"{PREFIX}CONFIG"]) if env.get(f"{PREFIX}CONFIG") else None)
    prefix = f"{PREFIX}{part.upper()}_"
    longer = tuple(
        f"{PREFIX}{other.upper()}_" for other in PARTS if other.startswith(part) and other != part
    )
    from_env = {
        name.removeprefix(prefix).lower(): value
        for name, value in env.items()
        if name.startswith(prefix) and not name.startswith(longer) and value != ""
    }
    from_file = _table(path, part) if path else {}
    problems = [
        f"{prefix}{name.upper()} is not a setting{_suggest(name, model)}"
        for name in from_env
        if name not in model.model_fields
    ] + [
        f"{path}: [{part}] {name} is not a setting{_suggest(name, model)}"
        for name in from_file
        if name not in model.model_fields
    ]
    if problems:
        raise SettingsError(sorted(problems))
    try:
        return model.model_validate({**from_file, **from_env})
    except ValidationError as error:
        raise SettingsError([_explain(item, prefix, from_env) for item in error.errors()]) from None


def _table(path: Path, part: str) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text()).get(part, {})
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: {error}"]) from None
    if not isinstance(found, dict):
        raise SettingsError([f"{path}: {part} is a table: [{part}]"])
    return found


def _suggest(name: str, model: type[BaseModel]) -> str:
    close = difflib.get_close_matches(name.lower(), list(model.model_fields), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _explain(item: Any, prefix: str, from_env: Mapping[str, str]) -> str:
    """One sentence on one problem; never the value, which may hold a password."""
    message = str(item["msg"]).removeprefix("Value error, ")
    if not item["loc"]:
        return message
    name = str(item["loc"][0])
    return f"{prefix}{name.upper() if name in from_env else name}: {message}"

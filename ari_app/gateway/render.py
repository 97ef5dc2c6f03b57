"""Configuration of OpenSIPS from its templates. Places are ``@{name}``; ``$`` is OpenSIPS's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ari_app.gateway.errors import GatewayError

TEMPLATES = Path(__file__).resolve().parents[2] / "opensips"

_PLACE = re.compile(r"@\{([a-z_]+)\}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a template with its places filled; raises GatewayError for a place without value."""

    def value(match: re.Match[str]) -> str:
        try:
            return values[match[1]]
        except KeyError:
            raise GatewayError(
                f"the template asks for @{{{match[1]}}}, which has no value"
            ) from None

    return _PLACE.sub(value, text)


def render(role: str, folder: Path, values: Mapping[str, str]) -> Path:
    """Write the configuration of a ``role`` (`public`, `client`) into ``folder``.

    All of ``opensips/shared`` goes there beside all of ``opensips/<role>``, so one file includes
    another by its name alone; ``@{etc}`` is the folder. Returns its `opensips.cfg`. The files may
    hold a database's password: only their owner can read them.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    filled = {**values, "etc": str(folder)}
    for room in ("shared", role):
        for template in sorted((TEMPLATES / room).glob("*.cfg")):
            target = folder / template.name
            target.touch(mode=0o600)
            target.write_text(fill(template.read_text(), filled))
    return folder / "opensips.cfg"

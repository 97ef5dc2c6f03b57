"""The settings as text: the page of all, and what is effective here."""

from __future__ import annotations

import json
from typing import Any

from pydantic import SecretStr

from ari_app.node.state import kept_secrets
from ari_app.settings import PREFIX, NumberSettings, Settings
from ari_app.settings_load import Loaded, variables

_HEAD = """\
# Configuration

<!-- Written by `make docs` from ari_app/settings/; edit there. -->

Every setting is an environment variable, or a key of the TOML file that `ARISWITCH_CONFIG` or
`ariswitch --config FILE` names: `ARISWITCH_HTTP_PORT=8080` and `http_port = 8080` say the same.
The environment wins. An unknown name is an error. `ariswitch config` prints the effective
settings and where each came from, secrets masked. `ARISWITCH_<NAME>_FILE` names a file that
holds the value of `ARISWITCH_<NAME>`: for secrets that the environment must not show.

Two stacks run side by side on one machine when their `ARISWITCH_STATE_DIR`,
`ARISWITCH_HTTP_PORT` and `ARISWITCH_SIP_PORT` differ.

| variable | default | meaning |
|---|---|---|
"""

_NUMBERS = """
## Numbers in the file

```toml
[[numbers]]
phone_number = "+15550001111"
voice_url = "http://127.0.0.1:5000/voice"
```

REST can read these numbers but not change them; the file wins over a number of the same name
that REST made. Keys: {keys}.
"""


def page() -> str:
    """Return `docs/configuration.md`."""
    rows = []
    for name in variables():
        info = Settings.model_fields[name]
        default = _shown(name) or f"`{_plain(info.get_default())}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {info.description} |")
    keys = ", ".join(f"`{key}`" for key in NumberSettings.model_fields)
    return _HEAD + "\n".join(rows) + "\n" + _NUMBERS.format(keys=keys)


def effective(loaded: Loaded) -> list[tuple[str, str, str]]:
    """List name, value and origin of every setting, secrets masked."""
    kept = kept_secrets(loaded.settings.state_dir)
    rows: list[tuple[str, str, str]] = []
    for name in Settings.model_fields:
        value, origin = getattr(loaded.settings, name), loaded.origins[name]
        if value is None and name in kept:
            value = kept[name] if name == "account_sid" else SecretStr(kept[name])
            origin = "state folder"
        rows.append((name, _shown(name) if value is None else _plain(value), origin))
    return rows


def _shown(name: str) -> str:
    """How the page names a default that is computed or absent; '' when it is a plain value."""
    extra = Settings.model_fields[name].json_schema_extra
    return str(extra.get("shown", "")) if isinstance(extra, dict) else ""


def _plain(value: Any) -> str:
    match value:
        case None | ():
            return "none"
        case bool():
            return str(value).lower()
        case SecretStr():
            return "********"
        case (int(first), int(last)):
            return f"{first}-{last}"
        case [*items]:
            return ",".join(
                json.dumps(item.model_dump(exclude_defaults=True))
                if isinstance(item, NumberSettings)
                else str(item)
                for item in items
            )
        case _:
            return str(value)

"""Asterisk's configuration and command line, rendered from the templates."""

from __future__ import annotations

import re
from pathlib import Path

from ari_app.node.errors import NodeError
from ari_app.node.priority import useful
from ari_app.node.state import write_private
from ari_app.settings import Settings

FOLDER = Path(__file__).resolve().parents[2] / "asterisk"
TEMPLATES = FOLDER / "templates"


#: ``@{name}``, because ``$`` is Asterisk's own.
_PLACE = re.compile(r"@\{([a-z_]+)\}")


def render(settings: Settings) -> Path:
    """Write Asterisk's configuration into the state folder; returns its `asterisk.conf`.

    Needs a prepared state folder and an ARI password. Raises NodeError when there is no
    Asterisk to run.
    """
    values = _values(settings)
    base = settings.state_dir / "asterisk"
    spool = settings.asterisk_spool
    own = [base / name for name in ("etc", "lib", "cache", "log")]
    for folder in (*own, spool / "recording", spool / "tmp"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for template in sorted(TEMPLATES.glob("*.conf")):
        text = _PLACE.sub(lambda match: values[match[1]], template.read_text())
        # ari.conf holds a password; one rule for all is simpler.
        write_private(base / "etc" / template.name, text)
    return base / "etc" / "asterisk.conf"


def program(settings: Settings) -> Path:
    """Return the Asterisk to run: the unpacked root's own launcher, else an installed one."""
    root = settings.asterisk_dir
    for candidate in (root / "asterisk", root / "usr/sbin/asterisk"):
        if candidate.is_file():
            return candidate
    raise NodeError(f"No Asterisk in {root}. Run `make up`, which unpacks one.")


def command(settings: Settings) -> list[str]:
    """Return the command that runs Asterisk in the foreground with the rendered configuration."""
    conf = settings.state_dir / "asterisk" / "etc" / "asterisk.conf"
    return [str(program(settings)), "-f", "-C", str(conf)]


def _values(settings: Settings) -> dict[str, str]:
    root = settings.asterisk_dir
    program(settings)
    base = settings.state_dir / "asterisk"
    modules = next(root.glob("usr/lib/*/asterisk/modules"), root / "usr/lib/asterisk/modules")
    bind = f"[{settings.bind}]" if settings.bind.version == 6 else str(settings.bind)
    outside = settings.external_address
    external = [f"external_signaling_address = {outside}", f"external_media_address = {outside}"]
    local = [f"local_net = {net}" for net in settings.allowed_sources if net.is_private]
    return {
        "etc": str(base / "etc"),
        "var": str(base),
        "spool": str(settings.asterisk_spool),
        "log": str(base / "log"),
        "run": str(settings.run_dir),
        "modules": str(modules),
        "data": str(root / "usr/share/asterisk"),
        "sbin": str(FOLDER / "sbin"),
        "realtime": "yes" if settings.stream_realtime and useful() else "no",
        "node": settings.node,
        "app": settings.ari_app,
        "sip_bind": f"{bind}:{settings.sip_port}",
        "sip_domain": settings.host,
        "external": "\n".join(external + local) if outside else "",
        "outbound_proxy": _proxy(settings.sip_proxy),
        "codecs": ",".join(settings.sip_codecs),
        "rtp_start": str(settings.rtp_port_range[0]),
        "rtp_end": str(settings.rtp_port_range[1]),
        # An address of loopback for each port: several nodes of a machine do not meet.
        "manager_host": f"127.1.{settings.ari_port >> 8}.{settings.ari_port & 255}",
        "ari_host": settings.local_address,
        "ari_port": str(settings.ari_port),
        "ari_username": settings.ari_username,
        "ari_password": settings.ari_password.get_secret_value() if settings.ari_password else "",
    }


def _proxy(address: str | None) -> str:
    """Return the line that sends calls out through a gateway; the URI itself stays."""
    return rf"outbound_proxy = sip:{address}\;lr" if address else ""

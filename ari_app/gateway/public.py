"""The public gateway's configuration: what fills the places of its templates. Pure."""

from __future__ import annotations

from pathlib import Path

from ari_app.gateway.settings import GatewaySettings

_PLAIN = (
    "workers",
    "http_port",
    "flood_limit",
    "call_limit",
    "ping_interval",
    "first_reply",
    "answer",
    "probe_interval",
    "inside",
)

#: Seconds that a carrier may say nothing before the next is tried, and a node when it is asked
#: whether it lives.
PATIENCE = 5
#: Carriers need not be asked as often as nodes, seconds.
_CARRIER_INTERVAL = 30

#: Of a call that we know, and of no other: a Route or a made-up Contact must not lead strangers
#: through us to anybody.
MATCH_HIDDEN = "(topology_hiding_match() && $DLG_status != NULL)"
MATCH_RECORDED = "((loose_route() && $DLG_status != NULL) || match_dialog())"

_REPAIR = """if ($DLG_status != NULL)
		fix_route_dialog();"""

#: Several processes write; a reader must not stop them, nor they each other for long.
SQLITE = (
    'loadmodule "db_sqlite.so"',
    'modparam("db_sqlite", "exec_pragma", "journal_mode=WAL")',
    'modparam("db_sqlite", "exec_pragma", "synchronous=NORMAL")',
    'modparam("db_sqlite", "busy_timeout", 2000)',
)


def values(settings: GatewaySettings, *, database: str, modules: Path) -> dict[str, str]:
    """Return a value for each place; ``database`` is OpenSIPS's URL of the tables."""
    hide = settings.topology == "hide"
    return {name: str(getattr(settings, name)) for name in _PLAIN} | {
        "patience": str(max(PATIENCE, settings.first_reply)),
        "carrier_interval": str(max(_CARRIER_INTERVAL, settings.probe_interval)),
        "seen_as": str(settings.external_address or settings.bind),
        "outside": f"{settings.bind}:{settings.sip_port}",
        "modules": str(modules),
        "database_url": database,
        "database_modules": database_modules(database),
        "sockets": "\n".join(_sockets(settings)),
        "tls": "\n".join(_tls(settings)),
        # Both sides' Contact names the gateway alone, with the user that the other side gave.
        "hide_topology": 'topology_hiding("U");' if hide else "record_route();",
        "match_dialog": MATCH_HIDDEN if hide else MATCH_RECORDED,
        # Some carriers send a Route of their own first: the call itself knows where it goes.
        "repair_dialog": "" if hide else _REPAIR,
    }


def database_modules(database: str) -> str:
    """Return the lines that load the database's module."""
    if database.startswith("postgres"):
        return 'loadmodule "db_postgres.so"'
    return "\n".join(SQLITE)


def _sockets(settings: GatewaySettings) -> list[str]:
    seen = f" as {settings.external_address}" if settings.external_address else ""
    outside = [
        *(("udp", port) for port in (settings.sip_port, *settings.more_sip_ports)),
        ("tcp", settings.sip_port),
        *([("tls", settings.tls_port)] if settings.tls_port else []),
    ]
    lines = [f"socket={proto}:{settings.bind}:{port}{seen} tag outside" for proto, port in outside]
    return [*lines, f"socket=udp:{settings.inside} tag inside"]


def _tls(settings: GatewaySettings) -> list[str]:
    if not settings.tls_port:
        return []
    lines = [f'loadmodule "{name}.so"' for name in ("tls_openssl", "tls_mgm", "proto_tls")]
    # Carriers are known by their address. As a client we look at their certificates.
    for role, domain in (("server_domain", "outside"), ("client_domain", "carriers")):
        params = {
            role: domain,
            "match_ip_address": f"[{domain}]*",
            "match_sip_domain": f"[{domain}]*",
            "certificate": f"[{domain}]{settings.certificate}",
            "private_key": f"[{domain}]{settings.private_key}",
            "tls_method": f"[{domain}]TLSv1_2-TLSv1_3",
            "verify_cert": f"[{domain}]{int(domain == 'carriers')}",
            "require_cert": f"[{domain}]{int(domain == 'carriers')}",
        }
        if domain == "carriers":
            params["ca_list"] = f"[{domain}]{settings.authorities}"
        lines += [f'modparam("tls_mgm", "{name}", "{value}")' for name, value in params.items()]
    return lines

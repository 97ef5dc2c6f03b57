"""What fills the places in the client gateway's template (``opensips/client/``). Pure."""

from __future__ import annotations

from pathlib import Path

from ari_app.gateway.client_settings import ClientGatewaySettings
from ari_app.gateway.public import MATCH_HIDDEN, MATCH_RECORDED, database_modules

#: A phone sees nothing but the gateway; Contacts keep the user that the other side gave.
_HIDE = {
    "topology_modules": 'loadmodule "topology_hiding.so"',
    "hide_topology": 'topology_hiding("U");',
    "match_dialog": MATCH_HIDDEN,
    "repair_dialog": "",
    "hide_contact": "return;",
}
#: A plain proxy, but for the Contact: phones that cannot follow Record-Route reach it anyway.
_RECORD = {
    "topology_modules": "",
    "hide_topology": "record_route();",
    "match_dialog": MATCH_RECORDED,
    "repair_dialog": """if ($socket_in(tag) == "outside") {
		fix_route_dialog();
		$socket_out = "udp:%(inside)s";
	} else {
		if (!validate_dialog())
			fix_route_dialog();
		route(hide_node);
	}""",
    "hide_contact": """if ($(hdr(Contact)) != NULL) {
		remove_hf("Contact");
		append_hf("Contact: <sip:%(contact)s>\\r\\n");
	}""",
}

#: Flags of every command to rtpengine: no address of the other side is left in the SDP.
_MEDIA = "replace-origin replace-session-connection replace-zero-address"
#: What a node and a telephone take, and what a browser takes (WebRTC).
_PLAIN = "RTP/AVP ICE=remove rtcp-mux-demux"
_BROWSER = "UDP/TLS/RTP/SAVPF ICE=force SDES-off rtcp-mux-offer generate-mid"


def values(settings: ClientGatewaySettings, folder: Path, modules: Path) -> dict[str, str]:
    """Return name and value of every place; ``modules`` is where OpenSIPS's modules are."""
    database = settings.database_in(folder)
    plain = (
        *("realm", "group", "workers", "http_port", "min_expires", "max_expires", "max_contacts"),
        *("ping_interval", "attempts", "lockout", "flood_limit", "call_limit"),
    )
    places = {
        "contact": f"{settings.external_address or settings.bind}:{settings.sip_port}",
        "inside": settings.inside,
    }
    topology = _HIDE if settings.topology == "hide" else _RECORD
    return {
        **{name: str(getattr(settings, name)) for name in plain},
        **{name: text % places for name, text in topology.items()},
        **places,
        "modules": str(modules),
        "sockets": "\n".join(_sockets(settings)),
        "transport_modules": "\n".join(f'loadmodule "{name}.so"' for name in _modules(settings)),
        "tls": "\n".join(_tls(settings)),
        "database_modules": database_modules(database),
        "database_url": database,
        "rtpengine_sockets": " ".join(f"udp:{one}" for one in settings.rtpengine),
        "media": _MEDIA,
        "media_plain": _PLAIN,
        "media_browser": _BROWSER,
        "algorithms": ",".join(settings.algorithms),
    }


def _sockets(settings: ClientGatewaySettings) -> list[str]:
    ports = {
        "udp": settings.sip_port,
        "tcp": settings.sip_port,
        "tls": settings.tls_port,
        "ws": settings.ws_port,
        "wss": settings.wss_port,
    }
    seen = f" as {settings.external_address}" if settings.external_address else ""
    outside = [
        f"socket={proto}:{settings.bind}:{port}{seen} tag outside"
        for proto, port in ports.items()
        if port
    ]
    return [*outside, f"socket=udp:{settings.inside} tag inside"]


def _modules(settings: ClientGatewaySettings) -> list[str]:
    wanted = {"tls": settings.tls_port, "ws": settings.ws_port, "wss": settings.wss_port}
    secured = ["tls_openssl", "tls_mgm"] if settings.tls_port or settings.wss_port else []
    return [*secured, *(f"proto_{proto}" for proto, port in wanted.items() if port)]


def _tls(settings: ClientGatewaySettings) -> list[str]:
    if not (settings.tls_port or settings.wss_port):
        return []
    params = {
        "server_domain": "phones",
        "match_ip_address": "[phones]*",
        "certificate": f"[phones]{settings.certificate}",
        "private_key": f"[phones]{settings.private_key}",
        "tls_method": "[phones]TLSv1_2-TLSv1_3",
        # Phones have no certificates; their password says who they are.
        "verify_cert": "[phones]0",
        "require_cert": "[phones]0",
    }
    return [f'modparam("tls_mgm", "{name}", "{value}")' for name, value in params.items()]

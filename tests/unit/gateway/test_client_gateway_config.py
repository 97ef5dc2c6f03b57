"""The configuration of the client gateway, as text, and its settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ari_app.gateway import client_config
from ari_app.gateway.client_settings import ClientGatewaySettings
from ari_app.gateway.render import TEMPLATES, render
from ari_app.settings_load import SettingsError
from ari_app.settings_part import load_part


def loaded(**settings: object) -> ClientGatewaySettings:
    names = {f"ARISWITCH_GATEWAY_CLIENT_{k.upper()}": str(v) for k, v in settings.items()}
    return load_part(ClientGatewaySettings, "gateway_client", environ=names)


def rendered(folder: Path, **settings: object) -> str:
    main = render("client", folder, client_config.values(loaded(**settings), folder, Path("/m")))
    return main.read_text() + "".join(p.read_text() for p in sorted(folder.glob("*.cfg")))


def test_no_place_is_left_open_and_every_included_file_is_there(tmp_path: Path) -> None:
    text = rendered(tmp_path)
    assert "@{" not in text
    for name in re.findall(r'include_file "(.+)"', text):
        assert Path(name).is_file()


def test_listeners_of_phones_browsers_and_nodes(tmp_path: Path) -> None:
    text = rendered(
        tmp_path,
        topology="record-route",
        bind="192.0.2.1",
        sip_port=5060,
        tls_port=5061,
        ws_port=8080,
        wss_port=443,
        certificate="/c.pem",
        private_key="/k.pem",
        external_address="198.51.100.7",
        inside_bind="10.0.0.1",
        inside_port=5063,
    )
    sockets = {line for line in text.splitlines() if line.startswith("socket=")}
    assert sockets == {
        "socket=udp:192.0.2.1:5060 as 198.51.100.7 tag outside",
        "socket=tcp:192.0.2.1:5060 as 198.51.100.7 tag outside",
        "socket=tls:192.0.2.1:5061 as 198.51.100.7 tag outside",
        "socket=ws:192.0.2.1:8080 as 198.51.100.7 tag outside",
        "socket=wss:192.0.2.1:443 as 198.51.100.7 tag outside",
        "socket=udp:10.0.0.1:5063 tag inside",
    }
    assert 'modparam("tls_mgm", "certificate", "[phones]/c.pem")' in text
    assert "Contact: <sip:198.51.100.7:5060>" in text


def test_without_a_certificate_there_is_no_tls(tmp_path: Path) -> None:
    text = rendered(tmp_path)
    assert "tls_mgm" not in text
    assert 'modparam("httpd", "ip", "127.0.0.1")' in text


def test_several_rtpengines_and_digests(tmp_path: Path) -> None:
    text = rendered(tmp_path, rtpengine="10.0.0.8:2223, 10.0.0.9:2223", algorithms="MD5,SHA-256")
    assert '"udp:10.0.0.8:2223 udp:10.0.0.9:2223"' in text
    assert text.count('"auth", "MD5,SHA-256"') == 2


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"wss_port": 443}, "certificate"),
        ({"min_expires": 60, "max_expires": 30}, "min_expires"),
        ({"inside_port": 5060}, "inside_port"),
        ({"realm": 'a"b'}, "REALM"),
        ({"rtpengine": "unix:/run/rtpengine"}, "RTPENGINE"),
        ({"algorithms": "SHA-1"}, "ALGORITHMS"),
        ({"relm": "x"}, "did you mean realm"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        loaded(**wrong)


def test_every_setting_is_in_the_documentation() -> None:
    page = (TEMPLATES.parent / "docs" / "client-gateway.md").read_text()
    for name, info in ClientGatewaySettings.model_fields.items():
        assert f"| `{name.upper()}` | " in page
        assert f" | {info.description} |" in page


def test_pings_must_not_overtake_their_own_threshold() -> None:
    """OpenSIPS 3.6.8 crashes when a phone is pinged again before its last ping was given up."""
    with pytest.raises(SettingsError, match="greater than or equal to 6"):
        loaded(ping_interval=5)
    assert loaded(ping_interval=6).ping_interval == 6

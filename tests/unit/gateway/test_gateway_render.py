"""The configuration of the public gateway, as text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ari_app.gateway import public
from ari_app.gateway.errors import GatewayError
from ari_app.gateway.render import TEMPLATES, fill, render
from ari_app.gateway.settings import GatewaySettings
from ari_app.settings_load import SettingsError
from ari_app.settings_part import load_part


def rendered(folder: Path, **settings: object) -> str:
    found = load_part(
        GatewaySettings,
        "gateway",
        environ={f"ARISWITCH_GATEWAY_{k.upper()}": str(v) for k, v in settings.items()},
    )
    values = public.values(found, database="sqlite:////g.db", modules=Path("/m"))
    main = render("public", folder, values)
    return main.read_text() + "".join(p.read_text() for p in sorted(folder.glob("*.cfg")))


def test_no_place_is_left_open_and_every_included_file_is_there(tmp_path: Path) -> None:
    text = rendered(tmp_path)
    assert "@{" not in text
    for name in re.findall(r'include_file "(.+)"', text):
        assert Path(name).is_file()
    assert not [p for p in tmp_path.iterdir() if p.stat().st_mode & 0o077]


def test_a_place_without_value_is_an_error() -> None:
    with pytest.raises(GatewayError, match="nothing"):
        fill("x @{nothing}", {})


def test_management_listens_on_loopback_alone(tmp_path: Path) -> None:
    text = rendered(tmp_path, bind="192.0.2.1", http_port=8999)
    assert 'modparam("httpd", "ip", "127.0.0.1")' in text
    assert 'modparam("httpd", "port", 8999)' in text


def test_listeners_of_carriers_and_nodes(tmp_path: Path) -> None:
    text = rendered(
        tmp_path,
        bind="192.0.2.1",
        sip_port=5060,
        more_sip_ports="5080",
        tls_port=5061,
        certificate="/c.pem",
        private_key="/k.pem",
        external_address="198.51.100.7",
        inside_bind="10.0.0.1",
    )
    for line in (
        "socket=udp:192.0.2.1:5060 as 198.51.100.7 tag outside",
        "socket=udp:192.0.2.1:5080 as 198.51.100.7 tag outside",
        "socket=tcp:192.0.2.1:5060 as 198.51.100.7 tag outside",
        "socket=tls:192.0.2.1:5061 as 198.51.100.7 tag outside",
        "socket=udp:10.0.0.1:5062 tag inside",
    ):
        assert f"\n{line}\n" in text
    assert 'modparam("tls_mgm", "certificate", "[outside]/c.pem")' in text


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"tls_port": "5061"}, "certificate"),
        ({"inside_port": "5060"}, "inside_port"),
        ({"sip_prot": "5060"}, "did you mean sip_port"),
        ({"database": "mysql://x"}, "DATABASE"),
    ],
)
def test_settings_that_cannot_be_are_told(settings: dict[str, str], why: str) -> None:
    environ = {f"ARISWITCH_GATEWAY_{k.upper()}": v for k, v in settings.items()}
    with pytest.raises(SettingsError, match=why):
        load_part(GatewaySettings, "gateway", environ=environ)


def test_settings_of_the_other_gateway_are_not_ours(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text("http_port = 1\n[gateway]\nsip_port = 5070\n[gateway_client]\nrealm = 'x'\n")
    environ = {"ARISWITCH_GATEWAY_CLIENT_REALM": "x", "ARISWITCH_GATEWAY_WORKERS": "2"}
    found = load_part(GatewaySettings, "gateway", file, environ)
    assert (found.sip_port, found.workers) == (5070, 2)


def test_shared_templates_ask_for_no_more_than_both_gateways_know() -> None:
    places = {
        place
        for file in (TEMPLATES / "shared").glob("*.cfg")
        for place in re.findall(r"@\{([a-z_]+)\}", file.read_text())
    }
    known = public.values(GatewaySettings(), database="postgres://u:p@h/d", modules=Path("/m"))
    assert places <= set(known)
    assert "db_postgres" in known["database_modules"]


def test_every_setting_is_in_the_documentation() -> None:
    page = (TEMPLATES.parent / "docs" / "public-gateway.md").read_text()
    for name, info in GatewaySettings.model_fields.items():
        assert f"| `{name.upper()}` | " in page
        assert f" | {info.description} |" in page

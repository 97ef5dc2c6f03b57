"""Settings: names, sources and what a user reads when one is wrong."""

from __future__ import annotations

import platform
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from ari_app.node import reference
from ari_app.settings import Settings
from ari_app.settings_load import SettingsError, load

ROOT = Path(__file__).parents[3]


def problems(config: Path | None = None, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(config, environ)
    return caught.value.problems


def test_environment_wins_over_file_and_origins_are_told(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('http_port = 1111\nsip_port = 2222\nsip_allow = ["10.0.0.0/8"]\n')
    loaded = load(None, {"ARISWITCH_CONFIG": str(file), "ARISWITCH_HTTP_PORT": "3333"})
    assert (loaded.settings.http_port, loaded.settings.sip_port) == (3333, 2222)
    assert loaded.origins["http_port"] == "environment"
    assert loaded.origins["sip_port"] == "file"
    assert loaded.origins["bind"] == "default"
    assert loaded.settings.allowed_sources == (ip_network("10.0.0.0/8"),)


def test_option_wins_over_variable(tmp_path: Path) -> None:
    for name, port in (("a", 1111), ("b", 2222)):
        (tmp_path / name).write_text(f"http_port = {port}")
    loaded = load(tmp_path / "b", {"ARISWITCH_CONFIG": str(tmp_path / "a")})
    assert loaded.settings.http_port == 2222


def test_a_number_of_a_choice_is_read_from_the_environment() -> None:
    loaded = load(None, {"ARISWITCH_ENDED_CALL_UPDATE": "200"})
    assert loaded.settings.ended_call_update == 200
    assert "404 or 200" in problems(ARISWITCH_ENDED_CALL_UPDATE="500")[0]


def test_unknown_variable_is_an_error_with_a_suggestion() -> None:
    assert problems(ARISWITCH_HTP_PORT="1") == [
        "ARISWITCH_HTP_PORT is not a setting; did you mean ARISWITCH_HTTP_PORT?"
    ]


def test_unknown_key_of_the_file_is_an_error_with_a_suggestion(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text("sipp_port = 5060")
    assert problems(file) == [f"{file}: sipp_port is not a setting; did you mean sip_port?"]


def test_unknown_key_of_a_number_is_an_error_with_a_suggestion(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('[[numbers]]\nphone_number = "+1"\nvoice_ur = "http://x/"')
    assert problems(file) == [
        f"{file}: numbers: voice_ur is not a key of a number; did you mean voice_url?"
    ]


def test_every_problem_is_told_at_once() -> None:
    found = problems(ARISWITCH_HTTP_PORT="abc", ARISWITCH_SIP_ALLOW="zz")
    assert len(found) == 2
    assert found[0].startswith("ARISWITCH_HTTP_PORT: ")
    assert found[1].startswith("ARISWITCH_SIP_ALLOW: ")


def test_a_secret_never_shows_in_an_error() -> None:
    found = problems(ARISWITCH_AUTH_TOKEN="s3cret", ARISWITCH_ACCOUNT_SID="s3cret")
    assert "s3cret" not in "".join(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RTP_PORT_RANGE", "20000"),
        ("RTP_PORT_RANGE", "30000-20000"),
        ("SIP_CODECS", "ulaw,opus"),
        ("OUTBOUND_SIP_URI", "127.0.0.1:5090"),
        ("PUBLIC_URL", "ftp://host"),
        ("ENDED_CALL_UPDATE", "500"),
        ("STREAM_WORKERS", "0"),
        ("NODE", "a b"),
        ("ARI_URL", "http://127.0.0.1:8088"),
    ],
)
def test_a_value_that_cannot_work_is_refused(name: str, value: str) -> None:
    assert problems(None, **{f"ARISWITCH_{name}": value})


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    assert str(tmp_path / "none") in problems(tmp_path / "none")[0]
    (tmp_path / "bad").write_text("= 1")
    assert "not TOML" in problems(tmp_path / "bad")[0]


def may_call(settings: Settings, source: str) -> bool:
    return any(ip_address(source) in network for network in settings.allowed_sources)


def test_only_loopback_may_call_unless_bound_beyond_it() -> None:
    near = load(None, {}).settings
    assert may_call(near, "127.0.0.1")
    assert may_call(near, "::1")
    assert not may_call(near, "10.0.0.1")
    far = load(None, {"ARISWITCH_BIND": "0.0.0.0"}).settings
    assert may_call(far, "10.0.0.1")
    assert not may_call(far, "8.8.8.8")


def test_a_list_without_networks_lets_nobody_call(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("sip_allow = []")
    assert load(None, {"ARISWITCH_SIP_ALLOW": ","}).settings.allowed_sources == ()
    assert load(tmp_path / "a.toml", {}).settings.allowed_sources == ()


def test_what_is_not_available_yet_is_refused() -> None:
    [platform] = problems(ARISWITCH_PLATFORM="somleng")
    assert platform == "ARISWITCH_PLATFORM: somleng is not available yet; leave it out"


def test_a_url_that_is_no_redis_is_told_without_its_password() -> None:
    [redis] = problems(ARISWITCH_REDIS_URL="http://:secret@127.0.0.1")
    assert redis.startswith("ARISWITCH_REDIS_URL: write it as redis://")


def test_ari_never_listens_beyond_loopback() -> None:
    far = load(None, {"ARISWITCH_BIND": "0.0.0.0"}).settings
    assert far.ari_base_url == "http://127.0.0.1:8088"
    assert far.media_address == "127.0.0.1"


def test_effective_settings_mask_secrets() -> None:
    rows = reference.effective(load(None, {"ARISWITCH_AUTH_TOKEN": "s3cret"}))
    assert "s3cret" not in str(rows)
    assert ("auth_token", "********", "environment") in rows


def test_the_page_of_settings_is_current() -> None:
    written = (ROOT / "docs" / "configuration.md").read_text()
    assert written == reference.page(), "make docs"


def test_every_setting_is_described() -> None:
    assert all(info.description for info in Settings.model_fields.values())


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("0123456789abcdef\n")
    loaded = load(None, {"ARISWITCH_AUTH_TOKEN_FILE": str(tmp_path / "token")})
    assert loaded.settings.auth_token is not None
    assert loaded.settings.auth_token.get_secret_value() == "0123456789abcdef"
    assert loaded.origins["auth_token"] == "environment"


def test_a_file_of_a_setting_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "token").write_text("t0ken")
    name = "ARISWITCH_AUTH_TOKEN_FILE"
    gone, empty, token = tmp_path / "gone", tmp_path / "empty", tmp_path / "token"
    assert problems(None, **{name: str(gone)}) == [f"{name}: {gone}: No such file or directory"]
    assert problems(None, **{name: str(empty)}) == [f"{name}: {empty} is empty"]
    assert problems(None, **{name: str(token), "ARISWITCH_AUTH_TOKEN": "x"}) == [
        f"{name}: ARISWITCH_AUTH_TOKEN is set too; leave one out"
    ]
    assert problems(ARISWITCH_AUT_TOKEN_FILE=str(token))[0].startswith(
        "ARISWITCH_AUT_TOKEN_FILE is not a setting"
    )


def test_a_setting_that_is_itself_a_file_is_none_of_these() -> None:
    assert load(None, {"ARISWITCH_CA_FILE": "/x/ca.pem"}).settings.ca_file == Path("/x/ca.pem")


def test_a_node_may_be_named_after_its_machine() -> None:
    assert load(None, {"ARISWITCH_NODE": "a-{host}"}).settings.node == f"a-{platform.node()}"

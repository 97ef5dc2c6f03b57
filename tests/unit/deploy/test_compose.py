"""What docker-compose.yml promises."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ari_app.gateway.client_settings import ClientGatewaySettings
from ari_app.gateway.settings import GatewaySettings
from ari_app.settings_load import load, variables

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = ROOT / "docker-compose.yml"
STACK: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
#: One-shot services: done when they have ended well.
ONCE = {name for name, service in SERVICES.items() if service.get("restart") == "no"}


def test_it_has_every_part() -> None:
    parts = {"client-gateway", "gateway", "node", "postgres", "prometheus", "redis", "rtpengine"}
    assert parts <= set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_has_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert not service.get("privileged")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not set(service.get("cap_add", [])) - {"NET_BIND_SERVICE"}
    assert service.get("pid") != "host"
    assert service.get("network_mode") != "host"
    mounts = [str(mount) for mount in service.get("volumes", [])]
    assert not [mount for mount in mounts if "docker.sock" in mount]
    # What lies in this repository is never written.
    assert all(mount.endswith(":ro") for mount in mounts if mount.startswith("."))


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONCE))
def test_every_service_is_checked_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_logs_are_bounded(name: str) -> None:
    assert set(SERVICES[name]["logging"]["options"]) == {"max-size", "max-file"}


def test_what_a_service_waits_for_has_a_check() -> None:
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[name]
            elif how["condition"] == "service_completed_successfully":
                assert name in ONCE


def test_nothing_is_published_that_need_not_be() -> None:
    published = {name for name, service in SERVICES.items() if service.get("ports")}
    assert published <= {"node", "gateway", "client-gateway", "rtpengine"}
    # The API is for a proxy on this host; its token must not cross a network in the clear.
    assert SERVICES["node"]["ports"] == ["${API_PUBLISH:-127.0.0.1:8080-8099}:8080"]


def test_management_of_the_gateways_stays_inside_and_metrics_on_a_network_without_way_out() -> None:
    assert STACK["networks"]["metrics"]["internal"] is True
    for name, role in (("gateway", "GATEWAY"), ("client-gateway", "GATEWAY_CLIENT")):
        service = SERVICES[name]
        host, _, port = service["environment"][f"ARISWITCH_{role}_METRICS"].partition(":")
        # Its name on that network alone, so it listens nowhere else.
        assert service["networks"]["metrics"]["aliases"] == [host]
        assert not [one for one in service["ports"] if one.split("/")[0].endswith(port)]
        scraped = (ROOT / "deploy" / "compose" / "prometheus.yml").read_text()
        assert f"{host}:{port}" in scraped


def test_nothing_is_left_when_it_is_taken_down() -> None:
    for name, service in SERVICES.items():
        for mount in map(str, service.get("volumes", [])):
            assert mount.split(":")[0] in STACK["volumes"] or mount.startswith("./"), name
    # Each container would get a volume without a name of its own.
    for file in (ROOT / "deploy").glob("*Dockerfile"):
        assert "VOLUME" not in file.read_text()


def test_memory_and_wire_have_no_way_out() -> None:
    assert STACK["networks"]["data"]["internal"] is True
    assert SERVICES["postgres"]["networks"] == ["data"]
    # Redis needs its password of everybody on the network of the nodes and gateways.
    assert SERVICES["redis"]["networks"] == ["voice"]
    assert "/run/secrets/redis.conf" in SERVICES["redis"]["command"]


def test_no_secret_is_written_here() -> None:
    for name, service in SERVICES.items():
        for variable, value in (service.get("environment") or {}).items():
            if re.search(r"PASSWORD|TOKEN|KEY|SECRET|_URL", variable):
                assert variable.endswith("_FILE"), f"{name}: {variable}"
                assert value.startswith("/run/secrets/")


def test_every_setting_exists_and_is_taken(tmp_path: Path) -> None:
    known = {
        *variables(),
        *(f"gateway_{name}" for name in GatewaySettings.model_fields),
        *(f"gateway_client_{name}" for name in ClientGatewaySettings.model_fields),
    }
    for service in SERVICES.values():
        for variable in service.get("environment") or {}:
            if variable.startswith("ARISWITCH_"):
                name = variable.removeprefix("ARISWITCH_").lower()
                assert name in known or name.removesuffix("_file") in known
    ours = {
        name: str(value)
        for name, value in SERVICES["node"]["environment"].items()
        if not name.endswith("_FILE")
    }
    settings = load(None, ours).settings
    grace = int(SERVICES["node"]["stop_grace_period"].removesuffix("s"))
    assert grace >= settings.drain_timeout + 20


def test_images_are_named_exactly() -> None:
    for name, service in SERVICES.items():
        if "build" not in service:
            assert re.search(r":[\w.-]*\d", service["image"]), name


def test_the_secrets_are_made_once(tmp_path: Path) -> None:
    for folder in ("gateway", "node", "postgres", "redis"):
        (tmp_path / folder).mkdir()
    script = ROOT / "deploy" / "compose" / "secrets.sh"

    def made() -> dict[str, str]:
        subprocess.run(["sh", str(script), str(tmp_path)], check=True)
        return {
            str(path.relative_to(tmp_path)): path.read_text().strip()
            for path in sorted(tmp_path.rglob("*"))
            if path.is_file()
        }

    first = made()
    assert made() == first
    password = first["postgres/password"]
    assert len(password) == 48
    assert password in first["node/database_url"]
    assert first["redis/redis.conf"] == f"requirepass {first['redis/password']}"
    assert first["redis/password"] in first["node/redis_url"]
    taken = load(
        None,
        {
            f"ARISWITCH_{name.upper()}_FILE": str(tmp_path / "node" / name)
            for name in ("account_sid", "auth_token", "database_url")
        },
    ).settings
    assert taken.account_sid == first["node/account_sid"]
    assert taken.sql_url == first["node/database_url"]
    # Each reads its own only, and nobody can write.
    assert {oct(path.stat().st_mode)[-3:] for path in tmp_path.rglob("*") if path.is_file()} == {
        "444"
    }


@pytest.mark.skipif(shutil.which("docker") is None, reason="docker is not on PATH")
def test_compose_itself_takes_it() -> None:
    asked = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if asked.returncode:
        pytest.skip("docker has no compose here")
    done = subprocess.run(
        ["docker", "compose", "--file", str(COMPOSE), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
    )
    assert (done.returncode, done.stderr) == (0, "")

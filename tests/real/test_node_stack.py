"""A whole node: up twice, side by side, down, and what is told when it does not come up."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ari_app.node import health, orphans, report
from ari_app.node import stack as node_stack
from ari_app.node.errors import NodeError
from ari_app.settings_load import load
from ari_app.testing.stack import RealStack, free_sip_port, real_stack


def environ_of(running: RealStack, **more: str) -> dict[str, str]:
    """The variables that a user of this stack would have set."""
    settings = running.settings
    kept = {name: os.environ[name] for name in ("ARISWITCH_CACHE_DIR",) if name in os.environ}
    return kept | {
        "ARISWITCH_STATE_DIR": str(settings.state_dir),
        "ARISWITCH_HTTP_PORT": str(settings.http_port),
        "ARISWITCH_SIP_PORT": str(settings.sip_port),
        "ARISWITCH_STREAM_WORKERS": "1",
        **more,
    }


def test_up_prints_everything_a_first_call_needs(stack: RealStack) -> None:
    text = report.how_to_call(node_stack.Stack(stack.settings, stack.supervisor))
    for needed in (f"sip:127.0.0.1:{stack.sip[1]}", stack.api_url, stack.sid, stack.token):
        assert needed in text


def test_up_twice_is_harmless(stack: RealStack) -> None:
    before = stack.supervisor.processes()
    again = node_stack.up(load(None, environ_of(stack)))
    assert again.already
    assert [p.pid for p in stack.supervisor.processes()] == [p.pid for p in before]
    assert again.settings.ari_base_url == stack.ari_url


def test_changed_settings_of_a_running_node_are_told(stack: RealStack) -> None:
    said: list[str] = []
    node_stack.up(load(None, environ_of(stack, ARISWITCH_SIP_CODECS="alaw")), say=said.append)
    assert "sip_codecs" in said[0]


def test_two_stacks_side_by_side_and_down_stops_its_own(stack: RealStack, tmp_path: Path) -> None:
    with real_stack(tmp_path / "b") as other:
        assert other.sid != stack.sid
        assert other.ari_url != stack.ari_url
        assert health.ask(other.settings).ok
        assert health.ask(stack.settings).ok
    assert not orphans.find(tmp_path / "b")
    assert not health.ask(other.settings).status
    assert health.ask(stack.settings).ok
    assert node_stack.down(other.settings) is False


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(NodeError, match=f"Port {port} .* ARISWITCH_HTTP_PORT"),
            real_stack(tmp_path, http_port=port),
        ):
            pass
    assert not orphans.find(tmp_path)


def test_a_part_that_does_not_come_up_is_named_with_its_last_words(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with (
        pytest.raises(NodeError, match=r"(?s)app does not come up.*Last lines") as caught,
        real_stack(tmp_path, database_url=f"sqlite+aiosqlite:///{file}/within.db"),
    ):
        pass
    assert str(file) in str(caught.value)
    assert not orphans.find(tmp_path)


@pytest.mark.parametrize("part", ["asterisk", "stream-0", "app"])
def test_a_killed_part_is_started_again(stack: RealStack, part: str) -> None:
    old = stack.pid(part)
    os.kill(old, signal.SIGKILL)
    wait(lambda: stack.pid(part) not in (0, old))
    stack.wait_healthy()


def test_what_a_killed_supervisor_left_is_cleaned_up(tmp_path: Path) -> None:
    ports = {"http_port": free_sip_port(), "sip_port": free_sip_port()}
    with real_stack(tmp_path, **ports) as running:
        first = running.supervisor.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait(lambda: first not in orphans.find(tmp_path))
        assert orphans.find(tmp_path)
        with real_stack(tmp_path, **ports) as again:
            assert health.ask(again.settings).ok
            assert again.sid == running.sid
    assert not orphans.find(tmp_path)


def wait(condition: Callable[[], bool]) -> None:
    """Look until it is so; pytest's timeout is the limit."""
    while not condition():
        time.sleep(0.05)

"""What the app itself answers for: its parts' health, and that it is alone in its folder."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from ari_app.bus import LocalBus
from ari_app.cli_support import Options
from ari_app.main import Node, open_store, serve
from ari_app.node.errors import NodeError
from ari_app.node.state import prepare, sole
from ari_app.settings_load import load


class Part:
    """Ari, pool and manager that are well."""

    state, healthy, draining, adopted = "connected", True, False, True

    async def ping(self) -> None: ...


class DeadBus(LocalBus):
    """A bus that carries nothing."""

    async def ping(self) -> None:
        raise ConnectionError("away")


@pytest.mark.parametrize("bus", [LocalBus(), DeadBus()])
async def test_health_asks_the_bus(bus: LocalBus) -> None:
    part: Any = Part()
    node = Node(load(None, {}).settings, part, bus, part, part)
    node.manager = part
    well = {"asterisk": True, "store": True, "stream": True, "draining": False}
    assert await node.health() == {**well, "bus": type(bus) is LocalBus}


async def test_a_node_is_well_only_when_it_has_taken_up_what_ran_before_it() -> None:
    part: Any = Part()
    node = Node(load(None, {}).settings, part, LocalBus(), part, part)
    node.manager = part
    part.adopted = False
    assert not (await node.health())["asterisk"]
    part.adopted = True
    assert (await node.health())["asterisk"]


def test_a_second_app_in_one_folder_says_so_and_touches_nothing(tmp_path: Path) -> None:
    settings = prepare(load(None, {"ARISWITCH_STATE_DIR": str(tmp_path)}).settings)
    with sole(settings), pytest.raises(NodeError, match="already runs in"):
        serve(settings)
    assert not list(tmp_path.glob("*.db"))
    with sole(settings):
        pass


def test_commands_find_a_node_that_has_no_supervisor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARISWITCH_STATE_DIR", str(tmp_path))
    with pytest.raises(NodeError, match="Nothing is running"):
        Options(None).node()
    settings = prepare(load(None).settings)
    with pytest.raises(NodeError, match="Nothing is running"):
        Options(None).node()
    with sole(settings):
        assert Options(None).node().account_sid == settings.account_sid


@pytest.mark.parametrize(("redis", "known"), [("", False), ("redis://127.0.0.1:1", True)])
async def test_a_node_among_others_says_that_it_is_there_before_it_does_anything(
    tmp_path: Path, redis: str, known: bool
) -> None:
    env = {
        "ARISWITCH_STATE_DIR": str(tmp_path),
        **({"ARISWITCH_REDIS_URL": redis} if redis else {}),
    }
    settings = prepare(load(None, env).settings)
    async with AsyncExitStack() as stack:
        store = await open_store(stack, settings)
        assert await store.nodes.beat(settings.node) is not known

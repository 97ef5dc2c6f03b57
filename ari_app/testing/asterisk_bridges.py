"""Bridges of FakeAsterisk: who is in which, and what requests do to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ari_app.testing.asterisk import Request
    from ari_app.testing.asterisk_world import World

Wire = dict[str, Any]
Answer = tuple[int, Any]

NO_BRIDGE: Answer = (404, {"message": "Bridge not found"})


async def leave(world: World, bridge: Wire, channel_id: str) -> None:
    """ChannelLeftBridge."""
    bridge["channels"].remove(channel_id)
    await world.tell_channel(
        "ChannelLeftBridge", channel_id, bridge=bridge | {"channels": list(bridge["channels"])}
    )


async def create_bridge(world: World, request: Request, bridge_id: str = "") -> Answer:
    """POST /bridges and /bridges/{bridgeId}."""
    bridge_id = bridge_id or request.query.get("bridgeId") or f"bridge-{next(world.numbers)}"
    bridge = world.bridges.setdefault(
        bridge_id,
        {
            "id": bridge_id,
            "technology": "simple_bridge",
            "bridge_type": "mixing",
            "bridge_class": "stasis",
            "creator": "Stasis",
            "name": request.query.get("name", ""),
            "channels": [],
            "creationtime": "2026-01-31T12:00:00.000+0000",
        },
    )
    return 200, bridge


async def get_bridge(world: World, request: Request, bridge_id: str) -> Answer:
    """GET /bridges/{bridgeId}."""
    return (200, world.bridges[bridge_id]) if bridge_id in world.bridges else NO_BRIDGE


async def destroy_bridge(world: World, request: Request, bridge_id: str) -> Answer:
    """DELETE /bridges/{bridgeId}."""
    if bridge_id not in world.bridges:
        return NO_BRIDGE
    bridge = world.bridges[bridge_id]
    for channel_id in list(bridge["channels"]):
        await leave(world, bridge, channel_id)
    await world.tell({"type": "BridgeDestroyed", "bridge": world.bridges.pop(bridge_id)})
    return 204, None


async def add_channel(world: World, request: Request, bridge_id: str) -> Answer:
    """POST /bridges/{bridgeId}/addChannel; 422 before the channel's StasisStart."""
    if bridge_id not in world.bridges:
        return NO_BRIDGE
    bridge = world.bridges[bridge_id]
    wanted = request.query["channel"].split(",")
    if any(channel_id not in world.channels for channel_id in wanted):
        return 400, {"message": "Channel not found"}
    if any(channel_id not in world.in_stasis for channel_id in wanted):
        return 422, {"message": "Channel not in Stasis application"}
    for channel_id in wanted:
        for other in world.bridges.values():
            if channel_id in other["channels"]:
                await leave(world, other, channel_id)
        bridge["channels"].append(channel_id)
        await world.tell_channel(
            "ChannelEnteredBridge",
            channel_id,
            bridge=bridge | {"channels": list(bridge["channels"])},
        )
    return 204, None


async def remove_channel(world: World, request: Request, bridge_id: str) -> Answer:
    """POST /bridges/{bridgeId}/removeChannel."""
    if bridge_id not in world.bridges:
        return NO_BRIDGE
    bridge = world.bridges[bridge_id]
    for channel_id in request.query["channel"].split(","):
        if channel_id not in bridge["channels"]:
            return 422, {"message": "Channel not in this bridge"}
        await leave(world, bridge, channel_id)
    return 204, None

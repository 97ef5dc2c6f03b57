"""Recordings of FakeAsterisk: ARI's own, and MixMonitors asked for over ``/rawman``."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ari_app.testing.asterisk import Request
    from ari_app.testing.asterisk_world import World

Answer = tuple[int, Any]
NO_RECORDING: Answer = (404, {"message": "Recording not found"})


class Monitors:
    """MixMonitors that run: channel and file by id; what was asked for, in order."""

    def __init__(self) -> None:
        self.running: dict[str, tuple[str, str]] = {}
        self.asked: list[dict[str, str]] = []
        self._numbers = itertools.count(1)
        #: Sessions that were logged in; forget them to have the client log in again.
        self.sessions: set[str] = set()

    def handle(
        self,
        action: Mapping[str, str],
        session: str,
        channels: Mapping[str, Any],
        variables: Mapping[tuple[str, str], str],
    ) -> str:
        """Do one manager action; returns the answer's lines, a new session's id in ``Session``."""
        self.asked.append(dict(action))
        if action["Action"] == "Login":
            return _lines(Response="Success", Message="Authentication accepted")
        if session not in self.sessions:
            return _lines(Response="Error", Message="Permission denied")
        channel_id = action["Channel"]
        if channel_id not in channels:
            return _lines(Response="Error", Message="No such channel")
        if action["Action"] == "Redirect":
            return _lines(Response="Success", Message="Redirect successful")
        if action["Action"] == "Getvar":
            name = action["Variable"]
            value = variables.get((channel_id, name), "")
            return _lines(Response="Success", Variable=name, Value=value)
        if action["Action"] == "MixMonitor":
            monitor_id = f"0x{next(self._numbers):x}"
            self.running[monitor_id] = (channel_id, action["File"])
            return _lines(Response="Success", MixMonitorID=monitor_id)
        if self.running.pop(action["MixMonitorID"], None) is None:
            return _lines(Response="Error", Message="Could not stop monitoring channel")
        return _lines(Response="Success")

    def channel_gone(self, channel_id: str) -> None:
        """End those of a channel."""
        gone = [key for key, (channel, _) in self.running.items() if channel == channel_id]
        for key in gone:
            del self.running[key]


async def record_channel(world: World, request: Request, channel_id: str) -> Answer:
    """POST /channels/{channelId}/record; 409 in a bridge."""
    if (error := world.not_in_stasis(channel_id)) is not None:
        return error
    if any(channel_id in bridge["channels"] for bridge in world.bridges.values()):
        return 409, {"message": "Cannot record channel while in bridge"}
    return await _record(world, request, f"channel:{channel_id}")


async def record_bridge(world: World, request: Request, bridge_id: str) -> Answer:
    """POST /bridges/{bridgeId}/record."""
    if bridge_id not in world.bridges:
        return 404, {"message": "Bridge not found"}
    return await _record(world, request, f"bridge:{bridge_id}")


async def _record(world: World, request: Request, target: str) -> Answer:
    name = request.query["name"]
    recording = {
        "name": name,
        "format": request.query["format"],
        "target_uri": target,
        "state": "recording",
    }
    world.recordings[name] = recording
    await world.tell({"type": "RecordingStarted", "recording": dict(recording)})
    return 201, dict(recording)


async def finish_recording(world: World, name: str) -> None:
    """RecordingFinished."""
    recording = world.recordings.pop(name)
    recording["state"] = "done"
    await world.tell({"type": "RecordingFinished", "recording": recording})


async def stop(world: World, request: Request, name: str) -> Answer:
    """POST /recordings/live/{recordingName}/stop."""
    if name not in world.recordings:
        return NO_RECORDING
    await finish_recording(world, name)
    return 204, None


async def live(world: World, request: Request, name: str) -> Answer:
    """GET /recordings/live/{recordingName}."""
    return (200, world.recordings[name]) if name in world.recordings else NO_RECORDING


def _lines(**answer: str) -> str:
    return "".join(f"{key}: {value}\r\n" for key, value in answer.items()) + "\r\n"

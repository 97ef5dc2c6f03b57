"""MixMonitor: both tracks of a channel into one file, sample for sample side by side.

ARI can record what a channel sends, or a bridge, but not both directions of a channel in step.
MixMonitor can, without another channel; it is asked for through the manager interface.
"""

from __future__ import annotations

from ari_app.ari.manager import Manager


class MixMonitors:
    """Starts and stops MixMonitors. Every method raises AriError, NotFound without the channel."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager

    async def start(self, channel_id: str, path: str, name: str) -> str:
        """Record a channel into ``path`` (absolute, ``.raw``); returns the MixMonitor's id.

        The file holds 16-bit samples at 8 kHz: received, sent, received, … ``name`` (letters
        and digits) is unique to the recording.
        """
        answer = await self._manager.do(
            {
                "Action": "MixMonitor",
                "Channel": channel_id,
                "File": path,
                "Options": f"Di({name})",
            }
        )
        return answer.get("MixMonitorID", "")

    async def stop(self, channel_id: str, monitor_id: str) -> None:
        """End one MixMonitor; its file is closed when this returns."""
        action = {"Action": "StopMixMonitor", "Channel": channel_id}
        await self._manager.do(action | ({"MixMonitorID": monitor_id} if monitor_id else {}))

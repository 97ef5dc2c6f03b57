"""SQL memory: accounts, numbers, calls with checkpoints, notifications, callbacks to send."""

from ari_app.store.store import Store

__all__ = ["Store"]

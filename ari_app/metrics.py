"""Numbers of a node for Prometheus. Labels never carry SIDs, phone numbers or URLs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ari_app.streams.pool import WorkerInfo

_WORKER_COUNTS = {
    "frames_received": "Frames of 20 ms that came from Asterisk",
    "frames_sent": "Frames sent to Asterisk",
    "strangers": "Datagrams of nobody's",
    "malformed": "Datagrams that are no RTP",
    "unsent": "Datagrams that the kernel did not take",
    "media_dropped": "Messages that a bot was too slow for",
    "audio_dropped": "Frames over a full play-out buffer",
    "ran_dry": "Times that a bot's audio came to its end, speech over or late",
    "ticks_skipped": "Ticks of 20 ms that a stall swallowed",
}


class Pool(Protocol):
    """The stream workers as far as metrics go."""

    @property
    def workers(self) -> list[WorkerInfo]:
        """All workers."""


class Calls(Protocol):
    """The calls as far as metrics go."""

    @property
    def active(self) -> int:
        """Running calls."""

    @property
    def draining(self) -> bool:
        """Whether new calls are refused."""


class Ari(Protocol):
    """The ARI client as far as metrics go."""

    @property
    def state(self) -> str:
        """State of the connection."""

    @property
    def lag(self) -> float:
        """Seconds of the last ping."""

    @property
    def connects(self) -> int:
        """Connections made."""


class Watched(Protocol):
    """A node whose numbers are told."""

    @property
    def pool(self) -> Pool:
        """Its workers."""

    @property
    def manager(self) -> Calls:
        """Its calls."""

    @property
    def ari(self) -> Ari:
        """Its connection to Asterisk."""


class _NodeCollector(Collector):
    """Reads the numbers at the moment they are asked for."""

    def __init__(self, node: Watched) -> None:
        self._node = node

    def collect(self) -> Iterable[Metric]:
        node = self._node
        yield _gauge("calls_active", "Calls running on this node", node.manager.active)
        yield _gauge("tasks", "Tasks of the app, those of HTTP connections left out", _tasks())
        yield _gauge("draining", "1 while new calls are refused", node.manager.draining)
        yield _gauge("ari_lag_seconds", "Last ARI ping, there and back", node.ari.lag)
        yield _gauge("ari_connects", "ARI connections made so far", node.ari.connects)
        state = GaugeMetricFamily(
            "ariswitch_ari_state", "1 for the current state", labels=["state"]
        )
        for name in ("connecting", "connected", "lagging", "down", "replaced"):
            state.add_metric([name], float(node.ari.state == name))
        yield state
        alive = GaugeMetricFamily("ariswitch_worker_alive", "1 when attached", labels=["worker"])
        load = GaugeMetricFamily("ariswitch_worker_streams", "Streams", labels=["worker"])
        room = GaugeMetricFamily("ariswitch_worker_capacity", "Streams it takes", labels=["worker"])
        counts = {
            name: CounterMetricFamily(f"ariswitch_worker_{name}", text, labels=["worker"])
            for name, text in _WORKER_COUNTS.items()
        }
        for worker in node.pool.workers:
            alive.add_metric([worker.id], float(worker.alive))
            load.add_metric([worker.id], float(worker.streams))
            room.add_metric([worker.id], float(worker.capacity))
            for name, metric in counts.items():
                metric.add_metric([worker.id], float(getattr(worker.counts, name)))
        yield from (alive, load, room, *counts.values())


def watch_node(registry: CollectorRegistry, node: Watched) -> None:
    """Register the node's numbers."""
    registry.register(_NodeCollector(node))


def _tasks() -> int:
    """Count what runs in the app's event loop; 0 outside of one."""
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:
        return 0
    # A client that keeps its connection open says nothing about calls.
    return sum(not _is_connection(task.get_coro()) for task in tasks)


def _is_connection(coroutine: object) -> bool:
    return getattr(coroutine, "__qualname__", "") == "RequestHandler.start"


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"ariswitch_{name}", text, value=float(value))

"""Numbers of a node for Prometheus. Labels never carry SIDs, phone numbers or URLs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ari_app.streams.pool import WorkerInfo


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
        for worker in node.pool.workers:
            alive.add_metric([worker.id], float(worker.alive))
            load.add_metric([worker.id], float(worker.streams))
        yield alive
        yield load


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

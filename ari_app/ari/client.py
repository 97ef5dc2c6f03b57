"""The client: operations, events, and a connection that is kept up."""

from __future__ import annotations

import asyncio
import inspect
import random
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

import aiohttp
import structlog

from ari_app.ari.connection import REPLACED, Connection, Watch, connect
from ari_app.ari.dispatch import Callback, Dispatch, Handler, Route
from ari_app.ari.errors import AriError, Forbidden, Unauthorized
from ari_app.ari.events import Event
from ari_app.ari.lanes import Lanes
from ari_app.ari.manager import Manager
from ari_app.ari.models import Channel
from ari_app.ari.monitor import MixMonitors
from ari_app.ari.operations import Resources
from ari_app.ari.reconcile import Snapshot, reconcile
from ari_app.ari.trace import Trace
from ari_app.ari.transport import Transport

log = structlog.get_logger(__name__)

State = Literal["connecting", "connected", "lagging", "down", "replaced"]
E = TypeVar("E", bound=Event)
Undo = Callable[[], None]


class AriClient(Resources):
    """ARI of one Asterisk for one application; one client a process (B-25).

    `channels`, `bridges`, `playbacks`, `recordings`, `sounds`, `asterisk`, `endpoints`,
    `applications`, `events`, `device_states` and `mailboxes` hold the operations.
    """

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        app: str,
        *,
        session: aiohttp.ClientSession | None = None,
        deadline: float = 10.0,
        watch: Watch = Watch(),  # noqa: B008  (frozen)
        backoff: tuple[float, float] = (0.1, 5.0),
        lane_depth: int = 1000,
        trace: Trace | None = None,
    ) -> None:
        """`url` like http://127.0.0.1:8088; `deadline` (s) of each request; `backoff` (s) first
        and longest wait between connects; `lane_depth` events may wait per channel for its
        async handlers; `trace` sees all that is sent and received. Raises ValueError for a bad
        URL or an empty application name.
        """
        if not app:
            raise ValueError("the ARI application needs a name")
        self._transport = Transport(
            url, username, password, session=session, deadline=deadline, trace=trace
        )
        super().__init__(self._transport)
        #: What ARI lacks: a channel sent elsewhere, both its tracks in one file.
        self.manager = Manager(self._transport, username, password)
        self.monitors = MixMonitors(self.manager)
        self.app = app
        self.state: State = "connecting"
        # Seconds the last ping took there and back, our own backlog of events included.
        self.lag = 0.0
        # How often the connection was made.
        self.connects = 0
        self._deadline = deadline
        self._watch = watch
        self._backoff = backoff
        self._lanes = Lanes(lane_depth)
        self._dispatch = Dispatch(self._lanes)
        self._on_reconnect: list[Callable[[Snapshot], Awaitable[None]]] = []
        self._on_state: list[Callable[[State], None]] = []
        self._waiting: dict[asyncio.Future[State], tuple[State, ...]] = {}
        self._supervisor: asyncio.Task[None] | None = None
        self._reconciler: asyncio.Task[None] | None = None

    @property
    def dropped(self) -> int:
        """Events that async handlers were too slow for."""
        return self._lanes.dropped

    async def start(self) -> None:
        """Connect and stay connected; raises Unauthorized or Forbidden, and nothing else.

        If Asterisk cannot be reached now, this returns all the same and goes on trying.
        """
        first: asyncio.Future[AriError | None] = asyncio.get_running_loop().create_future()
        self._supervisor = asyncio.create_task(self._supervise(first), name="ari supervisor")
        try:
            error = await asyncio.shield(first)
        except asyncio.CancelledError:
            await self.close()
            raise
        if isinstance(error, Unauthorized | Forbidden):
            await self.close()
            raise error

    async def close(self) -> None:
        """End the connection, all handlers and, if it is our own, the HTTP session."""
        tasks = [t for t in (self._supervisor, self._reconciler) if t is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._lanes.close()
        await self._transport.close()
        if self.state != "replaced":
            self._set_state("down")

    def route(self, channel_id: str, callback: Callback) -> Route:
        """Call `callback` for every event that concerns the channel, in order of arrival.

        It runs in the reader, so it must only note or queue. To miss nothing, choose the
        channel's id, register, and then create it. Register right before the request: a route
        without a channel is told ChannelGone at the next reconnect.
        """
        return self._dispatch.route(channel_id, callback)

    def routed(self, channel_id: str) -> bool:
        """Whether somebody here has a route for the channel, so that it is no orphan."""
        return any(route.channel_id == channel_id for route in self._dispatch.routes)

    def on_event(self, event_type: type[E] | str, handler: Callable[[E], Any]) -> Undo:
        """Handle all events of a type (`*`: every type); the answer takes it back.

        A plain function runs at once; an async one in order per channel, channels side by side.
        """
        return self._dispatch.add_handler(_name(event_type), handler)

    def on_channel_event(
        self, event_type: type[E] | str, handler: Callable[[Channel, E], Any]
    ) -> Undo:
        """As `on_event`, for events with a channel, which comes first (ari-py's form)."""
        if inspect.iscoroutinefunction(handler):

            async def call_async(event: Any) -> None:
                if (channel := getattr(event, "channel", None)) is not None:
                    await handler(channel, event)

            return self._dispatch.add_handler(_name(event_type), call_async)

        def call(event: Any) -> Any:
            channel = getattr(event, "channel", None)
            return None if channel is None else handler(channel, event)

        return self._dispatch.add_handler(_name(event_type), call)

    def on_unrouted(self, handler: Handler) -> Undo:
        """Handle events of channels that have no route: new calls, and leftovers.

        A plain function may call `route` and misses nothing that follows.
        """
        return self._dispatch.add_unrouted(handler)

    def on_reconnect(self, handler: Callable[[Snapshot], Awaitable[None]]) -> None:
        """Handle each (re)connect, the first included, after vanished channels were reported."""
        self._on_reconnect.append(handler)

    def on_state(self, handler: Callable[[State], None]) -> None:
        """Handle each change of `state` (for the metric, and to end the process on "replaced")."""
        self._on_state.append(handler)

    async def wait_for(self, *states: State) -> State:
        """Return once the state is one of these; which one."""
        if self.state in states:
            return self.state
        future: asyncio.Future[State] = asyncio.get_running_loop().create_future()
        self._waiting[future] = states
        try:
            return await future
        finally:
            del self._waiting[future]

    async def replaced(self) -> None:
        """Return only when another process took over our application: time to end this one."""
        await self.wait_for("replaced")

    def _set_state(self, state: State) -> None:
        if state == self.state:
            return
        self.state = state
        log.info("ari_state", state=state, app=self.app)
        for handler in self._on_state:
            try:
                handler(state)
            except Exception:
                log.exception("ari_handler_failed", state=state)
        for future, states in self._waiting.items():
            if state in states and not future.done():
                future.set_result(state)

    async def _supervise(self, first: asyncio.Future[AriError | None]) -> None:
        loop = asyncio.get_running_loop()
        shortest, longest = self._backoff
        attempt = 0
        while True:
            begun = loop.time()
            try:
                reason = await self._connect_and_run(first)
            except AriError as error:
                reason = str(error)
                if not first.done():
                    first.set_result(error)
            except Exception:
                # A fault of ours must not leave the node deaf.
                log.exception("ari_connection_failed", app=self.app)
                reason = "internal failure"
            if reason == REPLACED:
                log.critical(
                    "ari_application_replaced",
                    app=self.app,
                    hint="another process uses this ARI application name; this one must end",
                )
                self._set_state("replaced")
                return
            self._set_state("down")
            if not first.done():
                first.set_result(None)
            if loop.time() - begun > longest:
                attempt = 0
            # Jitter: the nodes of a fleet must not come back in one instant.
            delay = min(longest, shortest * 2**attempt) * random.uniform(0.5, 1.0)  # noqa: S311
            attempt = min(attempt + 1, 30)
            log.warning("ari_connection_lost", reason=reason, retry_in=round(delay, 2))
            await asyncio.sleep(delay)

    async def _connect_and_run(self, first: asyncio.Future[AriError | None]) -> str:
        ws = await connect(self._transport, self.app, self._deadline)
        self.connects += 1
        self._set_state("connected")
        self._reconciler = asyncio.create_task(
            self._reconcile(self.connects, self._reconciler), name="ari reconcile"
        )
        if not first.done():
            first.set_result(None)
        return await Connection(
            ws, self.app, self._watch, self._dispatch, self._lagging, self._transport.trace
        ).run()

    def _lagging(self, late: bool, seconds: float) -> None:
        self.lag = seconds
        self._set_state("lagging" if late else "connected")

    async def _reconcile(self, connect: int, previous: asyncio.Task[None] | None) -> None:
        """Once per connection; handlers of an earlier one finish first."""
        if previous is not None:
            await asyncio.wait({previous})
        while self.connects == connect and self.state in ("connected", "lagging"):
            try:
                snapshot = await reconcile(self, self._transport, self._dispatch)
            except AriError as error:
                log.warning("ari_reconcile_failed", reason=str(error))
                await asyncio.sleep(self._backoff[0])
                continue
            for handler in self._on_reconnect:
                try:
                    await handler(snapshot)
                except Exception:
                    log.exception("ari_handler_failed", handler="on_reconnect")
            return


def _name(event_type: type[Event] | str) -> str:
    return event_type if isinstance(event_type, str) else event_type.__name__

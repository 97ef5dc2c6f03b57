"""Hands each event to routes and handlers, in the order of arrival."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from ari_app.ari.events import ChannelDestroyed, Event
from ari_app.ari.lanes import Lanes
from ari_app.ari.special import ChannelGone
from ari_app.ari.subjects import channels_of

log = structlog.get_logger(__name__)

Callback = Callable[[Event], None]
Handler = Callable[[Any], Awaitable[None] | None]


class Route:
    """One callback for one channel's events; lives until `close`."""

    def __init__(self, dispatch: Dispatch, channel_id: str, callback: Callback) -> None:
        self.channel_id = channel_id
        # Whether an event has shown that the channel exists.
        self.seen = False
        # Whether the owner knows already that the channel is over.
        self.ended = False
        self._callback = callback
        self._dispatch = dispatch

    def close(self) -> None:
        """Stop the callback; may be called twice, and from within the callback."""
        self._dispatch.remove(self)

    def deliver(self, event: Event) -> None:
        """Call the callback; what it raises is logged and goes no further."""
        self.seen = True
        if isinstance(event, ChannelDestroyed | ChannelGone):
            self.ended = self.ended or self.channel_id in channels_of(event)
        try:
            self._callback(event)
        except Exception:
            log.exception("ari_route_failed", channel_id=self.channel_id, type=event.type)


class Dispatch:
    """Routes and handlers of one client. Never waits, never raises."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._routes: dict[str, tuple[Route, ...]] = {}
        self._handlers: dict[str, list[Handler]] = {}
        self._unrouted: list[Handler] = []

    def route(self, channel_id: str, callback: Callback) -> Route:
        """Register a callback; several for one channel are called in order of registration."""
        route = Route(self, channel_id, callback)
        self._routes[channel_id] = (*self._routes.get(channel_id, ()), route)
        return route

    def remove(self, route: Route) -> None:
        """Forget a route."""
        left = tuple(r for r in self._routes.get(route.channel_id, ()) if r is not route)
        if left:
            self._routes[route.channel_id] = left
        else:
            self._routes.pop(route.channel_id, None)

    def add_handler(self, event_type: str, handler: Handler) -> Callable[[], None]:
        """Register for a type of event (`*`: all); the answer takes it back."""
        handlers = self._handlers.setdefault(event_type, [])
        handlers.append(handler)
        return lambda: _remove(handlers, handler)

    def add_unrouted(self, handler: Handler) -> Callable[[], None]:
        """Register for events of channels without a route; the answer takes it back."""
        self._unrouted.append(handler)
        return lambda: _remove(self._unrouted, handler)

    @property
    def routes(self) -> list[Route]:
        """All routes that are open."""
        return [route for routes in self._routes.values() for route in routes]

    def __call__(self, event: Event) -> None:
        """Routes first, then handlers of the type, then those for what no route took."""
        ids = channels_of(event)
        taken = False
        for channel_id in ids:
            for route in self._routes.get(channel_id, ()):
                taken = True
                route.deliver(event)
        # One event that names two channels has its handlers run in the main channel's lane.
        lane = ids[0] if ids else ""
        for handler in (*self._handlers.get(event.type, ()), *self._handlers.get("*", ())):
            self._call(lane, handler, event)
        if ids and not taken:
            for handler in tuple(self._unrouted):
                self._call(lane, handler, event)

    def gone(self, channel_id: str) -> None:
        """Tell the routes of a channel that it ended unseen."""
        log.info("ari_channel_gone", channel_id=channel_id)
        self(ChannelGone(channel_id=channel_id))

    def _call(self, lane: str, handler: Handler, event: Event) -> None:
        """A plain function runs at once; an async one in its channel's lane."""
        if inspect.iscoroutinefunction(handler):
            self._lanes.put(lane, lambda: handler(event))
            return
        try:
            pending = handler(event)
        except Exception:
            log.exception("ari_handler_failed", channel_id=lane, type=event.type)
            return
        if pending is not None:
            awaitable = pending
            self._lanes.put(lane, lambda: awaitable)


def _remove(handlers: list[Handler], handler: Handler) -> None:
    """By identity: a handler may be an object that equals another one."""
    handlers[:] = [other for other in handlers if other is not handler]

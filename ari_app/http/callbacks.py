"""Callbacks that must arrive: a persisted outbox and the loop that empties it.

What is enqueued survives a restart, goes out in order per call, and is tried again with
growing pauses until it arrives or is given up with warning 15003. An answer of 4xx or 5xx
has arrived: it is a warning, not a reason to repeat (Twilio: status callbacks).
"""

from __future__ import annotations

import asyncio
import heapq
import random
import uuid
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from inspect import isawaitable
from typing import Any

import structlog

from ari_app.errors import OutboxFullError
from ari_app.http.failures import WebhookError
from ari_app.http.outbox import CallbackWarning, DeliveryRules, Outbox
from ari_app.http.request import WebhookRequest
from ari_app.http.webhooks import Webhooks
from ari_app.model import Delivery, HttpMethod
from ari_app.urls import safe

log = structlog.get_logger(__name__)

__all__ = ["CallbackSender", "CallbackWarning", "DeliveryRules", "Outbox"]

_WARNING = 15003
#: Failures that no repetition heals: bad URL, bad override, redirects in a circle.
_HOPELESS = frozenset({11100, 11243, 11215})


#: Auth token of an account, or None when there is no such account any more.
TokenLookup = Callable[[str], Awaitable[str | None]]
WarningCallback = Callable[[CallbackWarning], Awaitable[None] | None]


class CallbackSender:
    """Delivers callbacks from an outbox."""

    def __init__(
        self,
        outbox: Outbox,
        webhooks: Webhooks,
        token: TokenLookup,
        *,
        on_warning: WarningCallback | None = None,
        rules: DeliveryRules | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._outbox = outbox
        self._webhooks = webhooks
        self._token = token
        self._on_warning = on_warning
        self._rules = rules or DeliveryRules()
        self._now = now
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._hosts: Counter[str] = Counter()  # of what is running
        self._backlog: deque[dict[str, Any]] = deque()
        self._flushing = asyncio.Lock()
        self._next_tries: list[datetime] = []

    async def start(self) -> None:
        """Begin to deliver, starting with what an earlier run left."""
        if self._loop is None:
            self._loop = asyncio.create_task(self._deliver(), name="callbacks")

    async def enqueue(
        self,
        *,
        url: str,
        method: HttpMethod,
        params: Mapping[str, str],
        account_sid: str,
        call_sid: str | None,
    ) -> None:
        """Take a callback over; returns when it is persisted.

        While the outbox cannot take it, it is held in memory and put later, in order. Only
        when that is full too is it dropped, with warning 15003. Never raises.
        """
        number = params.get("SequenceNumber", "0")
        item = {
            "url": url,
            "method": method,
            "params": dict(params),
            "account_sid": account_sid,
            "call_sid": call_sid,
            "sequence": int(number) if number.isdecimal() else 0,
        }
        if len(self._backlog) >= self._rules.backlog:
            await self._warn(item, "too many callbacks wait; this one is dropped")
            return
        self._backlog.append(item)
        await self._flush()
        self._wake.set()

    async def close(self, deadline: float = 5.0) -> None:
        """Deliver what is due for at most ``deadline`` seconds, then stop.

        What has not arrived stays in the outbox for the next start.
        """
        if self._loop is None:
            return
        self._idle.clear()
        self._wake.set()
        idle = asyncio.create_task(self._idle.wait())
        await asyncio.wait({idle, self._loop}, timeout=deadline, return_when="FIRST_COMPLETED")
        tasks = [idle, self._loop, *self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._loop = None
        if self._backlog:
            log.error("callbacks.lost", count=len(self._backlog), cause="outbox away at exit")

    async def _deliver(self) -> None:
        """Hand out what is due; sleep until woken, the next try or the next poll."""
        while True:
            self._wake.clear()
            try:
                await self._flush()
                started = await self._hand_out()
            except Exception as error:  # the outbox is away: callbacks wait, calls go on
                log.warning("callbacks.outbox", cause=str(error) or type(error).__name__)
                started = 0
            if not started and not self._running and not self._wake.is_set():
                self._idle.set()
            await self._sleep()

    async def _hand_out(self) -> int:
        """Start a task for each call that has something due; return how many."""
        room = self._rules.concurrency - len(self._running)
        if room <= 0:
            return 0
        now = self._now()
        while self._next_tries and self._next_tries[0] <= now:
            heapq.heappop(self._next_tries)
        # What is under way now may arrive while the outbox answers, and yet be in its answer.
        busy = set(self._running)
        # Calls under way may fill the answer's head, so ask for that many more.
        full = [host for host, count in self._hosts.items() if count >= self._rules.per_host]
        found = await self._outbox.due(now, self._rules.concurrency + len(busy), full)
        started = 0
        for delivery in found:
            lane = delivery.call_sid or f"id {delivery.id}"
            if lane in busy or lane in self._running or started >= room:
                continue
            if self._hosts[delivery.host] >= self._rules.per_host:
                self._wake.set()  # ask again, without this host
                continue
            started += 1
            task = asyncio.create_task(self._attempt(delivery), name=f"callback {delivery.id}")
            self._running[lane] = task
            self._hosts[delivery.host] += 1
            task.add_done_callback(partial(self._finished, lane, delivery.host))
        return started

    def _finished(self, lane: str, host: str, _task: asyncio.Task[None]) -> None:
        self._running.pop(lane, None)
        self._hosts[host] -= 1
        if not self._hosts[host]:
            del self._hosts[host]
        self._wake.set()

    async def _sleep(self) -> None:
        pause = self._rules.poll
        if self._next_tries:
            pause = min(pause, max(0.0, (self._next_tries[0] - self._now()).total_seconds()))
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _flush(self) -> None:
        """Persist what could not be persisted before, oldest first."""
        async with self._flushing:
            while self._backlog:
                item = self._backlog[0]
                try:
                    await self._outbox.put(**item)
                except OutboxFullError as error:
                    await self._warn(item, f"{error}; this one is dropped")
                except Exception as error:  # whatever the store raises while it is away
                    log.warning("callbacks.held", count=len(self._backlog), cause=str(error))
                    return
                self._backlog.popleft()

    async def _attempt(self, delivery: Delivery) -> None:
        """Try one callback once and note the outcome."""
        try:
            failure = await self._send(delivery)
            if failure is None:
                await self._outbox.done(delivery.id)
            elif self._gives_up(failure, delivery.attempts + 1):
                await self._outbox.done(delivery.id)
                await self._warn(delivery, f"{failure.message} (try {delivery.attempts + 1})")
            else:
                at = self._now() + timedelta(seconds=self._pause(delivery.attempts))
                await self._outbox.retry(delivery.id, at, failure.message)
                heapq.heappush(self._next_tries, at)
                log.info("callback.retry", call_sid=delivery.call_sid, cause=failure.message)
        except Exception:  # the outbox is away: the callback is sent again, same token
            log.exception("callback.outcome", call_sid=delivery.call_sid)
            await asyncio.sleep(self._rules.first_pause)

    async def _send(self, delivery: Delivery) -> WebhookError | None:
        """Send; None means it arrived."""
        token = await self._token(delivery.account_sid)
        if token is None:
            log.warning("callback.orphan", call_sid=delivery.call_sid, account=delivery.account_sid)
            return None
        try:
            await self._webhooks.send(
                WebhookRequest(
                    url=delivery.url,
                    method=delivery.method,
                    params=delivery.params,
                    auth_token=token,
                    call_sid=delivery.call_sid,
                    idempotency_token=_idempotency_token(delivery),
                )
            )
        except WebhookError as error:
            return error
        except Exception as error:  # a fault of ours: counted, so it cannot repeat for ever
            log.exception("callback.fault", call_sid=delivery.call_sid)
            text = f"{type(error).__name__}: {error}"
            return WebhookError(12400, text, url=safe(delivery.url), method=delivery.method)
        return None

    def _gives_up(self, failure: WebhookError, tries: int) -> bool:
        answered = failure.status is not None
        return answered or failure.code in _HOPELESS or tries >= self._rules.tries

    def _pause(self, attempts: int) -> float:
        """Seconds before the next try."""
        full = min(self._rules.longest_pause, self._rules.first_pause * 2.0**attempts)
        return full * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, no secret

    async def _warn(self, item: Delivery | dict[str, Any], message: str) -> None:
        """Report 15003 to the log and the owner."""
        about = item if isinstance(item, dict) else {f: getattr(item, f) for f in _ABOUT}
        warning = CallbackWarning(
            code=_WARNING,
            message=message,
            url=safe(about["url"]),
            method=about["method"],
            account_sid=about["account_sid"],
            call_sid=about["call_sid"],
        )
        log.warning("callback.failed", call_sid=warning.call_sid, code=_WARNING, cause=message)
        if self._on_warning is None:
            return
        try:
            told = self._on_warning(warning)
            if isawaitable(told):
                await told
        except Exception:
            log.exception("callback.warning", call_sid=warning.call_sid)


_ABOUT = ("url", "method", "account_sid", "call_sid")


def _idempotency_token(delivery: Delivery) -> str:
    """The same UUID for every try of one callback, also after a restart."""
    name = f"{delivery.account_sid}/{delivery.call_sid}/{delivery.id}/{delivery.sequence}"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))

"""Questions and answers between nodes, over a bus that may lose any of them.

Each node listens to ``ariswitch:orders:<node>`` and ``ariswitch:answers:<node>``. An order bears
an id that its receipt and its answer repeat. One that nobody heard is sent again for a moment (the
other node may just be coming back to Redis); one that was heard is carried out once, whatever is
sent again. It is given up when no receipt comes (a node that died this moment still counts as a
subscriber, one whose machine died does for minutes), when the node stops listening before it has
answered, and after ``patience``: nobody can know then what became of it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from ari_app.cluster.ports import Bus, Subscription

log = structlog.get_logger(__name__)

#: What carries out an order: bytes in, bytes out. It must answer for its own failures.
Handler = Callable[[bytes], Awaitable[bytes]]

#: Orders that one node carries out at a time; more are left without an answer.
MOST = 256
#: Ids of orders that are remembered, so that none is carried out twice.
REMEMBERED = 10_000


class NodeAwayError(Exception):
    """The node has not answered: it is away, or Redis is."""


class _Order(msgspec.Struct, frozen=True, array_like=True):
    id: str
    asker: str
    body: bytes


class _Answer(msgspec.Struct, frozen=True, array_like=True):
    id: str
    body: bytes
    #: Whether it is only the receipt: the order is being carried out.
    receipt: bool = False


class _Asked:
    """An order on its way: done when received, and when answered."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.received: asyncio.Future[None] = loop.create_future()
        self.answer: asyncio.Future[bytes] = loop.create_future()

    def take(self, answer: _Answer) -> None:
        """Take note of a receipt or an answer; one that came before is left as it is."""
        if not self.received.done():
            self.received.set_result(None)
        if not answer.receipt and not self.answer.done():
            self.answer.set_result(answer.body)


class Orders:
    """One node's side of it. Times in seconds.

    ``patience`` bounds the wait for an answer, ``unheard`` that for anybody to hear the order and
    ``receipt`` that for the node to say so. Every ``look`` it is seen whether the node listens.
    """

    def __init__(
        self,
        bus: Bus,
        node: str,
        *,
        patience: float = 12.0,
        unheard: float = 1.0,
        receipt: float = 3.0,
        look: float = 0.5,
    ) -> None:
        self._bus = bus
        self._node = node
        self._patience = patience
        self._unheard = unheard
        self._receipt = receipt
        self._look = look
        self._waiting: dict[str, _Asked] = {}
        self._done: OrderedDict[str, None] = OrderedDict()
        self._subscriptions: list[Subscription] = []
        self._readers: list[asyncio.Task[None]] = []
        self._running: set[asyncio.Task[None]] = set()

    async def start(self, handler: Handler) -> None:
        """Take answers, and have ``handler`` carry out what other nodes order."""
        orders = self._bus.subscribe(_orders(self._node))
        answers = self._bus.subscribe(_answers(self._node))
        self._subscriptions += [orders, answers]
        self._readers += [
            asyncio.create_task(self._serve(orders, handler), name="orders"),
            asyncio.create_task(self._listen(answers), name="answers"),
        ]

    async def ready(self) -> None:
        """Wait until orders of other nodes arrive here."""
        for subscription in self._subscriptions:
            await subscription.ready()

    async def close(self) -> None:
        """Take no more orders; those under way are carried out and answered."""
        for subscription in self._subscriptions:
            subscription.close()
        await asyncio.gather(*self._readers)
        if self._running:
            await asyncio.wait(set(self._running), timeout=self._patience)

    async def ask(self, node: str, body: bytes) -> bytes:
        """Have ``node`` carry out an order and return its answer. Raises NodeAwayError."""
        order = _Order(uuid.uuid4().hex, self._node, body)
        asked = self._waiting[order.id] = _Asked()
        try:
            async with asyncio.timeout(self._patience):
                await self._send(node, msgspec.msgpack.encode(order), asked)
                await asyncio.wait({asked.received}, timeout=self._receipt)
                if not asked.received.done():
                    raise NodeAwayError(f"node {node} has not taken the order")
                await self._answered(node, asked)
                return asked.answer.result()
        except TimeoutError:
            raise NodeAwayError(f"node {node} has not answered in time") from None
        finally:
            del self._waiting[order.id]

    async def _answered(self, node: str, asked: _Asked) -> None:
        """Wait for the answer. Raises NodeAwayError when the node listens no more.

        Not listening once is nothing: it may just have come back to Redis. So are two looks when
        Redis itself was away between them.
        """
        gone = 0
        while not asked.answer.done():
            await asyncio.wait({asked.answer}, timeout=self._look)
            if asked.answer.done():
                return
            try:
                gone = 0 if await self._bus.count(_orders(node)) else gone + 1
            except ConnectionError:
                gone = 0
            if gone > 1 and not asked.answer.done():
                raise NodeAwayError(f"node {node} went away before it answered")

    async def _send(self, node: str, payload: bytes, asked: _Asked) -> None:
        """Publish until somebody has heard it. Raises NodeAwayError."""
        clock = asyncio.get_running_loop().time
        until = clock() + self._unheard
        while True:
            try:
                if await self._bus.publish(_orders(node), payload):
                    return
                reason = f"node {node} is away"
            except ConnectionError as error:
                reason = str(error)
            if clock() > until:
                raise NodeAwayError(reason)
            # It may have been carried out though Redis did not say so.
            await asyncio.wait({asked.received}, timeout=0.1)
            if asked.received.done():
                return

    async def _listen(self, answers: Subscription) -> None:
        async for payload in answers:
            try:
                answer = msgspec.msgpack.decode(payload, type=_Answer)
            except msgspec.MsgspecError as error:
                log.warning("answer.unreadable", error=str(error))
                continue
            asked = self._waiting.get(answer.id)
            if asked is not None:
                asked.take(answer)

    async def _serve(self, orders: Subscription, handler: Handler) -> None:
        async for payload in orders:
            try:
                order = msgspec.msgpack.decode(payload, type=_Order)
            except msgspec.MsgspecError as error:
                log.warning("order.unreadable", error=str(error))
                continue
            if order.id in self._done:
                continue
            if len(self._running) >= MOST:
                log.warning("order.too_many", asker=order.asker)
                continue
            self._done[order.id] = None
            if len(self._done) > REMEMBERED:
                self._done.popitem(last=False)
            task = asyncio.create_task(self._carry_out(order, handler), name="order")
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _carry_out(self, order: _Order, handler: Handler) -> None:
        try:
            await self._tell(order, b"", receipt=True)
            await self._tell(order, await handler(order.body))
        except ConnectionError as error:
            log.warning("order.answer_lost", asker=order.asker, error=str(error))
        except Exception:  # the asker's time-out answers for it
            log.exception("order.failed", asker=order.asker)

    async def _tell(self, order: _Order, body: bytes, *, receipt: bool = False) -> None:
        answer = _Answer(order.id, body, receipt)
        await self._bus.publish(_answers(order.asker), msgspec.msgpack.encode(answer))


def _orders(node: str) -> str:
    return f"ariswitch:orders:{node}"


def _answers(node: str) -> str:
    return f"ariswitch:answers:{node}"

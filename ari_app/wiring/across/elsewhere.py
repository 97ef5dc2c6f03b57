"""Sending typed orders to other nodes, and their answers as this node would give them."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

import msgspec
import structlog

from ari_app.api.ports import ApiError
from ari_app.cluster import NodeAwayError, Orders, Presence
from ari_app.errors import UnknownRecordError
from ari_app.wiring.across.messages import Answer, Missing, Order, Refused

log = structlog.get_logger(__name__)

R = TypeVar("R")


class Elsewhere:
    """The other nodes."""

    def __init__(self, node: str, orders: Orders, presence: Presence) -> None:
        self._node = node
        self._orders = orders
        self._presence = presence

    def is_there(self, node: str) -> bool:
        """Tell whether the bus hears ``node``."""
        return self._presence.find(node) is not None

    async def ask(self, node: str, order: Order, kind: type[R]) -> R:
        """Have ``node`` carry out an order; its answer is a ``kind``.

        Raises what the owner's own service raised (ApiError, UnknownRecordError), and ApiError
        503/20503 when it does not answer.
        """
        log.info("order.sent", node=node, order=type(order).__name__)
        try:
            payload = await self._orders.ask(node, msgspec.msgpack.encode(order))
        except NodeAwayError as error:
            log.warning("order.unanswered", node=node, order=order, error=str(error))
            raise ApiError(503, 20503, "The node that has it does not answer") from error
        answer = msgspec.msgpack.decode(payload, type=Answer)
        if isinstance(answer, Refused):
            raise ApiError(answer.status, answer.code, answer.message)
        if isinstance(answer, Missing):
            raise UnknownRecordError(answer.what)
        return msgspec.msgpack.decode(answer.result, type=kind)

    async def ask_all(self, order: Order, kind: type[R]) -> list[R]:
        """Have every other node carry out an order.

        Raises ApiError 503 when one does not answer, or when nobody knows which nodes there are.
        """
        if self._presence.blind:
            raise ApiError(503, 20503, "Other nodes cannot be asked now")
        others = [one.node for one in self._presence.nodes if one.node != self._node]
        return list(await asyncio.gather(*(self.ask(one, order, kind) for one in others)))

    def tell_all(self, order: Order) -> asyncio.Task[Any]:
        """Have every other node carry out an order; who is away does without."""

        async def tell() -> None:
            for one in self._presence.nodes:
                if one.node != self._node:
                    try:
                        await self.ask(one.node, order, object)
                    except (ApiError, UnknownRecordError) as error:
                        log.warning("order.not_told", node=one.node, error=str(error))

        return asyncio.create_task(tell(), name="tell nodes")

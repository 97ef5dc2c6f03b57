"""Carrying out the orders of other nodes, by this node's own services."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog

from ari_app.api.ports import (
    ApiError,
    BackgroundService,
    CallService,
    ConferenceService,
    RecordingService,
)
from ari_app.errors import StoreUnavailable, UnknownRecordError
from ari_app.model import Account, QueueMember
from ari_app.wiring.across import messages as m
from ari_app.wiring.queues import ApiQueues

log = structlog.get_logger(__name__)


class Owner:
    """What other nodes can have this one do."""

    def __init__(
        self,
        account: Callable[[str], Awaitable[Account | None]],
        *,
        calls: CallService,
        beside: BackgroundService,
        recorded: RecordingService,
        rooms: ConferenceService,
        queues: ApiQueues,
    ) -> None:
        """``account`` looks an account up; the services are this node's own."""
        self._account = account
        self._calls = calls
        self._beside = beside
        self._recorded = recorded
        self._rooms = rooms
        self._queues = queues

    async def carry_out(self, body: bytes) -> bytes:
        """Carry out one order and return the answer, whatever it is."""
        return msgspec.msgpack.encode(await self._answer(body))

    async def _answer(self, body: bytes) -> m.Answer:
        try:
            order = msgspec.msgpack.decode(body, type=m.AnyOrder)
            log.info("order.taken", order=type(order).__name__)
            account = await self._account(order.account_sid)
            if account is None:
                raise UnknownRecordError(order.account_sid)
            result = await self._do(account, order)
            return m.Done(msgspec.Raw(msgspec.msgpack.encode(result)))
        except ApiError as error:
            return m.Refused(error.status, error.code, error.message)
        except UnknownRecordError as error:
            return m.Missing(str(error))
        except StoreUnavailable as error:
            log.warning("order.refused", error=str(error))
            return m.Refused(503, 20503, "Service unavailable, try again later")
        except msgspec.MsgspecError as error:  # nodes of two versions, for a while
            log.warning("order.not_understood", error=str(error))
            return m.Refused(503, 20503, "The node that has it runs another version")
        except Exception:
            log.exception("order.failed")
            return m.Refused(500, 20500, "An internal server error has occurred")

    async def _do(self, account: Account, order: m.AnyOrder) -> Any:
        match order:
            case m.UpdateCall():
                return await self._calls.update(account, order.call_sid, order.request)
            case m.StartStream() | m.StartTranscription():
                return await self._beside.start(account, order.call_sid, order.request)
            case m.StopBeside():
                return await self._beside.stop(account, order.call_sid, order.kind, order.name)
            case m.WhoWaits():
                return await self._queues.members(account, order.queue_sid)
            case m.Dequeue():
                return await self._dequeue(account, order)
            case m.QueueChanged():
                self._queues.changed(order.before, order.after)
                return None
            case m.StartRecording() | m.UpdateRecording():
                return await self._change_recording(account, order)
            case m.RunningRecording() | m.DeleteRecording():
                return await self._find_recording(account, order)
            case _:
                return await self._in_conference(account, order)

    async def _dequeue(self, account: Account, order: m.Dequeue) -> QueueMember:
        return await self._queues.dequeue(account, order.queue_sid, order.member, order.source)

    async def _change_recording(
        self, account: Account, order: m.StartRecording | m.UpdateRecording
    ) -> Any:
        recorded = self._recorded
        if isinstance(order, m.StartRecording):
            return await recorded.start(account, order.call_sid, order.request)
        return await recorded.update(
            account,
            order.sid,
            order.request,
            call_sid=order.call_sid,
            conference_sid=order.conference_sid,
        )

    async def _find_recording(
        self, account: Account, order: m.RunningRecording | m.DeleteRecording
    ) -> Any:
        recorded = self._recorded
        if isinstance(order, m.RunningRecording):
            found = await recorded.running(
                account, order.sid, call_sid=order.call_sid, conference_sid=order.conference_sid
            )
            return () if found is None else (found,)
        return await recorded.delete(order.record)

    async def _in_conference(
        self,
        account: Account,
        order: m.UpdateConference
        | m.ListParticipants
        | m.GetParticipant
        | m.ChangeParticipant
        | m.KickParticipant
        | m.CallIn,
    ) -> Any:
        rooms, conference = self._rooms, order.conference
        match order:
            case m.UpdateConference():
                return await rooms.update(account, conference, order.request)
            case m.ListParticipants():
                return await rooms.participants(account, conference)
            case m.GetParticipant():
                return await rooms.participant(account, conference, order.participant)
            case m.ChangeParticipant():
                return await rooms.change(account, conference, order.participant, order.request)
            case m.KickParticipant():
                return await rooms.kick(account, conference, order.participant)
            case m.CallIn():
                return await rooms.call_in(account, conference, order.request)

"""Webhooks, TwiML, streams and calls → items."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import msgspec

from ari_app.call.trace import State
from ari_app.debug.record import Item
from ari_app.http.failures import WebhookError
from ari_app.http.request import WebhookRequest, WebhookResponse
from ari_app.model import CallRecord
from ari_app.tap.index import Index
from ari_app.tap.mask import masked, text
from ari_app.urls import safe
from stream import control
from twiml import Unsupported, Verb

_MOST_TEXT = 8_000


def webhook(index: Index, at: float, request: WebhookRequest) -> Iterator[Item]:
    """A webhook on its way."""
    yield Item(
        at=at,
        source="http",
        kind="webhook",
        type="request",
        call=request.call_sid or "",
        data={
            "method": request.method,
            "url": text(safe(request.url)),
            "params": masked(dict(request.params)),
            "document": request.expect_document,
        },
    )


def webhook_answer(
    index: Index,
    at: float,
    request: WebhookRequest,
    outcome: WebhookResponse | WebhookError,
    seconds: float,
) -> Iterator[Item]:
    """What became of it."""
    data: dict[str, Any] = {"method": request.method, "url": text(safe(request.url))}
    error = ""
    if isinstance(outcome, WebhookError):
        error = f"{outcome.code} {text(outcome.message)}"
        data["code"] = outcome.code
    else:
        data |= {
            "content_type": outcome.content_type,
            "bytes": len(outcome.body),
            "body": text(outcome.body[:_MOST_TEXT].decode(errors="replace")),
        }
        if (final := text(safe(outcome.url))) != data["url"]:
            data["final_url"] = final
    yield Item(
        at=at,
        source="http",
        kind="webhook",
        type="answer",
        call=request.call_sid or "",
        ms=round(seconds * 1000, 3),
        status=outcome.status or 0,
        error=error,
        data=data | {"document": request.expect_document},
    )


def verb(
    index: Index, at: float, call_sid: str, one: Verb, state: State, nested: bool
) -> Iterator[Item]:
    """A verb begins or is over."""
    name = one.name if isinstance(one, Unsupported) else type(one).__name__
    data: dict[str, Any] = {"state": state, "line": one.line}
    if nested:
        data["nested"] = True
    if state == "begin":
        data["attributes"] = masked(_plain(one))
    yield Item(at=at, source="app", kind="twiml", type=name, call=call_sid, data=data)


def problem(
    index: Index, at: float, call_sid: str, code: int, message: str, url: str
) -> Iterator[Item]:
    """A problem with Twilio's code."""
    yield Item(
        at=at,
        source="app",
        kind="note",
        type="problem",
        call=call_sid,
        error=f"{code} {text(message)}",
        data={"code": code, "message": text(message), "url": text(url)},
    )


def refused(
    index: Index, at: float, channel_id: str, sip_call_id: str, status: int, reason: str
) -> Iterator[Item]:
    """A caller who was turned away."""
    yield Item(
        at=at,
        source="app",
        kind="note",
        type="refused",
        channel=channel_id,
        status=status,
        error=reason,
        data={"sip_call_id": sip_call_id},
    )


def call(index: Index, at: float, record: CallRecord, told: str) -> Iterator[Item]:
    """A call in a new state."""
    data = {
        "from": record.from_,
        "to": record.to,
        "direction": str(record.direction),
        "status": str(record.status),
        "account": record.account_sid,
        "sip_call_id": record.sip_call_id or "",
        "parent": record.parent_call_sid or "",
        "node": record.node,
    }
    if record.sip_response_code:
        data["sip_response_code"] = str(record.sip_response_code)
    if record.duration is not None:
        data["duration"] = str(record.duration)
    yield Item(
        at=at,
        source="app",
        kind="note",
        type=f"call-{told}",
        channel=record.channel_id,
        call=record.sid,
        linked=tuple(filter(None, (record.parent_call_sid,))),
        caller=record.from_,
        data=data,
    )


def stream_command(
    index: Index, at: float, command: control.Open | control.Stop | control.Dtmf
) -> Iterator[Item]:
    """The app tells a worker."""
    yield _stream(index, at, command, "command")


def stream_event(index: Index, at: float, event: control.StreamEvent) -> Iterator[Item]:
    """A worker tells the app; the end brings its counts along."""
    yield _stream(index, at, event, "event")


def stream_measured(index: Index, at: float, measured: control.Measured) -> Iterator[Item]:
    """A worker's counters, each stream's an item."""
    for sid, stats in measured.streams.items():
        yield Item(
            at=at,
            source="stream",
            kind="rtp",
            type="stream",
            call=index.call_of(sid),
            linked=(sid,),
            data={"stream_sid": sid, **msgspec.to_builtins(stats)},
        )


def _stream(
    index: Index, at: float, message: control.Command | control.StreamEvent, way: str
) -> Item:
    content = msgspec.to_builtins(message)
    kind = content.pop("type")
    sid = str(content.get("stream_sid", ""))
    code = content.get("code")
    return Item(
        at=at,
        source="stream",
        kind="stream",
        type=kind,
        call=index.call_of(sid),
        linked=(sid,),
        error=f"{code} {content.get('message', '')}" if code else "",
        data={"way": way, **masked(content)},
    )


def _plain(value: Any) -> Any:
    """A verb's attributes as JSON, those at rest left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(content)
            for field in dataclasses.fields(value)
            if field.name != "line"
            and (content := getattr(value, field.name)) not in (None, "", (), {})
        }
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, str):
        return value[:500]
    return value if isinstance(value, int | float | bool) else str(value)[:500]

"""Each verb interrupted at each of its requests to Asterisk: whatever is half made is unmade.

The first call of a verb shows which requests it makes; then one call each is interrupted while
Asterisk has that request and has not answered it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from ari_app.call.manager import WrongStateError
from ari_app.call.outcome import Inline
from ari_app.model import CallRecord, CallStatus
from ari_app.testing.call_services import ACCOUNT, CallRoom

#: Before it the call rings, and cannot be updated.
ANSWER = "<Play digits='1'/>"
KEY = "/channels/in-1/dtmf"
SAID = "<Say>x</Say>"
STREAM = '<Stream url="wss://bot.test/" track="both_tracks"/>'
#: What a call does, and the last request it makes for that.
VERBS: dict[str, tuple[str, str]] = {
    "play": ("<Play>http://app.test/a.wav</Play>", "/channels/in-1/play/.*"),
    "say": (SAID, "/channels/in-1/play/.*"),
    "gather-prompt": (f"<Gather>{SAID}</Gather>", "/channels/in-1/play/.*"),
    "connect": ('<Connect><Stream url="wss://bot.test/"/></Connect>', "/bridges/.*/addChannel"),
    "enqueue": (
        '<Enqueue waitUrl="http://app.test/wait">q</Enqueue>',
        "/channels/in-1/play/.*|/bridges/.*/play/.*",
    ),
    "enqueue-music": ("<Enqueue>q</Enqueue>", ".*/moh|.*/play/.*"),
    "record": ("<Record playBeep='false'/>", "/channels/in-1/record"),
    "conference": ("<Dial><Conference>room</Conference></Dial>", ".*/play/.*|.*/moh"),
    "conference-wait": (
        '<Dial><Conference waitUrl="http://app.test/wait" record="record-from-start">room'
        "</Conference></Dial>",
        ".*/play/.*",
    ),
    "dial": ("<Dial><Sip>sip:bob@127.0.0.1</Sip></Dial>", "/bridges/.*/addChannel"),
    "dial-record": (
        "<Dial record='true'><Sip>sip:bob@127.0.0.1</Sip></Dial>",
        "/bridges/.*/addChannel",
    ),
    "dial-two": (
        "<Dial><Sip>sip:bob@127.0.0.1</Sip><Number>+15550199</Number></Dial>",
        "/bridges/.*/addChannel",
    ),
    "dial-whisper": (
        '<Dial><Sip url="http://app.test/wait">sip:bob@127.0.0.1</Sip></Dial>',
        "/channels/.*/play/.*",
    ),
    "echo": ("<Echo/>", "/bridges/.*/addChannel"),
    "refer": ("<Refer><Sip>sip:carol@192.0.2.9</Sip></Refer>", "/channels/in-1/continue"),
    "start-stream": (f"<Start>{STREAM}</Start>{SAID}", "/bridges/.*-out-bridge/addChannel"),
}


def parent(room: CallRoom) -> CallRecord:
    """The call that the caller made; what it dials are calls too."""
    return next(call for call in room.calls.records.values() if not call.parent_call_sid)


async def ended(room: CallRoom) -> None:
    """Wait until all calls have ended and everything of them was written."""
    calls = room.calls.records.values()
    await room.news.until(lambda: bool(calls) and all(call.status.final for call in calls))
    await room.manager.drain(10)


async def hang_up(room: CallRoom, channel: str) -> None:
    await room.asterisk.hang_up(channel)


async def end(room: CallRoom, channel: str) -> None:
    await room.manager.end(ACCOUNT.sid, parent(room).sid, CallStatus.COMPLETED)


async def update(room: CallRoom, channel: str) -> None:
    document = Inline("<Response><Hangup/></Response>")
    await room.manager.redirect(ACCOUNT.sid, parent(room).sid, document)


Ending = Callable[[CallRoom, str], Coroutine[Any, Any, None]]


async def requests(document: str, last: str) -> list[tuple[str, str]]:
    """Method and pattern of each request of a verb, in order."""
    async with CallRoom() as room:
        await room.connect()
        room.asterisk.auto_finish = False
        room.customer.documents["http://app.test/wait"] = SAID
        channel = await room.call(ANSWER, document)
        await room.asterisk.wait_request("POST", last)
        found = [(r.method, pattern(r.path)) for r in room.asterisk.requests]
        await room.asterisk.hang_up(channel)
        await ended(room)
        room.assert_nothing_left()
    # Ringing may stop before it was heard.
    found = [item for item in found if item[0] == "POST"]
    answered = next(i for i, (_, path) in enumerate(found) if path == KEY)
    return list(dict.fromkeys(found[answered:]))


def pattern(path: str) -> str:
    """A path with the ids of one run left open."""
    return re.sub(r"[A-Z]{2}[0-9a-f]{32}", ".*", path)


async def interrupted(document: str, method: str, path: str, ending: Ending) -> None:
    """One call, ended while ``method path`` is on its way."""
    async with CallRoom() as room:
        await room.connect()
        room.asterisk.auto_finish = False
        room.customer.documents["http://app.test/wait"] = SAID
        if path == KEY:
            rule = room.asterisk.stall(method, path)
        channel = await room.call(ANSWER, document, "<Redirect>http://app.test/never</Redirect>")
        if path != KEY:  # not before: some are made twice
            await room.asterisk.wait_request("POST", KEY)
            rule = room.asterisk.stall(method, path)
        await rule.hit.wait()
        order = asyncio.create_task(ending(room, channel))
        await asyncio.sleep(0.01)  # it comes while the request is on its way
        assert rule.release is not None
        rule.release.set()
        await order
        await ended(room)
        assert "http://app.test/never" not in [url for url, _ in room.customer.asked]
        assert room.notifications.codes == []
        room.assert_nothing_left()


@pytest.mark.parametrize("ending", [hang_up, end, update])
@pytest.mark.parametrize("verb", sorted(VERBS))
async def test_an_end_at_any_request_leaves_nothing(verb: str, ending: Ending) -> None:
    document, last = VERBS[verb]
    async with asyncio.timeout(60):
        found = await requests(document, last)
        assert found
        for method, path in found:
            try:
                await interrupted(document, method, path, ending)
            except (AssertionError, TimeoutError) as error:
                raise AssertionError(f"interrupted at {method} {path}: {error}") from error


@pytest.mark.parametrize("ending", [hang_up, end])
@pytest.mark.parametrize("reason", ["busy", "rejected"])
async def test_an_end_while_the_call_is_rejected_leaves_nothing(
    room: CallRoom, reason: str, ending: Ending
) -> None:
    """Reject makes one request: the hang-up. No document can be given to such a call."""
    rule = room.asterisk.stall("DELETE", "/channels/in-1")
    channel = await room.call(f"<Reject reason='{reason}'/>")
    await rule.hit.wait()
    with pytest.raises(WrongStateError):
        await update(room, channel)
    order = asyncio.create_task(ending(room, channel))
    await asyncio.sleep(0.01)  # it comes while the request is on its way
    assert rule.release is not None
    rule.release.set()
    await order
    await ended(room)
    assert room.notifications.codes == []
    room.assert_nothing_left()

"""Parts of a node are killed under running calls; calls, callbacks and the next call are judged."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import aiohttp
import pytest

from ari_app.node import health
from ari_app.testing import sipp
from ari_app.testing.audio import random_codes, wav
from ari_app.testing.bot import BotConnection, FakeBot
from ari_app.testing.developer import Developer, developer_on
from ari_app.testing.http_server import FakeApp
from ari_app.testing.phone import Phone, call, telephone
from ari_app.testing.sipp import free_port
from ari_app.testing.stack import RealStack, real_stack

LONG = random_codes(4.0, seed=81)
OTHER = random_codes(4.0, seed=82)
#: Lasts longer than the slowest restart of the app: else it has ended when the app is back,
#: which plays it once more.
PATIENT = random_codes(12.0, seed=84)
TAIL = random_codes(0.4, seed=83)


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    """A node whose parts may be killed."""
    with real_stack(tmp_path_factory.mktemp("fragile")) as running:
        yield running


@pytest.fixture
async def dev(fragile: RealStack) -> AsyncIterator[Developer]:
    async with developer_on(fragile) as playing:
        playing.app.callback("/status")
        playing.app.callback("/stream")
        playing.files.audio("/tail.wav", wav(TAIL, "ulaw"))
        playing.files.audio("/patient.wav", wav(PATIENT, "ulaw"))
        yield playing


async def kill(stack: RealStack, part: str) -> None:
    """SIGKILL a part and wait until the node is healthy with a new one."""
    old = stack.pid(part)
    os.kill(old, signal.SIGKILL)
    await renewed(stack, part, old)


async def renewed(stack: RealStack, part: str, old: int) -> None:
    """Wait until another process is ``part`` and the node is healthy."""
    async with asyncio.timeout(60):
        while stack.pid(part) in (0, old):  # noqa: ASYNC110 - supervisord has no events
            await asyncio.sleep(0.05)
    await asyncio.to_thread(stack.wait_healthy)


async def streaming(dev: Developer, bot: FakeBot, after: str = "") -> str:
    """A number that connects to the bot, plays a tail afterwards and hangs up."""
    return await dev.serving(
        f'<Connect><Stream url="{bot.url}" statusCallback="{dev.app.url("/stream")}"/></Connect>'
        f"<Play>{dev.files.url('/tail.wav')}</Play>{after}",
        status_callback=dev.app.url("/status"),
    )


async def started(bot: FakeBot, number: int = 0) -> BotConnection:
    connection = await bot.connection(number)
    await connection.wait_count("start", 1)
    return connection


async def completed(dev: Developer, sid: str) -> None:
    """The last callback came and REST says the same."""
    last = await dev.app.wait_until(
        lambda r: r.path == "/status" and r.params["CallSid"] == sid, timeout=20
    )
    assert last.params["CallStatus"] == "completed"
    assert (await dev.over(sid)).status == "completed"


async def next_call_works(dev: Developer) -> None:
    async with FakeBot() as bot:
        number = await streaming(dev, bot)
        async with call(dev.stack.sip, number) as phone:
            connection = await started(bot)
            await connection.play(TAIL)
            await phone.probe.wait_for(TAIL)
            await connection.close()
            await phone.hung_up()


async def talk_while_the_app_is_away(
    dev: Developer, phone: Phone, connection: BotConnection
) -> None:
    """Kill the app under four seconds of audio both ways: every byte arrives in one piece."""
    await connection.play(OTHER)
    speaking = asyncio.create_task(phone.probe.play(LONG))
    await connection.wait_audio(LONG[:8000])
    await kill(dev.stack, "app")
    await speaking
    await connection.wait_audio(LONG)
    await phone.probe.wait_for(OTHER)
    sid = connection.of("start")[0]["start"]["callSid"]
    assert await dev.logged("call.adopted", sid)


async def test_a_stream_outlives_the_app_and_the_next_verb_runs_after_it(dev: Developer) -> None:
    async with FakeBot() as bot:
        number = await streaming(dev, bot)
        async with call(dev.stack.sip, number) as phone:
            connection = await started(bot)
            await talk_while_the_app_is_away(dev, phone, connection)
            await connection.close()
            await phone.probe.wait_for(TAIL)
            await phone.hung_up()
        sid = await dev.call_sid()
        await completed(dev, sid)
        assert len(dev.app.received("/voice")) == 1
        await dev.app.wait_for("/stream", 2)
        events = [r.params["StreamEvent"] for r in dev.app.received("/stream")]
        assert events == ["stream-started", "stream-stopped"]
        assert await dev.problems(sid) == []


async def test_an_adopted_call_obeys_a_live_update(dev: Developer) -> None:
    async with FakeBot() as bot:
        number = await streaming(dev, bot)
        async with call(dev.stack.sip, number) as phone:
            connection = await started(bot)
            await kill(dev.stack, "app")
            sid = await dev.call_sid()
            assert (await dev.call(sid)).status == "in-progress"
            update = dev.client.calls(sid).update
            tail = dev.files.url("/tail.wav")
            await dev.rest(update, twiml=f"<Response><Play>{tail}</Play></Response>")
            await connection.wait_closed()
            assert connection.messages[-1]["event"] == "stop"
            await phone.probe.wait_for(TAIL)
            await phone.hung_up()
        await completed(dev, sid)


async def test_an_adopted_call_is_hung_up_by_its_caller(dev: Developer) -> None:
    async with FakeBot() as bot:
        number = await streaming(dev, bot)
        async with call(dev.stack.sip, number) as phone:
            connection = await started(bot)
            await kill(dev.stack, "app")
            await phone.sipp.hang_up()
            await connection.wait_closed()
            assert connection.messages[-1]["event"] == "stop"
        await completed(dev, await dev.call_sid())


async def test_a_caller_who_leaves_while_the_app_is_away_ends_the_stream(dev: Developer) -> None:
    async with FakeBot() as bot:
        number = await streaming(dev, bot)
        async with call(dev.stack.sip, number) as phone:
            connection = await started(bot)
            await dev.app.wait_for("/stream")  # so that the answer has been written before it
            old = dev.stack.pid("app")
            os.kill(old, signal.SIGKILL)
            await phone.sipp.hang_up()
            await renewed(dev.stack, "app", old)
            await connection.wait_closed()
        await completed(dev, await dev.call_sid())


async def test_a_dial_goes_on_after_a_kill_of_the_app(dev: Developer) -> None:
    """Both go on talking, not a byte lost; the callee who hangs up lets the caller go on."""
    dev.app.twiml("/after", f"<Play>{dev.files.url('/tail.wav')}</Play>")
    async with telephone() as callee:
        noun = f"<Sip>sip:bob@127.0.0.1:{callee.sipp.port}</Sip>"
        number = await dev.serving(f'<Dial action="/after">{noun}</Dial>')
        async with call(dev.stack.sip, number) as caller:
            await callee.answered()
            sid = await dev.call_sid()
            await dev.logged("dial.bridged", sid)
            speaking = asyncio.gather(caller.probe.play(LONG), callee.probe.play(OTHER))
            await kill(dev.stack, "app")
            await speaking
            await callee.probe.wait_for(LONG)
            await caller.probe.wait_for(OTHER)
            (child,) = await dev.rest(dev.client.calls.list, parent_call_sid=sid)
            assert child.status == "in-progress"
            await callee.sipp.hang_up()
            await caller.probe.wait_for(TAIL)
            await caller.hung_up()
    params = (await dev.app.wait_for("/after")).params
    assert (params["DialCallStatus"], params["DialCallSid"]) == ("completed", child.sid)
    assert (await dev.over(child.sid)).status == "completed"
    assert (await dev.over(sid)).status == "completed"


@pytest.mark.parametrize("verb", ["Play", "Pause"])
async def test_a_verb_goes_on_after_a_kill_of_the_app(dev: Developer, verb: str) -> None:
    files = dev.files
    document = {
        "Play": f"<Play>{files.url('/patient.wav')}</Play><Play>{files.url('/tail.wav')}</Play>",
        "Pause": f'<Play digits="1"/><Pause length="2"/><Play>{files.url("/tail.wav")}</Play>',
    }[verb]
    number = await dev.serving(document, status_callback=dev.app.url("/status"))
    async with call(dev.stack.sip, number) as phone:
        sid = await dev.call_sid()
        await dev.logged("verb.start", sid, f"verb={verb}")
        await kill(dev.stack, "app")
        end = await phone.probe.wait_for(TAIL, timeout=40)
        await phone.hung_up()
    await completed(dev, sid)
    assert len(dev.app.received("/voice")) == 1
    if verb == "Play":
        heard = phone.probe.audio()
        assert heard.count(PATIENT[-8000:]) == 1
        assert heard.index(PATIENT) < end


async def test_a_killed_stream_worker_is_a_stream_error_and_the_next_verb_runs(
    dev: Developer,
) -> None:
    async with FakeBot() as bot:
        number = await streaming(dev, bot)
        async with call(dev.stack.sip, number) as phone:
            await started(bot)
            await kill(dev.stack, "stream-0")
            await phone.probe.wait_for(TAIL)
            await phone.hung_up()
        sid = await dev.call_sid()
        await completed(dev, sid)
        await dev.app.wait_for("/stream", 2)
        event = dev.app.received("/stream")[1].params
        assert event["StreamEvent"] == "stream-error"
        assert event["StreamError"].startswith("31900")
        assert await dev.problems(sid, "31900") == ["31900"]
    await next_call_works(dev)


async def test_b_24_a_killed_asterisk_ends_its_calls_and_the_next_one_works(
    dev: Developer,
) -> None:
    async with FakeBot() as bot:
        number = await streaming(dev, bot)
        async with call(dev.stack.sip, number):
            connection = await started(bot)
            await kill(dev.stack, "asterisk")
            await connection.wait_closed()
            await completed(dev, await dev.call_sid())
    await next_call_works(dev)


async def test_sigterm_lets_running_calls_finish_and_takes_no_new_ones(dev: Developer) -> None:
    async with FakeBot() as bot:
        number = await streaming(dev, bot)
        async with call(dev.stack.sip, number) as phone:
            connection = await started(bot)
            old = dev.stack.pid("app")
            os.kill(old, signal.SIGTERM)
            await dev.logged("node.draining")
            answer = health.ask(dev.stack.settings)
            assert (answer.status, answer.parts["draining"]) == (503, True)
            refused = await sipp.run(
                "uac_expect_code", dev.stack.sip, number=number, keys={"code": 503}
            )
            refused.check()
            create = dev.client.calls.create
            assert await dev.refusal(
                create, to="sip:a@127.0.0.1:9", from_="+15550100", twiml="<Response/>"
            ) == (503, 20503)
            await connection.close()
            await phone.probe.wait_for(TAIL)
            await phone.hung_up()
        await renewed(dev.stack, "app", old)
        await completed(dev, await dev.call_sid())


async def test_b_25_a_second_application_of_the_same_name_stops_the_first_loudly(
    dev: Developer,
) -> None:
    """The app ends, is started again and takes the name back; its call has heard nothing of it."""
    headers = {"Authorization": aiohttp.encode_basic_auth(*dev.stack.ari_login)}
    events = f"{dev.stack.ari_url}/ari/events?app={dev.stack.settings.ari_app}"
    async with FakeBot() as bot, aiohttp.ClientSession(headers=headers) as session:
        number = await streaming(dev, bot)
        async with call(dev.stack.sip, number) as phone:
            connection = await started(bot)
            old = dev.stack.pid("app")
            async with session.ws_connect(events):
                assert await dev.logged("node.replaced", "critical")
                await renewed(dev.stack, "app", old)
                await connection.play(TAIL)
                await phone.probe.wait_for(TAIL)
                await connection.close()
                await phone.hung_up()
        await completed(dev, await dev.call_sid())


async def test_a_locked_store_does_not_hold_up_a_call(dev: Developer) -> None:
    path = dev.stack.settings.sql_url.split("///", 1)[1]
    async with FakeBot() as bot:
        number = await streaming(dev, bot)
        async with call(dev.stack.sip, number) as phone:
            connection = await started(bot)
            sid = await dev.call_sid()
            with closing(sqlite3.connect(path)) as locker:
                locker.execute("BEGIN IMMEDIATE")
                await connection.close()
                await phone.probe.wait_for(TAIL)
                await phone.hung_up()
                locker.rollback()
        await completed(dev, sid)
        ended = await dev.call(sid)
        assert ended.end_time is not None
        assert int(ended.duration) >= 1


async def test_callbacks_outlive_the_app(dev: Developer) -> None:
    port = free_port()
    number = await dev.serving(
        "<Reject reason='busy'/>", status_callback=f"http://127.0.0.1:{port}/late"
    )
    result = await sipp.run("uac_expect_code", dev.stack.sip, number=number, keys={"code": 486})
    result.check()
    sid = await dev.call_sid()
    await dev.logged("callback.retry", sid)
    await kill(dev.stack, "app")
    late = FakeApp(auth_token=dev.stack.token)
    await late.start(port)
    try:
        late.callback("/late")
        params = (await late.wait_for("/late", timeout=30)).params
        assert (params["CallSid"], params["CallStatus"]) == (sid, "busy")
    finally:
        await late.close()

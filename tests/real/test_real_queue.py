"""Queues on the real Asterisk: waiting, being called up, leaving, what is told and left behind."""

from __future__ import annotations

import asyncio
from typing import Any

from ari_app.testing import audio
from ari_app.testing.developer import DEADLINE, Developer
from ari_app.testing.phone import call


def enqueue(name: str, **attributes: str) -> str:
    """A document that waits in the queue ``name``, its music at ``/wait``."""
    wanted = {"action": "/after", "waitUrl": "/wait", **attributes}
    return f"<Enqueue{words(wanted)}>{name}</Enqueue>"


def dial(name: str, **attributes: str) -> str:
    """A document that dials the queue ``name``."""
    return f'<Dial action="/served"><Queue{words(attributes)}>{name}</Queue></Dial>'


def words(attributes: dict[str, str]) -> str:
    return "".join(f' {key}="{value}"' for key, value in attributes.items())


async def members(dev: Developer, queue: Any, count: int) -> list[Any]:
    """Who waits, once there are ``count``."""
    async with asyncio.timeout(DEADLINE):
        while True:
            found: list[Any] = await dev.rest(queue.members.list)
            if len(found) == count:
                return found
            await asyncio.sleep(0.05)


async def test_callers_wait_in_order_and_whoever_dials_talks_with_the_first(dev: Developer) -> None:
    music = audio.random_codes(0.6, seed=21)
    whisper = audio.random_codes(0.6, seed=22)
    ann_says, agent_says = audio.random_codes(1.0, seed=23), audio.random_codes(1.0, seed=24)
    url = dev.files.audio("/music.wav", audio.wav(music, "ulaw"))
    hint = dev.files.audio("/hint.wav", audio.wav(whisper, "ulaw"))
    dev.app.twiml("/wait", f"<Play>{url}</Play>")
    dev.app.twiml("/hint", f"<Play>{hint}</Play>")
    dev.app.twiml("/after", "<Hangup/>")
    dev.app.twiml("/served", "<Hangup/>")
    ann_number = await dev.number(dev.app.twiml("/ann", enqueue("support")))
    ben_number = await dev.number(dev.app.twiml("/ben", enqueue("support")))
    agent_number = await dev.number(dev.app.twiml("/agent", dial("support", url="/hint")))
    async with call(dev.stack.sip, ann_number) as ann:
        await ann.probe.wait_for(music)
        first = (await dev.app.wait_for("/wait")).params
        assert (first["QueuePosition"], first["CurrentQueueSize"]) == ("1", "1")
        assert (first["MaxQueueSize"], first["QueueTime"]) == ("1000", "0")
        [queue] = [q for q in await dev.rest(dev.client.queues.list) if q.sid == first["QueueSid"]]
        assert (queue.friendly_name, queue.current_size, queue.max_size) == ("support", 1, 1000)
        async with call(dev.stack.sip, ben_number) as ben:
            await ben.probe.wait_for(music)
            ann_sid, ben_sid = await dev.call_sid("/ann"), await dev.call_sid("/ben")
            waiting = await members(dev, queue, 2)
            assert [(m.call_sid, m.position) for m in waiting] == [(ann_sid, 1), (ben_sid, 2)]

            async with call(dev.stack.sip, agent_number) as agent:
                await ann.probe.wait_for(whisper)
                asked = (await dev.app.wait_for("/hint")).params
                agent_sid = await dev.call_sid("/agent")
                assert (asked["CallSid"], asked["DequeingCallSid"]) == (ann_sid, agent_sid)
                assert asked["QueueSid"] == queue.sid
                await dev.logged("queue.bridged")
                talk = asyncio.gather(ann.probe.play(ann_says), agent.probe.play(agent_says))
                # Two in a bridge: what one says reaches the other byte for byte.
                await agent.probe.wait_for(ann_says[1600:])
                await ann.probe.wait_for(agent_says[1600:])
                await talk
                assert not agent.probe.heard(whisper)
                [left] = await members(dev, queue, 1)
                assert (left.call_sid, left.position) == (ben_sid, 1)
                await agent.sipp.hang_up()
                result = (await dev.app.wait_for("/after")).params
                assert (result["CallSid"], result["QueueResult"]) == (ann_sid, "bridged")
                assert result["QueueSid"] == queue.sid
                assert int(result["QueueTime"]) >= 0
                await ann.hung_up()
            served = (await dev.app.wait_for("/served")).params
            assert (served["CallSid"], served["DialCallSid"]) == (agent_sid, ann_sid)
            assert (served["DialCallStatus"], served["DialBridged"]) == ("completed", "true")
            await ben.sipp.hang_up()
        gone = (await dev.app.wait_for("/after", 2)).params
    found = {one.params["CallSid"]: one.params for one in dev.app.received("/after")}
    assert gone in found.values()
    assert found[ben_sid]["QueueResult"] == "hangup"
    assert found[ben_sid]["CallStatus"] == "completed"
    assert (await dev.rest(dev.client.queues(queue.sid).fetch)).current_size == 0


async def test_leave_a_full_queue_and_rest_each_end_the_waiting(dev: Developer) -> None:
    queue = await dev.rest(dev.client.queues.create, friendly_name="small", max_size=1)
    dev.app.twiml("/wait", "<Pause length='60'/>")
    dev.app.twiml("/leaves", "<Pause/><Leave/><Say>not reached</Say>")
    dev.app.twiml("/after", "<Hangup/>")
    dev.app.twiml("/moved", "<Hangup/>")
    ann_number = await dev.number(dev.app.twiml("/ann", enqueue("small")))
    ben_number = await dev.number(dev.app.twiml("/ben", enqueue("small")))
    cat_number = await dev.number(dev.app.twiml("/cat", enqueue("other", waitUrl="/leaves")))
    nobody = await dev.number(dev.app.twiml("/nobody", dial("no such queue")))
    async with call(dev.stack.sip, ann_number) as ann:
        [one] = await members(dev, queue, 1)
        assert one.call_sid == await dev.call_sid("/ann")
        async with call(dev.stack.sip, ben_number) as ben:
            await ben.hung_up()
        assert (await dev.app.wait_for("/after")).params["QueueResult"] == "queue-full"
        assert "14207" in await dev.problems(await dev.call_sid("/ben"), "14207")
        assert await dev.refusal(queue.delete) == (400, 22005)
        front = queue.members("Front")
        await dev.rest(front.update, url=dev.app.url("/moved"))
        moved = (await dev.app.wait_for("/moved")).params
        assert moved["CallSid"] == one.call_sid
        await ann.hung_up()
    async with call(dev.stack.sip, cat_number) as cat:
        await cat.hung_up()
    results = [one.params["QueueResult"] for one in await settled(dev, "/after", 3)]
    assert sorted(results) == ["leave", "queue-full", "redirected"]
    async with call(dev.stack.sip, nobody) as phone:
        dev.app.twiml("/served", "<Hangup/>")
        await phone.hung_up()
    assert (await dev.app.wait_for("/served")).params["DialCallStatus"] == "failed"
    await dev.rest(queue.delete)


async def settled(dev: Developer, path: str, count: int) -> list[Any]:
    """The first ``count`` requests at ``path``."""
    await dev.app.wait_for(path, count)
    return dev.app.received(path)

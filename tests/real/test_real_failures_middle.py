"""Every verb, ended in its middle in every way: nothing is left of it, and nothing goes wrong.

Each kind of call is interrupted four times at once: by a live update, by the caller, over REST
and by its time limit. Afterwards Asterisk has no channel and no bridge more than before, and
the app no task.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from ari_app.testing import audio
from ari_app.testing.bot import FakeBot
from ari_app.testing.developer import DEADLINE, Developer, developer_on
from ari_app.testing.phone import Phone, call, telephone
from ari_app.testing.sip_bye import in_dialog
from ari_app.testing.stack import RealStack, real_stack

LONG = audio.random_codes(20.0, seed=80)
HEARD = LONG[:800]
#: What a live update plays.
NEW = audio.random_codes(0.2, seed=81)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStack]:
    """A node of these tests' own, so that its tasks can be counted."""
    with real_stack(tmp_path_factory.mktemp("middle")) as running:
        yield running
        errors = running.asterisk_errors()
    assert not errors, "\n".join(errors)


@pytest.fixture
async def dev(node: RealStack) -> AsyncIterator[Developer]:
    async with developer_on(node) as playing:
        yield playing


@dataclass
class Scene:
    """One call: its developer, a bot of its own, the path of its document, whom it dials."""

    dev: Developer
    bot: FakeBot
    path: str
    callee: Phone | None = None
    #: The SID of a call that was made by REST.
    known: str = ""

    @property
    def long(self) -> str:
        """A sound that lasts."""
        url = self.dev.files.audio("/long.wav", audio.wav(LONG, "ulaw"))
        return f"<Play>{url}</Play>"

    @property
    def tune(self) -> str:
        """Address of what a live update plays."""
        return self.dev.files.audio("/new.wav", audio.wav(NEW, "ulaw"))

    def sip(self, attributes: str = "") -> str:
        """The noun that dials the callee and tells of it."""
        assert self.callee is not None
        return (
            f'<Sip {attributes} statusCallback="{self.told}" '
            'statusCallbackEvent="ringing answered">'
            f"sip:bob@127.0.0.1:{self.callee.sipp.port}</Sip>"
        )

    @property
    def told(self) -> str:
        """Where callbacks of what the verb does go."""
        return self.dev.app.callback(f"{self.path}-told")

    @property
    def wait(self) -> str:
        """A document of a sound that lasts."""
        return self.dev.app.twiml(f"{self.path}-wait", self.long)

    async def sid(self) -> str:
        """SID of the call."""
        return self.known or await self.dev.call_sid(self.path)


Middle = Callable[[Scene, Phone], Awaitable[None]]


async def hears(scene: Scene, phone: Phone) -> None:
    await phone.probe.wait_for(HEARD, timeout=DEADLINE)


async def hears_speech(scene: Scene, phone: Phone) -> None:
    async with asyncio.timeout(DEADLINE):
        await phone.probe.until(lambda: any(not p.is_silent for p in phone.probe.received))


async def in_progress(scene: Scene, phone: Phone) -> None:
    await scene.dev.call_in(await scene.sid(), "in-progress")


async def hears_itself(scene: Scene, phone: Phone) -> None:
    talking = asyncio.create_task(phone.probe.play(LONG))
    try:
        await hears_speech(scene, phone)
    finally:
        talking.cancel()
        await asyncio.wait({talking})


async def streams(scene: Scene, phone: Phone) -> None:
    await (await scene.bot.connection()).wait_count("media", 3)


def told(count: int = 1) -> Middle:
    """Wait for so many callbacks of what the verb does."""

    async def wait(scene: Scene, phone: Phone) -> None:
        await scene.dev.app.wait_for(f"{scene.path}-told", count)

    return wait


async def records(scene: Scene, phone: Phone) -> None:
    """Long enough to be no trouble that is told."""
    await told()(scene, phone)
    await phone.probe.play(LONG[:12000])


async def hears_callee(scene: Scene, phone: Phone) -> None:
    assert scene.callee is not None
    await scene.callee.answered()
    talking = asyncio.create_task(scene.callee.probe.play(LONG))
    try:
        await hears_speech(scene, phone)
    finally:
        talking.cancel()
        await asyncio.wait({talking})


async def whispers(scene: Scene, phone: Phone) -> None:
    assert scene.callee is not None
    await scene.callee.answered()
    await hears(scene, scene.callee)


async def referring(scene: Scene, phone: Phone) -> None:
    await phone.sipp.wait_for(lambda m: m.method == "NOTIFY" and m.status == 200)


async def refer_is_over(phone: Phone) -> None:
    """Tell the end of what the REFER asked for: Asterisk keeps the ended channel until then."""
    ok = await phone.sipp.answered()
    invite = next(m for m in phone.sipp.messages if m.status is None and m.method == "INVITE")
    headers = {
        "Contact": "<sip:caller@127.0.0.1>",
        "Event": "refer",
        "Subscription-State": "terminated;reason=noresource",
        "Content-Type": "message/sipfrag;version=2.0",
    }
    body = "SIP/2.0 503 Service Unavailable\r\n"
    status = await in_dialog("NOTIFY", invite, ok, sequence=71, headers=headers, body=body)
    assert status == 200


#: Callers of another kind than those who just talk.
CALLERS = {"refer": "uac_refer_pending"}
#: Who is dialled, where somebody is.
CALLEES = {
    "dial-ringing": "uas_noanswer",
    "dial-talking": "uas_answer",
    "dial-whisper": "uas_answer",
}
#: What a call does, and when it is in the middle of that.
KINDS: dict[str, tuple[Callable[[Scene], str], Middle]] = {
    "connect": (lambda s: f'<Connect><Stream url="{s.bot.url}"/></Connect>', streams),
    "conference": (
        lambda s: (
            f'<Dial><Conference statusCallback="{s.told}" statusCallbackEvent="join">'
            f"{s.path}</Conference></Dial>"
        ),
        told(),
    ),
    "conference-wait": (
        lambda s: f'<Dial><Conference waitUrl="{s.wait}">{s.path}</Conference></Dial>',
        hears,
    ),
    "dial-ringing": (lambda s: f"<Dial>{s.sip()}</Dial>", told()),
    "dial-talking": (lambda s: f"<Dial>{s.sip()}</Dial>", hears_callee),
    "dial-whisper": (lambda s: "<Dial>" + s.sip(f'url="{s.wait}"') + "</Dial>", whispers),
    "enqueue": (lambda s: f'<Enqueue waitUrl="{s.wait}">{s.path}</Enqueue>', hears),
    "echo": (lambda s: "<Echo/>", hears_itself),
    "gather": (lambda s: '<Play digits="w"/><Gather timeout="60"/>', in_progress),
    "gather-prompt": (lambda s: f"<Gather>{s.long}{s.long}</Gather>", hears),
    "gather-speech": (lambda s: f'<Gather input="dtmf speech">{s.long}</Gather>', hears),
    "pause": (lambda s: '<Play digits="w"/><Pause length="60"/>', in_progress),
    "play": (lambda s: s.long, hears),
    "play-digits": (lambda s: '<Play digits="1WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW2"/>', in_progress),
    "record": (
        lambda s: (
            f'<Record recordingStatusCallback="{s.told}" timeout="60" '
            'recordingStatusCallbackEvent="in-progress"/>'
        ),
        records,
    ),
    "refer": (
        lambda s: f'<Refer action="{s.path}-never"><Sip>sip:carol@127.0.0.1:9</Sip></Refer>',
        referring,
    ),
    "start-recording": (
        lambda s: (
            f'<Start><Recording recordingStatusCallback="{s.told}" '
            'recordingStatusCallbackEvent="in-progress"/></Start><Pause length="60"/>'
        ),
        records,
    ),
    "start-transcription": (
        lambda s: f'<Start><Transcription statusCallbackUrl="{s.told}"/></Start>{s.long}',
        told(),
    ),
    "start-stream": (
        lambda s: f'<Start><Stream url="{s.bot.url}" track="both_tracks"/></Start>{s.long}',
        streams,
    ),
    "say": (lambda s: f"<Say>{'one two three four five ' * 8}</Say>", hears_speech),
}


async def update(scene: Scene, phone: Phone) -> None:
    """The new document is heard, and ends the call."""
    sid, document = await scene.sid(), f"<Response><Play>{scene.tune}</Play></Response>"
    await scene.dev.rest(scene.dev.client.calls(sid).update, twiml=document)
    await phone.probe.wait_for(NEW, timeout=DEADLINE)


async def hang_up(scene: Scene, phone: Phone) -> None:
    await phone.sipp.hang_up()


async def end(scene: Scene, phone: Phone) -> None:
    await scene.dev.rest(scene.dev.client.calls(await scene.sid()).update, status="completed")


async def time_limit(scene: Scene, phone: Phone) -> None:
    await scene.dev.rest(scene.dev.client.calls(await scene.sid()).update, time_limit=1)


ENDINGS = (update, hang_up, end, time_limit)


async def interrupted(
    dev: Developer, kind: str, ending: Callable[[Scene, Phone], Awaitable[None]]
) -> None:
    """One call of a kind, ended in its middle."""
    document, middle = KINDS[kind]
    async with FakeBot() as bot, AsyncExitStack() as stack:
        scene = Scene(dev, bot, f"/{kind}-{ending.__name__}")
        if kind in CALLEES:
            scene.callee = await stack.enter_async_context(telephone(CALLEES[kind]))
        never = f"<Redirect>{scene.path}-never</Redirect>"
        number = await dev.number(dev.app.twiml(scene.path, document(scene) + never))
        scenario = CALLERS.get(kind, "uac_call")
        async with call(dev.stack.sip, number, scenario=scenario) as phone:
            await middle(scene, phone)
            await ending(scene, phone)
            if ending is not hang_up:
                await phone.hung_up()
            if kind == "refer":
                await refer_is_over(phone)
            if scene.callee is not None:
                await scene.callee.hung_up()
        sid = await scene.sid()
        assert (await dev.over(sid)).status == "completed"
        expected = ["32015"] if ending is time_limit else []
        assert await dev.problems(sid, *expected) == expected
        assert not dev.app.received(f"{scene.path}-never")


async def no_tasks_left(dev: Developer, before: float) -> None:
    """Wait until the app has no more tasks than before."""
    left = before + 1
    async with asyncio.timeout(DEADLINE):
        while left > before:  # the last callbacks may still be on their way
            await asyncio.sleep(0.05)
            left = (await dev.idle())["ariswitch_tasks"]


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_verb_ended_in_its_middle_leaves_nothing(dev: Developer, kind: str) -> None:
    """What is left in Asterisk is looked for by the fixture."""
    before = (await dev.idle())["ariswitch_tasks"]
    await asyncio.gather(*(interrupted(dev, kind, ending) for ending in ENDINGS))
    await no_tasks_left(dev, before)


async def called(
    dev: Developer, scenario: str, status: str, ending: Callable[[Scene, Phone], Awaitable[None]]
) -> str:
    """One call made by REST, ended when it is ``status``; its own last status."""
    path = f"/out-{status}-{ending.__name__}"
    async with FakeBot() as bot, telephone(scenario) as callee:
        scene = Scene(dev, bot, path)
        sid = (
            await dev.rest(
                dev.client.calls.create,
                to=f"sip:bob@127.0.0.1:{callee.sipp.port}",
                from_="+15550100",
                url=dev.app.twiml(path, scene.long + "<Redirect/>"),
                status_callback=dev.app.callback(f"{path}-status"),
                status_callback_event=["initiated", "ringing", "answered", "completed"],
            )
        ).sid
        if status == "in-progress":
            await callee.answered()
            await hears(scene, callee)
        await dev.call_in(sid, status)
        scene.known = sid
        await ending(scene, callee)
        if ending is not hang_up:
            await callee.hung_up()
        over = await dev.over(sid)
        expected = ["32015"] if ending is time_limit else []
        assert await dev.problems(sid, *expected) == expected
        events = await dev.events(3, f"{path}-status")
        assert events[-1].params["CallStatus"] == over.status
        return str(over.status)


async def cancel(scene: Scene, phone: Phone) -> None:
    await scene.dev.rest(scene.dev.client.calls(await scene.sid()).update, status="canceled")


async def test_a_call_made_by_rest_ended_in_its_middle_leaves_nothing(dev: Developer) -> None:
    """While it rings, and while its document runs."""
    before = (await dev.idle())["ariswitch_tasks"]
    ringing = [called(dev, "uas_noanswer", "ringing", one) for one in (cancel, end)]
    talking = [called(dev, "uas_answer", "in-progress", one) for one in ENDINGS]
    found = await asyncio.gather(*ringing, *talking)
    assert found == ["canceled", "completed"] + ["completed"] * len(ENDINGS)
    await no_tasks_left(dev, before)

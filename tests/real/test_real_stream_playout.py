"""What a caller hears of a bot on a real call, and what the bot may conclude from its marks."""

from __future__ import annotations

import random
import statistics
from itertools import pairwise

from ari_app.testing import audio
from ari_app.testing.bot import BotConnection, FakeBot
from ari_app.testing.customer import customer
from ari_app.testing.phone import call
from ari_app.testing.rtp_probe import RtpProbe
from ari_app.testing.stack import RealStack

SILENCE = b"\xff"
#: Bytes of audio that Asterisk may hold between the bridge and the caller's ear (100 ms).
ON_THE_WAY = 800
#: The same for one mark among many, when the machine was busy with something else (300 ms).
AT_WORST = 2400
#: Bytes that the caller may still have to hear when a mark comes back (60 ms).
EARLY = 480
#: Frames of 20 ms that the bridge may take to do what it was told.
SOON = 25


async def test_fact_06_b_01_b_02_b_07_clear_in_the_middle_of_ten_seconds(stack: RealStack) -> None:
    """Nothing of the queue is heard after `clear`; all marks come back; later audio is whole."""
    queued = audio.random_codes(10, seed=1)[:-77]  # ends, and is cut, in the middle of a frame
    later = audio.random_codes(0.4, seed=2)
    names = [f"mark {n}" for n in range(20)]
    async with customer(stack) as shop, FakeBot() as server:
        shop.says(f'<Connect><Stream url="{server.url}"/></Connect>')
        async with call(stack.sip, shop.number) as phone:
            bot = await server.connection()
            await bot.wait_count("start", 1)
            await bot.play(queued[:70_003])
            for name in names[:10]:
                await bot.mark(name)
            await bot.play(queued[70_003:])
            for name in names[10:]:
                await bot.mark(name)
            await phone.probe.wait_for(queued[:4000])
            assert not bot.of("mark")
            asked = len(bot.messages)
            await bot.clear()
            await bot.wait_count("mark", 20)
            phone.probe.catch_up()
            before = _heard_of(phone.probe, queued)
            await phone.probe.wait_for_packets(len(phone.probe.received) + 20)
            await bot.clear()  # of nothing: no answer
            await bot.play(later)
            await bot.mark("later")
            await bot.wait_count("mark", 21)
            await phone.probe.wait_for(later)
            heard = phone.probe.audio()
            await bot.close()
            await phone.hung_up()
        await shop.ended(await shop.call_sid())
    assert [m["mark"]["name"] for m in bot.of("mark")] == [*names, "later"]
    answer = [m["event"] for m in bot.messages[asked:]]
    cleared = answer.index("mark")
    assert cleared < SOON
    assert answer[cleared : cleared + 20] == ["mark"] * 20  # none waits for another frame
    start = heard.index(queued[:160])
    of_queue = next(
        n for n in range(0, len(queued), 160) if heard[start + n :][:160] != queued[n:][:160]
    )
    assert of_queue - before <= ON_THE_WAY
    # After the cut: silence, and nothing but silence, until what was queued later.
    assert not heard[start + of_queue : heard.index(later)].translate(None, SILENCE)
    assert heard.count(later) == 1
    line = next(
        line
        for line in stack.log("stream-0").splitlines()
        if bot.stream_sid in line and "stream.stopped" in line
    )
    assert "marks_played=1 " in f"{line} "
    assert "marks_cleared=20 " in f"{line} "
    assert f"audio_played={of_queue + len(later)} " in f"{line} "


async def test_fact_07_fact_08_b_03_b_04_b_05_marks_among_odd_chunks(stack: RealStack) -> None:
    """Unpaced pieces of any size leave as whole frames; a mark comes when it was heard."""
    source = random.Random(7)
    speech = audio.random_codes(2, seed=7)[:-63]
    sizes = [4001]  # a head start, for a busy machine
    while sum(sizes) < len(speech):
        sizes.append(min(source.choice([1, 7, 159, 161, 399, 320]), len(speech) - sum(sizes)))
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    sent: list[tuple[int, str | int]] = []
    async with customer(stack) as shop, FakeBot() as server:
        shop.says(f'<Connect><Stream url="{server.url}"/></Connect>')
        async with call(stack.sip, shop.number) as phone:
            bot = await server.connection()
            await bot.wait_count("start", 1)
            await bot.mark("before everything")
            await bot.wait_count("mark", 1)  # comes back though nothing is queued
            await bot.play(b"")
            for number, (size, end) in enumerate(zip(sizes, ends, strict=True)):
                await bot.play(speech[end - size : end])
                if number % 8 == 0 or end == len(speech):
                    sent.append((end, "same name" if number % 16 else number))
                    await bot.mark(sent[-1][1])
            await bot.send({"event": "mark", "streamSid": bot.stream_sid})
            unheard = []
            for count, (position, name) in enumerate(sent, 2):
                marks = await bot.wait_count("mark", count)
                assert marks[count - 1]["mark"]["name"] == name
                phone.probe.catch_up()
                unheard.append(position - _heard_of(phone.probe, speech))
            assert statistics.median(unheard) <= EARLY
            assert max(unheard) <= AT_WORST
            offset = await phone.probe.wait_for(speech + SILENCE * 63)
            await bot.close()
            await phone.hung_up()
        await shop.ended(await shop.call_sid())
    assert offset % 160 == 0
    assert {len(p.payload) for p in phone.probe.received} == {160}
    assert len(bot.of("mark")) == 1 + len(sent)
    for before, after in pairwise(phone.probe.received):
        if before.ssrc == after.ssrc:
            assert (after.timestamp - before.timestamp) % 2**32 == 160


async def test_b_03_what_a_mark_calls_played_is_heard_though_the_bot_closes_on_it(
    stack: RealStack,
) -> None:
    """The last frame is still inside Asterisk when the mark comes back and the bot closes."""
    speech = audio.random_codes(0.3, seed=12)

    async def says_it_and_closes(bot: BotConnection) -> None:
        await bot.wait_count("start", 1)
        await bot.play(speech)
        await bot.mark("played")
        await bot.wait_count("mark", 1)
        await bot.close()

    async with customer(stack) as shop, FakeBot(says_it_and_closes) as server:
        stream = f'<Connect><Stream url="{server.url}"/></Connect>'
        shop.says(stream * 4)
        async with call(stack.sip, shop.number) as phone:
            await phone.hung_up()
        await shop.ended(await shop.call_sid())
    assert len(server.connections) == 4
    assert phone.probe.audio().count(speech) == 4


def _heard_of(probe: RtpProbe, audio: bytes) -> int:
    """How many bytes of ``audio`` the caller has heard in a row, to a frame."""
    heard = probe.audio()
    start = heard.find(audio[:160])
    if start < 0:
        return 0
    common = 0
    while common < len(audio) and heard[start + common :][:160] == audio[common:][:160]:
        common += 160
    return common

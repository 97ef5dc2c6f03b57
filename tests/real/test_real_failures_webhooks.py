"""A customer's web server that fails: fallback, announcement, code, and the next call works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ari_app.testing import sipp
from ari_app.testing.audio import decode
from ari_app.testing.developer import Developer
from ari_app.testing.http_server import Answer, FakeApp
from ari_app.testing.phone import call
from ari_app.testing.rtp_probe import RtpProbe
from ari_app.testing.sipp import free_port

#: Quick and untried again; it is not sent and not signed.
QUICK = "#rt=500&tt=800&rc=0"
BOMB = (
    '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi"))  # noqa: B905
    + "]><Response><Say>&i;</Say></Response>"
)
EXTERNAL = (
    '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><Response><Say>&x;</Say></Response>'
)
LOOP = {"Location": "/voice"}


def answering(**answer: Any) -> Callable[[FakeApp], str]:
    return lambda web: web.answer("/voice", Answer(**answer))


FAILURES: dict[str, tuple[int, Callable[[FakeApp], str]]] = {
    "refused": (11202, lambda web: f"http://127.0.0.1:{free_port()}/voice"),
    "never answers": (11203, lambda web: web.never("/voice")),
    "hangs up": (11205, lambda web: web.drop("/voice")),
    "500": (11200, answering(status=500)),
    "bad XML": (12100, answering(body="<Response><Say>")),
    "XML bomb": (12100, answering(body=BOMB)),
    "external entity": (12100, answering(body=EXTERNAL)),
    "wrong root": (12102, answering(body="<html/>")),
    "10 MB": (11750, answering(body=b"<Response>" + b" " * 10_000_000 + b"</Response>")),
    "content type": (12300, answering(body="<Response/>", content_type="application/pdf")),
    "empty": (11770, answering(body="")),
    "redirect loop": (11215, answering(status=302, headers=LOOP)),
}


@pytest.fixture(autouse=True)
def _own_path(dev: Developer) -> None:
    dev.app.callback("/status")


async def heard_loudness(probe: RtpProbe, seconds: float = 1.0) -> float:
    """Wait for ``seconds`` of sound of the other side; its loudest stretch, as RMS."""
    wanted = int(seconds * 50)

    def loud() -> int:
        samples = decode(probe.audio(), "ulaw").astype(float)
        frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
        return int((np.sqrt((frames**2).mean(axis=1)) > 300).sum()) if len(frames) else 0

    await probe.until(lambda: len(probe.received) % 10 == 0 and loud() >= wanted)
    return loud() / 50


@pytest.mark.parametrize("cause", FAILURES)
async def test_b_18_every_failure_leads_to_the_fallback_url(dev: Developer, cause: str) -> None:
    """The fallback is told code and URL; the code is in the log and among the Notifications."""
    code, break_it = FAILURES[cause]
    voice_url = break_it(dev.app)
    number = await dev.number(
        voice_url + QUICK,
        voice_fallback_url=dev.app.twiml("/fallback", "<Reject reason='busy'/>"),
    )
    await refused_busy(dev, number)
    params = (await dev.app.wait_for("/fallback")).params
    assert params["ErrorCode"] == str(code)
    assert params["ErrorUrl"] == voice_url
    assert params["CallStatus"] == "ringing"
    sid = params["CallSid"]
    assert str(code) in await dev.problems(sid, str(code))
    assert await dev.logged(sid, f"code={code}", "call.problem")


async def refused_busy(dev: Developer, number: str) -> None:
    result = await sipp.run("uac_expect_code", dev.stack.sip, number=number, keys={"code": 486})
    result.check()


async def test_b_18_both_urls_dead_is_announced_and_the_next_call_works(
    dev: Developer,
) -> None:
    dead = f"http://127.0.0.1:{free_port()}/voice"
    number = await dev.number(
        dead + QUICK,
        voice_fallback_url=dev.app.answer("/fallback", Answer(status=503)),
        status_callback=dev.app.url("/status"),
    )
    async with call(dev.stack.sip, number) as phone:
        assert await heard_loudness(phone.probe) >= 1.0
        await phone.hung_up()
    sid = (await dev.app.wait_for("/status")).params["CallSid"]
    assert await dev.problems(sid, "11202", "11200") == ["11202", "11200"]
    assert (await dev.over(sid)).status == "completed"
    healthy = await dev.serving("<Reject reason='busy'/>")
    await refused_busy(dev, healthy)


async def test_documents_that_lead_to_each_other_for_ever_end_the_call(dev: Developer) -> None:
    dev.app.twiml("/b", "<Redirect>/voice</Redirect>")
    number = await dev.serving("<Redirect>/b</Redirect>")
    async with call(dev.stack.sip, number) as phone:
        await phone.hung_up()
    sid = await dev.call_sid()
    assert "11215" in await dev.problems(sid, "11215")
    assert len(dev.app.requests) < 200


async def test_a_dead_status_callback_is_warned_of_and_nothing_more(dev: Developer) -> None:
    number = await dev.serving(
        "<Reject reason='busy'/>", status_callback=dev.app.answer("/dead", Answer(status=500))
    )
    await refused_busy(dev, number)
    sid = await dev.call_sid()
    assert await dev.problems(sid, "15003") == ["15003"]
    assert (await dev.over(sid)).status == "busy"
    assert len(dev.app.received("/dead")) == 1


async def test_b_29_a_play_url_that_fails_leads_to_the_fallback(dev: Developer) -> None:
    missing = dev.files.answer("/missing.wav", Answer(status=404))
    number = await dev.serving(
        f"<Play>{missing}</Play><Reject reason='busy'/>",
        voice_fallback_url=dev.app.twiml("/fallback", "<Reject reason='busy'/>"),
    )
    await refused_busy(dev, number)
    params = (await dev.app.wait_for("/fallback")).params
    assert params["ErrorUrl"] == missing
    assert params["ErrorCode"] == "11200"

"""Calls that come in: who is asked what, who is refused, what is told afterwards."""

from __future__ import annotations

import pytest

from ari_app.testing import sipp
from ari_app.testing.developer import Developer, Routed
from ari_app.testing.http_server import Received
from ari_app.testing.phone import call

GEO = {
    f"{who}{part}"
    for who in ("From", "To", "Caller", "Called")
    for part in ("City", "State", "Zip", "Country")
}


async def refused(dev: Developer, number: str, code: int, host: str = "127.0.0.1") -> None:
    """Call ``number`` and expect the final SIP ``code``."""
    result = await sipp.run(
        "uac_expect_code", dev.stack.sip, number=number, keys={"code": code}, host=host
    )
    assert result.check().final_status == code


def check_asked(asked: Received, number: str, method: str) -> None:
    """Hold one webhook to the contract's parameters of an unanswered inbound call."""
    assert (asked.method, asked.signed) == (method, True)
    assert asked.headers["User-Agent"] == "TwilioProxy/1.1"
    assert asked.headers["I-Twilio-Idempotency-Token"]
    params = asked.params
    assert params["CallSid"].startswith("CA")
    assert params["AccountSid"].startswith("AC")
    assert (params["From"], params["Caller"]) == ("+15557000", "+15557000")
    assert (params["To"], params["Called"]) == (number, number)
    assert (params["Direction"], params["CallStatus"]) == ("inbound", "ringing")
    assert params["ApiVersion"] == "2010-04-01"
    assert params.keys() >= GEO


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_fact_20_fact_21_webhook_of_a_rest_number(dev: Developer, method: str) -> None:
    """Form or query, signed so that Twilio's own validator is content, empty keys included."""
    number = await dev.number(
        dev.app.twiml("/voice", "<Hangup/>") + "?shop=a%20b&x=", voice_method=method
    )
    await refused(dev, number, 603)
    asked = dev.app.received("/voice")
    assert len(asked) == 1
    check_asked(asked[0], number, method)
    assert asked[0].query["shop"] == "a b"
    if method == "POST":
        kind = "application/x-www-form-urlencoded"
        assert asked[0].headers["Content-Type"].startswith(kind)
        assert asked[0].form["CallSid"]
        assert "CallSid" not in asked[0].query
    else:
        assert not asked[0].body


async def test_webhook_of_a_config_file_number(routed_dev: Developer, routed: Routed) -> None:
    dev = routed_dev
    dev.app.twiml("/config", "<Hangup/>")
    await refused(dev, routed.number, 603)
    asked = await dev.app.wait_for("/config")
    check_asked(asked, routed.number, "GET")
    assert asked.query["tenant"] == "7"
    listed = await dev.rest(dev.client.incoming_phone_numbers.list, phone_number=routed.number)
    assert [item.voice_method for item in listed] == ["GET"]


async def test_number_is_found_without_its_plus(dev: Developer) -> None:
    number = await dev.serving("<Hangup/>")
    await refused(dev, number.lstrip("+"), 603)
    assert (await dev.app.wait_for("/voice")).params["To"] == number


async def test_unknown_number_is_404_and_no_call(dev: Developer) -> None:
    before = await dev.rest(dev.client.calls.list, limit=1)
    await refused(dev, "+15550000404", 404)
    await dev.logged("call.refused", "+15550000404", "404")
    after = await dev.rest(dev.client.calls.list, limit=1)
    assert [item.sid for item in before] == [item.sid for item in after]


async def test_changed_number_goes_elsewhere_at_the_next_call(dev: Developer) -> None:
    """Create, fetch, list, update, delete by the official client; calls follow at once."""
    numbers = dev.client.incoming_phone_numbers
    number = await dev.serving("<Reject/>")
    (listed,) = await dev.rest(numbers.list, phone_number=number)
    await refused(dev, number, 603)
    url = dev.app.twiml("/other", '<Reject reason="busy"/>')
    await dev.rest(listed.update, voice_url=url, voice_method="GET", friendly_name="Shop")
    fetched = await dev.rest(numbers(listed.sid).fetch)
    assert (fetched.voice_url, fetched.voice_method, fetched.friendly_name) == (url, "GET", "Shop")
    await refused(dev, number, 486)
    assert dev.app.received("/other")[0].method == "GET"
    assert await dev.rest(listed.delete)
    await refused(dev, number, 404)
    assert await dev.refusal(numbers(listed.sid).fetch) == (404, 20404)


async def test_deleted_number_is_unknown_at_once(dev: Developer) -> None:
    number = await dev.serving("<Hangup/>")
    await dev.remove_numbers()
    await refused(dev, number, 404)
    assert not dev.app.requests


async def test_source_that_is_not_allowed_is_403(routed_dev: Developer) -> None:
    dev = routed_dev
    number = await dev.serving("<Hangup/>")
    await refused(dev, number, 403, host="127.0.0.2")
    await dev.logged("call.refused", number, "403", "127.0.0.2")
    assert not dev.app.requests
    await refused(dev, number, 603)


async def test_caller_who_cancels_ends_the_call_as_no_answer(dev: Developer) -> None:
    """The webhook is still pending; what it would have answered is never run."""
    dev.app.never("/voice")
    status = dev.app.callback("/status")
    number = await dev.number(dev.app.url("/voice"), status_callback=status)
    keys = {"after_ms": 300}
    (await sipp.run("uac_cancel", dev.stack.sip, number=number, keys=keys)).check()
    sid = await dev.call_sid()
    ended = await dev.over(sid)
    assert (ended.status, ended.start_time, ended.duration) == ("no-answer", None, "0")
    told = (await dev.events(1))[0].params
    assert (told["CallStatus"], told["CallDuration"]) == ("no-answer", "0")
    assert told["SipResponseCode"] == "487"


@pytest.mark.parametrize(
    ("verb", "code", "status"),
    [
        ("<Reject/>", 603, "no-answer"),
        ('<Reject reason="rejected"/>', 603, "no-answer"),
        ('<Reject reason="busy"/>', 486, "busy"),
        ('<Reject reason="nonsense"/>', 603, "no-answer"),
    ],
)
async def test_fact_29_reject_first_never_answers(
    dev: Developer, verb: str, code: int, status: str
) -> None:
    number = await dev.serving(f"{verb}<Say>never heard</Say>")
    await refused(dev, number, code)
    sid = await dev.call_sid()
    ended = await dev.over(sid)
    assert (ended.status, ended.start_time, ended.duration) == (status, None, "0")
    wanted = ["13810"] if "nonsense" in verb else []
    assert await dev.problems(sid, *wanted) == wanted


@pytest.mark.parametrize("document", ["<Hangup/>", "<Response/>"])
async def test_nothing_to_say_never_answers(dev: Developer, document: str) -> None:
    number = await dev.serving(document)
    await refused(dev, number, 603)
    ended = await dev.over(await dev.call_sid())
    assert ended.start_time is None
    assert ended.status == "completed"


async def test_fact_29_pause_first_delays_the_answer(dev: Developer) -> None:
    """The call rings for the pause and is answered after it."""
    number = await dev.serving("<Pause/><Hangup/>")
    async with call(dev.stack.sip, number) as phone:
        await phone.hung_up()
    rang = next(m for m in phone.sipp.messages if m.status == 180)
    answered = next(m for m in phone.sipp.messages if m.status == 200 and m.method == "INVITE")
    assert answered.time - rang.time > 0.9
    ended = await dev.over(await dev.call_sid())
    assert (ended.status, ended.direction) == ("completed", "inbound")
    assert ended.start_time is not None


async def test_pause_after_the_answer_is_silence_on_the_line(dev: Developer) -> None:
    number = await dev.serving('<Play digits="w"/><Pause/><Hangup/>')
    async with call(dev.stack.sip, number) as phone:
        await phone.hung_up()
    answered = next(m for m in phone.sipp.messages if m.status == 200 and m.method == "INVITE")
    bye = next(m for m in phone.sipp.messages if m.method == "BYE")
    assert bye.time - answered.time > 0.9


async def test_fact_22_fact_21_number_level_callback_is_only_completed(
    dev: Developer,
) -> None:
    status = dev.app.callback("/status")
    number = await dev.serving('<Play digits="w"/>', status_callback=status)
    async with call(dev.stack.sip, number) as phone:
        await phone.hung_up()
    ended = await dev.over(await dev.call_sid())
    event = (await dev.events(1))[0]
    assert (event.method, event.signed) == ("POST", True)
    told = event.params
    assert told["CallStatus"] == "completed"
    assert told["CallbackSource"] == "call-progress-events"
    assert told["CallSid"] == ended.sid
    assert (told["CallDuration"], told["Duration"]) == (ended.duration, "1")
    assert told["Timestamp"].endswith("+0000")
    assert told["SipResponseCode"] == "200"
    assert told["SequenceNumber"] == "0"
    assert told.keys() >= GEO | {"Caller", "Called", "Direction", "ApiVersion", "AccountSid"}


async def test_number_level_callback_by_get_is_signed_over_its_query(dev: Developer) -> None:
    status = dev.app.callback("/status") + "?a=1"
    number = await dev.serving("<Hangup/>", status_callback=status, status_callback_method="GET")
    await refused(dev, number, 603)
    event = await dev.app.wait_for("/status")
    assert (event.method, event.signed, event.query["a"]) == ("GET", True, "1")


async def test_caller_who_hangs_up_ends_the_call(dev: Developer) -> None:
    number = await dev.serving("<Play digits=\"w\"/><Pause length='60'/>")
    async with call(dev.stack.sip, number) as phone:
        sid = await dev.call_sid()
        await dev.call_in(sid, "in-progress")
        await phone.sipp.hang_up()
        ended = await dev.over(sid)
    assert ended.status == "completed"
    assert int(ended.duration) >= 1
    assert ended.end_time >= ended.start_time

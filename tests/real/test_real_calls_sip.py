"""What SIP tells of calls, and what is told of it to web servers."""

from __future__ import annotations

from twilio.request_validator import RequestValidator

from ari_app.testing import sipp
from ari_app.testing.bot import FakeBot
from ari_app.testing.developer import Developer
from ari_app.testing.phone import call, telephone


async def test_headers_source_name_and_diversion_reach_every_webhook(dev: Developer) -> None:
    """As SIP-domain calls have them on Twilio; only X- headers, never what is not one."""
    number = await dev.serving(
        '<Reject reason="busy"/>',
        status_callback=dev.app.callback("/status"),
        voice_caller_id_lookup="true",
    )
    keys = {"code": 486}
    (await sipp.run("uac_headers", dev.stack.sip, number=number, keys=keys)).check()
    for path in ("/voice", "/status"):
        told = (await dev.app.wait_for(path)).params
        assert told["SipHeader_X-Route-Id"] == '7, "a" b'
        assert told["SipHeader_X-Other"] == "${CHANNEL(name)}"
        assert {k for k in told if k.startswith("SipHeader_")} == {
            "SipHeader_X-Route-Id",
            "SipHeader_X-Other",
        }
        assert (told["ForwardedFrom"], told["CallerName"]) == ("+15558000", "Alice Doe")
        assert told["SipSourceIp"] == "127.0.0.1"
        assert told["SipCallId"]
    assert (await dev.over(await dev.call_sid())).forwarded_from == "+15558000"


async def test_fact_22_callee_that_answers_183_rings(dev: Developer) -> None:
    async with telephone("uas_183", seconds=0.5) as phone:
        made = await dev.rest(
            dev.client.calls.create,
            to=f"sip:bob@127.0.0.1:{phone.sipp.port}",
            from_="+15550100",
            twiml="<Response><Hangup/></Response>",
            status_callback=dev.app.callback("/status"),
            status_callback_event=["initiated", "ringing", "answered", "completed"],
        )
        await dev.call_in(made.sid, "ringing")
        await phone.hung_up()
    told = [one.params for one in await dev.events(4)]
    assert [one["CallStatus"] for one in told] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert [one["SequenceNumber"] for one in told] == ["0", "1", "2", "3"]


async def test_fact_16_stream_address_without_a_path_is_signed_as_it_is_requested(
    dev: Developer,
) -> None:
    async with FakeBot() as server:
        bare = server.url.rpartition("/")[0]
        number = await dev.serving(f'<Connect><Stream url="{bare}"/></Connect>')
        async with call(dev.stack.sip, number) as phone:
            bot = await server.connection()
            await bot.close()
            await phone.hung_up()
    request = await server.request()
    assert request.path == "/"
    signature = request.headers["X-Twilio-Signature"]
    assert RequestValidator(dev.stack.token).validate(f"{bare}/", {}, signature)

"""What SIP tells of calls, and what is told of it to web servers."""

from __future__ import annotations

from ari_app.testing import sipp
from ari_app.testing.developer import Developer


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

"""``<Dial>`` between fakes: who rings, who is joined, what is told, and that nothing is left."""

from __future__ import annotations

from typing import Any

import pytest

from ari_app.call.outcome import Inline
from ari_app.model import CallRecord, CallStatus, Direction
from ari_app.testing.asterisk import Request
from ari_app.testing.call_services import ACCOUNT, CallRoom

AFTER = "http://app.test/after"
SIP = "sip:bob@192.0.2.7:5070"


def children(room: CallRoom) -> list[CallRecord]:
    """The dialled calls, oldest first."""
    return [r for r in room.calls.records.values() if r.direction is Direction.OUTBOUND_DIAL]


def parent(room: CallRoom) -> CallRecord:
    """The call that dialled."""
    (found,) = (r for r in room.calls.records.values() if r.parent_call_sid is None)
    return found


async def dialled(room: CallRoom, count: int = 1) -> list[str]:
    """Wait for that many INVITEs in all; the channels' ids, oldest first."""
    invite = "/channels/CA[^/]*(/dial)?"
    await room.asterisk.wait_request("POST", invite, count)
    return [one.path.split("/")[2] for one in room.asterisk.requested("POST", invite)]


def created(room: CallRoom, channel: str) -> Request:
    """What made a channel that is dialled alone."""
    made = room.asterisk.requested("POST", "/channels/create")
    return next(one for one in made if one.query["channelId"] == channel)


async def bridged(room: CallRoom, *channels: str) -> None:
    """Wait until just these channels are in one bridge."""
    await room.asterisk.wait_request("POST", "/bridges/.*/addChannel")
    (bridge,) = room.asterisk.world.bridges.values()
    assert sorted(bridge["channels"]) == sorted(channels)


async def asked(room: CallRoom, url: str = AFTER) -> dict[str, str]:
    """Wait until ``url`` was asked for a document; the parameters."""
    await room.news.until(lambda: any(one == url for one, _ in room.customer.asked))
    return next(params for one, params in room.customer.asked if one == url)


async def over(room: CallRoom) -> None:
    """Wait until all calls have ended and nothing is left of them."""
    await room.news.until(
        lambda: (
            bool(room.calls.records) and all(r.status.final for r in room.calls.records.values())
        )
    )
    await room.manager.drain(10)
    room.assert_nothing_left()


@pytest.fixture
def ringing(room: CallRoom) -> CallRoom:
    """A room whose callees do what the test says; the action says nothing."""
    room.asterisk.outcome = "manual"
    room.asterisk.auto_finish = False
    room.customer.documents[AFTER] = "<Hangup/>"
    return room


async def test_callee_answers_talks_and_hangs_up_and_the_caller_goes_on(ringing: CallRoom) -> None:
    room = ringing
    caller = await room.call(f'<Dial action="{AFTER}">+15550123</Dial>')
    (callee,) = await dialled(room)
    made = created(room, callee)
    assert made.body["variables"]["CONNECTEDLINE(all,i)"] == "<+15550199>"
    assert made.query["endpoint"] == "PJSIP/outbound/sip:+15550123@127.0.0.1:5090"
    await room.asterisk.ring(callee)
    await room.asterisk.answer(callee)
    await bridged(room, caller, callee)
    assert not room.asterisk.world.playbacks  # the ringing has stopped
    await room.asterisk.hang_up(callee)
    told = await asked(room)
    assert (told["DialCallStatus"], told["DialBridged"]) == ("completed", "true")
    assert (told["DialCallSid"], told["DialCallDuration"]) == (callee, "1")
    assert told["CallStatus"] == "in-progress"
    await over(room)
    (child,) = children(room)
    assert (child.sid, child.parent_call_sid) == (callee, parent(room).sid)
    assert (child.account_sid, child.to, child.from_) == (ACCOUNT.sid, "+15550123", "+15550199")
    assert (child.status, parent(room).status) == ("completed", "completed")


async def test_the_next_verb_runs_without_an_action(ringing: CallRoom) -> None:
    room = ringing
    room.asterisk.outcome = "busy"
    await room.call(f"<Dial>+15550123</Dial><Redirect>{AFTER}</Redirect>")
    await asked(room)
    await over(room)


@pytest.mark.parametrize(
    ("cause", "code", "status"),
    [(17, 486, "busy"), (19, 480, "no-answer"), (1, 404, "failed"), (21, 603, "busy")],
)
async def test_a_refusal_is_told_by_its_sip_code(
    ringing: CallRoom, cause: int, code: int, status: str
) -> None:
    room = ringing
    await room.call(f'<Dial action="{AFTER}"><Sip>{SIP}</Sip></Dial>')
    (callee,) = await dialled(room)
    await room.asterisk.hang_up(callee, cause, code)
    told = await asked(room)
    assert (told["DialCallStatus"], told["DialCallSid"]) == (status, callee)
    assert (told["DialBridged"], told["DialSipResponseCode"]) == ("false", str(code))
    assert "DialCallDuration" not in told
    assert told["DialSipCallId"] == f"{callee}@192.0.2.7"
    await over(room)


async def test_what_a_sip_answer_says_is_told(ringing: CallRoom) -> None:
    """Its X- headers alone, and Call-ID and code (Twilio: Dial, Sip, action parameters)."""
    room = ringing
    caller = await room.call(f'<Dial action="{AFTER}"><Sip>{SIP}</Sip></Dial>')
    (callee,) = await dialled(room)
    variables = room.asterisk.world.variables
    variables[callee, "PJSIP_RESPONSE_HEADERS(X-)"] = "X-Agent,X-Long,X-{bad}"
    variables[callee, "PJSIP_RESPONSE_HEADER(read,X-Agent)"] = "bob, 7"
    variables[callee, "PJSIP_RESPONSE_HEADER(read,X-Long)"] = "x" * 1000
    await room.asterisk.answer(callee)
    await bridged(room, caller, callee)
    await room.asterisk.hang_up(callee)
    told = await asked(room)
    found = {key: value for key, value in told.items() if key.startswith("DialSip")}
    assert found == {
        "DialSipCallId": f"{callee}@192.0.2.7",
        "DialSipResponseCode": "200",
        "DialSipHeader_X-Agent": "bob, 7",
        "DialSipHeader_X-Long": "x" * 256,
    }
    await over(room)


async def test_the_first_answer_wins_and_the_others_are_cancelled(ringing: CallRoom) -> None:
    room = ringing
    caller = await room.call(
        f'<Dial action="{AFTER}"><Number>111</Number><Sip>{SIP}</Sip><Number>222</Number></Dial>'
    )
    one, two, three = await dialled(room, 3)
    await room.asterisk.hang_up(one, 17, 486)
    await room.asterisk.answer(two)
    await bridged(room, caller, two)
    await room.news.until(lambda: room.calls.records[three].status.final)
    assert room.calls.records[three].status is CallStatus.CANCELED
    await room.asterisk.hang_up(two)
    assert (await asked(room))["DialCallSid"] == two
    await over(room)


async def test_of_several_refusals_the_most_telling_is_told(ringing: CallRoom) -> None:
    room = ringing
    await room.call(f'<Dial action="{AFTER}"><Number>111</Number><Number>222</Number></Dial>')
    one, two = await dialled(room, 2)
    await room.asterisk.hang_up(one, 17, 486)
    await room.asterisk.hang_up(two, 1, 404)
    told = await asked(room)
    assert (told["DialCallStatus"], told["DialCallSid"]) == ("busy", one)
    await over(room)


async def test_sequential_rings_one_after_another(ringing: CallRoom) -> None:
    room = ringing
    caller = await room.call(
        '<Dial sequential="true"><Number>1</Number><Number>2</Number><Number>3</Number></Dial>'
    )
    (one,) = await dialled(room)
    await room.asterisk.hang_up(one, 17, 486)
    one, two = await dialled(room, 2)
    await room.asterisk.answer(two)
    await bridged(room, caller, two)
    await room.asterisk.hang_up(two)
    await over(room)
    assert [child.status for child in children(room)] == ["busy", "completed"]


async def test_the_caller_who_leaves_ends_the_callee_and_the_action_is_told(
    ringing: CallRoom,
) -> None:
    room = ringing
    caller = await room.call(f'<Dial action="{AFTER}">111</Dial>')
    (callee,) = await dialled(room)
    await room.asterisk.answer(callee)
    await bridged(room, caller, callee)
    await room.asterisk.hang_up(caller)
    await over(room)
    (told,) = (params for url, params in room.customer.told if url == AFTER)
    assert (told["CallStatus"], told["DialCallStatus"]) == ("completed", "completed")
    assert (told["DialCallSid"], told["DialBridged"]) == (callee, "true")


async def test_the_caller_who_gives_up_cancels_the_ringing(ringing: CallRoom) -> None:
    room = ringing
    caller = await room.call(f'<Dial action="{AFTER}">111</Dial>')
    (callee,) = await dialled(room)
    await room.asterisk.ring(callee)
    await room.asterisk.hang_up(caller)
    await over(room)
    assert children(room)[0].status is CallStatus.CANCELED
    (told,) = (params for url, params in room.customer.told if url == AFTER)
    assert (told["DialCallStatus"], told["DialBridged"]) == ("canceled", "false")


async def test_answer_on_bridge_leaves_the_caller_ringing(ringing: CallRoom) -> None:
    room = ringing
    caller = await room.call('<Dial answerOnBridge="true">111</Dial>')
    (callee,) = await dialled(room)
    assert not room.asterisk.requested("POST", f"/channels/{caller}/answer")
    assert not room.asterisk.requested("POST", f"/channels/{caller}/play/.*")
    await room.asterisk.answer(callee)
    await bridged(room, caller, callee)
    assert room.asterisk.requested("POST", f"/channels/{caller}/answer")
    await room.asterisk.hang_up(callee)
    await over(room)


async def test_answer_on_bridge_and_nobody_answers_is_never_answered(ringing: CallRoom) -> None:
    room = ringing
    room.asterisk.outcome = "busy"
    caller = await room.call('<Dial answerOnBridge="true">111</Dial><Reject reason="busy"/>')
    await over(room)
    assert not room.asterisk.requested("POST", f"/channels/{caller}/answer")
    assert parent(room).status is CallStatus.BUSY


async def test_the_caller_hears_the_tone_of_the_country(ringing: CallRoom) -> None:
    room = ringing
    caller = await room.call('<Dial ringTone="fr">111</Dial>')
    tone = await room.asterisk.wait_request("POST", f"/channels/{caller}/play/.*")
    assert tone.query["media"] == "tone:ring;tonezone=fr"
    (callee,) = await dialled(room)
    await room.asterisk.hang_up(callee, 17, 486)
    await over(room)


async def test_hangup_on_star_ends_the_callee_only(ringing: CallRoom) -> None:
    room = ringing
    caller = await room.call(f'<Dial action="{AFTER}" hangupOnStar="true">111</Dial>')
    (callee,) = await dialled(room)
    await room.asterisk.answer(callee)
    await bridged(room, caller, callee)
    await room.asterisk.dtmf(caller, "1*")
    assert (await asked(room))["DialCallStatus"] == "completed"
    await over(room)


async def test_a_star_is_a_key_like_others_otherwise(ringing: CallRoom) -> None:
    room = ringing
    caller = await room.call("<Dial>111</Dial>")
    (callee,) = await dialled(room)
    await room.asterisk.answer(callee)
    await bridged(room, caller, callee)
    await room.asterisk.dtmf(caller, "*")
    await room.asterisk.hang_up(callee)
    await over(room)


async def test_the_time_limit_ends_the_callee_without_a_problem(ringing: CallRoom) -> None:
    room = ringing
    await room.call(f'<Dial action="{AFTER}" timeLimit="1">111</Dial>')
    (callee,) = await dialled(room)
    await room.asterisk.answer(callee)
    assert (await asked(room))["DialCallStatus"] == "completed"
    await over(room)
    assert room.notifications.codes == []


async def test_the_callee_hears_the_whisper_before_the_bridge(ringing: CallRoom) -> None:
    room = ringing
    room.customer.documents["http://app.test/whisper"] = "<Say>For you</Say><Dial>333</Dial>"
    caller = await room.call('<Dial><Number url="/whisper">111</Number></Dial>')
    (callee,) = await dialled(room)
    await room.asterisk.answer(callee)
    whisper = await room.asterisk.wait_request("POST", f"/channels/{callee}/play/.*")
    assert not room.asterisk.world.bridges
    params = await asked(room, "http://app.test/whisper")
    assert (params["CallSid"], params["ParentCallSid"]) == (callee, parent(room).sid)
    assert (params["Direction"], params["CallStatus"]) == ("outbound-dial", "in-progress")
    await room.asterisk.finish_playback(whisper.path.rsplit("/", 1)[1])
    await bridged(room, caller, callee)
    await room.asterisk.hang_up(callee)
    await over(room)
    assert room.notifications.codes == [13201]


async def test_a_callee_may_refuse_in_its_whisper(ringing: CallRoom) -> None:
    room = ringing
    room.customer.documents["http://app.test/whisper"] = "<Hangup/>"
    await room.call(f'<Dial action="{AFTER}"><Number url="/whisper">111</Number></Dial>')
    (callee,) = await dialled(room)
    await room.asterisk.answer(callee)
    told = await asked(room)
    assert (told["DialCallStatus"], told["DialBridged"]) == ("completed", "false")
    await over(room)


async def test_a_callee_is_asked_for_a_key_before_the_bridge(ringing: CallRoom) -> None:
    room = ringing
    room.customer.documents["http://app.test/whisper"] = '<Gather numDigits="1" action="/key"/>'
    room.customer.documents["http://app.test/key"] = ""
    caller = await room.call('<Dial><Number url="/whisper">111</Number></Dial>')
    (callee,) = await dialled(room)
    await room.asterisk.answer(callee)
    await asked(room, "http://app.test/whisper")
    await room.asterisk.dtmf(callee, "1")
    assert (await asked(room, "http://app.test/key"))["Digits"] == "1"
    await bridged(room, caller, callee)
    await room.asterisk.hang_up(callee)
    await over(room)


async def test_status_callbacks_of_the_child(ringing: CallRoom) -> None:
    room = ringing
    events = "initiated ringing answered completed"
    await room.call(
        f'<Dial><Number statusCallback="/child" statusCallbackEvent="{events}">111</Number></Dial>'
    )
    (callee,) = await dialled(room)
    await room.asterisk.ring(callee)
    await room.asterisk.answer(callee)
    await room.asterisk.wait_request("POST", "/bridges/.*/addChannel")
    await room.asterisk.hang_up(callee)
    await over(room)
    told = [params for url, params in room.customer.told if url == "http://app.test/child"]
    assert [one["CallStatus"] for one in told] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert [one["SequenceNumber"] for one in told] == ["0", "1", "2", "3"]
    assert {one["ParentCallSid"] for one in told} == {parent(room).sid}


@pytest.mark.parametrize(
    ("noun", "code"),
    [
        ("<Number>what?</Number>", 13223),
        ("<Sip>bob@example.com</Sip>", 13243),
        ("<Sip>sip:bob@exa mple.com</Sip>", 13243),
        ("<Sip>sip:bob@10.0.0.1</Sip>", 13254),
        ("<Sip>sip:bob@192.0.2.7?Via=x</Sip>", 13252),
        ("<Sip>sip:bob@192.0.2.7?X-A=b%0d%0aVia:x</Sip>", 13252),
        ("<Client>joey</Client>", 13224),
    ],
)
async def test_who_cannot_be_dialled_is_reported_and_the_call_goes_on(
    ringing: CallRoom, noun: str, code: int
) -> None:
    room = ringing
    room.hosts.forbidden.add("10.0.0.1")
    await room.call(f'<Dial action="{AFTER}">{noun}</Dial>')
    told = await asked(room)
    status = "no-answer" if code == 13224 else "failed"
    assert (told["DialCallStatus"], told["DialBridged"]) == (status, "false")
    assert "DialCallSid" not in told
    await over(room)
    assert room.notifications.codes == [code]
    assert not children(room)


async def test_a_bad_status_callback_is_reported_and_the_telephone_rings(
    ringing: CallRoom,
) -> None:
    room = ringing
    room.asterisk.outcome = "busy"
    nouns = (
        f'<Number statusCallback="ftp://x/">111</Number><Sip statusCallback="ftp://x/">{SIP}</Sip>'
    )
    await room.call(f'<Dial action="{AFTER}">{nouns}</Dial>')
    assert (await asked(room))["DialCallStatus"] == "busy"
    await over(room)
    assert len(children(room)) == 2
    assert room.notifications.codes == [11100, 11100]


async def test_a_callee_who_rings_when_the_node_stops_is_canceled(ringing: CallRoom) -> None:
    room = ringing
    await room.call("<Dial>111</Dial>")
    (callee,) = await dialled(room)
    await room.asterisk.ring(callee)
    await room.manager.drain(0)
    assert children(room)[0].status is CallStatus.CANCELED
    assert parent(room).status is CallStatus.COMPLETED
    room.assert_nothing_left()


async def test_caller_id_is_the_callers_or_what_the_document_says(ringing: CallRoom) -> None:
    room = ringing
    room.asterisk.outcome = "busy"
    await room.call('<Dial callerId="+1 (555) 010-0777">111</Dial><Dial callerId="a b">222</Dial>')
    await over(room)
    (child,) = children(room)
    assert child.from_ == "+15550100777"
    assert room.notifications.codes == [13214]


async def test_headers_of_a_sip_address_are_sent(ringing: CallRoom) -> None:
    room = ringing
    uri = "sip:bob@192.0.2.7;edge=ashburn;transport=tcp?X-Name=A%20b&amp;User-to-User=1234"
    await room.call(f"<Dial><Sip>{uri}</Sip></Dial>")
    (callee,) = await dialled(room)
    invite = created(room, callee)
    assert invite.query["endpoint"] == "PJSIP/outbound/sip:bob@192.0.2.7;transport=tcp"
    headers = {
        name.removeprefix("PJSIP_HEADER(add,").rstrip(")"): value
        for name, value in invite.body["variables"].items()
        if name.startswith("PJSIP_HEADER")
    }
    assert headers == {
        "X-Twilio-AccountSid": ACCOUNT.sid,
        "X-Twilio-CallSid": callee,
        "X-Name": "A b",
        "User-to-User": "1234",
    }
    await room.asterisk.hang_up(callee, 17, 486)
    await over(room)


async def test_a_live_update_of_the_parent_drops_the_child(ringing: CallRoom) -> None:
    room = ringing
    caller = await room.call("<Dial>111</Dial>")
    (callee,) = await dialled(room)
    await room.asterisk.answer(callee)
    await bridged(room, caller, callee)
    await redirect(room, parent(room).sid, '<Response><Pause length="1"/></Response>')
    await room.news.until(lambda: room.calls.records[callee].status.final)
    assert not parent(room).status.final
    await over(room)


async def test_a_live_update_of_the_child_takes_it_out_and_the_parent_goes_on(
    ringing: CallRoom,
) -> None:
    room = ringing
    caller = await room.call(f'<Dial action="{AFTER}">111</Dial>')
    (callee,) = await dialled(room)
    await room.asterisk.answer(callee)
    await bridged(room, caller, callee)
    await redirect(room, callee, "<Response><Play>http://app.test/a.wav</Play></Response>")
    await room.asterisk.wait_request("POST", f"/channels/{callee}/play/.*")
    assert not room.asterisk.world.bridges
    told = await asked(room)
    assert (told["DialCallStatus"], told["DialBridged"]) == ("completed", "true")
    await room.news.until(lambda: parent(room).status.final)
    assert not room.calls.records[callee].status.final
    await room.asterisk.hang_up(callee)
    await over(room)


async def test_the_child_is_ended_by_rest(ringing: CallRoom) -> None:
    room = ringing
    caller = await room.call(f'<Dial action="{AFTER}">111</Dial>')
    (callee,) = await dialled(room)
    await room.asterisk.answer(callee)
    await bridged(room, caller, callee)
    ended = await room.manager.end(ACCOUNT.sid, callee, CallStatus.COMPLETED)
    assert ended.status is CallStatus.COMPLETED
    assert (await asked(room))["DialCallStatus"] == "completed"
    await over(room)


async def test_a_callee_that_vanishes_before_the_bridge_is_no_trouble(ringing: CallRoom) -> None:
    room = ringing
    stalled = room.asterisk.stall("POST", "/bridges/.*/addChannel")
    await room.call(f'<Dial action="{AFTER}">111</Dial>')
    (callee,) = await dialled(room)
    await room.asterisk.answer(callee)
    await stalled.hit.wait()
    await room.asterisk.hang_up(callee)
    assert stalled.release is not None
    stalled.release.set()
    assert (await asked(room))["DialCallStatus"] == "completed"
    await over(room)
    assert room.notifications.codes == []


async def redirect(room: CallRoom, sid: str, twiml: str) -> Any:
    """A live update by REST."""
    return await room.manager.redirect(ACCOUNT.sid, sid, Inline(twiml))

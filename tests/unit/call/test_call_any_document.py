"""Whatever a document says: the call goes on or ends, nothing fails inside, nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ari_app.testing.call_services import CallRoom
from twiml.registry import UNSUPPORTED, VERBS
from twiml.schema import Spec

INTERNAL_FAILURE = 12400
WORDS = """1 2 3 5 true false GET POST # 12 auto http://app.test/x /x wss://bot.test/ room
inbound_track both_tracks both dtmf speech completed join do-not-trim man de-DE onEnter
record-from-answer record-from-start"""
VALUES = st.sampled_from(WORDS.split())
TEXTS = st.sampled_from(
    ["", "http://app.test/a.wav", "+15550199", "sip:bob@127.0.0.1:5090?X-A=1", "room", "joe"]
)


def element(spec: Spec) -> st.SearchStrategy[str]:
    """Write a verb or noun with some of its attributes and of what it may hold."""
    names = [attribute.name for attribute in spec.attributes]
    children = [element(child) for child in spec.children or ()]
    attributes: st.SearchStrategy[dict[str, str]] = st.just({})
    inside: st.SearchStrategy[list[str]] = st.just([])
    if names:
        attributes = st.dictionaries(st.sampled_from(names), VALUES, max_size=4)
    if children:
        inside = st.lists(st.one_of(*children), max_size=3)
    return st.builds(
        lambda found, within, text: "".join(written(spec.name, found, within, text)),
        attributes,
        inside,
        TEXTS if spec.text else st.just(""),
    )


def written(name: str, found: dict[str, str], inside: list[str], text: str) -> Iterator[str]:
    yield f"<{name}"
    yield from (f" {key}={quoteattr(value)}" for key, value in found.items())
    yield f">{text}{''.join(inside)}</{name}>"


NOT_HERE = st.sampled_from(sorted(UNSUPPORTED)).map("<{}/>".format)
VERB = st.one_of(*(element(spec) for spec in VERBS.values()), NOT_HERE)
DOCUMENTS = st.lists(VERB, min_size=1, max_size=4)


class AnyDocument(dict[str, str]):
    """What is asked for and was not scripted ends the call."""

    def __missing__(self, url: str) -> str:
        return "<Hangup/>"


async def one_call(verbs: list[str], keys: str) -> list[int]:
    """A caller who types ``keys`` at once and hangs up soon; the codes of what was told."""
    async with CallRoom() as room:
        room.customer.documents = AnyDocument()  # type: ignore[assignment]
        await room.connect()
        channel = await room.call(*verbs)
        async with asyncio.timeout(20):
            # Far enough to be somewhere: a few requests, or the end.
            for _ in range(20):
                await asyncio.sleep(0.01)
                if keys and channel in room.asterisk.world.channels:
                    await room.asterisk.dtmf(channel, keys[:1])
                    keys = keys[1:]
            if channel in room.asterisk.world.channels:
                await room.asterisk.hang_up(channel)
            calls = room.calls.records.values()
            await room.news.until(lambda: bool(calls) and all(one.status.final for one in calls))
            await room.manager.drain(10)
        room.assert_nothing_left()
        return room.notifications.codes


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(DOCUMENTS, st.text("12#*", max_size=4))
def test_any_document_is_survived(verbs: list[str], keys: str) -> None:
    assert INTERNAL_FAILURE not in asyncio.run(one_call(verbs, keys))

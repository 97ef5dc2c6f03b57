"""What `ari-debug` and the nodes' taps say to each other over Redis.

A listener says `Hello` on `CHANNEL` every second, and sooner when it has read much; every node
that hears it tells its tap on the listener's own channel, until it hears no more of it. A message
of a node is a `Head` as one line of JSON and then items, a line each.
"""

from __future__ import annotations

import msgspec

#: Where listeners are heard.
CHANNEL = "ariswitch:tap"
#: Seconds between two hellos.
HELLO = 1.0
#: A listener of which nothing was heard for so long has gone, seconds.
SILENCE = 5.0
#: An idle node says that it is still there, seconds; unless it finds that nobody listens.
SIGN = 1.0
#: Bytes that a node tells beyond what the listener has said that it has.
WINDOW = 1024 * 1024


class Memory(msgspec.Struct, frozen=True):
    """How far a tap was read: the mark of its life, and the number of the next entry."""

    started: float
    next: int


class Hello(msgspec.Struct, omit_defaults=True):
    """A listener is there. `got`: bytes that it has of each node; `read`: how far, by node."""

    listener: str
    want: str = ""
    got: dict[str, int] = {}
    read: dict[str, Memory] = {}


class Head(msgspec.Struct):
    """Entries `first` to before `next` of a node's tap follow; bytes `sent` with this message.

    `caught_up`: everything that was before the listener came has been told. A `first` greater
    than the `next` before: what is between was forgotten before it could be told.
    """

    node: str
    started: float
    first: int
    next: int
    sent: int
    caught_up: bool = False


def channel_of(listener: str) -> str:
    """Where a listener is told."""
    return f"{CHANNEL}:{listener}"


decode_hello: msgspec.json.Decoder[Hello] = msgspec.json.Decoder(Hello)
decode_head: msgspec.json.Decoder[Head] = msgspec.json.Decoder(Head)

"""Stream workers without audio: streams that end when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ari_app.call.ports import StreamEnd, StreamRequest, StreamWatcher, StreamWorker
from ari_app.errors import TwilioError
from ari_app.model import CallRecord
from ari_app.testing.news import News


class FakeStream:
    """A stream that ends when told to, by either side."""

    def __init__(self, sid: str, watcher: StreamWatcher, news: News) -> None:
        self.sid = sid
        self.watcher = watcher
        self.keys = ""
        self.stops = 0
        self._news = news
        self._end: asyncio.Future[StreamEnd] = asyncio.get_running_loop().create_future()

    def dtmf(self, digit: str) -> None:
        """Note a key."""
        self.keys += digit
        self._news.tell()

    async def stop(self) -> None:
        """End by request."""
        self.stops += 1
        self.end(StreamEnd("requested", None, ""))

    async def closed(self) -> StreamEnd:
        """Wait for the end."""
        return await asyncio.shield(self._end)

    def end(self, end: StreamEnd) -> None:
        """The stream ends, by the bot or by failure."""
        if not self._end.done():
            self._end.set_result(end)
        self._news.tell()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._end.done()


@dataclass(frozen=True)
class FakeWorker:
    """A worker's address."""

    rtp_host: str = "127.0.0.1"
    rtp_port: int = 4000


@dataclass
class FakeStreams:
    """Stream workers without audio; ``living`` are SIDs an earlier process has opened."""

    news: News
    opened: list[FakeStream] = field(default_factory=list)
    requests: list[StreamRequest] = field(default_factory=list)
    living: list[str] = field(default_factory=list)
    none_lives: bool = False
    trouble: Exception | None = None
    _handlers: list[Callable[[], None]] = field(default_factory=list)

    def attach(self, *sids: str) -> None:
        """A worker is there (again) with streams that an earlier process has opened."""
        self.living += sids
        for handler in self._handlers:
            handler()

    def on_attached(self, handler: Callable[[], None]) -> None:
        """Tell of each worker that comes."""
        self._handlers.append(handler)

    def pick(self) -> StreamWorker:
        """Choose the one worker; raises TwilioError 31900 when ``none_lives``."""
        if self.none_lives:
            raise TwilioError(31900, "no worker lives")
        return FakeWorker()

    async def open(
        self, worker: StreamWorker, request: StreamRequest, watcher: StreamWatcher
    ) -> FakeStream:
        """Open a stream whose bot accepts at once."""
        self.requests.append(request)
        stream = FakeStream(request.stream_sid, watcher, self.news)
        self.opened.append(stream)
        watcher.started()
        self.news.tell()
        return stream

    def adopt(
        self, stream_sid: str, watcher: StreamWatcher, _call: CallRecord | None = None
    ) -> FakeStream | None:
        """Take over a living stream; raises ``trouble`` when there is some."""
        if self.trouble is not None:
            raise self.trouble
        if stream_sid not in self.living:
            return None
        self.living.remove(stream_sid)
        self.opened.append(FakeStream(stream_sid, watcher, self.news))
        self.news.tell()
        return self.opened[-1]

    @property
    def unclaimed(self) -> Sequence[str]:
        """What is living and not adopted."""
        return list(self.living)

"""A recogniser for tests of calls: it understands what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ari_app.call.speech_ports import ListenRequest, SpeechEvent
from ari_app.errors import TwilioError


class FakeRecognition:
    """One recognition; `say` makes it tell events."""

    def __init__(self, request: ListenRequest, number: int) -> None:
        self.request = request
        self.url = f"ws://127.0.0.1:1/feed/{number}"
        self.over = False
        self._events: asyncio.Queue[SpeechEvent | TwilioError] = asyncio.Queue()

    def say(self, *events: SpeechEvent | TwilioError) -> None:
        """Tell events, or fail."""
        for event in events:
            self._events.put_nowait(event)

    async def __aiter__(self) -> AsyncIterator[SpeechEvent]:
        while True:
            event = await self._events.get()
            if isinstance(event, TwilioError):
                raise event
            yield event


class FakeRecognizer:
    """Begins recognitions (``begun``); ``failing`` is raised instead when set."""

    def __init__(self) -> None:
        self.begun: list[FakeRecognition] = []
        self.failing: TwilioError | None = None

    @asynccontextmanager
    async def listen(self, request: ListenRequest) -> AsyncIterator[FakeRecognition]:
        """Begin one."""
        if self.failing is not None:
            raise self.failing
        recognition = FakeRecognition(request, len(self.begun))
        self.begun.append(recognition)
        try:
            yield recognition
        finally:
            recognition.over = True

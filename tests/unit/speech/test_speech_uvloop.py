"""espeak-ng as the app runs it: on uvloop, which is busy."""

from __future__ import annotations

import asyncio
import time

import pytest

from ari_app.errors import TwilioError
from ari_app.speech.espeak import EspeakEngine

uvloop = pytest.importorskip("uvloop")


def test_a_program_that_ends_before_it_is_written_to_is_judged_by_its_exit() -> None:
    async def busy() -> None:
        while True:
            time.sleep(0.02)  # noqa: ASYNC251 - the loop is held up, that is the point
            await asyncio.sleep(0)

    async def main() -> None:
        holding = asyncio.create_task(busy())
        for _ in range(5):
            assert await EspeakEngine("true").version()  # prints its own and ends
            with pytest.raises(TwilioError) as failed:
                await EspeakEngine("false").version()
            assert failed.value.code == 12400
        holding.cancel()

    uvloop.run(main())

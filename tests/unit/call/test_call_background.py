"""Jobs beside the verbs: found, stopped, bounded, and over with the call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from ari_app.ari.errors import Conflict
from ari_app.call.background import MAX_JOBS, Background, NameTakenError, TooManyJobsError
from ari_app.call.leg import Leg
from ari_app.call.problems import Problems
from ari_app.errors import TwilioError
from ari_app.testing.call_services import CallRoom


class Told(Problems):
    """Problems that are only listed."""

    def __init__(self) -> None:
        self.codes: list[int] = []

    def report(self, code: int, message: str, *, url: str = "", method: str = "") -> None:
        self.codes.append(code)


class Work:
    """A job that says where it is."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.cleaned = False

    async def __call__(self) -> None:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.cleaned = True


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def background(room: CallRoom, told: Told) -> Background:
    await room.asterisk.incoming_call("+15550199")
    return Background(Leg(room.ari, "in-1"), told)


async def test_a_job_is_stopped_by_name_or_sid_and_has_cleaned_up(background: Background) -> None:
    one, other = Work(), Work()
    background.start("stream", "one", one, sid="MZ1")
    background.start("stream", "other", other, sid="MZ2")
    await one.began.wait()
    assert await background.stop("stream", "one")
    assert one.cleaned
    assert [job.name for job in background.of("stream")] == ["other"]
    assert not await background.stop("recording", "other")
    await other.began.wait()
    assert await background.stop("stream", "MZ2")
    assert other.cleaned
    assert not await background.stop("stream", "other")


async def test_names_are_unique_in_their_kind_and_free_again_afterwards(
    background: Background,
) -> None:
    background.start("stream", "x", Work())
    background.start("recording", "x", Work())
    with pytest.raises(NameTakenError):
        background.start("stream", "x", Work())
    await background.stop("stream", "x")
    background.start("stream", "x", Work())
    await background.close()


async def test_jobs_are_bounded_and_none_begins_after_the_end(background: Background) -> None:
    for number in range(MAX_JOBS):
        background.start("stream", str(number), Work())
    with pytest.raises(TooManyJobsError):
        background.start("stream", "one more", Work())
    await background.close()
    assert background.of("stream") == []
    with pytest.raises(TooManyJobsError):
        background.start("stream", "too late", Work())


def failing(error: Exception) -> Callable[[], Coroutine[None, None, None]]:
    async def run() -> None:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TwilioError(31920, "no"), 31920),
        (Conflict("POST", "/channels", 409, "no"), 12400),
        (RuntimeError("no"), 12400),
    ],
)
async def test_what_a_job_raises_is_reported(
    background: Background, told: Told, error: Exception, code: int
) -> None:
    job = background.start("stream", "x", failing(error))
    await asyncio.wait({job.task})
    assert told.codes == [code]
    assert background.of("stream") == []


async def test_what_a_hung_up_channel_refuses_is_no_problem(
    room: CallRoom, background: Background, told: Told
) -> None:
    await room.asterisk.hang_up("in-1")
    job = background.start("stream", "x", failing(Conflict("POST", "/channels", 409, "gone")))
    await asyncio.wait({job.task})
    assert told.codes == []

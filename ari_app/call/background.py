"""What runs beside a call's verbs until it is stopped by name or the call ends.

Twilio: ``<Start>`` and ``<Stop>``; the REST resources Streams, Recordings and Transcriptions of
a call. A job is a coroutine: it is cancelled to stop it and cleans up in ``finally``, as a verb
does. It outlives the document that started it, redirects and live updates.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import structlog

from ari_app.ari.errors import AriError
from ari_app.call.leg import Leg
from ari_app.call.problems import Problems
from ari_app.errors import TwilioError

log = structlog.get_logger(__name__)

#: Most jobs of a call at a time, of whatever kind.
MAX_JOBS = 20
#: Ended jobs that are still known, of whatever kind.
REMEMBERED = 50
#: Seconds that a stopped job may take to clean up before it is left to itself.
STOP_SECONDS = 15.0
#: Seconds that the news of a hang-up may come after the failures it causes.
GONE_SECONDS = 0.5
INTERNAL_ERROR = 12400


class NameTakenError(Exception):
    """A job of that kind and name runs already."""


class TooManyJobsError(Exception):
    """The call has as many jobs as it may have."""


@dataclass(eq=False, slots=True)
class Job:
    """One thing that runs: its ``kind`` (``stream``, …), its ``name`` and, if any, its ``sid``.

    ``weight`` is for limits that its owner keeps, e.g. how many tracks it takes.
    """

    kind: str
    name: str
    sid: str
    task: asyncio.Task[None] = field(repr=False)
    weight: int = 1

    def called(self, name: str) -> bool:
        """Tell whether ``name`` means this job: its name or its SID."""
        return name in (self.name, self.sid)


class Background:
    """The jobs of one call."""

    def __init__(self, leg: Leg, problems: Problems) -> None:
        self._leg = leg
        self._problems = problems
        self._jobs: list[Job] = []
        self._ended: deque[Job] = deque(maxlen=REMEMBERED)
        self._closed = False

    def start(
        self,
        kind: str,
        name: str,
        run: Callable[[], Coroutine[Any, Any, None]],
        *,
        sid: str = "",
        weight: int = 1,
    ) -> Job:
        """Start ``run()`` beside the verbs.

        What it raises is reported, never passed on. Raises NameTakenError and TooManyJobsError.
        """
        if self._closed or len(self._jobs) >= MAX_JOBS:
            raise TooManyJobsError(f"{len(self._jobs)} are running")
        if self.find(kind, name) is not None:
            raise NameTakenError(name)
        job = Job(kind, name, sid, asyncio.create_task(self._guarded(kind, run)), weight)
        self._jobs.append(job)
        job.task.add_done_callback(lambda _: self._over(job))
        return job

    def _over(self, job: Job) -> None:
        self._jobs.remove(job)
        self._ended.append(job)

    def find(self, kind: str, name: str) -> Job | None:
        """Return the running job of that kind with that name or SID."""
        return next((job for job in self.of(kind) if job.called(name)), None)

    def of(self, kind: str) -> list[Job]:
        """Return the running jobs of a kind, oldest first."""
        return [job for job in self._jobs if job.kind == kind]

    def ended(self, kind: str, name: str) -> Job | None:
        """Return the job of that name or SID that ended last, of those still remembered."""
        found = (job for job in reversed(self._ended) if job.kind == kind and job.called(name))
        return next(found, None)

    async def stop(self, kind: str, name: str) -> bool:
        """Stop a job and wait until it has cleaned up; False when there is none."""
        job = self.find(kind, name)
        if job is None:
            return False
        await _stop([job])
        return True

    async def close(self) -> None:
        """Stop everything (the call has ended); nothing can be started any more."""
        self._closed = True
        await _stop(self._jobs)

    async def _guarded(self, kind: str, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await run()
        except TwilioError as error:
            self._problems.report(error.code, error.message, url=error.url or "")
        except AriError as error:
            # What a channel refuses that is just hung up is no fault to be told.
            if not self._closed and not await self._leg.gone_within(GONE_SECONDS):
                self._problems.report(INTERNAL_ERROR, f"Asterisk refused a {kind}: {error}")
        except Exception as error:
            log.exception("background.failed", kind=kind)
            self._problems.report(INTERNAL_ERROR, f"internal failure of a {kind}: {error!r}")


async def _stop(jobs: list[Job]) -> None:
    """Cancel jobs and wait for their cleaning up, a bounded time."""
    tasks = {job.task for job in jobs}
    for task in tasks:
        task.cancel()
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
        if late:
            log.error("background.left_behind", jobs=len(late))

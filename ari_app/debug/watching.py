"""Running one source into one printer: event loop here, printing in a thread of its own."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ari_app.ari.errors import AriError
from ari_app.debug import record
from ari_app.debug.attach import Attach
from ari_app.debug.backlog import Backlog
from ari_app.debug.exits import DONE, FAILED, INTERRUPTED, UNREACHABLE, QuitError
from ari_app.debug.record import Header, Item
from ari_app.debug.sources import Place, SourceError, opened
from ari_app.debug.tapped import Tapped

if TYPE_CHECKING:
    from ari_app.debug.nodes import Nodes

#: Takes a batch; True: enough has been seen.
Printer = Callable[[list[Item]], bool]
#: Is told what the items are of, before the first one.
Begin = Callable[[Header], None]

_BATCH = 500


def watch(
    place: Place, begin: Begin, printer: Printer, *, within: float | None, backlog: Backlog
) -> int:
    """Until the source or `within` (s) is over, or the printer has enough; the exit code.

    Raises QuitError with words for the user, BrokenPipeError when nobody reads the output any more.
    """
    if place.file is not None:
        return _from_file(place, begin, printer)
    return asyncio.run(_live(place, begin, printer, within, backlog))


def _from_file(place: Place, begin: Begin, printer: Printer) -> int:
    if place.file is None:
        return DONE
    try:
        with opened(place.file) as file:
            header, items = record.read(file)
            begin(header)
            for batch in _batches(items):
                if printer(batch):
                    return DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise QuitError(UNREACHABLE, f"{place.file}: {error.strerror}") from error
    except record.RecordError as error:
        raise QuitError(FAILED, f"{place.file}: {error}") from error
    return DONE


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    yield batch


async def _live(
    place: Place, begin: Begin, printer: Printer, within: float | None, backlog: Backlog
) -> int:
    source = await _reached(place, begin)
    loop = asyncio.get_running_loop()
    printed: asyncio.Future[BaseException | None] = loop.create_future()

    def work() -> None:
        failure: BaseException | None = None
        try:
            for batch in backlog.batches():
                if printer(batch):
                    break
        except BaseException as error:
            failure = error
        with suppress(RuntimeError):  # the loop has ended first
            loop.call_soon_threadsafe(_resolve, printed, failure)

    thread = threading.Thread(target=work, name="printer", daemon=True)
    thread.start()
    with _interrupted() as interrupt:
        reading = asyncio.create_task(source.run(backlog.put), name="source")
        waited: set[asyncio.Future[Any]] = {reading, printed, interrupt}
        done, _ = await asyncio.wait(waited, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        backlog.close()
        # What waits is printed still, unless a second Ctrl-C or a blocked pipe says otherwise.
        await asyncio.wait({printed}, timeout=5)
    if isinstance(source, Attach):
        await source.close()
    if printed.done() and (failure := printed.result()) is not None:
        raise failure
    if reading in done and not reading.cancelled() and (error := reading.exception()):
        raise QuitError(UNREACHABLE, str(error))
    return INTERRUPTED if interrupt in done else DONE


async def _reached(place: Place, begin: Begin) -> Attach | Nodes | Tapped:
    """Make the source and look whether it is there, so that a wrong address is told at once."""
    if place.redis is not None:
        from ari_app.debug.nodes import Nodes  # noqa: PLC0415  (Redis)

        try:
            nodes = Nodes(place.redis)
            await nodes.first()
        except SourceError as error:
            raise QuitError(UNREACHABLE, str(error)) from error
        begin(record.header(at=time.time(), source="tap"))
        return nodes
    if place.tap is not None:
        tapped = Tapped(place.tap)
        try:
            await tapped.first()
        except SourceError as error:
            raise QuitError(UNREACHABLE, str(error)) from error
        begin(record.header(at=time.time(), source="tap"))
        return tapped
    try:
        attach = Attach(place.url or "", place.user, place.password)
    except ValueError as error:
        raise QuitError(UNREACHABLE, str(error)) from error
    try:
        await attach.first()
    except AriError as error:
        await attach.close()
        raise QuitError(UNREACHABLE, f"{place.url}: {error}") from error
    begin(record.header(at=time.time(), source="attach", asterisk=attach.asterisk))
    return attach


@contextmanager
def _interrupted() -> Iterator[asyncio.Future[BaseException | None]]:
    """A future that Ctrl-C or SIGTERM resolves."""
    loop = asyncio.get_running_loop()
    interrupt: asyncio.Future[BaseException | None] = loop.create_future()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, _resolve, interrupt, None)
    try:
        yield interrupt
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _resolve(future: asyncio.Future[BaseException | None], value: BaseException | None) -> None:
    if not future.done():
        future.set_result(value)

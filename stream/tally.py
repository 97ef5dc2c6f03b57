"""What the streams of a worker have done together, the ended ones included."""

from __future__ import annotations

from collections.abc import Iterable

from stream import control
from stream.g711 import FRAME_BYTES


class Tally:
    """Sum over the lives of streams; gauges are left to whoever asks."""

    def __init__(self) -> None:
        self._past = control.Counts()

    def ended(self, stats: control.Stats) -> None:
        """Count a stream that is over."""
        self._past = _plus(self._past, stats)

    def counts(self, living: Iterable[control.Stats]) -> control.Counts:
        """Return the sum with those that are not."""
        total = self._past
        for stats in living:
            total = _plus(total, stats)
        return total


def _plus(one: control.Counts, stats: control.Stats) -> control.Counts:
    return control.Counts(
        media_dropped=one.media_dropped + stats.media_dropped,
        audio_dropped=one.audio_dropped + stats.audio_dropped // FRAME_BYTES,
        ran_dry=one.ran_dry + stats.ran_dry,
    )

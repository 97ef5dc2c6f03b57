"""The play-out buffer: first in, first out, marks in place (B-1 to B-5)."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stream.playout import MAX_BYTES, Playout

FRAME = 160


def drain(playout: Playout, ticks: int = 100_000) -> tuple[bytes, list[bytes]]:
    """Tick until nothing is left; return what was sent and the marks, in order."""
    sent, marks = b"", list(playout.due())
    while playout.buffered and ticks:
        sent += playout.take() or b""
        marks += playout.due()
        ticks -= 1
    return sent, marks


def test_odd_chunks_join_without_padding() -> None:
    """B-4: one carry buffer; only the end of speech is padded (B-5)."""
    playout = Playout()
    sound = bytes(range(1, 251)) * 5
    for at in range(0, len(sound), 37):
        playout.write(sound[at : at + 37])
    sent, _ = drain(playout)
    assert sent == sound + b"\xff" * (-len(sound) % FRAME)
    assert playout.padded == -len(sound) % FRAME


def test_first_crumbs_wait_one_tick_for_the_rest() -> None:
    """B-4: a bot that sends byte by byte is not padded into noise."""
    playout = Playout()
    playout.write(b"a" * 30)
    assert playout.take() is None
    playout.write(b"b" * 200)
    assert playout.take() == b"a" * 30 + b"b" * 130
    assert playout.take() == b"b" * 70 + b"\xff" * 90
    assert playout.take() is None


def test_mark_on_an_empty_buffer_returns_at_once() -> None:
    """Fact 7, and the same name any number of times."""
    playout = Playout()
    for _ in range(3):
        assert playout.mark(b'"pre"')
    assert playout.due() == [b'"pre"'] * 3


def test_mark_waits_for_its_last_byte_to_leave() -> None:
    """B-3."""
    playout = Playout()
    playout.write(b"x" * 161)
    playout.mark(b'"a"')
    assert playout.due() == []
    playout.take()
    assert playout.due() == []
    playout.take()
    assert playout.due() == [b'"a"']


def test_clear_gives_back_all_marks_in_order_and_forgets_the_audio() -> None:
    """Fact 6, B-1, B-2: played and cleared are counted apart."""
    playout = Playout()
    playout.mark(b"0")
    assert playout.due() == [b"0"]
    for name in (b"1", b"2", b"1"):
        playout.write(b"x" * 8000)
        playout.mark(name)
    playout.take()
    assert playout.clear() == [b"1", b"2", b"1"]
    assert playout.take() is None
    assert (playout.marks_played, playout.marks_cleared) == (1, 3)
    assert (playout.taken, playout.cleared) == (160, 24_000 - 160)
    playout.mark(b"3")
    assert playout.due() == [b"3"]
    assert playout.clear() == []


def test_clear_leaves_no_tail() -> None:
    """B-7: not even the part of a frame that was waiting for the rest."""
    playout = Playout()
    playout.write(b"a" * 250)
    assert playout.take() == b"a" * 160
    playout.clear()
    playout.write(b"b" * 160)
    assert playout.take() == b"b" * 160
    assert playout.take() is None


def test_ten_minutes_fit_and_the_excess_is_dropped() -> None:
    """Fact 8; the part of a message that fits is kept (B-21)."""
    playout = Playout()
    assert playout.write(bytes(MAX_BYTES - 100)) == 0
    assert playout.write(b"y" * 300) == 200
    assert playout.buffered == MAX_BYTES == 8000 * 600
    assert playout.dropped == 200
    assert playout.write(b"y") == 1


def test_marks_are_bounded() -> None:
    playout = Playout(max_marks=2)
    playout.write(b"x")
    assert playout.mark(b"1")
    assert playout.mark(b"2")
    assert not playout.mark(b"3")


def test_names_of_pending_marks_are_bounded() -> None:
    playout = Playout()
    name = b"x" * 1024
    queued = [0, 0]
    for turn in range(2):
        playout.write(bytes(160))
        while playout.mark(name):
            queued[turn] += 1
        assert playout.take() is not None
        assert len(playout.due()) == queued[turn]
    playout.write(bytes(160))
    while playout.mark(name):
        pass
    assert queued == [2048, 2048]
    assert len(playout.clear()) == 2048
    assert playout.mark(name)


class PlayoutMachine(RuleBasedStateMachine):
    """Random writes, marks, clears and ticks against a list of single bytes."""

    LIMIT = 2_000

    def __init__(self) -> None:
        super().__init__()
        self.playout = Playout(self.LIMIT)
        self.model: list[int | bytes] = []
        self.counter = 0

    @rule(size=st.integers(0, 700))
    def write(self, size: int) -> None:
        audio = bytes((self.counter + at) % 251 for at in range(size))
        self.counter += size
        room = self.LIMIT - sum(isinstance(item, int) for item in self.model)
        assert self.playout.write(audio) == max(size - room, 0)
        self.model += list(audio[:room])

    @rule()
    def mark(self) -> None:
        name = str(self.counter).encode()
        self.playout.mark(name)
        self.model.append(name)
        self.collect()

    @rule()
    def clear(self) -> None:
        assert self.playout.clear() == [item for item in self.model if isinstance(item, bytes)]
        self.model.clear()

    @rule()
    def tick(self) -> None:
        audio = [item for item in self.model if isinstance(item, int)]
        frame = self.playout.take()
        if frame is None:
            assert len(audio) < FRAME
            return
        assert len(frame) == FRAME
        assert frame == bytes(audio[:FRAME]).ljust(FRAME, b"\xff")
        left = min(FRAME, len(audio))
        while left:
            for at, item in enumerate(self.model):
                if isinstance(item, int):
                    del self.model[at]
                    left -= 1
                    break
        self.collect()

    def collect(self) -> None:
        """The marks before the first unsent byte, and no others, are due."""
        due = []
        while self.model and isinstance(self.model[0], bytes):
            due.append(self.model.pop(0))
        assert self.playout.due() == due

    @invariant()
    def bound_is_kept_and_nothing_is_lost(self) -> None:
        playout = self.playout
        assert playout.buffered == sum(isinstance(item, int) for item in self.model)
        assert playout.buffered <= self.LIMIT
        assert self.counter == (
            playout.buffered + playout.taken + playout.cleared + playout.dropped
        )

    def teardown(self) -> None:
        names = [item for item in self.model if isinstance(item, bytes)]
        assert drain(self.playout)[1] == names


TestPlayoutMachine = PlayoutMachine.TestCase

"""One call as a row of the live screen. Pure."""

from __future__ import annotations

from rich.text import Text

from ari_app.debug.top.table import Call, Media, Quality

COLUMNS = (
    " ", "call", "node", "from", "to", "state", "time", "verb",
    "SIP loss, jitter", "streams", "media loss, queue", "trouble",
)  # fmt: skip
_STATES = {"in-progress": "green", "completed": "dim", "ringing": "yellow", "up": "green"}


def cells(call: Call, now: float, chosen: bool) -> tuple[Text, ...]:
    """The row of a call at ``now`` (unix seconds), a cell a column."""
    seconds = int(call.seconds(now))
    return (
        Text("*" if chosen else "", "bold yellow"),
        Text(f"{call.key[:8]}…" if len(call.key) > 20 else call.key),
        Text(call.node, "dim"),
        Text(call.number_from),
        Text(call.number_to),
        Text(call.state, _STATES.get(call.state, "" if not call.ended else "red")),
        Text(f"{seconds // 60}:{seconds % 60:02}", justify="right"),
        Text(" ".join(call.verbs), "cyan"),
        _quality(call.quality),
        Text(str(len(call.streams) or ""), justify="right"),
        _media(max(call.media.values(), key=lambda one: (one.dropped, one.loss), default=None)),
        Text(call.error[:60], "red"),
    )


def _quality(found: Quality | None) -> Text:
    """Loss and jitter; yellow from 1 % or 30 ms on, red from 5 % on."""
    if found is None:
        return Text("")
    if not found.received:
        return Text("silent", "yellow", justify="right")
    style = _style(found.loss)
    if not style and found.jitter_ms >= 30:
        style = "yellow"
    return Text(f"{found.loss:.1f}% {found.jitter_ms:.0f}ms", style, justify="right")


def _media(found: Media | None) -> Text:
    """The caller's missing audio, what of the bot's waits, and whether any was dropped."""
    if found is None:
        return Text("")
    loss = f"{found.loss:.1f}%" if found.received else "silent"
    words = f"{loss} {found.waiting_ms / 1000:.1f}s"
    if found.dropped:
        return Text(f"{words} dropped", "red", justify="right")
    return Text(words, _style(found.loss) if found.received else "yellow", justify="right")


def _style(loss: float) -> str:
    return "red" if loss >= 5 else "yellow" if loss >= 1 else ""

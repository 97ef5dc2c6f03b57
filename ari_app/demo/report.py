"""What a demo call measured, and how it is shown."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from ari_app.demo.echo_bot import CUSHION_MS
from ari_app.testing.rtp import RtpReport


@dataclass(frozen=True, slots=True)
class DemoReport:
    """One demo call. Times in milliseconds from the INVITE; None for what never happened."""

    number: str
    answered_ms: float | None = None
    first_packet_ms: float | None = None
    first_echo_ms: float | None = None
    before_echo: str = "nothing"
    sip_messages: int = 0
    packets_sent: int = 0
    rtp: RtpReport | None = None
    bytes_sent: int = 0
    sent_sha256: str = ""
    heard_sha256: str = ""
    round_trips_ms: tuple[float, ...] = ()
    bot: dict[str, dict[str, int]] = field(default_factory=dict)
    ended: str = ""
    problem: str = ""

    @property
    def exact(self) -> bool:
        """Whether the echo was heard byte for byte."""
        return bool(self.sent_sha256) and self.sent_sha256 == self.heard_sha256

    @property
    def median_ms(self) -> float | None:
        """Median round trip of a frame."""
        return statistics.median(self.round_trips_ms) if self.round_trips_ms else None

    @property
    def p99_ms(self) -> float | None:
        """99th percentile of the round trips."""
        ordered = sorted(self.round_trips_ms)
        return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] if ordered else None


def show(report: DemoReport, console: Console) -> None:
    """Print the report as a table, the verdict last."""
    table = Table(title=f"Call to {report.number}", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column()
    table.add_row("SIP messages", str(report.sip_messages))
    if report.answered_ms is not None:
        table.add_row("answered after", _ms(report.answered_ms))
        table.add_row("first audio packet", _ms(report.first_packet_ms))
        table.add_row("first echo", _ms(report.first_echo_ms))
        table.add_row("heard before the echo", report.before_echo)
    if rtp := report.rtp:
        table.add_row("RTP packets", f"{report.packets_sent} sent, {rtp.packets} received")
        table.add_row(
            "lost / doubled / reordered", f"{rtp.lost} / {rtp.duplicated} / {rtp.reordered}"
        )
    for side, counts in report.bot.items():
        text = ", ".join(f"{count} {event}" for event, count in counts.items())
        table.add_row(f"bot {side}", text or "nothing")
    if report.sent_sha256:
        trips = f"median {_ms(report.median_ms)}, p99 {_ms(report.p99_ms)}"
        table.add_row("echo round trip", f"{trips} ({CUSHION_MS} ms of it held by the bot)")
        table.add_row("sent", f"{report.bytes_sent} bytes, sha256 {report.sent_sha256[:16]}…")
        table.add_row("heard back", f"sha256 {report.heard_sha256[:16]}…")
    table.add_row("ended", report.ended)
    console.print(table)
    if report.exact and not report.problem:
        console.print("[green]The caller heard every byte it had said.[/green]")
    else:
        reason = report.problem or "what came back is not what was sent"
        console.print(f"[red]The demo failed:[/red] {reason}", highlight=False)


def _ms(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f} ms"

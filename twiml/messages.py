"""Foreign text inside our messages."""

from __future__ import annotations


def cut(text: str, limit: int = 60) -> str:
    """Return ``text`` on one line, at most ``limit`` characters of it."""
    flat = " ".join(text[: 4 * limit].split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"

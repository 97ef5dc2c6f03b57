"""Readers of attribute values: text in, value out, ValueError("a …") for an illegal one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

#: How a URL is asked.
Method = Literal["GET", "POST"]

#: Rounds that ``loop="0"`` (until hangup) stands for (Twilio: <Play>, attribute loop).
MAX_LOOP = 1000

_NUMBER = re.compile(r"[0-9]{1,9}")
# RFC 5646 in the width that occurs: language, optional script, region and variants.
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,4}")
_DIGITS = re.compile(r"[0-9A-D*#wW]+")


def string(text: str) -> str:
    """Any text, as written."""
    return text


def url(text: str) -> str:
    """An address, absolute or relative, without surrounding whitespace."""
    return text.strip()


def method(text: str) -> Method:
    """``GET`` or ``POST``; small letters are accepted."""
    match text.strip().upper():
        case "GET":
            return "GET"
        case "POST":
            return "POST"
    raise ValueError("GET or POST")


def loop(text: str) -> int:
    """How many rounds: 0 and everything above the cap become ``MAX_LOOP``."""
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError("a whole number, 0 or more")
    return min(int(text), MAX_LOOP) or MAX_LOOP


def seconds(least: int, most: int) -> Callable[[str], int]:
    """Whole seconds from ``least`` to ``most``."""

    def read(text: str) -> int:
        if _NUMBER.fullmatch(text.strip()) and least <= int(text) <= most:
            return int(text)
        raise ValueError(f"whole seconds, {least} to {most}")

    return read


def one_of(*allowed: str) -> Callable[[str], str]:
    """One of the words given."""

    def read(text: str) -> str:
        if text.strip() in allowed:
            return text.strip()
        raise ValueError(" or ".join(allowed))

    return read


def filled(text: str) -> str:
    """Text that is not blank, trimmed."""
    if text.strip():
        return text.strip()
    raise ValueError("not empty")


def language(text: str) -> str:
    """A BCP-47 tag; an underscore becomes a hyphen."""
    if _LANGUAGE.fullmatch(text.strip()):
        return text.strip().replace("_", "-")
    raise ValueError("a language tag such as en-US")


def digits(text: str) -> str:
    """Keys to send: digits, A to D, * and #; w waits 0.5 s, W 1 s."""
    if _DIGITS.fullmatch(text.strip()):
        return text.strip()
    raise ValueError("of 0-9 A-D * # w W")

"""Readers of attribute values: text in, value out, ValueError("a …") for an illegal one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from twiml.schema import SalvagedError

#: How a URL is asked.
Method = Literal["GET", "POST"]

#: Rounds that ``loop="0"`` (until hangup) stands for (Twilio: <Play>, attribute loop).
MAX_LOOP = 1000

_NUMBER = re.compile(r"[0-9]{1,9}")
# RFC 5646 in the width that occurs: language, optional script, region and variants.
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,4}")
_KEYS = re.compile(r"[0-9*#]{0,12}")
_DIGITS = re.compile(r"[0-9A-D*#wW]+")


def string(text: str) -> str:
    """Any text, as written."""
    return text


def url(text: str) -> str:
    """An address, absolute or relative, without surrounding whitespace."""
    return text.strip()


def link(text: str) -> str | None:
    """An address, absolute or relative; an empty one is none."""
    return text.strip() or None


def boolean(text: str) -> bool:
    """``true`` or ``false``; capitals are accepted."""
    match text.strip().lower():
        case "true":
            return True
        case "false":
            return False
    raise ValueError("true or false")


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


def whole(least: int, most: int, what: str = "a whole number") -> Callable[[str], int]:
    """A whole number from ``least`` to ``most``."""

    def read(text: str) -> int:
        if _NUMBER.fullmatch(text.strip()) and least <= int(text) <= most:
            return int(text)
        raise ValueError(f"{what}, {least} to {most}")

    return read


def seconds(least: int, most: int) -> Callable[[str], int]:
    """Whole seconds from ``least`` to ``most``."""
    return whole(least, most, "whole seconds")


def one_of(*allowed: str) -> Callable[[str], str]:
    """One of the words given."""

    def read(text: str) -> str:
        if text.strip() in allowed:
            return text.strip()
        raise ValueError(" or ".join(allowed))

    return read


def listed(*allowed: str) -> Callable[[str], tuple[str, ...]]:
    """Words of a list with spaces (or commas) between, each once, in the order of ``allowed``.

    Unknown ones are told and left out.
    """

    def read(text: str) -> tuple[str, ...]:
        words = text.replace(",", " ").split()
        known = tuple(word for word in allowed if word in words)
        if known and all(word in allowed for word in words):
            return known
        message = f"of {' '.join(allowed)}"
        raise SalvagedError(message, known) if known else ValueError(message)

    return read


def keys(text: str) -> str:
    """Keys that end something: any of 0-9 * #, or none."""
    if _KEYS.fullmatch(text.strip()):
        return text.strip()
    raise ValueError("of 0-9 * #, or empty")


def short(most: int) -> Callable[[str], str]:
    """Text of 1 to ``most`` characters, trimmed."""

    def read(text: str) -> str:
        if 0 < len(text.strip()) <= most:
            return text.strip()
        raise ValueError(f"1 to {most} characters")

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

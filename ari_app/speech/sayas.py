"""``<say-as>`` in words, for engines that do not know it (W3C, SSML 1.0 say-as values)."""

from __future__ import annotations

import re

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_FRACTION = re.compile(r"(?:([0-9]{1,9})[ +]+)?([0-9]{1,9})/([0-9]{1,9})")
_PARTS = {2: "half", 4: "quarter"}
_UNITS = ("minute", "second")
_TIME = re.compile(r"([0-9]{1,3})'(?:([0-9]{1,2})(?:''|\"))?")


def in_words(text: str, kind: str, form: str, language: str) -> str:
    """Return ``text`` so that reading it aloud says it as ``kind`` with ``form``.

    Dates, ordinals, fractions and times are put into words for English; other languages hear
    them as they are written. What is to be bleeped is left out.
    """
    text = " ".join(text.split())
    if kind == "expletive":
        return ""
    if kind in ("characters", "spell-out"):
        return " ".join(text.replace(" ", "").upper())
    if kind == "digits":
        return " ".join(text.replace(" ", ""))
    if kind == "telephone":
        groups = re.findall(r"\+|[0-9]+|[A-Za-z]+", text)
        return ", ".join(" ".join(group) for group in groups).replace("+,", "+")
    if language.lower().partition("-")[0] != "en":
        return text
    if kind == "ordinal" and text.isascii() and text.isdigit():
        return ordinal(int(text[:18]))
    if kind == "fraction" and (match := _FRACTION.fullmatch(text)):
        return _fraction(match)
    if kind == "time" and (match := _TIME.fullmatch(text)):
        counts = zip(match.groups(), _UNITS, strict=True)
        return " ".join(_counted(int(count), unit) for count, unit in counts if count)
    return _date(text, form) if kind == "date" else text


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"


def ordinal(number: int) -> str:
    """Return ``1st``, ``2nd``, ``11th``."""
    suffix = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _fraction(match: re.Match[str]) -> str:
    whole, above, below = match[1], int(match[2]), int(match[3])
    part = _PARTS.get(below, ordinal(below))
    if above != 1:
        part = "halves" if below == 2 else f"{part}s"
    return f"{whole} and {above} {part}" if whole else f"{above} {part}"


def _date(text: str, form: str) -> str:
    if form == "yyyymmdd" or re.fullmatch(r"[0-9?]{8}", text):
        form, values = "ymd", [text[:4], text[4:6], text[6:8]]
    else:
        values = re.split(r"[^0-9A-Za-z?]+", text)
    if not form or len(values) != len(form):
        return text
    given = dict(zip(form, values, strict=True))
    month, day, year = (given.get(key, "").strip("?") for key in "mdy")
    if month.isdigit():
        if not 1 <= int(month) <= 12:
            return text
        month = _MONTHS[int(month) - 1]
    if day.isdigit():
        day = ordinal(int(day))
    if re.fullmatch(r"1[1-9][1-9][0-9]", year):
        year = f"{year[:2]} {year[2:]}"
    return ", ".join(part for part in (f"{month} {day}".strip(), year) if part)

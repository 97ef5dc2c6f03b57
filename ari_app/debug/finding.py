"""What the doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["ok", "note", "bad"]


@dataclass(frozen=True)
class Finding:
    """One thing looked at: how it is, and the line to change if it is not well."""

    grade: Grade
    what: str
    detail: str
    remedy: str = ""

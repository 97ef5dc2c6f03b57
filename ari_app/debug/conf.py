"""Asterisk's configuration files, read as far as the doctor needs them. Pure."""

from __future__ import annotations

import configparser
import contextlib


def general(text: str) -> dict[str, str]:
    """Directives of `[general]` in one of Asterisk's files; what cannot be read is left out."""
    return sections(text).get("general", {})


def sections(text: str) -> dict[str, dict[str, str]]:
    """Directives by section of one of Asterisk's files; what cannot be read is left out."""
    parser = configparser.RawConfigParser(
        strict=False,
        comment_prefixes=(";", "#"),
        inline_comment_prefixes=(";",),
        delimiters=("=>", "="),
        allow_no_value=True,
        interpolation=None,
    )
    with contextlib.suppress(configparser.Error):
        parser.read_string(text)
    return {
        name: {key: (value or "").strip() for key, value in parser.items(name)}
        for name in parser.sections()
    }

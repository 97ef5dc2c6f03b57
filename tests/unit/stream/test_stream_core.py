"""The compiled core and its twin in Python: the same to whoever uses them."""

from __future__ import annotations

import base64
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stream import hot, messages

SID = "MZ" + "1" * 32
TESTS = [
    str(Path(__file__).with_name(f"test_stream_{name}.py"))
    for name in (
        "bridge",
        "hostile",
        "inbound",
        "messages",
        "oneway",
        "late",
        "playout",
        "rtp",
        "session",
    )
]

needs_core = pytest.mark.skipif(not hot.COMPILED, reason="the core is not built")


def payload_in_c(text: bytes) -> bytes | None:
    core = importlib.import_module("stream._core")
    find = cast("Callable[[bytes, bytes], bytes | None]", core.media_payload)
    return find(text, SID.encode())


def payload_in_python(text: bytes) -> bytes | None:
    try:
        message = messages.decode(text, SID)
    except messages.BadMessage:
        return None
    return message.media.payload if isinstance(message, messages.Media) else None


@needs_core
@pytest.mark.skipif("STREAM_CORE" in os.environ, reason="is the other half")
@pytest.mark.timeout(300)
def test_the_twin_passes_every_test_of_the_bridge() -> None:
    """Design §4: a machine without a compiler is slower, not different."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTS],
        env={**os.environ, "STREAM_CORE": "python"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]


@needs_core
def test_a_core_of_other_sources_is_not_used(tmp_path: Path) -> None:
    """After an update without `make`, the twin is slower and right."""
    package = Path(hot.__file__).parent
    shutil.copytree(package, tmp_path / "stream")

    def compiled(wish: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "from stream import hot; print(hot.COMPILED, hot.STALE)"],
            env={**os.environ, "STREAM_CORE": wish, "PYTHONPATH": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip() or done.stderr.strip().splitlines()[-1]

    assert compiled("") == "True False"
    with (tmp_path / "stream" / "core" / "core.h").open("a") as header:
        header.write("/* changed */\n")
    assert compiled("") == "False True"
    assert compiled("c").startswith("ImportError: stream/_core was built of other sources")


STRINGS = st.text(max_size=8) | st.sampled_from(["media", "MZ" + "1" * 32, "payload", "a\\b", '"'])
VALUES = STRINGS | st.none() | st.integers() | st.lists(STRINGS, max_size=2)
BODIES = st.binary(max_size=170).map(lambda audio: base64.b64encode(audio).decode())
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "event": st.just("media") | STRINGS,
        "streamSid": st.just(SID) | STRINGS | st.none(),
        "media": st.fixed_dictionaries(
            {}, optional={"payload": BODIES | STRINGS, "track": VALUES, "chunk": VALUES}
        ),
        "sequenceNumber": VALUES,
        "other": VALUES,
    },
)


@needs_core
@given(MESSAGES, st.booleans(), st.sampled_from([None, 1]), st.integers(0, 400), st.integers(0, 90))
def test_what_the_core_takes_for_audio_is_what_the_decoder_takes(
    message: dict[str, object], ascii_only: bool, indent: int | None, at: int, other: int
) -> None:
    """Also with a byte changed anywhere: the core may pass on a message, never misread it."""
    text = json.dumps(message, ensure_ascii=ascii_only, indent=indent).encode()
    for variant in (text, text[:at] + bytes([other + 32]) + text[at + 1 :], text[:at], text + b"}"):
        found = payload_in_c(variant)
        assert found is None or found == payload_in_python(variant)


@needs_core
@given(st.binary(max_size=500))
@example(bytes(range(256)))
def test_the_plain_form_of_a_message_does_not_need_the_decoder(audio: bytes) -> None:
    body = {"payload": base64.b64encode(audio).decode()}
    text = json.dumps({"event": "media", "streamSid": SID, "media": body}).encode()
    assert payload_in_c(text) == (audio or None)


@needs_core
@given(st.text("ABCabc+/=-_ \n01", max_size=12))
def test_base64_that_is_not_to_the_letter_goes_to_the_decoder(body: str) -> None:
    text = json.dumps({"event": "media", "media": {"payload": body}}).encode()
    found = payload_in_c(text)
    assert found is None or found == payload_in_python(text)


@needs_core
def test_a_key_twice_is_for_the_decoder() -> None:
    assert payload_in_c(b'{"event":"media","media":{"payload":"AAAA","payload":"BBBB"}}') is None
    assert payload_in_c(b'{"event":"media","event":"mark","media":{"payload":"AAAA"}}') is None

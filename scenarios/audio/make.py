"""Makes the audio files of the scenarios: run it after a change, the output is the same anywhere.

``tone.wav`` holds only G.711 A-law code points, so encoding it gives exactly ``tone.al``;
``tone-ulaw.wav`` and ``tone.ul`` are the same for µ-law. Random µ-law bytes are not kept: make
them in the test with ``ari_app.testing.audio.random_codes(seconds, seed)``.
"""

from __future__ import annotations

from pathlib import Path

from ari_app.testing import audio

SECONDS = 2.0


def main() -> None:
    """Write the files beside this one."""
    here = Path(__file__).parent
    alaw, ulaw = audio.tone_codes(SECONDS, law="alaw"), audio.tone_codes(SECONDS, law="ulaw")
    (here / "tone.al").write_bytes(alaw)
    (here / "tone.wav").write_bytes(audio.wav(alaw, "alaw"))
    (here / "tone.ul").write_bytes(ulaw)
    (here / "tone-ulaw.wav").write_bytes(audio.wav(ulaw, "ulaw"))


if __name__ == "__main__":
    main()

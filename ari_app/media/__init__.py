"""Audio files: fetched or made once, converted once, played by Asterisk without work."""

from ari_app.media.cache import MediaCache
from ari_app.media.sound import Sound
from ari_app.media.tones import check_digits, dtmf

__all__ = ["MediaCache", "Sound", "check_digits", "dtmf"]

"""Text to speech: engines behind one interface, and the speaker that caches what they say."""

from ari_app.speech.engine import Plan, SpeechEngine, Utterance
from ari_app.speech.espeak import EspeakEngine
from ari_app.speech.speaker import Speaker, Spoken

__all__ = ["EspeakEngine", "Plan", "Speaker", "SpeechEngine", "Spoken", "Utterance"]

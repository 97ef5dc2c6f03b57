"""Recordings of calls and conferences: the recorder, one recording, how Asterisk makes it."""

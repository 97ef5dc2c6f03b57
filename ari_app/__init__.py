"""ariswitch: self-hosted, Twilio-compatible voice for AI agents on Asterisk."""

__version__ = "0.1.0"

"""Twilio Media Streams: the bridge between a call's RTP and a bot's WebSocket.

Pure cores (RTP, G.711, play-out, pacing, messages, session) and a worker process that joins
them to sockets. Imports nothing else of this project.
"""

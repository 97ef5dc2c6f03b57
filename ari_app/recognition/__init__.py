"""Speech to text: engines behind one interface, in a process of their own.

Recognition takes the CPU for seconds, so neither the app nor a stream worker does it. The
recogniser process is a bot: a stream worker feeds it a call's audio as Media Streams, and it
tells the app over a Unix socket what it understands.
"""

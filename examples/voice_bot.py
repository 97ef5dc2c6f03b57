"""A whole voice bot: the TwiML that answers the call and the WebSocket that talks.

It repeats what the caller says, a second later, and stops when the caller presses a key. The
same file runs against Twilio and against ariswitch: only the number's voice URL differs.
"""

from __future__ import annotations

import os
from collections import deque

from aiohttp import web


async def voice(request: web.Request) -> web.Response:
    """Answer the call: connect its audio to the WebSocket on this very host."""
    secure = request.headers.get("X-Forwarded-Proto", request.scheme) == "https"
    url = f"{'wss' if secure else 'ws'}://{request.host}/stream"
    twiml = f'<Response><Connect><Stream url="{url}"/></Connect><Say>Goodbye.</Say></Response>'
    return web.Response(text=twiml, content_type="text/xml")


async def stream(request: web.Request) -> web.WebSocketResponse:
    """Talk: here is where speech recognition, a model and a voice would be."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    heard: deque[str] = deque()
    async for message in socket:
        event = message.json()
        if event["event"] == "media":  # 20 ms of µ-law at 8 kHz, base64
            heard.append(event["media"]["payload"])
            if len(heard) > 50:
                media = {"payload": heard.popleft()}
                await socket.send_json(
                    {"event": "media", "streamSid": event["streamSid"], "media": media}
                )
        elif event["event"] == "dtmf":
            break  # closing the socket ends <Connect>; the next verb says goodbye
    await socket.close()
    return socket


app = web.Application()
app.add_routes([web.get("/voice", voice), web.post("/voice", voice), web.get("/stream", stream)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8090")))

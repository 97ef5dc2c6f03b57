"""The demo's web pages: TwiML documents, the tune, and the echo bot's WebSocket.

A customer would have these on a server of their own; nothing here uses the switch's inside.
"""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from aiohttp import web

from ari_app.demo.echo_bot import EchoBots
from ari_app.demo.tune import tune_wav

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def demo_routes() -> list[web.RouteDef]:
    """Return the routes under ``/demo/``; documents answer GET and POST alike."""
    bots = EchoBots()
    documents = {"echo": _echo, "mirror": _mirror, "hello": _hello, "talk": _talk}
    routes = [
        web.get("/demo/tune.wav", _tune),
        web.get("/demo/echo", bots.handle),
        web.get("/demo/echo/last", bots.last),
    ]
    for name, handler in documents.items():
        routes += [
            web.get(f"/demo/voice/{name}", handler),
            web.post(f"/demo/voice/{name}", handler),
        ]
    return routes


def _origin(request: web.Request, *, websocket: bool = False) -> str:
    """Scheme and host as the asker named them, TLS in front of us included."""
    secure = request.headers.get("X-Forwarded-Proto", request.scheme) == "https"
    scheme = ("wss" if secure else "ws") if websocket else ("https" if secure else "http")
    return f"{scheme}://{request.host}"


def _twiml(verbs: str) -> web.Response:
    return web.Response(text=f"{_HEAD}<Response>{verbs}</Response>", content_type="text/xml")


async def _echo(request: web.Request) -> web.Response:
    return _twiml(
        "<Say>You are heard. Press star to interrupt, pound to end.</Say>"
        f"{_connect(request, delay_ms=200)}<Say>Goodbye.</Say>"
    )


async def _mirror(request: web.Request) -> web.Response:
    return _twiml(_connect(request, delay_ms=0))


def _connect(request: web.Request, *, delay_ms: int) -> str:
    """The echo bot. A person wants to hear the echo apart from the own voice; a meter does not."""
    url = quoteattr(f"{_origin(request, websocket=True)}/demo/echo")
    parameter = f'<Parameter name="delay" value="{delay_ms}"/>'
    return f"<Connect><Stream url={url}>{parameter}</Stream></Connect>"


async def _hello(_: web.Request) -> web.Response:
    return _twiml(
        "<Say>Hello. This is your own telephone switch.</Say><Play>/demo/tune.wav</Play><Hangup/>"
    )


async def _talk(_: web.Request) -> web.Response:
    return _twiml(
        '<Pause length="1"/><Say>One second of silence, before the call was answered.</Say>'
        '<Say language="de-DE">Guten Tag.</Say><Say language="fr-FR">Bonjour.</Say>'
        '<Say loop="2">Twice.</Say><Redirect>/demo/voice/hello</Redirect>'
    )


async def _tune(_: web.Request) -> web.Response:
    return web.Response(body=tune_wav(), content_type="audio/wav")

"""The aiohttp application: routes, and what every request passes through."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence, Set

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import CollectorRegistry

from ari_app.api import (
    accounts,
    background,
    calls,
    conferences,
    empty,
    live_transcriptions,
    notifications,
    numbers,
    participants,
    recordings,
    transcriptions,
)
from ari_app.api import queues as queue_pages
from ari_app.api.auth import Authenticator, unauthorized
from ari_app.api.context import (
    ACCOUNT,
    BACKGROUND,
    CALLS,
    CONFERENCES,
    QUEUES,
    RECORDINGS,
    STORE,
)
from ari_app.api.errors import answer_for, not_found
from ari_app.api.health import HealthPage
from ari_app.api.metrics import HttpMetrics
from ari_app.api.ports import (
    ApiStore,
    BackgroundService,
    CallService,
    ConferenceService,
    Health,
    QueueService,
    RecordingService,
)
from ari_app.api.present import VERSION
from ari_app.sids import new_sid

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: Far above any form Twilio's clients send (Twiml itself is at most 4000 characters).
MAX_BODY = 256 * 1024

_ROOT = f"/{VERSION}/Accounts"
_ACCOUNT = _ROOT + "/{account:AC[0-9a-fA-F]{32}}"
_CALLS = f"{_ACCOUNT}/Calls"
_NUMBERS = f"{_ACCOUNT}/IncomingPhoneNumbers"
_CONFERENCES = f"{_ACCOUNT}/Conferences"
_PARTICIPANTS = _CONFERENCES + "/{conference:[^/]+}/Participants"
_QUEUES = f"{_ACCOUNT}/Queues"
_MEMBER = "/Members/{member:CA[0-9a-fA-F]{32}|Front}"


def build_app(
    store: ApiStore,
    calls: CallService,
    health: Health,
    *,
    beside: BackgroundService,
    recorded: RecordingService,
    rooms: ConferenceService,
    queues: QueueService,
    metrics: CollectorRegistry,
    open_routes: Sequence[web.RouteDef] = (),
    max_body: int = MAX_BODY,
) -> web.Application:
    """Return the HTTP API: Twilio REST, ``/health`` and ``/metrics``.

    URIs in answers are relative, as Twilio's are, so the application need not know where it is
    reached. ``beside`` starts what runs beside calls. ``metrics`` is the registry that
    ``/metrics`` shows and to which the API adds its own. ``open_routes`` are served beside,
    without credentials. ``max_body`` in bytes.
    """
    http_metrics = HttpMetrics(metrics)
    open_pages: set[web.AbstractRoute] = set()
    app = web.Application(
        middlewares=[_observed(http_metrics), _authenticated(Authenticator(store), open_pages)],
        client_max_size=max_body,
    )
    app[STORE] = store
    app[CALLS] = calls
    app[BACKGROUND] = beside
    app[RECORDINGS] = recorded
    app[CONFERENCES] = rooms
    app[QUEUES] = queues
    pages = (
        web.get("/health", HealthPage(health).show),
        web.get("/metrics", http_metrics.show),
        *open_routes,
    )
    open_pages.update(app.router.add_routes(pages))
    _add_routes(app.router)
    return app


def _add_routes(router: web.UrlDispatcher) -> None:
    call, number, note, conference, queue = (
        "/{sid:%s[0-9a-fA-F]{32}}" % prefix  # noqa: UP031 - braces are the path's own here
        for prefix in ("CA", "PN", "NO", "CF", "QU")
    )
    # A name may hold anything but a slash; the suffix is not part of it.
    named = r"/{name:[^/]+?}"
    of_call = _CALLS + "/{call:CA[0-9a-fA-F]{32}}"
    for method, path, handler in (
        ("GET", _ROOT, accounts.list_),
        ("GET", _ACCOUNT, accounts.fetch),
        ("POST", _CALLS, calls.create),
        ("GET", _CALLS, calls.list_),
        ("POST", _CALLS + call, calls.update),
        ("GET", _CALLS + call, calls.fetch),
        ("DELETE", _CALLS + call, calls.delete),
        ("POST", _NUMBERS, numbers.create),
        ("GET", _NUMBERS, numbers.list_),
        ("POST", _NUMBERS + number, numbers.update),
        ("GET", _NUMBERS + number, numbers.fetch),
        ("DELETE", _NUMBERS + number, numbers.delete),
        ("POST", f"{_NUMBERS}/Local", numbers.create),
        ("GET", f"{_NUMBERS}/Local", numbers.list_),
        ("GET", f"{_NUMBERS}/Mobile", numbers.list_none),
        ("GET", f"{_NUMBERS}/TollFree", numbers.list_none),
        ("GET", f"{_ACCOUNT}/Notifications", notifications.list_),
        ("GET", f"{_ACCOUNT}/Notifications" + note, notifications.fetch),
        ("GET", f"{of_call}/Notifications", notifications.list_),
        ("GET", f"{of_call}/Notifications" + note, notifications.fetch),
        *_recording_routes(of_call),
        ("POST", f"{of_call}/Streams", background.create_stream),
        ("POST", f"{of_call}/Streams" + named, background.update_stream),
        ("POST", f"{of_call}/Transcriptions", live_transcriptions.create),
        ("POST", f"{of_call}/Transcriptions" + named, live_transcriptions.update),
        ("GET", f"{of_call}/Events", empty.empty_list("events")),
        ("GET", _CONFERENCES, conferences.list_),
        ("POST", _CONFERENCES + conference, conferences.update),
        ("GET", _CONFERENCES + conference, conferences.fetch),
        ("POST", _PARTICIPANTS, participants.create),
        ("GET", _PARTICIPANTS, participants.list_),
        ("POST", _PARTICIPANTS + "/{participant:[^/]+?}", participants.update),
        ("GET", _PARTICIPANTS + "/{participant:[^/]+?}", participants.fetch),
        ("DELETE", _PARTICIPANTS + "/{participant:[^/]+?}", participants.delete),
        ("POST", _QUEUES, queue_pages.create),
        ("GET", _QUEUES, queue_pages.list_),
        ("POST", _QUEUES + queue, queue_pages.update),
        ("GET", _QUEUES + queue, queue_pages.fetch),
        ("DELETE", _QUEUES + queue, queue_pages.delete),
        ("GET", _QUEUES + queue + "/Members", queue_pages.list_members),
        ("GET", _QUEUES + queue + _MEMBER, queue_pages.fetch_member),
        ("POST", _QUEUES + queue + _MEMBER, queue_pages.dequeue),
        ("GET", f"{_ACCOUNT}/OutgoingCallerIds", empty.empty_list("outgoing_caller_ids")),
        ("GET", f"{_ACCOUNT}/Keys", empty.empty_list("keys")),
        ("GET", f"{_ACCOUNT}/Balance", empty.balance),
    ):
        router.add_route(method, path + r"{suffix:(?:\.json)?}", handler)


def _recording_routes(of_call: str) -> list[tuple[str, str, Handler]]:
    """Return method, path and handler of all that serves recordings."""
    sid = "RE[0-9a-fA-F]{32}"
    of_account = f"{_ACCOUNT}/Recordings"
    routes: list[tuple[str, str, Handler]] = [
        ("POST", f"{of_call}/Recordings", recordings.create),
        ("GET", of_account, recordings.list_),
        ("DELETE", of_account + "/{sid:%s}" % sid, recordings.delete),  # noqa: UP031
        ("GET", of_account + "/{sid:%s}" % sid, recordings.fetch),  # noqa: UP031
        ("GET", of_account + "/{sid:%s}.wav" % sid, recordings.wav),  # noqa: UP031
        ("GET", of_account + "/{sid:%s}.mp3" % sid, recordings.mp3),  # noqa: UP031
    ]
    routes += [("HEAD", path, handler) for method, path, handler in routes[3:] if method == "GET"]
    for owner in (_ACCOUNT, of_account + "/{recording:%s}" % sid):  # noqa: UP031
        one = f"{owner}/Transcriptions" + "/{sid:TR[0-9a-fA-F]{32}}"
        routes += [
            ("GET", f"{owner}/Transcriptions", transcriptions.list_),
            ("GET", one, transcriptions.fetch),
            ("DELETE", one, transcriptions.delete),
        ]
    current = r"/{sid:(?:%s|Twilio\.CURRENT)}" % sid  # noqa: UP031
    for owner in (of_call, _ACCOUNT + "/Conferences/{conference:CF[0-9a-fA-F]{32}}"):
        below = f"{owner}/Recordings"
        routes += [
            ("GET", below, recordings.list_),
            ("GET", below + current, recordings.fetch),
            ("POST", below + current, recordings.update),
            ("DELETE", below + current, recordings.delete),
        ]
    return routes


def _observed(metrics: HttpMetrics) -> Middleware:
    """Outermost: number the request, turn whatever is raised into an answer, count it."""

    @web.middleware
    async def observed(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.perf_counter()
        request_id = new_sid("RQ")
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                response = await handler(request)
            except Exception as error:
                response = answer_for(request, error)
        seconds = time.perf_counter() - began
        # A response that has left already is a WebSocket: it lasts as long as its call.
        metrics.observe(request, response.status, None if response.prepared else seconds)
        response.headers["Twilio-Request-Id"] = request_id
        response.headers["Twilio-Request-Duration"] = f"{seconds:.3f}"
        return response

    return observed


def _authenticated(auth: Authenticator, open_pages: Set[web.AbstractRoute]) -> Middleware:
    """Let in who has credentials, to what is theirs; the open pages are for everyone."""

    @web.middleware
    async def authenticated(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.route in open_pages:
            return await handler(request)
        if request.match_info.http_exception and not request.path.startswith(f"/{VERSION}"):
            return await handler(request)
        account = await auth.account(request)
        if account is None:
            log.info("request without valid credentials", remote=request.remote)
            return unauthorized()
        if request.match_info.get("account", account.sid) != account.sid:
            raise not_found(request.path)
        request[ACCOUNT] = account
        return await handler(request)

    return authenticated

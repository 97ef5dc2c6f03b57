"""Rules of webhooks, TwiML documents and audio files."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ari_app.debug.diagnose.case import Case, Trouble, Webhook
from ari_app.debug.diagnose.rule import Rule, Seen, ms

#: A document that takes longer is told of, milliseconds: the caller waits in silence.
SLOW = 2000.0
#: Of answers that are no TwiML.
_DOCUMENT = (12100, 12101, 12102, 12300, 11770, 11750)
_PRIVATE = "private or special"

Fits = Callable[[Trouble], bool]


def _any(trouble: Trouble) -> bool:
    return True


def fetched(*codes: int, fits: Fits = _any) -> Callable[[Case], Iterator[Seen]]:
    """Look for problems with these codes, with what is known of the request behind them."""

    def look(case: Case) -> Iterator[Seen]:
        for trouble in case.troubles:
            if trouble.code not in codes or not fits(trouble):
                continue
            hook = _behind(case, trouble)
            took = f" after {ms(hook.ms)}" if hook is not None and hook.ms else ""
            # A bad document says what is wrong with it, not where it came from.
            where = f"{trouble.url}: " if trouble.code in _DOCUMENT and trouble.url else ""
            saved = "; its fallback answered" if _saved(case, trouble) else ""
            text = f"{where}{trouble.message}{took} (error {trouble.code}){saved}"
            yield Seen(trouble.at, text)

    return look


def _saved(case: Case, trouble: Trouble) -> bool:
    return any(
        one.at >= trouble.at and not one.error and one.params.get("ErrorCode") == str(trouble.code)
        for one in case.webhooks
        if one.document and one.ms is not None
    )


def _behind(case: Case, trouble: Trouble) -> Webhook | None:
    """The request that a problem is about: the last before it that failed with its code."""
    hooks = (one for one in reversed(case.webhooks) if one.code == trouble.code)
    return next((one for one in hooks if one.at <= trouble.at), None)


def _no_fallback(case: Case) -> Iterator[Seen]:
    """A document or a URL of a verb failed, and no other document was run."""
    failed = [one.at for one in case.troubles if one.code in _DOCUMENT or 11000 <= one.code < 12000]
    if not failed or case.follows(min(failed)) is not None:
        return
    asked = next((one for one in case.webhooks if "ErrorCode" in one.params and one.document), None)
    if asked is None:
        text = "no fallback URL is set: the caller heard that an application error has occurred"
        yield Seen(min(failed), text)
    elif asked.error:
        yield Seen(asked.over, "a fallback URL that works: this one failed too")


def _slow(case: Case) -> Iterator[Seen]:
    for one in case.webhooks:
        if one.document and not one.error and (one.ms or 0) >= SLOW:
            text = f"{one.url} took {ms(one.ms or 0)} to answer, and the caller waited"
            yield Seen(one.over, text)


def _waiting(case: Case) -> Iterator[Seen]:
    for one in case.webhooks:
        if one.document and one.ms is None and case.over - one.at > SLOW / 1000:
            text = f"{one.url} has not answered for {ms((case.over - one.at) * 1000)}"
            yield Seen(one.at, text)


RULES: tuple[Rule, ...] = (
    Rule(
        "webhook-refused",
        "Webhooks and TwiML",
        "11202: connection refused",
        "nothing listens on that host and port",
        "start the web server, or correct host and port of the URL",
        fetched(11202),
        codes=(11202,),
    ),
    Rule(
        "webhook-timeout",
        "Webhooks and TwiML",
        "11201, 11203: no connection or no answer in time",
        "host down, a firewall that drops packets, or a handler that works too long",
        "answer at once and do the work later (a `<Redirect>` can wait); is the host up? "
        "docs/webhooks.md has the times and how to change them in the URL",
        fetched(11201, 11203),
        codes=(11201, 11203),
    ),
    Rule(
        "webhook-status",
        "Webhooks and TwiML",
        "11200: the web server answered 4xx or 5xx",
        "404: a wrong path. 401, 403: mostly a signature check with another URL or auth token "
        "than ours. 5xx: the handler failed",
        "look at the web server's own log of this request; for 401 and 403 compare the URL that it "
        "checks with the one that was called, port and query included",
        fetched(11200),
        codes=(11200,),
    ),
    Rule(
        "webhook-private",
        "Webhooks and TwiML",
        '11205 "private or special address"',
        "the URL leads inside your network",
        "set `ARISWITCH_URL_ALLOW` to that network (or `ARISWITCH_ALLOW_PRIVATE_URLS=true` on a "
        "laptop)",
        fetched(11205, fits=lambda one: _PRIVATE in one.message),
    ),
    Rule(
        "webhook-lost",
        "Webhooks and TwiML",
        "11205, 11206: connection lost, or no HTTP",
        "the server closed without an answer (it crashed, or a proxy gave up), or speaks TLS where "
        "the URL says http",
        "look at the log of the web server or its proxy; is it http or https?",
        fetched(11205, 11206, fits=lambda one: _PRIVATE not in one.message),
        codes=(11205, 11206),
    ),
    Rule(
        "webhook-dns",
        "Webhooks and TwiML",
        "11210: the host name does not resolve",
        "a typing error in the URL, or this machine's DNS is down",
        "correct the host name; try `getent hosts NAME` on this machine",
        fetched(11210),
        codes=(11210,),
    ),
    Rule(
        "webhook-tls",
        "Webhooks and TwiML",
        "11220, 11235, 11236, 11237: TLS failed",
        "no TLS port, a certificate for another host, out of date, self-signed, or sent without "
        "its chain",
        "try `openssl s_client -connect HOST:443 -servername HOST`; send the whole chain of a "
        "valid certificate",
        fetched(11220, 11235, 11236, 11237),
        codes=(11220, 11235, 11236, 11237),
    ),
    Rule(
        "webhook-redirects",
        "Webhooks and TwiML",
        "11215, 11216: too many redirects",
        "HTTP redirects in a circle, or documents that lead to each other more than 50 times in "
        "quick succession",
        "break the circle; put a `<Pause>` before a `<Redirect>` that waits",
        fetched(11215, 11216),
        codes=(11215, 11216),
    ),
    Rule(
        "no-url",
        "Webhooks and TwiML",
        "11100, 15004: no usable URL",
        "the number has no voice URL, or a URL is relative in TwiML that came by REST, or is not "
        "http(s)",
        "set the number's VoiceUrl; write the URL with https:// and its host",
        fetched(11100, 15004),
        codes=(11100, 15004),
    ),
    Rule(
        "bad-twiml",
        "Webhooks and TwiML",
        "12100, 12101, 12102, 12300, 11770, 11750: bad TwiML",
        "the answer is no XML, has no `<Response>`, is of the wrong type, empty, or over 64 kB. "
        "DTDs and entities are refused as such",
        "fetch the URL with `curl -i` and look: well-formed XML inside `<Response>`, `&` written "
        "as `&amp;`, Content-Type: text/xml",
        fetched(*_DOCUMENT),
        codes=_DOCUMENT,
    ),
    Rule(
        "no-fallback",
        "Webhooks and TwiML",
        '"An application error has occurred", then the call ends',
        "neither the voice URL nor its fallback gave TwiML; the problem before says why",
        "set the number's VoiceFallbackUrl to a server that does not fail with the first",
        _no_fallback,
        "missing",
    ),
    Rule(
        "unusable-audio",
        "Webhooks and TwiML",
        "13420: audio that cannot be played",
        "the file is no audio, or of a type that is not known (an HTML error page, often)",
        "fetch the URL with `curl -i`; WAV, MP3, AIFF, GSM and µ-law files are played",
        fetched(13420),
        codes=(13420,),
    ),
    Rule(
        "not-supported",
        "Webhooks and TwiML",
        "13750: a verb that is not run here",
        "TwiML for something that this switch has not got",
        "docs/twiml.md has what is run, and what to use instead",
        fetched(13750),
        codes=(13750,),
    ),
    Rule(
        "callback-failed",
        "Webhooks and TwiML",
        "15003: a status callback failed",
        "it answered 4xx/5xx or was given up after many tries; the call is not affected",
        "answer status callbacks with 200 or 204",
        fetched(15003),
        "note",
        codes=(15003,),
    ),
    Rule(
        "slow-webhook",
        "Webhooks and TwiML",
        "silence before the first word, or between two verbs",
        "the web server takes seconds for its TwiML (`ari-debug tail 'kind:webhook ms>2s'`)",
        "answer at once; do slow work beside the call and have it changed by REST",
        _slow,
        "note",
    ),
    Rule(
        "webhook-waiting",
        "Webhooks and TwiML",
        "the call hangs while a webhook is not answered",
        "the handler is still at work, or stuck",
        "look what the web server does with this request",
        _waiting,
    ),
)

"""What is wrong with an Asterisk for ARI work. Pure: judges what was asked of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ari_app.debug import surroundings
from ari_app.debug.finding import Finding
from ari_app.debug.gates import LEAST, missing, version_of
from ari_app.debug.probes import Hello, Limit
from ari_app.gateway.mi import Destination

#: Module → what does not work without it. Those that ARI cannot be without come first.
NEEDED: Mapping[str, str] = {
    "res_ari.so": "ARI itself",
    "res_ari_events.so": "events",
    "res_ari_channels.so": "requests about channels",
    "res_ari_bridges.so": "requests about bridges",
    "res_stasis.so": "applications",
    "app_stasis.so": "Stasis() in the dialplan: no call comes in",
    "res_stasis_answer.so": "answering: POST /channels/ID/answer",
    "res_http_websocket.so": "the event WebSocket",
    "chan_pjsip.so": "SIP calls",
    "res_rtp_asterisk.so": "audio",
}
USEFUL: Mapping[str, str] = {
    "res_ari_playbacks.so": "stopping and pausing playbacks",
    "res_ari_recordings.so": "fetching recordings",
    "res_ari_applications.so": "looking at applications: a name in use cannot be seen",
    "res_ari_asterisk.so": "asking for version, modules and settings",
    "res_stasis_playback.so": "playing sounds",
    "res_stasis_recording.so": "recording",
    "res_stasis_snoop.so": "listening in: POST /channels/ID/snoop",
    "chan_rtp.so": "external media over RTP: POST /channels/externalMedia",
    "chan_bridge_media.so": "playing into and recording of bridges",
    "bridge_simple.so": "bridges of two",
    "bridge_softmix.so": "bridges of three and more",
    "codec_ulaw.so": "G.711 µ-law",
    "codec_alaw.so": "G.711 A-law",
    "codec_resample.so": "other sample rates, wideband codecs",
    "format_wav.so": "WAV files",
    "format_pcm.so": "raw G.711 files",
}


@dataclass
class Facts:
    """What an Asterisk told. None: it could not be asked, `refused` says why."""

    version: str = ""
    modules: Sequence[Mapping[str, Any]] | None = None
    applications: Sequence[Mapping[str, Any]] | None = None
    channels: Sequence[Mapping[str, Any]] = ()
    bridges: Sequence[Mapping[str, Any]] = ()
    info: Mapping[str, Any] = field(default_factory=dict)
    #: Seconds a request and a ping over the WebSocket took.
    request_s: float = 0.0
    websocket: str = ""
    read_only: bool | None = None
    #: Directives by file, of configuration files that could be read here.
    config: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    #: Of this host, to judge ages by: unix seconds.
    ages: Mapping[str, float] = field(default_factory=dict)
    #: What came of RTP both ways; words when it could not be tried, None when it was not.
    hello: Hello | str | None = None
    #: Seconds that Asterisk's clock is ahead of this machine's.
    skew: float | None = None
    limits: Sequence[Limit] = ()
    #: Nodes of an OpenSIPS; words when it does not answer, None when none was asked.
    balancer: Sequence[Destination] | str | None = None
    #: Host of Asterisk, as it was named.
    host: str = ""


def judge(facts: Facts) -> Iterator[Finding]:
    """Everything that can be said."""
    yield from _version(facts)
    yield from _modules(facts)
    yield from _websocket(facts)
    yield from _applications(facts)
    yield from _orphans(facts)
    yield from _limits(facts)
    yield from surroundings.rtp(facts.hello)
    yield from surroundings.clock(facts.skew, facts.hello)
    yield from surroundings.files(facts.limits)
    yield from surroundings.balancer(facts.balancer, facts.channels, facts.host)
    yield from _config(facts)


def _version(facts: Facts) -> Iterator[Finding]:
    version = version_of(facts.version)
    if not version:
        yield Finding("note", "version", "not told", "modules.conf: load = res_ari_asterisk.so")
        return
    lacks = missing(version)
    if version[0] < 22:
        text = f"{facts.version}: lacks what came with the 22 branch"
        yield Finding("bad", "version", text, f"upgrade to {_dotted(LEAST)} or later")
        return
    if version < LEAST:
        yield Finding("bad", "version", facts.version, f"upgrade to {_dotted(LEAST)} or later")
    else:
        yield Finding("ok", "version", facts.version)
    for what in lacks:
        yield Finding("note", "not before", what)


def _modules(facts: Facts) -> Iterator[Finding]:
    if facts.modules is None:
        why = facts.refused.get("modules", "not told")
        yield Finding("note", "modules", why, "modules.conf: load = res_ari_asterisk.so")
        return
    running = {
        str(module.get("name", ""))
        for module in facts.modules
        if str(module.get("status", "Running")).lower() == "running"
    }
    lacking = False
    for needed, grade in ((NEEDED, "bad"), (USEFUL, "note")):
        for name, what in needed.items():
            if name not in running:
                lacking = True
                fix = f"modules.conf: load = {name}"
                yield Finding("bad" if grade == "bad" else "note", name, f"missing: {what}", fix)
    if not lacking:
        yield Finding("ok", "modules", f"{len(running)} run, all that ARI needs among them")
    if "codec_opus.so" not in running and "codec_g722.so" not in running:
        yield Finding("note", "wideband", "neither G.722 nor Opus can be transcoded",
                      "modules.conf: load = codec_g722.so")  # fmt: skip


def _websocket(facts: Facts) -> Iterator[Finding]:
    if facts.websocket:
        fix = "modules.conf: load = res_http_websocket.so, res_ari_events.so; proxy: allow Upgrade"
        yield Finding("bad", "events", facts.websocket, fix)
    else:
        yield Finding("ok", "events", "the WebSocket opens and answers")
    ms = facts.request_s * 1000
    if ms > 100:
        fix = (
            "is Asterisk overloaded, or the way to it long? asterisk -rx 'core show taskprocessors'"
        )
        yield Finding("bad", "latency", f"a request took {ms:.0f} ms", fix)
    else:
        yield Finding("ok", "latency", f"a request took {ms:.1f} ms")
    if facts.read_only:
        yield Finding("bad", "user", "may only read", "ari.conf: read_only = no")


def _applications(facts: Facts) -> Iterator[Finding]:
    if facts.applications is None:
        yield Finding("note", "applications", facts.refused.get("applications", "not told"))
        return
    names = [str(app.get("name", "")) for app in facts.applications]
    told = ", ".join(names) or "none: calls that enter Stasis() are hung up"
    yield Finding("ok" if names else "note", "applications", told)
    connected = set(names)
    for channel in facts.channels:
        plan = channel.get("dialplan") or {}
        app = str(plan.get("app_data", "")).partition(",")[0]
        if plan.get("app_name") == "Stasis" and app not in connected:
            text = f"{channel.get('name')} waits in Stasis({app}), and {app} is not connected"
            yield Finding("bad", "orphan", text, _hang_up(channel))


#: Seconds after which a channel or bridge that nobody holds is called left over.
_OLD = 60.0


def _orphans(facts: Facts) -> Iterator[Finding]:
    bridged = {str(one) for bridge in facts.bridges for one in bridge.get("channels") or ()}
    left = 0
    for channel in facts.channels:
        name, one = str(channel.get("name", "")), str(channel.get("id", ""))
        alone = one not in bridged and facts.ages.get(one, 0.0) > _OLD
        if alone and name.startswith(("UnicastRTP/", "AudioSocket/", "WebSocket/")):
            left += 1
            text = f"{name} is external media in no bridge: its call has ended"
            yield Finding("bad", "orphan", text, _hang_up(channel))
    for bridge in facts.bridges:
        one = str(bridge.get("id", ""))
        stasis = bridge.get("bridge_class") == "stasis"
        if stasis and not bridge.get("channels") and facts.ages.get(one, 0.0) > _OLD:
            left += 1
            text = f"bridge {bridge.get('name') or one} is empty"
            yield Finding("bad", "orphan", text, f"DELETE /ari/bridges/{one}")
    if not left:
        counts = f"{len(facts.channels)} channels, {len(facts.bridges)} bridges, none left over"
        yield Finding("ok", "left over", counts)


def _limits(facts: Facts) -> Iterator[Finding]:
    config = facts.info.get("config") or {}
    files = config.get("max_open_files")
    if isinstance(files, int) and 0 < files < 4096:
        yield Finding("bad", "open files", f"{files}", "asterisk.conf: maxfiles = 65536")
    if (most := config.get("max_channels")) and isinstance(most, int):
        yield Finding("note", "calls", f"at most {most} channels", "asterisk.conf: maxcalls")


def _config(facts: Facts) -> Iterator[Finding]:
    if not facts.config:
        fix = "run it on the host itself, or give --config-dir"
        yield Finding("note", "files", "http.conf, ari.conf and rtp.conf are not looked at", fix)
        return
    yield from _ari_conf(facts.config.get("ari.conf", {}))
    yield from _http_conf(facts.config.get("http.conf", {}))
    yield from _rtp_conf(facts.config.get("rtp.conf", {}), len(facts.channels))


def _ari_conf(ari: Mapping[str, str]) -> Iterator[Finding]:
    timeout = _number(ari.get("websocket_write_timeout"), 100)
    if timeout < 1000:
        text = f"{timeout} ms: an app that pauses for a moment is cut off"
        yield Finding("bad", "write timeout", text, "ari.conf: websocket_write_timeout = 5000")
    else:
        yield Finding("ok", "write timeout", f"{timeout} ms")
    if ari.get("enabled", "yes").lower() in ("no", "false", "0"):
        yield Finding("bad", "ari.conf", "ARI is switched off", "ari.conf: enabled = yes")
    if ari.get("allowed_origins") == "*":
        text = "any web page may use it with the user's password"
        yield Finding("note", "origins", text, "ari.conf: allowed_origins =")


def _http_conf(http: Mapping[str, str]) -> Iterator[Finding]:
    address = http.get("bindaddr", "0.0.0.0")  # noqa: S104  (what is warned of)
    if address in ("0.0.0.0", "::", ""):  # noqa: S104
        text = "ARI listens on every address; whoever has the password has the telephone"
        yield Finding("bad", "http.conf", text, "http.conf: bindaddr = 127.0.0.1")
    if http.get("enabled", "no").lower() not in ("yes", "true", "1", "on"):
        yield Finding("bad", "http.conf", "HTTP is switched off", "http.conf: enabled = yes")
    limit = _number(http.get("sessionlimit"), 100)
    if limit < 200:
        text = f"{limit} connections at a time, the event WebSocket's included"
        yield Finding("note", "sessions", text, "http.conf: sessionlimit = 1000")
    if _number(http.get("session_keep_alive"), 15_000) < 15_000:
        text = "idle connections are closed under a client's next request"
        yield Finding("note", "keep alive", text, "http.conf: session_keep_alive = 90000")


def _rtp_conf(rtp: Mapping[str, str], channels: int) -> Iterator[Finding]:
    start, end = _number(rtp.get("rtpstart"), 5000), _number(rtp.get("rtpend"), 31_000)
    most = max((end - start + 1) // 2, 0)
    # A call with external media has two RTP legs.
    if most < 200 or most < channels * 2:
        text = f"{start}-{end}: {most} audio legs, {most // 2} calls with external media"
        yield Finding("bad", "RTP ports", text, "rtp.conf: rtpstart = 10000, rtpend = 20000")
    else:
        yield Finding("ok", "RTP ports", f"{start}-{end}: {most} audio legs")
    if rtp.get("strictrtp", "yes").lower() in ("no", "false", "0"):
        text = "audio is taken from anybody who guesses the port"
        yield Finding("note", "strict RTP", text, "rtp.conf: strictrtp = yes")


def _number(text: str | None, otherwise: int) -> int:
    try:
        return int(text) if text is not None else otherwise
    except ValueError:
        return otherwise


def _hang_up(channel: Mapping[str, Any]) -> str:
    return f"asterisk -rx 'channel request hangup {channel.get('name')}'"


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))

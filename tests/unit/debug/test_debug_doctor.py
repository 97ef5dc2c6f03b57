"""What the doctor says of an Asterisk, and the line to change that it names."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ari_app.debug.doctor import NEEDED, USEFUL, Facts, Finding, judge
from ari_app.debug.examine import general
from ari_app.debug.gates import missing, version_of

WELL = Facts(
    version="22.10.1+dfsg+~cs6",
    modules=[{"name": name, "status": "Running"} for name in (*NEEDED, *USEFUL, "codec_g722.so")],
    applications=[{"name": "bot"}],
    request_s=0.002,
    config={
        "ari.conf": {"enabled": "yes", "websocket_write_timeout": "5000"},
        "http.conf": {"enabled": "yes", "bindaddr": "127.0.0.1", "sessionlimit": "1000"},
        "rtp.conf": {"rtpstart": "10000", "rtpend": "20000"},
    },
)


def bad(**changes: Any) -> list[Finding]:
    facts = dataclasses.replace(WELL, **changes)
    return [finding for finding in judge(facts) if finding.grade != "ok"]


def test_a_good_one_has_nothing_bad() -> None:
    assert [finding for finding in judge(WELL) if finding.grade == "bad"] == []


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"version": "22.4.0"}, "upgrade to 22.10.1 or later"),
        ({"version": "18.26.4"}, "upgrade to 22.10.1 or later"),
        ({"modules": WELL.modules[1:] if WELL.modules else []}, "modules.conf: load = res_ari.so"),
        ({"websocket": "the upgrade was answered with 404"}, "res_http_websocket.so"),
        ({"request_s": 0.4}, "core show taskprocessors"),
        ({"read_only": True}, "ari.conf: read_only = no"),
        ({"info": {"config": {"max_open_files": 1024}}}, "asterisk.conf: maxfiles"),
        ({"config": {"ari.conf": {}}}, "ari.conf: websocket_write_timeout = 5000"),
        ({"config": {"http.conf": {"enabled": "yes"}}}, "http.conf: bindaddr = 127.0.0.1"),
        ({"config": {"rtp.conf": {"rtpstart": "10000", "rtpend": "10100"}}}, "rtp.conf: rtpstart"),
        (
            {
                "channels": [{"id": "e1", "name": "UnicastRTP/127.0.0.1:5-1"}],
                "ages": {"e1": 600.0},
            },
            "channel request hangup UnicastRTP/127.0.0.1:5-1",
        ),
        (
            {"bridges": [{"id": "b1", "bridge_class": "stasis"}], "ages": {"b1": 600.0}},
            "DELETE /ari/bridges/b1",
        ),
        (
            {
                "channels": [
                    {
                        "id": "c",
                        "name": "PJSIP/a-1",
                        "dialplan": {"app_name": "Stasis", "app_data": "gone,1"},
                    }
                ]
            },
            "channel request hangup PJSIP/a-1",
        ),
    ],
)
def test_each_fault_has_the_line_to_change(changes: dict[str, Any], remedy: str) -> None:
    found = [finding for finding in bad(**changes) if finding.grade == "bad"]
    assert [finding for finding in found if remedy in finding.remedy], found


def test_a_call_that_has_just_begun_is_no_orphan() -> None:
    channel = {"id": "e1", "name": "UnicastRTP/127.0.0.1:5-1"}
    found = bad(channels=[channel], ages={"e1": 0.5})
    assert [finding for finding in found if finding.what == "orphan"] == []


def test_what_an_old_asterisk_does_not_tell_is_a_note_only() -> None:
    found = bad(modules=None, applications=None, refused={"modules": "404"}, version="22.10.1")
    assert {finding.grade for finding in found} == {"note"}


def test_versions_and_what_they_lack() -> None:
    assert version_of("22.10.1+dfsg+~cs6.17") == (22, 10, 1)
    assert version_of("GIT-master") == ()
    assert len(missing((22, 4, 0))) == len(missing((22, 3, 0))) - 1
    assert missing((23, 0, 0)) == []


def test_configuration_files_as_asterisk_reads_them() -> None:
    text = "; x\n[general]\nbindaddr = 10.0.0.1 ; inside\nsessionlimit=>50\n[user]\npassword = y\n"
    assert general(text) == {"bindaddr": "10.0.0.1", "sessionlimit": "50"}
    assert general("no section = 1\n[[[") == {}

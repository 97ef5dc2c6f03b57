"""What the doctor says of an Asterisk, and the line to change that it names."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ari_app.debug.conf import general
from ari_app.debug.doctor import NEEDED, USEFUL, Facts, judge
from ari_app.debug.finding import Finding
from ari_app.debug.gates import missing, version_of
from ari_app.debug.local import Login, limits, login, same_place
from ari_app.debug.probes import Hello, Limit
from ari_app.gateway.mi import Destination

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


HELLO = Hello(25, 25, 25, ("10.0.0.3:20010", "10.0.0.3:20012"), "10.0.0.1", skew=0.01)
NODE = Destination(1, "sip:10.0.0.3:5060", 0, enabled=True, held=False, max=100, load=1)
CALL = {"id": "c1", "name": "PJSIP/a-1"}


@pytest.mark.parametrize(
    ("changes", "detail", "remedy"),
    [
        ({"hello": replace(HELLO, there=0, back=0)}, "0 of 25 packets", "let UDP pass both ways"),
        ({"hello": replace(HELLO, back=3)}, "25 of 25 packets came through one way, 3", "UDP"),
        ({"hello": "Allocation failed"}, "could not be tried: Allocation", "chan_rtp.so"),
        ({"hello": replace(HELLO, skew=-61.5)}, "61.5 s behind this machine's", "NTP"),
        ({"skew": 3600.0}, "3600.0 s ahead of", "NTP"),
        ({"limits": [Limit("Asterisk", 1024, 20)]}, "1024 allowed, 20 open", "maxfiles = 65536"),
        ({"limits": [Limit("Asterisk", 9000, 8000)]}, "8000 open", "LimitNOFILE"),
        ({"balancer": "no answer"}, "no answer", "mi_http"),
        ({"balancer": [replace(NODE, load=7)]}, "counts 7 calls of 100", "dlg_list"),
        ({"balancer": [replace(NODE, enabled=False, held=True)]}, "by command", "lb_status 1 1"),
        ({"balancer": [replace(NODE, enabled=False)]}, "did not answer probing", "OPTIONS"),
    ],
)
def test_what_is_around_it_is_judged(changes: dict[str, Any], detail: str, remedy: str) -> None:
    found = bad(**{"host": "10.0.0.3", "channels": [CALL], **changes})
    assert [
        one for one in found if one.grade == "bad" and detail in one.detail and remedy in one.remedy
    ], found


def test_what_is_around_a_good_one_is_well() -> None:
    facts = {"hello": HELLO, "limits": [Limit("Asterisk", 65536, 90)], "balancer": [NODE]}
    assert bad(version="22.11.0", host="10.0.0.3", channels=[CALL], skew=-900.0, **facts) == []
    # Which of two nodes it is cannot be told: that is said, and nothing judged.
    two = [NODE, replace(NODE, id=2, uri="sip:10.0.0.3:5062", load=50)]
    assert [one.grade for one in bad(version="22.11.0", host="10.0.0.3", balancer=two)] == ["note"]


def test_the_node_s_own_files_say_where_and_who(tmp_path: Path) -> None:
    (tmp_path / "ari.conf").write_text(
        "[general]\nenabled = yes\n[bot]\ntype = user\npassword_format = plain\npassword = s3\n"
    )
    (tmp_path / "http.conf").write_text("[general]\nbindaddr = 0.0.0.0\nbindport = 8099\n")
    found = login(tmp_path)
    assert found == Login("http://127.0.0.1:8099", "bot", "s3", tmp_path)
    assert login(tmp_path / "none") is None
    (tmp_path / "ari.conf").write_text("[bot]\ntype = user\npassword_format = crypt\npassword = x")
    assert login(tmp_path) is None
    assert same_place("http://localhost:8099", "http://127.0.0.1:8099/ari")
    assert not same_place("http://127.0.0.1:8088", "http://127.0.0.1:8099")
    assert not same_place("http://10.0.0.3:8099", "http://127.0.0.1:8099")


def test_the_limit_of_a_living_process_is_read(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "asterisk.pid").write_text(f"{os.getpid()}\n")
    [one, shell] = limits(tmp_path)
    assert (one.name, one.most, shell.name) == ("Asterisk", shell.most, "this shell")
    assert one.open
    assert [limit.name for limit in limits(tmp_path / "none")][-1:] == ["this shell"]


def test_the_app_s_own_limit_is_read_where_it_runs(tmp_path: Path) -> None:
    """It is a child of who started all parts of the node."""
    command = [sys.executable, "-c", "print(flush=True); input()", "serve", "--x"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline(), "it runs what it was told to"
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "supervisord.pid").write_text(str(os.getpid()))
        found = {limit.name: limit for limit in limits(tmp_path)}
        child.communicate(b"\n")
    assert "this shell" not in found
    assert found["the app"].most
    assert found["the app"].open

"""The committed files are what the generator makes of Asterisk's description."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ari_app.ari.generate import read, render
from ari_app.ari.generate.description import snake

PACKAGE = Path(__file__).parents[3] / "ari_app" / "ari"


def api_docs() -> Path | None:
    """Where an Asterisk that is at hand keeps its description."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ariswitch"
    named = os.environ.get("ARISWITCH_ASTERISK_ROOT")
    roots = [Path(named)] if named else [cache / "asterisk", *cache.glob("asterisk*")]
    folders = (root / "usr/share/asterisk/rest-api" for root in roots)
    return next((folder for folder in folders if (folder / "resources.json").exists()), None)


def test_committed_files_are_up_to_date() -> None:
    docs = api_docs()
    if docs is None:
        pytest.skip("no Asterisk at hand (set ARISWITCH_ASTERISK_ROOT, or run `make up` once)")
    stale = [n for n, text in render(read(str(docs))).items() if (PACKAGE / n).read_text() != text]
    assert stale == []


def test_every_operation_names_its_request() -> None:
    """A debugger sees `POST /channels/{channelId}/answer`; so does who reads the method."""
    channels = (PACKAGE / "operations/channels.py").read_text()
    assert '"""POST /channels/{channelId}/answer; raises NotFound, Conflict' in channels


@pytest.mark.parametrize(
    ("wire", "python"),
    [
        ("sendDTMF", "send_dtmf"),
        ("absorbDTMF", "absorb_dtmf"),
        ("appArgs", "app_args"),
        ("external_host", "external_host"),
        ("continueInDialplan", "continue_in_dialplan"),
        ("inhibitConnectedLineUpdates", "inhibit_connected_line_updates"),
    ],
)
def test_names(wire: str, python: str) -> None:
    assert snake(wire) == python


def test_new_operations_and_events_of_a_later_asterisk_appear(tmp_path: Path) -> None:
    (tmp_path / "resources.json").write_text(
        json.dumps({"apis": [{"path": "/api-docs/events.{format}"}]})
    )
    event_types = {
        "Message": {"type": {"type": "string", "required": True}},
        "Event": {"application": {"type": "string", "required": True}},
        "MoonRisen": {"from": {"type": "string", "required": True}, "phase": {"type": "int"}},
        "Moon": {"name": {"type": "string", "required": True}},
        "MissingParams": {"params": {"type": "List[string]", "required": True}},
    }
    models: dict[str, object] = {n: {"properties": p} for n, p in event_types.items()}
    models["Event"] = {"properties": event_types["Event"], "subTypes": ["MoonRisen"]}
    operation = {
        "httpMethod": "PUT",
        "nickname": "riseMoon",
        "responseClass": "void",
        "parameters": [
            {"name": "moonId", "paramType": "path", "dataType": "string"},
            {"name": "isFull", "paramType": "query", "dataType": "boolean"},
        ],
        "errorResponses": [{"code": "404"}],
    }
    api = {"path": "/events/moon/{moonId}", "operations": [operation]}
    (tmp_path / "events.json").write_text(json.dumps({"apis": [api], "models": models}))

    files = render(read(str(tmp_path)))

    assert (
        "async def rise_moon(self, moon_id: str, *, is_full: bool | None = None)"
        in (files["operations/events.py"])
    )
    assert "PUT /events/moon/{moonId}; raises NotFound." in files["operations/events.py"]
    assert 'from_: str = msgspec.field(name="from", default="")' in files["events.py"]
    assert "phase: int | None = None" in files["events.py"]

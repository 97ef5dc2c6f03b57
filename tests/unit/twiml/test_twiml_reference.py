"""The reference page is what the code says, and the code reads what the page lists."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import twiml
from ari_app.call.verbs import EXECUTED
from twiml import (
    DialClient,
    DialConference,
    DialNumber,
    DialQueue,
    DialSip,
    Recording,
    SipUri,
    Stream,
    Transcription,
)
from twiml.document import render
from twiml.registry import UNSUPPORTED, VERBS
from twiml.schema import Spec, field_name
from twiml.verbs import (
    dial_client,
    dial_conference,
    dial_number,
    dial_queue,
    dial_sip,
    recording,
    stream,
    transcription,
)

DESCRIBED: list[tuple[type[object], Spec]] = [
    *((getattr(twiml, name), spec) for name, spec in VERBS.items()),
    (DialClient, dial_client.SPEC),
    (DialConference, dial_conference.SPEC),
    (DialNumber, dial_number.SPEC),
    (DialQueue, dial_queue.SPEC),
    (DialSip, dial_sip.SPEC),
    (Recording, recording.SPEC),
    (SipUri, dial_sip.URI),
    (Stream, stream.SPEC),
    (Transcription, transcription.SPEC),
]

PAGE = Path(__file__).parents[3] / "docs" / "twiml.md"


def test_the_committed_page_is_the_generated_one() -> None:
    assert PAGE.read_text(encoding="utf-8") == render()


def test_every_verb_and_attribute_has_its_row() -> None:
    page = render()
    for name, spec in VERBS.items():
        assert f"| {name} |  |  | {spec.status} |" in page
        for attribute in spec.attributes:
            status = attribute.status if spec.status == "supported" else spec.status
            assert f"| {name} |  | `{attribute.name}` | {status} |" in page
    for name in UNSUPPORTED:
        assert f"| {name} |  |  | rejected |" in page


def test_the_page_promises_what_has_an_executor_and_nothing_else() -> None:
    promised = {name for name, spec in VERBS.items() if spec.status == "supported"}
    assert promised == {verb.__name__ for verb in EXECUTED} - {"Unsupported"}


@pytest.mark.parametrize(("verb", "spec"), DESCRIBED, ids=lambda item: getattr(item, "name", ""))
def test_defaults_on_the_page_are_those_of_the_verb(verb: type[object], spec: Spec) -> None:
    """The dataclass and the description say the same, so that neither can drift."""
    fields = {item.name: item for item in dataclasses.fields(verb)}  # type: ignore[arg-type]
    for attribute in spec.attributes:
        if attribute.status != "supported":
            continue
        field = fields[field_name(attribute.name)]
        if field.default is not dataclasses.MISSING and attribute.name != "maxLength":
            assert field.default == attribute.default, attribute.name


def test_table_rows_have_six_columns() -> None:
    rows = [line for line in render().splitlines() if line.startswith("| ") and "rejected" in line]
    assert rows
    for row in rows:
        assert row.replace("\\|", "").count("|") == 7

"""Twilio request signatures (contract 4.4)."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from ari_app.http.sign import signature

TOKEN = "12345"
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+12349013030",
    "Digits": "1234",
    "From": "+12349013030",
    "To": "+18005551212",
}
JSON_URL = (
    "https://example.com/json"
    "?bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
)


@pytest.mark.parametrize(
    ("url", "params", "expected"),
    [
        ("https://mycompany.com/myapp.php?foo=1&bar=2", FORM, "0/KCTR6DLpKmkAf8muzZqo1nDgQ="),
        ("https://example.com/myapp", FORM, "NGAgWNhdnsLF8j385frvrQoi9sg="),
        ("https://example.com:8443/voice", FORM, "0szb5wf7leLQ6YzouCfoU/p3hwo="),
        (
            "https://example.com/voice?CallSid=CA1&From=%2B1555",
            None,
            "a6F42W8qpzb+yRWLUbz8sEiVfNk=",
        ),
        (JSON_URL, None, "8zmGxG9nKgURVEp0M4c3BWEsdIU="),
    ],
)
def test_fact_20_vectors(url: str, params: dict[str, str] | None, expected: str) -> None:
    assert signature(TOKEN, url, params) == expected


def test_fact_16_stream_upgrade_is_signed_over_its_wss_url() -> None:
    """B-13: the URL of the TwiML to the letter, no parameters."""
    expected = "7PR3qMkpDyEJtMrVOY/LDyNq8J8="
    assert signature(TOKEN, "wss://example.com/media") == expected
    assert signature(TOKEN, "wss://example.com/media", {}) == expected


def test_fragment_is_not_signed() -> None:
    url = "https://example.com/myapp"
    assert signature(TOKEN, url + "#ct=2000&rc=2", FORM) == signature(TOKEN, url, FORM)


text = st.text(st.characters(codec="utf-8"), max_size=20)
hosts = st.sampled_from(["example.com", "a.b.example.org", "127.0.0.1", "xn--bcher-kva.example"])
ports = st.sampled_from(["", ":8443", ":443", ":80", ":3000"])
paths = st.lists(st.text("abcXYZ019-._~%20+", max_size=6), max_size=3).map(
    lambda parts: "/" + "/".join(parts)
)
queries = st.dictionaries(text, text, max_size=3).map(
    lambda query: "?" + urlencode(query) if query else ""
)


@given(
    token=text,
    scheme=st.sampled_from(["http", "https", "wss"]),
    host=hosts,
    port=ports,
    path=paths,
    query=queries,
    params=st.dictionaries(text, text, max_size=6),
)
def test_fact_20_official_validator_accepts_every_request(
    token: str,
    scheme: str,
    host: str,
    port: str,
    path: str,
    query: str,
    params: dict[str, str],
) -> None:
    url = f"{scheme}://{host}{port}{path}{query}"
    assert RequestValidator(token).validate(url, params, signature(token, url, params))


@given(pairs=st.lists(st.tuples(st.sampled_from(["A", "a", "B", ""]), text), max_size=8))
def test_repeated_names_are_unique_and_sorted_as_the_official_validator_does(
    pairs: list[tuple[str, str]],
) -> None:
    received = MultiDict(pairs)
    sent = {name: received.getall(name) for name in received}
    url = "https://example.com/voice"
    assert RequestValidator(TOKEN).validate(url, received, signature(TOKEN, url, sent))


def test_fact_21_empty_values_are_part_of_the_signature() -> None:
    url = "https://example.com/voice"
    assert signature(TOKEN, url, {"FromCity": ""}) != signature(TOKEN, url, {})

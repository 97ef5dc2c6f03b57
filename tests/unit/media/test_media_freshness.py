"""How long an answer is good without asking (RFC 9111 §4.2, §5.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.media.freshness import lifetime, may_store


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"Cache-Control": "max-age=60"}, 60),
        ({"Cache-Control": 'public, Max-Age="60"', "Age": "20"}, 40),
        ({"Cache-Control": "max-age=60", "Age": "99"}, 0),
        ({"Cache-Control": "max-age=60, no-cache"}, 0),
        ({"Cache-Control": "max-age=60, no-store"}, 0),
        ({"Cache-Control": "max-age=-5"}, 0),
        ({"Cache-Control": "s-maxage=60"}, 0),
        ({"Cache-Control": "max-age=99999999999999999999"}, 365 * 86400),
        (
            {
                "Date": "Wed, 21 Oct 2015 07:28:00 GMT",
                "Expires": "Wed, 21 Oct 2015 07:29:00 GMT",
            },
            60,
        ),
        ({"Date": "Wed, 21 Oct 2015 07:28:00 GMT", "Expires": "0"}, 0),
    ],
)
def test_lifetime(headers: dict[str, str], seconds: float) -> None:
    assert lifetime(headers) == seconds


def test_only_no_store_forbids_keeping() -> None:
    assert may_store({})
    assert may_store({"Cache-Control": "private, no-cache"})
    assert not may_store({"Cache-Control": "private, NO-STORE"})


@given(st.text(), st.text(), st.text())
def test_any_header_gives_a_bounded_number(control: str, age: str, expires: str) -> None:
    headers = {"Cache-Control": control, "Age": age, "Expires": expires, "Date": expires}
    assert 0 <= lifetime(headers) <= 365 * 86400

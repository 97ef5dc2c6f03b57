"""Connection overrides in a URL's fragment (contract 4.6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.errors import TwilioError
from ari_app.http.overrides import Limits, apply_overrides


def test_defaults_are_twilios() -> None:
    limits = apply_overrides(Limits(), "")
    assert (limits.connect, limits.read, limits.total) == (5, 15, 15)
    assert (limits.retries, limits.retry_on) == (1, frozenset({"ct"}))


def test_every_key() -> None:
    limits = apply_overrides(
        Limits(), "ct=2000&rt=100&tt=15000&rc=5&rp=4xx,rt&sni=n&e=ashburn,dublin"
    )
    assert (limits.connect, limits.read, limits.total) == (2.0, 0.1, 15.0)
    assert (limits.retries, limits.retry_on) == (5, frozenset({"4xx", "rt"}))


def test_all_means_every_cause() -> None:
    assert apply_overrides(Limits(), "rp=all").retry_on == {"4xx", "5xx", "ct", "rt"}


@pytest.mark.parametrize("fragment", ["section-2", "/spa/route", "top"])
def test_plain_fragment_is_no_override(fragment: str) -> None:
    assert apply_overrides(Limits(), fragment) == Limits()


@pytest.mark.parametrize(
    "fragment",
    [
        "ct=99",
        "ct=10001",
        "rt=15001",
        "tt=99",
        "rc=6",
        "rc=-1",
        "rc=",
        "rc=1.5",
        "rc=٣",
        "ct=" + "9" * 5000,
        "rp=never",
        "rp=",
        "rp=ct,",
        "rp=all,never",
        "sni=maybe",
        "e=",
        "e=A!",
        "cx=1",
        "rc=1&&ct=200",
    ],
)
def test_out_of_range_or_unknown_is_11243(fragment: str) -> None:
    with pytest.raises(TwilioError) as caught:
        apply_overrides(Limits(), fragment)
    assert caught.value.code == 11243
    assert len(caught.value.message) < 200


@given(st.text(max_size=50))
def test_any_fragment_is_limits_or_11243(fragment: str) -> None:
    try:
        limits = apply_overrides(Limits(), fragment)
    except TwilioError as error:
        assert error.code == 11243  # noqa: PT017
    else:
        assert 0 < limits.total <= 15

"""Requests forged through the switch reach nothing private (B-19): one table for all URLs."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.addresses import UrlPolicy

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]
SPECIAL = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_permitted(address: str) -> None:
    assert UrlPolicy().permits(address)


@pytest.mark.parametrize("address", [*SPECIAL, "example.com", "", "127.1"])
def test_b_19_private_special_and_unreadable_addresses_are_denied(address: str) -> None:
    assert not UrlPolicy().permits(address)


@pytest.mark.parametrize("address", SPECIAL)
def test_allow_private_opens_them(address: str) -> None:
    assert UrlPolicy(allow_private=True).permits(address)


def test_b_19_allow_list_opens_exactly_its_networks_in_every_spelling() -> None:
    policy = UrlPolicy.of(allow_private=False, allow=["10.1.0.0/16", "fd00::/8"])
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fd00::1%eth0"):
        assert policy.permits(address)
    for address in ("10.2.0.1", "::ffff:10.2.0.1", "127.0.0.1"):
        assert not policy.permits(address)


def test_bad_network_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"10\.1\.0\.0/33"):
        UrlPolicy.of(allow_private=False, allow=["10.1.0.0/33"])


@given(st.ip_addresses())
def test_whatever_is_permitted_is_global_unicast(address: IPv4Address | IPv6Address) -> None:
    if UrlPolicy().permits(address):
        # Python's releases differ about ::ffff:1.2.3.4; what counts is where it leads.
        address = getattr(address, "ipv4_mapped", None) or address
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_loopback

"""Cookies of one call, kept as a browser session would."""

from __future__ import annotations

from http.cookies import SimpleCookie

import aiohttp
from yarl import URL


class CookieStore:
    """Never shared between calls; holds at most ``most`` cookies of ``largest`` characters.

    Must be made inside a running loop.
    """

    def __init__(self, most: int = 50, largest: int = 4096) -> None:
        # unsafe: self-hosted servers are often named by IP address.
        self._jar = aiohttp.CookieJar(unsafe=True, quote_cookie=False)
        self._most = most
        self._largest = largest

    def header(self, url: URL) -> str:
        """Return the Cookie header for a request to ``url``; empty when there is none."""
        cookies = self._jar.filter_cookies(url).values()
        return "; ".join(f"{morsel.key}={morsel.coded_value}" for morsel in cookies)

    def update(self, url: URL, cookies: SimpleCookie) -> None:
        """Take over what ``url`` has set; what is over the bounds is left out."""
        for name, morsel in cookies.items():
            if len(name) + len(morsel.coded_value) > self._largest:
                continue
            if len(self._jar) >= self._most and name not in self._jar.filter_cookies(url):
                continue
            self._jar.update_cookies({name: morsel}, url)

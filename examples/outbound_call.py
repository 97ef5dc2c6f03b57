"""Calls a number with Twilio's own client; only its base URL is ariswitch's.

Wants TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN as for Twilio, and TWILIO_API_URL, e.g.
http://127.0.0.1:8080 (``make up`` prints all three). Leave the last one out to use Twilio.
"""

from __future__ import annotations

import os
import sys

from twilio.rest import Client


def main(to: str, url: str) -> None:
    """Call ``to`` and let the document at ``url`` decide what happens."""
    client = Client()
    if base_url := os.environ.get("TWILIO_API_URL"):
        client.api.base_url = base_url.rstrip("/")
    call = client.calls.create(to=to, from_="+15557000", url=url)
    print(call.sid, call.status)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: outbound_call.py NUMBER TWIML_URL")
    main(sys.argv[1], sys.argv[2])

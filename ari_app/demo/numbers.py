"""The demo's telephone numbers, from the range kept free for fiction (NANP 555-01xx)."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import md5

from ari_app.model import PhoneNumber

#: Number → name of the document under ``/demo/voice/`` that answers it.
DEMO_NUMBERS: dict[str, str] = {
    "+15550100": "echo",
    "+15550101": "hello",
    "+15550102": "talk",
    "+15550103": "mirror",
}


def demo_numbers(base_url: str, account_sid: str) -> list[PhoneNumber]:
    """Return the numbers as configuration, their documents under ``base_url``.

    The SIDs depend on account and number only, so they are the same after a restart.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    return [
        PhoneNumber(
            sid="PN" + md5(f"{account_sid}{number}".encode(), usedforsecurity=False).hexdigest(),
            account_sid=account_sid,
            phone_number=number,
            friendly_name=f"Demo: {name}",
            voice_url=f"{base_url.rstrip('/')}/demo/voice/{name}",
            origin="config",
            date_created=now,
            date_updated=now,
        )
        for number, name in DEMO_NUMBERS.items()
    ]

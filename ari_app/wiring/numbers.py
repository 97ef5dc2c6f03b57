"""The config file's numbers as records, with SIDs that stay the same over restarts."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import md5

from ari_app.demo import demo_numbers
from ari_app.model import PhoneNumber
from ari_app.settings import NumberSettings, Settings


def configured_numbers(settings: Settings, account_sid: str) -> list[PhoneNumber]:
    """Return the numbers of the config file and, where wanted, of the demo; the file wins."""
    chosen = demo_numbers(settings.local_url, account_sid) if settings.demo else []
    own = [_record(number, account_sid) for number in settings.numbers]
    taken = {number.phone_number for number in own}
    return [*own, *(number for number in chosen if number.phone_number not in taken)]


def _record(number: NumberSettings, account_sid: str) -> PhoneNumber:
    now = datetime.now(UTC).replace(microsecond=0)
    name = f"{account_sid}{number.phone_number}".encode()
    return PhoneNumber(
        sid="PN" + md5(name, usedforsecurity=False).hexdigest(),
        account_sid=account_sid,
        phone_number=number.phone_number,
        friendly_name=number.friendly_name or number.phone_number,
        voice_url=number.voice_url,
        voice_method=number.voice_method,
        voice_fallback_url=number.voice_fallback_url,
        voice_fallback_method=number.voice_fallback_method,
        status_callback=number.status_callback,
        status_callback_method=number.status_callback_method,
        origin="config",
        date_created=now,
        date_updated=now,
    )

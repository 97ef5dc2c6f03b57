"""The part of the store that the API reads and writes by itself."""

from __future__ import annotations

from typing import Any, Protocol

from ari_app.model import (
    Account,
    CallFilter,
    CallRecord,
    Notification,
    NotificationFilter,
    NumberFilter,
    Page,
    PageRequest,
    PhoneNumber,
    RecordingFilter,
    RecordingRecord,
    TranscriptionRecord,
)


class Recordings(Protocol):
    """Records of recordings as stored."""

    async def get(self, account_sid: str, sid: str) -> RecordingRecord:
        """Return a recording. Raises UnknownRecordError."""
        ...

    async def list(
        self, account_sid: str, filters: RecordingFilter, page: PageRequest
    ) -> Page[RecordingRecord]:
        """Return a page, newest first. Raises PageTokenError."""
        ...


class Transcriptions(Protocol):
    """Transcriptions as stored."""

    async def get(self, account_sid: str, sid: str) -> TranscriptionRecord:
        """Return a transcription. Raises UnknownRecordError."""
        ...

    async def list(
        self, account_sid: str, recording_sid: str | None, page: PageRequest
    ) -> Page[TranscriptionRecord]:
        """Return a page, newest first. Raises PageTokenError."""
        ...

    async def delete(self, account_sid: str, sid: str) -> None:
        """Remove. Raises UnknownRecordError."""
        ...


class Accounts(Protocol):
    """Accounts as stored."""

    async def find(self, sid: str) -> Account | None:
        """Return the account, or None."""
        ...


class Calls(Protocol):
    """Call records as stored."""

    async def get(self, sid: str, account_sid: str | None = None) -> CallRecord:
        """Return a call. Raises UnknownRecordError."""
        ...

    async def list(
        self, account_sid: str, filters: CallFilter, page: PageRequest
    ) -> Page[CallRecord]:
        """Return a page, newest first. Raises PageTokenError."""
        ...

    async def delete(self, account_sid: str, sid: str) -> None:
        """Remove. Raises UnknownRecordError."""
        ...


class Numbers(Protocol):
    """Phone numbers as stored."""

    async def create(self, number: PhoneNumber) -> PhoneNumber:
        """Insert. Raises DuplicateRecordError."""
        ...

    async def get(self, account_sid: str, sid: str) -> PhoneNumber:
        """Return a number. Raises UnknownRecordError."""
        ...

    async def list(
        self, account_sid: str, filters: NumberFilter, page: PageRequest
    ) -> Page[PhoneNumber]:
        """Return a page, newest first. Raises PageTokenError."""
        ...

    async def update(self, account_sid: str, sid: str, **changes: Any) -> PhoneNumber:
        """Change fields. Raises UnknownRecordError, DuplicateRecordError."""
        ...

    async def delete(self, account_sid: str, sid: str) -> None:
        """Remove. Raises UnknownRecordError."""
        ...


class Notifications(Protocol):
    """Notifications as stored."""

    async def add(self, notification: Notification) -> Notification:
        """Insert."""
        ...

    async def get(self, account_sid: str, sid: str) -> Notification:
        """Return a notification. Raises UnknownRecordError."""
        ...

    async def list(
        self, account_sid: str, filters: NotificationFilter, page: PageRequest
    ) -> Page[Notification]:
        """Return a page, newest first. Raises PageTokenError."""
        ...


class ApiStore(Protocol):
    """The part of the store the API uses; anything may raise StoreUnavailable."""

    @property
    def accounts(self) -> Accounts:
        """Accounts."""
        ...

    @property
    def calls(self) -> Calls:
        """Calls."""
        ...

    @property
    def numbers(self) -> Numbers:
        """Numbers."""
        ...

    @property
    def recordings(self) -> Recordings:
        """Recordings."""
        ...

    @property
    def transcriptions(self) -> Transcriptions:
        """Transcriptions."""
        ...

    @property
    def notifications(self) -> Notifications:
        """Notifications."""
        ...

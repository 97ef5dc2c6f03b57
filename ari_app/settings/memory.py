"""SQL and the bus."""

from __future__ import annotations

from pydantic import BaseModel, SecretStr, field_validator

from ari_app.settings.kinds import field


class MemorySettings(BaseModel):
    """What remembers, and what joins several nodes."""

    database_url: SecretStr | None = field(
        None, "SQL, as SQLAlchemy writes it", shown="SQLite in the state folder"
    )
    redis_url: SecretStr | None = field(
        None, "Redis that joins several nodes; not available yet", shown="none: in-process bus"
    )

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        """Refuse what would otherwise be taken and do nothing."""
        if value is not None:
            raise ValueError("Redis is not available yet; leave it out")
        return value

"""Requests to AWS, signed by botocore where it is installed (extra ``polly``)."""

from __future__ import annotations

from collections.abc import Mapping

from ari_app.errors import TwilioError


class AwsSigner:
    """Signature Version 4 for ``service`` in ``region``.

    Credentials come from botocore's chain and are renewed by it. Raises ImportError when
    botocore is missing.
    """

    def __init__(self, service: str, region: str) -> None:
        from botocore.session import get_session  # noqa: PLC0415  (an optional extra)

        self._service = service
        self._region = region
        self._session = get_session()

    def __call__(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str]
    ) -> dict[str, str]:
        """Return ``headers`` with the signature.

        Blocks while credentials are looked up. Raises TwilioError 12400 when there are none.
        """
        from botocore.auth import SigV4Auth  # noqa: PLC0415
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        try:
            credentials = self._session.get_credentials()
            if credentials is None:
                raise TwilioError(12400, "no AWS credentials in environment, profile or role")
            request = AWSRequest(method, url, dict(headers), body)
            SigV4Auth(credentials.get_frozen_credentials(), self._service, self._region).add_auth(
                request
            )
        except BotoCoreError as error:
            raise TwilioError(12400, f"AWS credentials: {error}") from error
        return {name: str(value) for name, value in request.headers.items()}

"""A certificate for 127.0.0.1 and who signed it, as files and as contexts of `ssl`."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificate:
    """PEM files: the chain, its key, and the authority that makes it trusted."""

    chain: Path
    key: Path
    authority: Path

    @property
    def settings(self) -> dict[str, Path]:
        """What a gateway is told."""
        return {"certificate": self.chain, "private_key": self.key}

    def trusting(self) -> ssl.SSLContext:
        """Context of a client that trusts the authority alone."""
        return ssl.create_default_context(cafile=str(self.authority))

    def serving(self) -> ssl.SSLContext:
        """Context of a server that has the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


def certificate(folder: Path) -> Certificate:
    """Make an authority and a certificate of it in ``folder``."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    made = Certificate(folder / "chain.pem", folder / "key.pem", folder / "authority.pem")
    for blob in issued.cert_chain_pems:
        blob.write_to_path(made.chain, append=True)
    issued.private_key_pem.write_to_path(made.key)
    authority.cert_pem.write_to_path(made.authority)
    return made

"""Writes this client's models, events and operations from Asterisk's own API description.

`python -m ari_app.ari.generate SOURCE` reads the Swagger 1.1 files Asterisk serves at
`/ari/api-docs` (a folder holding them, or that URL). Only names and types are taken over;
no text of theirs is copied.
"""

from ari_app.ari.generate.description import Description, read
from ari_app.ari.generate.render import render

__all__ = ["Description", "read", "render"]

"""Every setting of a node: its name, type, default and meaning.

A setting is an environment variable ``ARISWITCH_<NAME>`` or a key ``<name>`` of the TOML file
named by ``ARISWITCH_CONFIG``. ``load`` in ``settings_load`` reads both; the page
``docs/configuration.md`` is written from the descriptions here, one file a concern.
"""

from ari_app.settings.folders import ASTERISK_ROOT_NAME
from ari_app.settings.kinds import PREFIX
from ari_app.settings.who import NumberSettings
from ari_app.settings.whole import Settings

__all__ = ["ASTERISK_ROOT_NAME", "PREFIX", "NumberSettings", "Settings"]

"""Why a call went as it did: items of one call → what failed, what was missing, what to do.

`case` is what is known of a call, `read_case` finds it in the items that make the ladder, the
`rules_*` are a table of symptom, cause and fix that docs/troubleshooting.md shows too, and
`report` says it in about five lines. Pure.
"""

from ari_app.debug.diagnose.read_case import read_case
from ari_app.debug.diagnose.report import Report, report
from ari_app.debug.diagnose.table import RULES, diagnose

__all__ = ["RULES", "Report", "diagnose", "read_case", "report"]

"""A story as one HTML file that needs nothing else: to be attached to a ticket.

No script, no network: styles and drawings are inline, a row opens to show what was really said.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape

import msgspec

from ari_app.debug.ladder.story import TITLES, Lane, Row, Story
from ari_app.debug.ladder.text import Ladder

#: Pixels: width of a lane, height of a row.
_LANE = 88
_ROW = 22
_MOST_DETAIL = 20_000

_STYLE = """
:root { color-scheme: light dark; --bg:#fff; --fg:#1c1e21; --dim:#71767f; --line:#d5d8dd;
  --plain:#3b4048; --good:#177a3d; --bad:#c2202b; --warn:#a05a00; --verb:#0b6a8a; --hover:#f3f5f8 }
@media (prefers-color-scheme: dark) { :root { --bg:#15171a; --fg:#e4e6ea; --dim:#8d949e;
  --line:#363a41; --plain:#b6bcc6; --good:#4cc37c; --bad:#ff6b74; --warn:#e5a445; --verb:#58bfe3;
  --hover:#1f2227 } }
body { background:var(--bg); color:var(--fg); margin:24px; font:14px/1.4 system-ui,sans-serif }
h1 { font-size:20px; margin:0 0 8px } dl { display:grid; grid-template-columns:max-content 1fr;
  gap:2px 14px; margin:0 0 18px; color:var(--dim); font-size:13px } dd { margin:0 }
.heads, summary { display:grid; grid-template-columns:72px VARLANESpx minmax(0,1fr); gap:0 8px;
  align-items:start }
.heads { position:sticky; top:0; background:var(--bg); font-weight:600; z-index:1;
  border-bottom:1px solid var(--line); padding:4px 0 }
.heads span.lanes { display:flex } .heads .lanes b { width:LANEpx; text-align:center }
summary { list-style:none; cursor:pointer } summary:hover { background:var(--hover) }
summary::-webkit-details-marker { display:none }
.draw { position:relative; align-self:stretch; min-height:ROWpx }
svg { position:absolute; inset:0; width:100%; height:100% }
time { text-align:right; color:var(--dim); font:12px/ROWpx ui-monospace,monospace }
.label { font:12.5px/ROWpx ui-monospace,monospace; overflow-wrap:anywhere; white-space:pre-wrap }
.plain { color:var(--plain) } .good { color:var(--good) } .bad { color:var(--bad); font-weight:600 }
.warn { color:var(--warn) } .quiet, .gap { color:var(--dim) } .gap .label { font-style:italic }
.verb { color:var(--verb); font-weight:600 } .life { stroke:var(--line) }
.gap .life { stroke-dasharray:2 4 } .arrow { stroke:currentColor; fill:none; stroke-width:1.5 }
.head { fill:currentColor } .inferred .arrow { stroke-dasharray:3 3 }
pre { margin:0 0 8px 80px; padding:10px; font:12px/1.45 ui-monospace,monospace; overflow:auto;
  max-height:420px; border:1px solid var(--line); border-radius:6px; white-space:pre-wrap;
  overflow-wrap:anywhere } footer { margin-top:18px; color:var(--dim); font-size:12px }
"""


def page(story: Story) -> str:
    """Return the whole document."""
    places: dict[Lane, int] = {
        lane: index * _LANE + _LANE // 2 for index, lane in enumerate(story.lanes)
    }
    style = _STYLE.replace("VARLANES", str(_LANE * len(places)))
    style = style.replace("LANE", str(_LANE)).replace("ROW", str(_ROW))
    begun = datetime.fromtimestamp(story.start, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    facts = [("begun", begun), *story.facts]
    heads = "".join(f"<b>{escape(TITLES[lane])}</b>" for lane in story.lanes)
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(story.title)}</title><style>{style}</style></head><body>",
            f"<h1>{escape(story.title)}</h1><dl>",
            *(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts),
            f'</dl><div class="heads"><span></span><span class="lanes">{heads}</span></div>',
            *_rows(story, places),
            "<footer>ari-debug ladder: seconds since the first row; a dashed arrow was not seen "
            "itself but follows from what was. Rows open.</footer></body></html>",
        ]
    )


def _rows(story: Story, places: dict[Lane, int]) -> Iterator[str]:
    for row in story.rows:
        label = f"{row.label} later" if row.tone == "gap" else Ladder.label(row)
        clock = "" if row.tone == "gap" else f"{row.at - story.start:.3f}"
        kind = f"{row.tone} inferred" if row.inferred else row.tone
        summary = (
            f'<summary class="{kind}"><time>{clock}</time>{_drawing(row, places)}'
            f'<span class="label">{escape(label.removesuffix("  ·"))}</span></summary>'
        )
        detail = _detail(row)
        yield f"<details>{summary}{f'<pre>{escape(detail)}</pre>' if detail else ''}</details>"


def _drawing(row: Row, places: dict[Lane, int]) -> str:
    """Lifelines and the row's arrow or dot; lifelines go on when the label wraps."""
    parts = [f'<line class="life" x1="{x}" x2="{x}" y1="0" y2="100%"/>' for x in places.values()]
    begin, middle = places[row.lane], _ROW // 2
    if row.tone == "gap":
        pass
    elif row.target is None or row.target == row.lane:
        parts.append(f'<circle class="head" cx="{begin}" cy="{middle}" r="3.5"/>')
    else:
        end = places[row.target]
        back = 7 if end < begin else -7
        parts.append(
            f'<path class="arrow" d="M{begin} {middle}H{end + back // 2}"/>'
            f'<path class="head" d="M{end} {middle}l{back} -4v8z"/>'
        )
    return f'<span class="draw"><svg>{"".join(parts)}</svg></span>'


def _detail(row: Row) -> str:
    """What was really said, as JSON."""
    whole = "\n".join(
        msgspec.json.format(msgspec.json.encode(item), indent=2).decode() for item in row.items[:20]
    )
    return whole if len(whole) <= _MOST_DETAIL else whole[:_MOST_DETAIL] + "\n…"

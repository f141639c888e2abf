"""Style sheet of the reports; follows the reader's light or dark setting."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --text: #1d2430; --soft: #5c6675; --back: #f6f7f9; --card: #ffffff; --line: #dfe3e8;
  --s0: #1f6feb; --s1: #d1660f; --bar: #4c78a8; --note: #fff4d6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e4e8ee; --soft: #9aa5b4; --back: #14171c; --card: #1d2128; --line: #333a45;
    --s0: #6aa8ff; --s1: #ff9d52; --bar: #6f9bc9; --note: #3a3320;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
main { max-width: 1240px; margin: 0 auto; padding: 28px 24px 48px; }
h1 { font-size: 26px; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 36px 0 12px; }
h3 { font-size: 15px; margin: 0 0 10px; }
h3 small { font-weight: 400; color: var(--soft); margin-left: 12px; }
header p, footer, figcaption, p { color: var(--soft); margin: 6px 0; }
header b { color: var(--text); font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 22px 0; }
.tiles div, article, svg, .scores {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px;
}
.tiles div { padding: 12px 16px; }
.tiles b { display: block; font-size: 24px; font-variant-numeric: tabular-nums; }
.tiles span { color: var(--soft); font-size: 13px; }
.note { background: var(--note); color: var(--text); border-radius: 8px; padding: 8px 14px; }
article { padding: 16px; margin: 0 0 18px; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 12px; }
figure { margin: 0; }
img { display: block; width: 100%; height: auto; border-radius: 6px; border: 1px solid var(--line); }
figcaption { font-size: 13px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: 5px 12px; text-align: right; border-bottom: 1px solid var(--line); }
tr:last-child td, tr:last-child th { border-bottom: 0; }
th { color: var(--soft); font-weight: 500; }
.scores { border-collapse: separate; border-spacing: 0; padding: 6px; margin-bottom: 14px; }
td.reason { text-align: left; color: var(--soft); }
td i { display: inline-block; width: 14px; height: 14px; border-radius: 3px; vertical-align: -2px; }
.instances { max-height: 290px; overflow-y: auto; }
.instances table { width: 100%; font-size: 13px; }
.instances th, .instances td { padding: 2px 6px; white-space: nowrap; }
svg { display: block; width: 100%; height: auto; margin-bottom: 18px; }
svg text { fill: var(--soft); font: 13px system-ui, "DejaVu Sans", sans-serif; }
.grid { stroke: var(--line); }
.line { fill: none; stroke-width: 2; }
.line.s0 { stroke: var(--s0); } .line.s1 { stroke: var(--s1); }
.dot.s0 { fill: var(--s0); } .dot.s1 { fill: var(--s1); }
.bar { fill: var(--bar); }
.key { font-weight: 400; font-size: 13px; margin-left: 14px; }
.key::before {
  content: ""; display: inline-block; width: 12px; height: 3px; margin-right: 6px; vertical-align: 4px;
}
.key.s0::before { background: var(--s0); } .key.s1::before { background: var(--s1); }
code { font-size: 13px; }
footer ul { padding-left: 20px; margin: 6px 0; }
"""

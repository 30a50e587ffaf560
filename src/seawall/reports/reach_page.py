"""The frame, the style and the script of the page that shows reach."""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="@POLICY@">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Reach: @TITLE@</title>
<style>@STYLE@</style>
</head>
<body>
<header>
<h1>What third-party code can reach</h1>
<p id="sum"></p>
<form>
<label>find <input id="find" type="search" placeholder="a package, a job, a secret"></label>
<span id="kinds"></span>
<button type="button" id="clear">show all</button>
</form>
</header>
<main>
<svg id="picture" role="img" aria-label="code, places and what is in their reach"></svg>
<aside id="details" aria-live="polite"><p>Choose code, a place or a target.</p></aside>
</main>
<div id="kept" hidden></div>
<h2>Every edge</h2>
<table><thead><tr><th>code</th><th>where</th><th>can get at</th><th>surely</th><th>by</th><th>seen at</th></tr></thead>
<tbody id="rows"></tbody></table>
<div id="people" hidden></div>
<h2 id="skips">Not looked at</h2>
<ul id="skipped"></ul>
<script type="application/json" id="data">@DATA@</script>
<script>@SCRIPT@</script>
</body>
</html>
"""

STYLE = """
:root{color-scheme:light dark;--line:#8886;--certain:#d1242f;--strong:#e36209;--conditional:#9a6700;
--bound:#6e7781;--integrity:#8250df}
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:1280px;padding:1rem}
h1{font-size:1.3rem;margin:0}h2{font-size:1.05rem;margin:1.5rem 0 .5rem}
form{display:flex;gap:1rem;flex-wrap:wrap;align-items:center}
main{display:grid;grid-template-columns:minmax(0,1fr) 20rem;gap:1rem;margin-top:1rem}
@media(max-width:900px){main{grid-template-columns:1fr}}
svg{width:100%;border:1px solid var(--line);border-radius:6px}
svg text{font:12px system-ui,sans-serif;fill:currentColor}
svg g.node{cursor:pointer}svg g.node rect{fill:#8882;stroke:var(--line);rx:4}
svg g.node:focus rect,svg g.on rect{stroke:currentColor;stroke-width:2}
svg g.off{opacity:.2}svg path{fill:none;stroke-width:1.4;opacity:.7}svg path.off{opacity:.05}
.certain{stroke:var(--certain)}.strong{stroke:var(--strong)}.conditional{stroke:var(--conditional);stroke-dasharray:5 3}
.bound{stroke:var(--bound);stroke-dasharray:2 4}.integrity{stroke:var(--integrity)}
td.certain,td.strong,td.conditional,td.bound,td.integrity,th{white-space:nowrap;overflow-wrap:normal}
td.certain,b.certain{color:var(--certain)}td.strong,b.strong{color:var(--strong)}
td.conditional,b.conditional{color:var(--conditional)}td.bound,b.bound{color:var(--bound)}
td.integrity,b.integrity{color:var(--integrity)}
table{border-collapse:collapse;width:100%;font-size:13px}
td,th{border-bottom:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
aside{border:1px solid var(--line);border-radius:6px;padding:.75rem;font-size:13px;overflow-wrap:anywhere;max-height:80vh;overflow:auto}
aside dl{margin:.3rem 0 .9rem}aside dd{margin:0 0 0 .8rem}
"""

SCRIPT = """
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const edges = data.edges.map((shown, at) => ({...shown, at, whole: data.graph.edges[at]}));
const kinds = Object.keys(data.confidences).filter(k => edges.some(e => e.whole.confidence === k));
const state = {find: '', kinds: new Set(kinds), chosen: null};
const MOST = 300, ROW = 26, WIDE = 1000;
const el = (name, text, cls) => { const n = document.createElement(name); if (text) n.textContent = text; if (cls) n.className = cls; return n; };
const svg = (name, attributes) => { const n = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [k, v] of Object.entries(attributes)) n.setAttribute(k, v); return n; };
const keys = e => ['code ' + e.place + ' ' + e.code, 'place ' + e.place, 'target ' + e.id];
function matching() {
  const words = state.find.toLowerCase();
  return edges.filter(e => state.kinds.has(e.whole.confidence)
    && (!words || (e.code + ' ' + e.place + ' ' + e.target).toLowerCase().includes(words)));
}
function chosen(e) { return !state.chosen || keys(e).includes(state.chosen); }
function draw() {
  const found = matching(), drawn = found.slice(0, MOST), picture = document.getElementById('picture');
  const columns = [new Map(), new Map(), new Map()];
  for (const e of drawn) [e.code, e.place, e.target].forEach((label, c) => columns[c].set(keys(e)[c], label));
  const tall = Math.max(...columns.map(c => c.size), 1) * ROW + 20;
  picture.setAttribute('viewBox', '0 0 ' + WIDE + ' ' + tall);
  picture.replaceChildren();
  const at = new Map(), lit = new Set(drawn.filter(chosen).flatMap(keys));
  columns.forEach((column, c) => { const gap = (tall - 20) / Math.max(column.size, 1);
    [...column.keys()].forEach((key, row) => at.set(key, {x: [8, 372, 712][c], y: 10 + gap * (row + .5)})); });
  for (const e of drawn) keys(e).slice(0, 2).forEach((key, part) => {
    const a = at.get(key), b = at.get(keys(e)[part + 1]), from = a.x + 280, middle = (from + b.x) / 2;
    picture.append(svg('path', {d: `M${from},${a.y}C${middle},${a.y} ${middle},${b.y} ${b.x},${b.y}`,
      class: e.whole.confidence + (chosen(e) ? '' : ' off')})); });
  columns.forEach(column => column.forEach((label, key) => {
    const p = at.get(key), g = svg('g', {class: 'node' + (state.chosen === key ? ' on' : lit.has(key) ? '' : ' off'), tabindex: 0, role: 'button'});
    g.append(svg('rect', {x: p.x, y: p.y - 10, width: 280, height: 20}));
    const text = svg('text', {x: p.x + 6, y: p.y + 4}); text.textContent = label.length > 44 ? label.slice(0, 41) + '...' : label;
    const title = svg('title', {}); title.textContent = label; g.append(text, title);
    const choose = () => { state.chosen = state.chosen === key ? null : key; draw(); };
    g.addEventListener('click', choose);
    g.addEventListener('keydown', k => { if (k.key === 'Enter' || k.key === ' ') { k.preventDefault(); choose(); } });
    picture.append(g); }));
  const more = found.length > drawn.length ? ` The picture shows the worst ${drawn.length}.` : '';
  document.getElementById('sum').textContent = `${data.target}: ${found.length} of ${edges.length} edges.` + more;
  table(found.filter(chosen)); details(found.filter(chosen));
}
function table(found) {
  const rows = found.slice(0, 2000).map(e => { const r = el('tr');
    r.append(el('td', e.code), el('td', e.place), el('td', e.target), el('td', e.whole.confidence, e.whole.confidence),
      el('td', e.whole.rules.join(' ') + (e.whole.condition ? ' · when ' + e.whole.condition : '')),
      el('td', e.whole.evidence.map(l => l.path + ':' + l.line).join(', '))); return r; });
  document.getElementById('rows').replaceChildren(...rows);
}
function details(found) {
  const box = document.getElementById('details');
  if (!state.chosen) { box.replaceChildren(el('p', 'Choose code, a place or a target.'));
    for (const k of kinds) { const p = el('p'); p.append(el('b', k, k), ': ' + data.confidences[k]); box.append(p); } return; }
  const lists = found.slice(0, 50).map(e => { const d = el('dl');
    d.append(el('dt', e.code + ' → ' + e.target), el('dd', e.whole.confidence + ' by ' + e.whole.rules.join(' '), e.whole.confidence));
    if (e.whole.condition) d.append(el('dd', 'when ' + e.whole.condition));
    for (const c of e.whole.cuts) d.append(el('dd', 'cut: ' + c.words + (c.path ? ' · ' + c.path + ':' + c.line : '')));
    return d; });
  box.replaceChildren(el('p', state.chosen.slice(state.chosen.indexOf(' ') + 1)), ...lists);
}
for (const k of kinds) { const l = el('label'), box = el('input'); box.type = 'checkbox'; box.checked = true; box.value = k;
  box.addEventListener('change', () => { box.checked ? state.kinds.add(k) : state.kinds.delete(k); draw(); });
  l.append(box, ' ' + k + ' '); document.getElementById('kinds').append(l); }
document.getElementById('find').addEventListener('input', e => { state.find = e.target.value; draw(); });
document.getElementById('clear').addEventListener('click', () => { state.chosen = null; state.find = '';
  document.getElementById('find').value = ''; draw(); });
const asked = new URLSearchParams(location.hash.slice(1));
state.find = document.getElementById('find').value = asked.get('find') || '';
const known = x => x === null ? 'not known' : x.join(', ') || 'no name is given';
const rows = (title, heads, found, place = 'people') => { const t = el('table'), h = el('tr'), b = el('tbody');
  h.append(...heads.map(x => el('th', x))); b.append(h, ...found.map(cells => { const r = el('tr');
    r.append(...cells.map(x => el('td', x))); return r; })); t.append(b);
  document.getElementById(place).append(el('h2', title), t); };
if (data.graph.credentials.length) {
  const surely = new Map(), order = Object.keys(data.confidences);
  for (const e of edges) { const t = e.whole.target, key = t.name + ' ' + t.scope, c = e.whole.confidence;
    if (!surely.has(key) || order.indexOf(c) < order.indexOf(surely.get(key))) surely.set(key, c); }
  document.getElementById('kept').hidden = false;
  rows('Credentials, named and never read out', ['credential', 'where', 'surely', 'file', 'ends', 'what is known'],
    data.graph.credentials.map(c => { const name = c.kind + (c.name ? '/' + c.name : '');
      return [name, c.path ? c.path + (c.line ? ':' + c.line : '') : 'the session',
        surely.get(name + ' ' + (c.path || 'environment')) || 'no',
        (c.mode || '-') + (c.owner_only ? '' : ' (others can read it)'),
        c.renews ? 'renews itself' : c.expires || '-',
        [c.scope, c.note, c.encrypted === true ? 'encrypted' : c.encrypted === false ? 'not encrypted' : '']
          .filter(Boolean).join(' · ')]; }), 'kept');
}
if (data.graph.people) {
  document.getElementById('people').hidden = false;
  rows('Who leads there', ['where', 'what', 'who'], data.graph.people.flatMap(p => [
    ...p.changes.map(c => [p.place, 'changed by: ' + c.path, known(c.owners) + (c.owners === null ? ' (' + c.why + ')' : '')]),
    ...(p.approval ? [[p.place, 'approved by: environment ' + p.approval.environment, known(p.approval.who)]] : []),
    ...p.starts.map(s => [p.place, 'started by: ' + s.trigger, s.who + (s.names ? ' (' + known(s.names) + ')' : '')])]));
  rows('Granted, and needed by nothing there', ['where', 'what', 'surely', 'why', 'seen at'], data.graph.unneeded.map(g =>
    [g.place, g.kind + ' ' + g.name, g.state, g.why, g.path + ':' + g.line]));
}
const skipped = data.graph.skipped;
document.getElementById('skips').hidden = !skipped.length;
document.getElementById('skipped').append(...skipped.map(s => el('li', s.check + ': ' + s.reason)));
const named = asked.get('choose') && matching().flatMap(keys).find(key => key.endsWith(' ' + asked.get('choose')));
if (named) state.chosen = named;
draw();
"""

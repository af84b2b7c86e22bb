/**
 * The status page: one file that asks nobody but the server it comes from. Style and script are apart here, so that
 * their hashes can stand in the Content-Security-Policy; texts from Discord only ever become text.
 */
import { createHash } from "node:crypto"

const style = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --panel: #ffffff; --ink: #1b1f27; --soft: #566070; --line: #d5dae2; --accent: #3a55c9;
  --good: #17703a; --busy: #8a5300; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151b; --panel: #1b2029; --ink: #e8ebf1; --soft: #a3adbd; --line: #343c4a; --accent: #9db0ff;
    --good: #63d391; --busy: #f0b65a; --bad: #ff8f85;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 76rem; margin: 0 auto; padding: 0.75rem 1rem; }
h1 { font-size: 1.25rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 0.5rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; background: var(--panel); padding: 0.25rem 0.5rem; }
.state { color: var(--soft); margin: 0; }
.state.lost { color: var(--bad); font-weight: 600; }
section { background: var(--panel); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem 1rem;
  margin: 0 0 1rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 0.75rem; margin: 0; }
dl div { border-left: 3px solid var(--line); padding-left: 0.6rem; }
dt { color: var(--soft); font-size: 0.85rem; }
dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.grid { display: flex; flex-wrap: wrap; gap: 0.3rem; list-style: none; margin: 0 0 0.75rem; padding: 0; }
.grid li { border: 1px solid currentColor; border-radius: 0.3rem; padding: 0 0.4rem; font-size: 0.85rem;
  font-variant-numeric: tabular-nums; }
.good { color: var(--good); } .busy { color: var(--busy); } .bad { color: var(--bad); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: 0.85rem; padding-bottom: 0.25rem; }
th, td { text-align: left; padding: 0.2rem 0.75rem 0.2rem 0; border-top: 1px solid var(--line); white-space: nowrap; }
thead td { border-top: 0; }
thead th { color: var(--soft); font-weight: 600; font-size: 0.85rem; border-top: 0; }
tbody th { font-weight: 600; }
.number { text-align: right; }
.bar { width: 45%; } .bar span { display: block; height: 0.6rem; border-radius: 0.3rem; background: var(--accent);
  min-width: 2px; transition: width 0.3s; }
svg { display: block; } polyline { fill: none; stroke: var(--accent); stroke-width: 1.5; }
.tools { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: end; margin-bottom: 0.5rem; }
button, input { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--soft);
  border-radius: 0.3rem; padding: 0.25rem 0.6rem; }
.log { height: 22rem; overflow: auto; }
.log td:last-child { white-space: normal; overflow-wrap: anywhere; width: 100%; }
footer { color: var(--soft); }
@media (max-width: 40rem) {
  th, td { padding-right: 0.6rem; } .bar { display: none; }
  .log tr { display: block; border-top: 1px solid var(--line); padding: 0.2rem 0; }
  .log thead { position: absolute; left: -99rem; }
  .log td, .log th { display: inline; border: 0; white-space: normal; overflow-wrap: anywhere; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
`

const script = `
"use strict"
const byId = (id) => document.getElementById(id)
const looks = {
  Connected: ["●", "good"], Resuming: ["◑", "busy"], Identifying: ["◔", "busy"], Connecting: ["◌", "busy"],
  Disconnected: ["○", "bad"], FatallyClosed: ["✕", "bad"]
}
const lookOf = (status) => looks[status] || ["?", "busy"]
const number = new Intl.NumberFormat("en")
const told = (value) => value === null || value === undefined ? "–" : number.format(value)

// Children are kept and changed, not made anew: what has the focus or is selected stays so.
const fill = (parent, items, make, change) => {
  while (parent.children.length > items.length) parent.lastElementChild.remove()
  items.forEach((item, i) => {
    if (parent.children.length <= i) parent.append(make())
    change(parent.children[i], item)
  })
}
const put = (element, text) => { if (element.textContent !== text) element.textContent = text }
const element = (name, className) => Object.assign(document.createElement(name), { className: className || "" })
const cells = (names) => () => {
  const row = document.createElement("tr")
  names.forEach(([name, className]) => {
    const cell = element(name, className)
    if (name === "th") cell.scope = "row"
    row.append(cell)
  })
  return row
}

const svg = "http://www.w3.org/2000/svg"
const spark = (cell, values) => {
  if (values.length < 2) return put(cell, "–")
  const least = Math.min(...values), span = Math.max(...values) - least || 1
  const points = values.map((v, i) => (i * 60 / (values.length - 1)).toFixed(1) + "," + (15 - (v - least) / span * 13).toFixed(1))
  let line = cell.querySelector("polyline")
  if (!line) {
    cell.textContent = ""
    const picture = document.createElementNS(svg, "svg")
    for (const [k, v] of [["width", "60"], ["height", "16"], ["role", "img"]]) picture.setAttribute(k, v)
    line = picture.appendChild(document.createElementNS(svg, "polyline"))
    cell.append(picture)
  }
  line.setAttribute("points", points.join(" "))
  cell.firstElementChild.setAttribute("aria-label", "last round trips in ms: " + values.join(", "))
}

const drawShards = (shards) => {
  fill(byId("grid"), shards, () => element("li"), (li, shard) => {
    const [symbol, look] = lookOf(shard.status)
    li.className = look
    put(li, symbol + " " + shard.id)
    li.setAttribute("aria-label", "shard " + shard.id + ": " + shard.told)
    li.title = shard.told
  })
  const columns = [["th"], ["td"], ["td", "number"], ["td", "number"], ["td"], ["td", "number"], ["td", "number"],
    ["td", "number"], ["td", "number"], ["td", "number"]]
  fill(byId("shards"), shards, cells(columns), (row, shard) => {
    const [symbol, look] = lookOf(shard.status)
    const c = row.children
    put(c[0], shard.id + " of " + shard.total)
    put(c[1], symbol + " " + shard.told)
    c[1].className = look
    put(c[2], shard.eventsPerSecond.toFixed(1))
    put(c[3], shard.latency === null ? "–" : shard.latency + " ms")
    spark(c[4], shard.latencies)
    ;["buffered", "events", "resumes", "sessions", "lost"].forEach((key, i) => put(c[5 + i], told(shard[key])))
    c[9].className = shard.lost ? "number bad" : "number"
  })
}

const drawTypes = (types) => {
  const greatest = types.length ? types[0].eventsPerSecond : 1
  fill(byId("types"), types, () => {
    const row = cells([["th"], ["td", "number"], ["td", "bar"]])()
    row.lastElementChild.append(element("span"))
    row.lastElementChild.setAttribute("aria-hidden", "true")
    return row
  }, (row, type) => {
    put(row.children[0], type.type)
    put(row.children[1], type.eventsPerSecond.toFixed(1))
    row.querySelector("span").style.width = (type.eventsPerSecond / greatest * 100) + "%"
  })
}

let log = [], isPaused = false
const drawLog = () => {
  const wanted = byId("filter").value.toLowerCase()
  const shown = log.filter((e) => (e.title + " " + e.text).toLowerCase().includes(wanted)).reverse()
  fill(byId("log"), shown, cells([["td"], ["td"], ["th"], ["td"]]), (row, entry) => {
    put(row.children[0], new Date(entry.at).toTimeString().slice(0, 8) + " ")
    put(row.children[1], entry.shard === undefined ? " " : "#" + entry.shard + " ")
    put(row.children[2], entry.title + " ")
    put(row.children[3], entry.text)
  })
}

const draw = (snapshot) => {
  document.title = snapshot.connected + "/" + snapshot.shards.length + " " + snapshot.title
  put(byId("title"), snapshot.title)
  put(byId("connected"), snapshot.connected + " of " + snapshot.shards.length)
  put(byId("rate"), snapshot.eventsPerSecond.toFixed(1))
  put(byId("events"), told(snapshot.events))
  put(byId("buffered"), told(snapshot.buffered))
  put(byId("lost"), told(snapshot.lost))
  put(byId("budget"), snapshot.budget ? told(snapshot.budget.remaining) + " of " + told(snapshot.budget.total) : "–")
  drawShards(snapshot.shards)
  drawTypes(snapshot.types)
  if (!isPaused) { log = snapshot.log; drawLog() }
}

const say = (text, isLost) => {
  put(byId("state"), text)
  byId("state").className = isLost ? "state lost" : "state"
}
byId("filter").addEventListener("input", drawLog)
byId("pause").addEventListener("click", () => {
  isPaused = !isPaused
  byId("pause").setAttribute("aria-pressed", String(isPaused))
})
const source = new EventSource("events")
source.addEventListener("message", (event) => draw(JSON.parse(event.data)))
source.addEventListener("open", () => say("Live: updated every second", false))
source.addEventListener("error", () => say("Not connected: what you see is old; trying again", true))
`

const markup = `
<a class="skip" href="#main">Skip to the shards</a>
<header>
  <h1 id="title">vesper</h1>
  <p id="state" class="state" role="status">Connecting</p>
</header>
<main id="main">
  <section aria-labelledby="summary-heading">
    <h2 id="summary-heading">Now</h2>
    <dl>
      <div><dt>Connected</dt><dd id="connected">–</dd></div>
      <div><dt>Events a second</dt><dd id="rate">–</dd></div>
      <div><dt>Events</dt><dd id="events">–</dd></div>
      <div><dt>Buffered</dt><dd id="buffered">–</dd></div>
      <div><dt>Lost</dt><dd id="lost">–</dd></div>
      <div><dt>Identifies left today</dt><dd id="budget">–</dd></div>
    </dl>
  </section>
  <section aria-labelledby="shards-heading">
    <h2 id="shards-heading">Shards</h2>
    <ul id="grid" class="grid" aria-label="All shards by status"></ul>
    <div class="scroll" role="region" aria-label="Table of shards" tabindex="0">
      <table>
        <caption>Each shard, with its latency over the last heartbeats</caption>
        <thead><tr>
          <th scope="col">Shard</th><th scope="col">Status</th><th scope="col" class="number">Events/s</th>
          <th scope="col" class="number">Latency</th><th scope="col">Trend</th>
          <th scope="col" class="number">Buffered</th><th scope="col" class="number">Events</th>
          <th scope="col" class="number">Resumes</th><th scope="col" class="number">Sessions</th>
          <th scope="col" class="number">Lost</th>
        </tr></thead>
        <tbody id="shards"></tbody>
      </table>
    </div>
  </section>
  <section aria-labelledby="types-heading">
    <h2 id="types-heading">Events by type</h2>
    <table>
      <caption>The most frequent types in the last second</caption>
      <thead><tr><th scope="col">Type</th><th scope="col" class="number">Events/s</th>
        <td class="bar" aria-hidden="true"></td></tr></thead>
      <tbody id="types"></tbody>
    </table>
  </section>
  <section aria-labelledby="log-heading">
    <h2 id="log-heading">Log</h2>
    <div class="tools">
      <label>Filter <input id="filter" type="search" autocomplete="off"></label>
      <button id="pause" type="button" aria-pressed="false">Pause</button>
    </div>
    <div class="scroll log" role="region" aria-label="Log, newest first" tabindex="0">
      <table>
        <thead><tr><th scope="col">Time</th><th scope="col">Shard</th><th scope="col">What</th>
          <th scope="col">Text</th></tr></thead>
        <tbody id="log"></tbody>
      </table>
    </div>
  </section>
</main>
<footer>
  <nav aria-label="For programs">
    <a href="metrics">metrics</a> · <a href="healthz">healthz</a> · <a href="readyz">readyz</a> ·
    <a href="status.json">status.json</a>
  </nav>
</footer>
`

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`

export const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>vesper</title>
<style>${style}</style>
</head>
<body>${markup}<script>${script}</script></body>
</html>
`

// The script sets widths by the CSSOM, which the policy lets it do.
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src ${hash(style)}`,
  `script-src ${hash(script)}`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join("; ")

/**
 * What the status pages have in common: their look, how they change what they show, and that each is one file which asks
 * nobody but the server it comes from. Style and script are apart, so that their hashes can stand in the
 * Content-Security-Policy; texts from Discord only ever become text.
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
.plain { list-style: none; margin: 0; padding: 0; overflow-wrap: anywhere; } section > p { margin: 0 0 0.5rem; } section > p:empty { margin: 0; }
td .grid { margin: 0; }
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

const common = `
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

let log = [], isPaused = false
const showLog = () => {
  const wanted = byId("filter").value.toLowerCase()
  const shown = log.filter((e) => (e.title + " " + e.text).toLowerCase().includes(wanted)).reverse()
  fill(byId("log"), shown, cells([["td"], ["td"], ["th"], ["td"]]), (row, entry) => {
    put(row.children[0], new Date(entry.at).toTimeString().slice(0, 8) + " ")
    put(row.children[1], (entry.connection ? "c" + entry.connection + " " : "") + (entry.shard === undefined ? "" : "#" + entry.shard + " "))
    put(row.children[2], entry.title + " ")
    put(row.children[3], entry.text)
  })
}
const drawLog = (entries) => {
  if (!isPaused) { log = entries; showLog() }
}
`

/** Told every second by the server. The page's own script has a function \`draw\` for it. */
const live = `
const say = (text, isLost) => {
  put(byId("state"), text)
  byId("state").className = isLost ? "state lost" : "state"
}
byId("filter").addEventListener("input", showLog)
byId("pause").addEventListener("click", () => {
  isPaused = !isPaused
  byId("pause").setAttribute("aria-pressed", String(isPaused))
})
// A browser tries again by itself after a connection that broke, but not after an answer that it cannot use.
const listen = () => {
  const source = new EventSource("events")
  source.addEventListener("message", (event) => draw(JSON.parse(event.data)))
  source.addEventListener("open", () => say("Live: updated every second", false))
  source.addEventListener("error", () => {
    say("Not connected: what you see is old; trying again", true)
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000)
  })
}
listen()
`

/** The log, which every page has. */
const logSection = `
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
`

export interface Page {
  readonly html: string
  readonly contentSecurityPolicy: string
}

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`

/** A page with the sections of its main part, and the script that draws them. */
export const make = (sections: string, script: string, skip: string): Page => {
  const whole = `${common}${script}${live}`
  const markup = `
<a class="skip" href="#main">${skip}</a>
<header>
  <h1 id="title">vesper</h1>
  <p id="state" class="state" role="status">Connecting</p>
</header>
<main id="main">${sections}${logSection}</main>
<footer>
  <nav aria-label="For programs">
    <a href="metrics">metrics</a> · <a href="healthz">healthz</a> · <a href="readyz">readyz</a> ·
    <a href="status.json">status.json</a>
  </nav>
</footer>
`
  return {
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>vesper</title>
<style>${style}</style>
</head>
<body>${markup}<script>${whole}</script></body>
</html>
`,
    // The script sets widths by the CSSOM, which the policy lets it do.
    contentSecurityPolicy: [
      "default-src 'none'",
      `style-src ${hash(style)}`,
      `script-src ${hash(whole)}`,
      "connect-src 'self'",
      "img-src data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'"
    ].join("; ")
  }
}

/** The status page of shards. */
import * as PageShell from "./pageShell.js"

const script = `
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

const drawCluster = (cluster) => {
  byId("cluster").hidden = !cluster
  if (!cluster) return
  put(byId("nowhere"), cluster.nowhere.length ? "Nowhere, for they move: " + cluster.nowhere.join(", ") : "")
  fill(byId("runners"), cluster.runners, () => {
    const row = cells([["th"], ["td"], ["td", "number"], ["td"]])()
    row.lastElementChild.append(element("ul", "grid"))
    return row
  }, (row, runner) => {
    const c = row.children
    put(c[0], runner.name)
    put(c[1], runner.isDraining ? "going" : "up")
    put(c[2], told(runner.shards.length))
    const list = c[3].firstElementChild
    list.setAttribute("aria-label", "shards of " + runner.name)
    fill(list, runner.shards, () => element("li"), (li, shard) => {
      const [symbol, look] = lookOf(shard.status || "Connecting")
      li.className = look
      put(li, symbol + " " + shard.id)
      li.setAttribute("aria-label", "shard " + shard.id + ": " + (shard.status || "starting"))
    })
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
  put(byId("resharding"), snapshot.resharding || "")
  drawShards(snapshot.shards)
  drawCluster(snapshot.cluster)
  drawTypes(snapshot.types)
  drawLog(snapshot.log)
}
`

const sections = `
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
    <p id="resharding" role="status"></p>
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
  <section id="cluster" aria-labelledby="cluster-heading" hidden>
    <h2 id="cluster-heading">Runners</h2>
    <p id="nowhere" class="bad"></p>
    <div class="scroll" role="region" aria-label="Table of runners" tabindex="0">
      <table>
        <caption>Each runner of the cluster, with the shards that it has</caption>
        <thead><tr><th scope="col">Runner</th><th scope="col">State</th><th scope="col" class="number">Shards</th>
          <th scope="col">Which</th></tr></thead>
        <tbody id="runners"></tbody>
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
`

export const page: PageShell.Page = PageShell.make(sections, script, "Skip to the shards")

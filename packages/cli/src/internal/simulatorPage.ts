/** The status page of a simulated gateway. */
import * as PageShell from "./pageShell.js"

const script = `
const standings = {
  "connected": ["●", "good"], "waiting for a resume": ["○", "bad"], "not identified": ["◌", "busy"]
}
const ago = (now, at) => {
  const seconds = Math.max(0, Math.floor((now - at) / 1000))
  const minutes = Math.floor(seconds / 60)
  return minutes === 0 ? seconds + " s" : minutes < 60 ? minutes + " min" : Math.floor(minutes / 60) + " h " + minutes % 60 + " min"
}

const drawSessions = (sessions, now) => {
  const columns = [["th"], ["td"], ["td"], ["td"], ["td", "number"], ["td", "number"], ["td"], ["td", "number"], ["td"]]
  fill(byId("sessions"), sessions, cells(columns), (row, session) => {
    const [symbol, look] = standings[session.standing]
    const at = (value, say) => value === null ? "–" : say(value)
    const c = row.children
    put(c[0], session.shard === null ? "–" : session.shard + " of " + session.total)
    put(c[1], symbol + " " + session.standing)
    c[1].className = look
    put(c[2], at(session.connection, (n) => "c" + n))
    put(c[3], at(session.openedAt, (t) => ago(now, t)))
    put(c[4], told(session.events))
    put(c[5], told(session.received))
    put(c[6], at(session.beatAt, (t) => ago(now, t) + " ago"))
    put(c[7], told(session.sequence))
    put(c[8], session.compression || "–")
  })
  byId("nobody").hidden = sessions.length > 0
}

const drawViolations = (violations) => {
  byId("none").hidden = violations.length > 0
  fill(byId("violations"), violations.slice().reverse(), () => element("li", "bad"), (li, entry) =>
    put(li, new Date(entry.at).toTimeString().slice(0, 8) + " " + "c" + entry.connection + " " + entry.text))
}

const draw = (snapshot) => {
  document.title = snapshot.connections + " " + snapshot.title
  put(byId("title"), snapshot.title)
  put(byId("connections"), told(snapshot.connections))
  put(byId("rate"), snapshot.eventsPerSecond.toFixed(1))
  ;["events", "received", "identified", "resumed", "refused", "violated"].forEach((key) => put(byId(key), told(snapshot[key])))
  byId("violated").className = snapshot.violated > 0 ? "bad" : ""
  drawSessions(snapshot.sessions, snapshot.at)
  drawViolations(snapshot.violations)
  drawLog(snapshot.log)
}
`

const sections = `
  <section aria-labelledby="summary-heading">
    <h2 id="summary-heading">Now</h2>
    <dl>
      <div><dt>Connections</dt><dd id="connections">–</dd></div>
      <div><dt>Events a second</dt><dd id="rate">–</dd></div>
      <div><dt>Events sent</dt><dd id="events">–</dd></div>
      <div><dt>Payloads received</dt><dd id="received">–</dd></div>
      <div><dt>Identified</dt><dd id="identified">–</dd></div>
      <div><dt>Resumed</dt><dd id="resumed">–</dd></div>
      <div><dt>Refused</dt><dd id="refused">–</dd></div>
      <div><dt>Violations</dt><dd id="violated">–</dd></div>
    </dl>
  </section>
  <section aria-labelledby="sessions-heading">
    <h2 id="sessions-heading">Sessions</h2>
    <p id="nobody">Nobody is connected.</p>
    <div class="scroll" role="region" aria-label="Table of sessions" tabindex="0">
      <table>
        <caption>Each session and its connection</caption>
        <thead><tr>
          <th scope="col">Shard</th><th scope="col">Status</th><th scope="col">Connection</th>
          <th scope="col">Since</th><th scope="col" class="number">Events</th>
          <th scope="col" class="number">Received</th><th scope="col">Heartbeat</th>
          <th scope="col" class="number">Sequence</th><th scope="col">Compression</th>
        </tr></thead>
        <tbody id="sessions"></tbody>
      </table>
    </div>
  </section>
  <section aria-labelledby="violations-heading">
    <h2 id="violations-heading">What Discord would have punished</h2>
    <p id="none">Nothing so far.</p>
    <ul id="violations" class="plain"></ul>
  </section>
`

export const page: PageShell.Page = PageShell.make(sections, script, "Skip to the sessions")

"use strict"
// Draws the view that the server sends every second. Text from Discord becomes text, never markup.
const byId = (id) => document.getElementById(id)
const put = (element, text) => { if (element.textContent !== text) element.textContent = text }
const element = (name, className, attributes = {}) => {
  const made = Object.assign(document.createElement(name), { className: className || "" })
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

// Changes the children of an element in place, so that focus and selection are kept.
const fill = (parent, items, make, change) => {
  while (parent.children.length > items.length) parent.lastElementChild.remove()
  items.forEach((item, i) => {
    if (parent.children.length <= i) parent.append(make(i))
    change(parent.children[i], item, i)
  })
}

const drawMarks = (list, marks) =>
  fill(list, marks, () => element("li"), (li, mark) => {
    li.className = mark.tone
    put(li, mark.symbol + " " + mark.text)
    li.setAttribute("aria-label", "shard " + mark.text + ": " + mark.label)
    li.title = mark.label
  })

const svg = "http://www.w3.org/2000/svg"
const drawTrend = (cell, values) => {
  if (values.length < 2) return put(cell, "–")
  const least = Math.min(...values), span = Math.max(...values) - least || 1
  const points = values.map((value, i) =>
    (i * 60 / (values.length - 1)).toFixed(1) + "," + (15 - (value - least) / span * 13).toFixed(1))
  let line = cell.querySelector("polyline")
  if (!line) {
    cell.textContent = ""
    const picture = document.createElementNS(svg, "svg")
    for (const [k, v] of [["width", "60"], ["height", "16"], ["role", "img"]]) picture.setAttribute(k, v)
    line = picture.appendChild(document.createElementNS(svg, "polyline"))
    cell.append(picture)
  }
  line.setAttribute("points", points.join(" "))
  cell.firstElementChild.setAttribute("aria-label", "last values: " + values.map(Math.round).join(", "))
}

const drawCell = (cell, content, column) => {
  if (content.trend) return drawTrend(cell, content.trend)
  if (content.share !== undefined) {
    if (!cell.firstElementChild) cell.append(element("span"))
    cell.className = "bar"
    cell.setAttribute("aria-hidden", "true")
    cell.firstElementChild.style.width = (content.share * 100) + "%"
    return
  }
  if (content.marks) {
    if (!cell.firstElementChild) cell.append(element("ul", "grid"))
    return drawMarks(cell.firstElementChild, content.marks)
  }
  cell.className = [column.isNumber ? "number" : "", content.tone || ""].join(" ").trim()
  put(cell, content.text || "–")
}

const time = (at) => new Date(at).toTimeString().slice(0, 8) + " "

// How a panel is made once, and how it is drawn then.
const kinds = {
  marks: {
    make: (section, panel) => section.append(element("ul", "grid", { "aria-label": panel.title })),
    draw: (section, panel) => drawMarks(section.querySelector("ul"), panel.marks)
  },
  lines: {
    make: (section) => section.append(element("ul", "plain")),
    draw: (section, panel) =>
      fill(section.querySelector("ul"), panel.lines.slice().reverse(), () => element("li"), (li, line) => {
        li.className = line.tone
        put(li, time(line.at) + line.origin + " " + line.title + " " + line.text)
      })
  },
  table: {
    make: (section, panel) => {
      const scroll = element("div", "scroll", { role: "region", "aria-label": "Table: " + panel.title, tabindex: "0" })
      const table = element("table")
      table.append(element("caption"), element("thead"), element("tbody"))
      put(table.querySelector("caption"), panel.caption)
      const head = table.querySelector("thead").appendChild(element("tr"))
      panel.columns.forEach((column) => {
        const cell = element(column.title ? "th" : "td", column.isNumber ? "number" : "", column.title ? { scope: "col" } : {})
        put(cell, column.title)
        head.append(cell)
      })
      section.append(scroll)
      scroll.append(table)
    },
    draw: (section, panel) => {
      section.lastElementChild.hidden = panel.rows.length === 0
      const cell = (i) => i === 0 ? element("th", "", { scope: "row" }) : element("td")
      fill(section.querySelector("tbody"), panel.rows, () => element("tr"), (row, { cells }) =>
        fill(row, cells, cell, (td, content, i) => drawCell(td, content, panel.columns[i])))
    }
  }
}

const countItems = (panel) => (panel.marks || panel.rows || panel.lines).length

let shape
const drawPanels = (panels) => {
  const next = panels.map(({ kind, title }) => kind + title).join()
  if (shape !== next) byId("panels").textContent = ""
  shape = next
  fill(byId("panels"), panels, (i) => {
    const panel = panels[i], id = "panel-" + i
    const section = element("section", "", { "aria-labelledby": id })
    put(section.appendChild(element("h2", "", { id })), panel.title)
    section.append(element("p", "empty"))
    kinds[panel.kind].make(section, panel)
    return section
  }, (section, panel) => {
    put(section.querySelector("p"), countItems(panel) === 0 ? panel.empty || "" : "")
    kinds[panel.kind].draw(section, panel)
  })
}

let log = [], isPaused = false
const showLog = () => {
  const filter = byId("filter").value
  const [, only, words = filter] = /^#(\d+)(?:$| +)(.*)$/.exec(filter) || []
  const shown = log.filter((line) => (only === undefined || line.shard === Number(only)) &&
    (line.origin + " " + line.title + " " + line.text).toLowerCase().includes(words.toLowerCase())).reverse()
  const cells = (i) => element(i === 2 ? "th" : "td", "", i === 2 ? { scope: "row" } : {})
  fill(byId("log"), shown, () => element("tr"), (row, line) => {
    fill(row, [time(line.at), line.origin + " ", line.title + " ", line.text], cells, put)
    row.children[2].className = line.tone
  })
}

const draw = (display) => {
  document.title = display.badge + " " + display.title
  put(byId("title"), display.title)
  put(byId("notice"), display.notice || "")
  fill(byId("facts"), display.facts, () => {
    const fact = element("div")
    fact.append(element("dt"), element("dd"))
    return fact
  }, (fact, { label, tone, value }) => {
    put(fact.firstElementChild, label)
    put(fact.lastElementChild, value)
    fact.lastElementChild.className = tone || ""
  })
  drawPanels(display.panels)
  if (!isPaused) { log = display.log; showLog() }
}

const showState = (text, isLost) => {
  put(byId("state"), text)
  byId("state").className = isLost ? "state lost" : "state"
}
byId("filter").addEventListener("input", showLog)
byId("pause").addEventListener("click", () => {
  isPaused = !isPaused
  byId("pause").setAttribute("aria-pressed", String(isPaused))
})
// A browser reconnects by itself after a connection that was lost, but not after an answer that it cannot use.
const listen = () => {
  const source = new EventSource("events")
  source.addEventListener("message", (event) => draw(JSON.parse(event.data)))
  source.addEventListener("open", () => showState("Live: updated every second", false))
  source.addEventListener("error", () => {
    showState("Not connected: these figures are old. Reconnecting", true)
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000)
  })
}
draw(JSON.parse(byId("first").textContent))
listen()

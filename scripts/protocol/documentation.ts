/** Reads what Discord's documentation says about the gateway out of its Markdown: names, numbers and field tables. */
import * as fs from "node:fs"
import * as path from "node:path"
import type { Documentation, Fields } from "../../packages/model/test/documentation.js"

interface Table {
  readonly header: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

/** A heading with what stands under it, up to the next heading of any level. */
interface Section {
  readonly page: string
  readonly level: number
  readonly title: string
  /** The headings above it, from the page's down. */
  readonly above: ReadonlyArray<string>
  readonly prose: string
  readonly tables: ReadonlyArray<Table>
}

const cellsOf = (line: string): ReadonlyArray<string> =>
  line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim())

const tablesOf = (lines: ReadonlyArray<string>): ReadonlyArray<Table> => {
  const blocks: Array<Array<string>> = []
  let block: Array<string> = []
  for (const line of [...lines, ""]) {
    if (line.startsWith("|")) {
      block.push(line)
    } else if (block.length > 0) {
      blocks.push(block)
      block = []
    }
  }
  return blocks.map(([header = "", _rule, ...rows]) => ({ header: cellsOf(header), rows: rows.map(cellsOf) }))
}

const sectionsOf = (page: string, text: string): ReadonlyArray<Section> => {
  const sections: Array<Section> = []
  const above: Array<string> = []
  let level = 0
  let title = ""
  let lines: Array<string> = []
  const end = () => {
    sections.push({
      page,
      level,
      title,
      above: above.slice(0, level).filter((heading) => heading !== undefined),
      prose: lines.filter((line) => !line.startsWith("|")).join("\n"),
      tables: tablesOf(lines)
    })
    lines = []
  }
  for (const line of text.split("\n")) {
    const heading = /^(#{1,6}) +(.*?)(?: *%.*%)?$/.exec(line)
    if (heading === null) {
      lines.push(line)
      continue
    }
    end()
    level = heading[1]?.length ?? 0
    title = heading[2] ?? ""
    above[level] = title
    above.length = level + 1
  }
  end()
  return sections
}

/** `[user](/developers/…) object` is `user object`. */
const plain = (markdown: string): string =>
  markdown.replace(/\[([^\]]+)\]\([^)]*\)/g, "$1").replace(/\\?\[\d+\\?\]|\\?\*+|`|<[^>]+>/g, "").replace(/\s+/g, " ")
    .trim()

// Such fields are there for some of the types of their object only.
const isConditional = (header: ReadonlyArray<string>): boolean =>
  header.some((title) => /^Associated|^Event Types$/.test(title))

const isFieldTable = (table: Table): boolean =>
  /^field$/i.test(table.header[0] ?? "") && /^type$/i.test(table.header[1] ?? "")

// Of these two, one is there for messages and the other for modals.
const isEitherOf = (table: Table, key: string): boolean =>
  /^(component_)?type$/.test(key) &&
  ["type", "component_type"].every((name) => table.rows.some(([cell = ""]) => plain(cell) === name))

/** The documentation's own notation: `name?` may be absent, `?type` may be null. */
const fieldsOf = (table: Table): Fields =>
  Object.fromEntries(table.rows.map(([name = "", type = ""]) => {
    const key = plain(name).replace(/[^a-z0-9_$?]/gi, "")
    return [
      (isConditional(table.header) || isEitherOf(table, key)) && !key.endsWith("?") ? `${key}?` : key,
      plain(type)
    ]
  }))

const nameOf = (title: string): string =>
  title.replace(/( Object)?( Structure| Object| Event Fields| Fields)?$/, "").replace(/[^A-Za-z0-9]+/g, " ").trim()

const anchorOf = (title: string): string => title.toLowerCase().replace(/[^a-z0-9]+/g, "-")

const eventName = (title: string): string => title.toUpperCase().replace(/[^A-Z0-9]+/g, "_")

const bitOf = (cell: string): number | undefined => {
  const shift = /1 << (\d+)/.exec(cell)
  return shift?.[1] === undefined ? undefined : Number(shift[1])
}

const flagsOf = (table: Table): ReadonlyArray<readonly [string, number]> =>
  table.rows.flatMap((row) => {
    const bit = row.slice(0, 2).map(bitOf).find((found) => found !== undefined)
    const name = row.slice(0, 2).map(plain).find((cell) => /^[A-Z][A-Z0-9_]+$/.test(cell))
    return bit === undefined || name === undefined ? [] : [[name, bit] as const]
  })

/** The list of intents is a code block: `GUILDS (1 << 0)`, and below it the events, each with a dash. */
const intentsOf = (text: string): Documentation["intents"] => {
  const intents: Record<string, { bit: number; events: Array<string> }> = {}
  let current: { bit: number; events: Array<string> } | undefined
  for (const line of text.split("\n")) {
    const intent = /^([A-Z_]+) \(1 << (\d+)\)/.exec(line)
    const event = /^ +- ([A-Z_]+)/.exec(line)
    if (intent?.[1] !== undefined) {
      current = { bit: Number(intent[2]), events: [] }
      intents[intent[1]] = current
    } else if (event?.[1] !== undefined && current !== undefined) {
      current.events.push(event[1])
    }
  }
  return intents
}

// What then must be sent is the user, of whom the id must.
const withoutRequired = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([key, type]) => [key === "user" || key.endsWith("?") ? key : `${key}?`, type])
  )

const unavailableGuild = "Unavailable Guild"

/** Finds the event of each section: that of its own heading, or that of the nearest heading above it. */
const eventsOf = (sections: ReadonlyArray<Section>, structureAt: (anchor: string) => string | undefined) => {
  const list = sections.find((section) => section.title === "Receive Events")
  const titles = (list?.tables[0]?.rows ?? []).map(([name = ""]) => plain(name))
  const events: Record<string, Documentation["events"][string]> = {}
  for (const title of titles) {
    const own = sections.filter((section) => section.title === title && section.above.includes("Receive Events"))
    const under = sections.filter((section) =>
      section.above.includes(title) && section.above.includes("Receive Events")
    )
    const prose = own.map((section) => section.prose).join("\n")
    const tables = [...own, ...under.filter((section) => !own.includes(section))]
      .filter((section) => own.includes(section) || /Fields$|^\S+ ?\S* Structure$/.test(section.title))
      .flatMap((section) => section.tables.slice(0, 1))
      .filter(isFieldTable)
    // The object that the body is, not one that the prose before it speaks of.
    const body = prose.slice(Math.max(0, prose.search(/inner payload|The inner|sent when the \[/i)))
    const bases = [...body.matchAll(/\]\([^)#]*#([a-z-]+?-object)(?:-[a-z-]+)?\)/g)].flatMap(([, anchor = ""]) => {
      const structure = structureAt(anchor)
      return structure === undefined ? [] : [structure]
    })
    const subset = /containing just the (.*?) fields/.exec(prose)?.[1]
    const omitted = /with `(\w+)` omitted/.exec(prose)?.[1]
    const added = /additional `(\w+)` (\w+) field/.exec(prose)
    const unset = /If the `(\w+)` field is not set/.exec(prose)?.[1]
    const like = /same extra fields as \[([A-Z_]+)\]/.exec(prose)?.[1]
    const isBased = /inner payload/i.test(prose)
    const fields = {
      ...(like === undefined ? {} : events[like]?.fields),
      ...tables.slice(0, 1).map(fieldsOf)[0],
      ...(unset === undefined ? {} : { [`${unset}?`]: "boolean" }),
      ...(added?.[1] === undefined || added[2] === undefined ? {} : { [`${added[1]}?`]: added[2] })
    }
    events[eventName(title)] = {
      ...(isBased && bases[0] !== undefined ? { base: bases[0] } : {}),
      ...(bases[0] !== unavailableGuild && bases.includes(unavailableGuild) ? { or: unavailableGuild } : {}),
      ...(subset === undefined ? {} : { only: [...subset.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name) }),
      ...(omitted === undefined ? {} : { without: [omitted] }),
      fields: /no fields are required/.test(prose) ? withoutRequired(fields) : fields
    }
  }
  return events
}

const codes = (sections: ReadonlyArray<Section>, title: string): Record<string, string> =>
  Object.fromEntries(
    (sections.find((section) => section.title === title)?.tables[0]?.rows ?? [])
      .map(([code = "", name = ""]) => [code, plain(name)])
  )

const pages = [
  "components/reference",
  "events/gateway",
  "events/gateway-events",
  "interactions/application-commands",
  "interactions/receiving-and-responding",
  ...[
    "application",
    "audit-log",
    "auto-moderation",
    "channel",
    "emoji",
    "entitlement",
    "guild",
    "guild-scheduled-event",
    "invite",
    "message",
    "poll",
    "sku",
    "soundboard",
    "stage-instance",
    "sticker",
    "subscription",
    "user",
    "voice"
  ].map((name) => `resources/${name}`),
  "topics/opcodes-and-status-codes",
  "topics/permissions",
  "topics/teams"
]

/** Reads a checkout of github.com/discord/discord-api-docs. */
export const read = (checkout: string): Documentation => {
  const texts = pages.map((page) => [page, fs.readFileSync(path.join(checkout, "developers", `${page}.mdx`), "utf8")])
  const sections = texts.flatMap(([page = "", text = ""]) => sectionsOf(page, text))
  const structures: Record<string, Fields> = {}
  const anchors = new Map<string, string>()
  for (const section of sections) {
    const table = section.tables.find(isFieldTable)
    if (table === undefined || /Params$|Response Body/.test(section.title)) {
      continue
    }
    const name = nameOf(section.title)
    structures[name] ??= fieldsOf(table)
    for (const anchor of [section.title, ...section.above].map(anchorOf)) {
      if (!anchors.has(anchor)) {
        anchors.set(anchor, name)
      }
    }
  }
  // Without a table of its own: its example says all.
  structures[unavailableGuild] = { id: "snowflake", unavailable: "boolean" }
  anchors.set(anchorOf(`${unavailableGuild} Object`), unavailableGuild)
  const flags = sections.flatMap((section) => {
    const found = section.tables.flatMap(flagsOf)
    return found.length === 0
      ? []
      : [[section.title.replace(/^Bitwise Permission Flags$/, "Permissions"), found] as const]
  })
  const events = eventsOf(
    sections.filter((section) => section.page === "events/gateway-events"),
    (anchor) => anchors.get(anchor)
  )
  for (const name of Object.keys(structures)) {
    const event = events[eventName(name)]
    if (event !== undefined && event.base === undefined) {
      structures[name] = event.fields
    }
  }
  return {
    opcodes: codes(sections, "Gateway Opcodes"),
    closeCodes: codes(sections, "Gateway Close Event Codes"),
    intents: intentsOf(sections.find((section) => section.title === "List of Intents")?.prose ?? ""),
    events,
    structures,
    flags: Object.fromEntries(flags.map(([title, found]) => [title, Object.fromEntries(found)]))
  }
}

/** Results as tables for the terminal and docs/figures.md, and as charts. */
import { fixed, mega, table, throughput as rowsOf } from "./tables.js"
import type { Row } from "../runs/throughput.js"
import type { Mode } from "../server/wire.js"
import type { Memory } from "../runs/memory.js"
import type { Backlog, Idle, Reconnect, Startup } from "../runs/lives.js"

export interface Results {
  readonly machine: string
  readonly node: string
  readonly date: string
  readonly floor: string
  readonly events: number
  readonly rounds: number
  readonly throughput: ReadonlyArray<Row>
  /** Readers of as many shards in one process. */
  readonly fleets: ReadonlyArray<{ readonly shards: number; readonly rows: ReadonlyArray<Row> }>
  readonly idle: ReadonlyArray<Idle>
  readonly reconnect: ReadonlyArray<Reconnect>
  readonly startup: ReadonlyArray<Startup>
  readonly backlog: ReadonlyArray<Backlog>
}

const kilo = (bytes: number) => `${fixed(bytes / 1024, 1)} KiB`

const modesIn = (rows: ReadonlyArray<Row>): ReadonlyArray<Mode> => Array.from(new Set(rows.map(({ mode }) => mode)))

export const listModes = ({ throughput }: Results): ReadonlyArray<Mode> => modesIn(throughput)

export const throughput = (results: Results, mode: Mode): string => rowsOf(results.throughput, mode)

export const fleets = (results: Results): ReadonlyArray<string> =>
  results.fleets.flatMap(({ rows, shards }) =>
    modesIn(rows).map((mode) => rowsOf(rows, mode, `${mode}, ${shards} shard${shards === 1 ? "" : "s"}`))
  )

export const lives = ({ backlog, idle, reconnect, startup }: Results): string =>
  [
    idle.length > 0 && table(
      ["idle shards", "compression", "shards", "RSS a shard", "heap a shard", "of a core"],
      idle.map((row) => [
        row.client,
        row.mode,
        String(row.shards),
        kilo(row.rss),
        kilo(row.heap),
        `${fixed(row.core * 100, 3)} %`
      ])
    ),
    reconnect.length > 0 && table(
      ["all connections cut at once", "until all have resumed", "CPU"],
      reconnect.map((row) => [`${row.shards} shards`, `${fixed(row.millis, 0)} ms`, `${fixed(row.cpu, 0)} ms`])
    ),
    startup.length > 0 && table(
      ["start of the process", "until it reaches the gateway"],
      startup.map((row) => [row.client, `${fixed(row.millis, 0)} ms`])
    ),
    backlog.length > 0 && table(
      ["slow consumer", "events/s", "it could take", "peak memory", "when it is fast"],
      backlog.map((row) => [
        `${row.slowness} us an event`,
        fixed(row.rate, 0),
        fixed(1e6 / row.slowness, 0),
        mega(row.peakSlow),
        mega(row.peakFast)
      ])
    )
  ].filter((part) => part !== false).join("\n\n")

export const about = ({ date, events, floor, machine, node, rounds }: Results): string =>
  `${machine}; Node ${node}; ${date}. ${events} events, medians of ${rounds} alternating rounds. The floor is ${floor}.`

export const markdown = (results: Results): string =>
  [
    about(results),
    ...listModes(results).map((mode) => throughput(results, mode)),
    ...fleets(results),
    lives(results)
  ].filter((part) => part !== "").join("\n\n")

export const memory = ({ date, events, imports, machine, node, peaks, rounds }: Memory): string =>
  [
    `${machine}; Node ${node}; ${date}. ${events} events of json, medians of ${rounds} alternating rounds.`,
    table(
      ["one shard under the firehose", "peak memory", "ratio", "to"],
      peaks.map(({ client, of, peak, ratio }) => [client, mega(peak), fixed(ratio, 2), of])
    ),
    table(
      ["import", "CPU", "to `import \"effect\"`"],
      imports.map(({ cpu, module, ratio }) => [`\`${module}\``, `${fixed(cpu, 0)} ms`, fixed(ratio, 2)])
    )
  ].join("\n\n")

const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

/** Bars of CPU an event, each as a ratio to the floor; drawn on light and dark pages alike. */
export const chart = (results: Results, mode: Mode): string => {
  const rows = results.throughput.filter((row) => row.mode === mode && row.survived > 0)
    .toSorted((a, b) => a.ratio - b.ratio)
  const [width, left, lineHeight, top] = [720, 210, 26, 44]
  const most = Math.max(...rows.map(({ ratio }) => ratio), 1)
  const scale = (width - left - 70) / most
  const bars = rows.map(({ client, ratio }, i) => {
    const y = top + i * lineHeight
    const colour = client.startsWith("Vesper") ? "#5865f2" : client.startsWith("the floor") ? "#8a8f98" : "#b9bec7"
    return `  <text x="${left - 10}" y="${y + 14}" text-anchor="end">${escape(client)}</text>
  <rect x="${left}" y="${y}" width="${(ratio * scale).toFixed(1)}" height="18" rx="3" fill="${colour}"/>
  <text x="${(left + ratio * scale + 8).toFixed(1)}" y="${y + 14}">${ratio.toFixed(2)}</text>`
  })
  const height = top + rows.length * lineHeight + 12
  const floorX = (left + scale).toFixed(1)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
  <style>text { font: 13px system-ui, sans-serif; fill: #6b7280 } .title { font-weight: 600 }</style>
  <text class="title" x="10" y="22">CPU an event with ${mode}, as a ratio to a bare socket (less is better)</text>
  <line x1="${floorX}" y1="${top - 8}" x2="${floorX}" y2="${height - 8}" stroke="#8a8f98" stroke-dasharray="3 3"/>
${bars.join("\n")}
</svg>
`
}

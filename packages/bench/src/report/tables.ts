/** Tables of results in a terminal and in Markdown. */
import { floor } from "../runs/contestants.js"
import type { Row } from "../runs/throughput.js"
import type { Mode } from "../server/wire.js"

export const fixed = (value: number, digits: number): string => Number.isFinite(value) ? value.toFixed(digits) : "-"
export const mega = (bytes: number): string => `${fixed(bytes / 1e6, 0)} MB`

export const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map((row) => (row[i] ?? "").length)))
  const line = (cells: ReadonlyArray<string>) =>
    `| ${cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)).join(" | ")} |`
  const rule = `| ${widths.map((width, i) => i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`).join(" | ")} |`
  return [line(head), rule, ...rows.map(line)].join("\n")
}

const formatName = ({ client, rounds, survived }: Row): string =>
  survived === rounds || survived === 0 ? client : `${client} (${survived} of ${rounds} rounds)`

const formatRange = ([low, high]: readonly [low: number, high: number]): string => `${fixed(low, 2)}-${fixed(high, 2)}`

const formatCompared = ({ compared }: Row): ReadonlyArray<string> =>
  compared === undefined
    ? ["", ""]
    : [
      compared.client === floor.name
        ? "as to the floor"
        : `${fixed(compared.ratio, 2)} (${formatRange(compared.ratios)}) of ${compared.client}`,
      `${fixed(compared.aim, 2)}${compared.ratio > compared.aim ? " missed" : ""}`
    ]

/**
 * The cost of an event for each client in one mode, over its successful rounds, with their number if some failed. Two more
 * columns show the ratios with an aim, if a row has one.
 */
export const throughput = (all: ReadonlyArray<Row>, mode: Mode, title: string = mode): string => {
  const rows = all.filter((row) => row.mode === mode)
  const isCompared = rows.some(({ compared }) => compared !== undefined)
  return table(
    [
      title,
      "CPU an event",
      "to the floor",
      "range",
      "events/s",
      "peak memory",
      ...(isCompared ? ["compared", "aim"] : [])
    ],
    rows.map((row) => [
      formatName(row),
      ...(row.survived > 0
        ? [
          `${fixed(row.cpu, 2)} us`,
          fixed(row.ratio, 2),
          formatRange(row.ratios),
          fixed(row.eventsPerSecond, 0),
          mega(row.peak),
          ...(isCompared ? formatCompared(row) : [])
        ]
        : ["failed", "-", "-", "-", "-", ...(isCompared ? ["", ""] : [])])
    ])
  )
}

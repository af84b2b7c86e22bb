/** Results as tables, for a terminal and for Markdown. */
import { floor } from "./contestants.js"
import type { Row } from "./throughput.js"
import type { Mode } from "./wire.js"

export const fixed = (value: number, digits: number): string => Number.isFinite(value) ? value.toFixed(digits) : "-"
export const mega = (bytes: number): string => `${fixed(bytes / 1e6, 0)} MB`

export const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map((row) => (row[i] ?? "").length)))
  const line = (cells: ReadonlyArray<string>) =>
    `| ${cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)).join(" | ")} |`
  const rule = `| ${widths.map((width, i) => i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`).join(" | ")} |`
  return [line(head), rule, ...rows.map(line)].join("\n")
}

const nameOf = ({ client, rounds, survived }: Row): string =>
  survived === rounds || survived === 0 ? client : `${client} (${survived} of ${rounds} rounds)`

const rangeOf = ([low, high]: readonly [low: number, high: number]): string => `${fixed(low, 2)}-${fixed(high, 2)}`

const besideOf = ({ beside }: Row): ReadonlyArray<string> =>
  beside === undefined
    ? ["", ""]
    : [
      beside.client === floor.name
        ? "as to the floor"
        : `${fixed(beside.ratio, 2)} (${rangeOf(beside.ratios)}) of ${beside.client}`,
      `${fixed(beside.aim, 2)}${beside.ratio > beside.aim ? " missed" : ""}`
    ]

/**
 * What an event costs each client in one mode: in the rounds that it came through, and in how many if not in all. Where a
 * row is compared with another one beside the floor, two more columns say so, with the ratio that is aimed at.
 */
export const throughput = (all: ReadonlyArray<Row>, mode: Mode, title: string = mode): string => {
  const rows = all.filter((row) => row.mode === mode)
  const isCompared = rows.some(({ beside }) => beside !== undefined)
  return table(
    [
      title,
      "CPU an event",
      "to the floor",
      "range",
      "events/s",
      "peak memory",
      ...(isCompared ? ["beside", "aim"] : [])
    ],
    rows.map((row) => [
      nameOf(row),
      ...(row.survived > 0
        ? [
          `${fixed(row.cpu, 2)} us`,
          fixed(row.ratio, 2),
          rangeOf(row.ratios),
          fixed(row.eventsPerSecond, 0),
          mega(row.peak),
          ...(isCompared ? besideOf(row) : [])
        ]
        : ["failed", "-", "-", "-", "-", ...(isCompared ? ["", ""] : [])])
    ])
  )
}

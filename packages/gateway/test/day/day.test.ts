/**
 * A long fault must not exhaust the daily identifies, flood the log, leak resources, or prevent the shard from recovering.
 * Each fault lasts 20 minutes, alternately with a shard or a fleet and with one of the encodings. VESPER_DAYS=all plays a day
 * of each combination.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type Cell, day, encodings, play, shapes } from "./day.js"
import * as Hostile from "./hostile.js"
import * as Simulated from "./simulated.js"

const troubles = [...Simulated.troubles, ...Hostile.troubles]
const variants = encodings.flatMap((encoding) => shapes.map((shape) => ({ encoding, shape })))
/** Selects the variants in turns, so that consecutive troubles cover all of them. */
const selectVariants = (i: number) => variants.filter((_, n) => n === i % variants.length)
const long = { minutes: day, budget: 1_000 }
const short = { minutes: 20, budget: 40 }

/** Troubles that are the most likely to leak memory. */
const floods = ["new event names, a hundred at a time"]

const cells: ReadonlyArray<Cell> = process.env["VESPER_DAYS"] === "all"
  ? troubles.flatMap((trouble) => variants.map((variant) => ({ trouble, ...variant, ...long })))
  : [
    ...troubles.flatMap((trouble, i) => selectVariants(i).map((variant) => ({ trouble, ...variant, ...short }))),
    ...troubles.filter(({ name }) => floods.includes(name)).map((trouble) => ({
      trouble,
      encoding: "json" as const,
      shape: "shard" as const,
      ...long
    }))
  ]

/** In bytes. The size of a heap varies, but a leaked name or timer for each reconnect of a day would exceed this. */
const maxGrowth = 1_500_000

const check = ({ budget, minutes, shape, trouble }: Cell, report: Effect.Effect.Success<ReturnType<typeof play>>) => {
  const { after, before, growth, identifies, lines, most, recovery } = report
  const shards = shape === "fleet" ? 2 : 1
  const sample = `\n${lines.slice(-12).join("\n")}`
  assert.isAtMost(identifies, budget * 0.95, `identifies${sample}`)
  assert.isAtMost(lines.length, (minutes === day ? 480 : 80) * shards, `lines${sample}`)
  for (const line of lines) {
    assert.isBelow(line.length, 500)
    assert.notMatch(line, /[\u0000-\u001f\u007f-\u009f]/)
  }
  assert.isTrue(
    Duration.lessThanOrEqualTo(recovery, trouble.recovery),
    `back after ${Duration.format(recovery)}${sample}`
  )
  assert.deepStrictEqual(after, before, "alive after the fault")
  // The fibers and timers of a handshake.
  assert.isAtMost(most.fibers, before.fibers + 5 * shards, "fibers")
  assert.isAtMost(most.timers, before.timers + 3 * shards, "timers")
  assert.isBelow(growth, maxGrowth, "growth of the heap")
}

describe.each([...new Set(cells.map(({ minutes }) => minutes))])("in %s minutes a shard outlives", (minutes) => {
  for (const cell of cells.filter((cell) => cell.minutes === minutes)) {
    const { encoding, shape, trouble } = cell
    it.live(
      `${trouble.name} (${shape}, ${encoding})`,
      () => Effect.map(play(cell), (report) => check(cell, report)),
      120_000
    )
  }
})

/**
 * A fault that lasts must not cost the day's identifies, fill the log, leave anything behind, or keep the shard away once
 * it is over. Each fault lasts for an hour, with one encoding and one of shard and fleet in turns; VESPER_DAYS=all plays a
 * day of each with all of them.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type Cell, encodings, play, shapes } from "./day.js"
import * as Hostile from "./hostile.js"
import * as Simulated from "./simulated.js"

const troubles = [...Simulated.troubles, ...Hostile.troubles]
const variants = encodings.flatMap((encoding) => shapes.map((shape) => ({ encoding, shape })))
/** All variants within as many troubles. */
const variantsOf = (i: number) => variants.filter((_, n) => n === i % variants.length)
const day = { hours: 24, budget: 1_000 }
const hour = { hours: 1, budget: 40 }

/** Each of them would fill memory, if anything did. */
const floods = ["each identify is closed", "new event names, a hundred at a time"]

const cells: ReadonlyArray<Cell> = process.env["VESPER_DAYS"] === "all"
  ? troubles.flatMap((trouble) => variants.map((variant) => ({ trouble, ...variant, ...day })))
  : [
    ...troubles.flatMap((trouble, i) => variantsOf(i).map((variant) => ({ trouble, ...variant, ...hour }))),
    ...troubles.filter(({ name }) => floods.includes(name)).map((trouble) => ({
      trouble,
      encoding: "json" as const,
      shape: "shard" as const,
      ...day
    }))
  ]

/** Bytes. A heap is never twice the same; a name or a timer for each of a day's reconnects would be more than this. */
const maxGrowth = 1_500_000

const check = ({ budget, hours, shape, trouble }: Cell, report: Effect.Effect.Success<ReturnType<typeof play>>) => {
  const { after, before, growth, identifies, lines, most, recovery } = report
  const shards = shape === "fleet" ? 2 : 1
  const sample = `\n${lines.slice(-12).join("\n")}`
  assert.isAtMost(identifies, budget * 0.95, `identifies${sample}`)
  assert.isAtMost(lines.length, (hours === 24 ? 480 : 120) * shards, `lines${sample}`)
  for (const line of lines) {
    assert.isBelow(line.length, 500)
    assert.notMatch(line, /[\u0000-\u001f\u007f-\u009f]/)
  }
  assert.isTrue(
    Duration.lessThanOrEqualTo(recovery, trouble.recovery),
    `back after ${Duration.format(recovery)}${sample}`
  )
  assert.deepStrictEqual(after, before, "alive after the fault")
  // The fibers of a handshake, and the timers of what it waits for.
  assert.isAtMost(most.fibers, before.fibers + 5 * shards, "fibers")
  assert.isAtMost(most.timers, before.timers + 3 * shards, "timers")
  assert.isBelow(growth, maxGrowth, "growth of the heap")
}

describe.each([...new Set(cells.map(({ hours }) => hours))])("in %s hours a shard outlives", (hours) => {
  for (const cell of cells.filter((cell) => cell.hours === hours)) {
    const { encoding, shape, trouble } = cell
    it.live(
      `${trouble.name} (${shape}, ${encoding})`,
      () => Effect.map(play(cell), (report) => check(cell, report)),
      120_000
    )
  }
})

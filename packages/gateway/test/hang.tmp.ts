import * as FastCheck from "effect/FastCheck"
import * as Effect from "effect/Effect"
import { play } from "./history/play.js"
import { history } from "./history/step.js"
const lives = FastCheck.sample(history, { numRuns: 1500, seed: 79 })
let i = 0
let slow: Array<[number, number]> = []
for (const life of lives) {
  const t = performance.now()
  const timer = setTimeout(() => { console.log("HANG", i, JSON.stringify(life)); process.exit(1) }, 20000)
  const r = await Effect.runPromise(play(life)); if (r.problems.length) console.log(i, r.problems, JSON.stringify(life))
  clearTimeout(timer)
  slow.push([performance.now() - t, i]); i++
  if (i % 100 === 0) console.log(i, slow.sort((a, b) => b[0] - a[0]).slice(0, 3))
}

/**
 * `npm run fuzz -- --seed 1 --seconds 60`: random and mutated input for all that reads what others wrote. Whatever
 * comes, the answer must be a value or a typed error, the right one where it is known, and soon. `--only envelope`
 * picks a target.
 */
import { parseArgs } from "node:util"
import { makeChance } from "./fuzz/chance.js"
import { type Target, targets } from "./fuzz/targets.js"

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    seconds: { type: "string", default: "30" },
    only: { type: "string" }
  }
})
const seed = Number(values.seed)
const chosen = targets.filter(({ name }) => values.only === undefined || name === values.only)
const weights = chosen.reduce((sum, { weight }) => sum + weight, 0)

// Nothing that is synchronous can be stopped from inside: whoever starts this script watches over its end.
const slowestMillis = 2_000

const run = async (name: string, millis: number, once: Target["once"]) => {
  let inputs = 0
  const chance = makeChance()
  const end = performance.now() + millis
  for (; performance.now() < end; inputs++) {
    // One seed for each input, so that a single one can be run again.
    chance.seed((seed + Math.imul(inputs, 0x9e3779b1)) | 0)
    const started = performance.now()
    try {
      await once(chance)
    } catch (cause) {
      console.log(`PROBLEM  ${name}: input ${inputs} of seed ${seed}: ${cause instanceof Error ? cause.stack : cause}`)
      process.exitCode = 1
      return inputs
    }
    const took = performance.now() - started
    if (took > slowestMillis) {
      console.log(`PROBLEM  ${name}: input ${inputs} of seed ${seed} took ${Math.round(took)} ms`)
      process.exitCode = 1
    }
  }
  return inputs
}

let total = 0
for (const { name, once, weight } of chosen) {
  const inputs = await run(name, (Number(values.seconds) * 1000 * weight) / weights, once)
  total += inputs
  console.log(`${String(inputs).padStart(10)}  ${name}`)
}
console.log(`${String(total).padStart(10)}  inputs, seed ${seed}`)

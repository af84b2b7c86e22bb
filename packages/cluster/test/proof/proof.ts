/**
 * The long proof: faults of a cluster of processes under load. Prints the measurements,
 * and fails if a promise was broken.
 *
 * `npm run cluster:proof -- [--times 10] [--events 150] [trial…]`; without a trial, all of them.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { parseArgs } from "node:util"
import * as Postgres from "./postgres.js"
import * as Trials from "./trials.js"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { times: { type: "string", default: "10" }, events: { type: "string", default: "150" } }
})
const settings = { times: Number(values.times), eventsPerSecond: Number(values.events) }

const chosen = (trials: object): ReadonlyArray<string> =>
  // The short one is part of the others.
  Object.keys(trials).filter((name) => positionals.length === 0 ? name !== "short" : positionals.includes(name))

const program = Effect.gen(function*() {
  const names = chosen(Trials.onServer)
  const postgres = names.length === 0 ? Option.none() : yield* Postgres.start
  for (const name of names) {
    yield* Option.match(postgres, {
      onNone: () => Console.log(`NO POSTGRESQL HERE (apt-get install postgresql): ${name} was not tried`),
      onSome: (server) => Trials.onServer[name]?.(settings, server) ?? Effect.void
    })
  }
  for (const name of chosen(Trials.onFile)) {
    yield* Trials.onFile[name]?.(settings) ?? Effect.void
  }
})

NodeRuntime.runMain(Effect.scoped(program))

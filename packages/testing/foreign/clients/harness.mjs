/**
 * The side of a client: reads requests of the runner from standard input, one JSON a line, and reports events and errors on
 * standard output.
 */
import { createInterface } from "node:readline"

/** The runner's settings: ports, URLs, token, intents, compression. */
export const settings = JSON.parse(process.env.FOREIGN_CLIENT ?? "{}")

const report = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

/** Reports an event that the client received. */
export const received = (t, d) => report({ event: t, content: d?.content })

/** Reports an error of the client. */
export const failed = (error) => report({ error: String(error?.stack ?? error) })

process.on("uncaughtException", failed)
process.on("unhandledRejection", failed)

/** Runs the handlers of requests: `members` and `presence`, which a client may lack. */
export const serve = (handlers) =>
  createInterface({ input: process.stdin }).on("line", async (line) => {
    const { id, request, ...options } = JSON.parse(line)
    try {
      const result = handlers[request] === undefined ? "unsupported" : await handlers[request](options)
      report({ id, result })
    } catch (error) {
      report({ id, failure: String(error?.stack ?? error) })
    }
  })

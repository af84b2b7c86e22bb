/** `vesper cluster status`, `drain` and `reshard`. */
import type * as SqlClient from "@effect/sql/SqlClient"
import * as ClusterAdmin from "@vesper/cluster/ClusterAdmin"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { failed, failedWith } from "../exit/index.js"
import * as Database from "./database.js"
import * as StatusText from "./statusText.js"

interface AdminOptions {
  readonly database: Redacted.Redacted<string>
  readonly json: boolean
  /** The name of the fleet. */
  readonly name: string
}

/** Runs an operation on the database, once or each second, and prints its answer as text or as JSON. */
const administer = <A>(
  options: AdminOptions & { readonly watch?: boolean },
  operation: Effect.Effect<A, { readonly message: string }, SqlClient.SqlClient>,
  render: (answer: A) => { readonly text: string; readonly json: string }
) =>
  Effect.mapError(operation, failedWith).pipe(
    Effect.map(render),
    Effect.flatMap(({ json, text }) => Console.log(options.json ? json : text)),
    (show) => options.watch === true ? Effect.forever(Effect.zipRight(show, Effect.sleep("1 second"))) : show,
    Effect.provide(Database.layerOnce(options.database))
  )

export const status = (options: AdminOptions & { readonly watch: boolean }) =>
  administer(
    options,
    Effect.filterOrFail(
      ClusterAdmin.status(options.name),
      ({ total }) => total > 0,
      () => failed(`there is no fleet "${options.name}" in this database: see --name and --database`)
    ),
    (status) => ({ text: StatusText.render(status), json: StatusText.toJson(status) })
  )

export const drain = (options: AdminOptions & { readonly runner: string }) =>
  administer(
    options,
    Effect.filterOrFail(
      ClusterAdmin.drain(options.runner, options.name),
      (count) => count > 0,
      () => failed(`no runner "${options.runner}" is up: see vesper cluster status`)
    ),
    (asked) => ({
      text: `${options.runner} was asked to end: its shards move to other runners, which resume them`,
      json: JSON.stringify({ runner: options.runner, asked })
    })
  )

export const reshard = (options: AdminOptions & { readonly shards: number }) =>
  administer(options, ClusterAdmin.reshard(options.shards, options.name), () => ({
    text: `resharding to ${options.shards} shards has started; vesper cluster status shows its progress`,
    json: JSON.stringify({ total: options.shards })
  }))

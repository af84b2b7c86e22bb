/** `vesper cluster status`, `drain` and `reshard`. */
import * as ClusterAdmin from "@vesper/cluster/ClusterAdmin"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { failed, failedWith } from "../exit/exit.js"
import * as Database from "./database.js"
import * as StatusText from "./statusText.js"

interface Options {
  readonly database: Redacted.Redacted<string>
  readonly json: boolean
  /** The name of the fleet. */
  readonly name: string
}

export const status = (options: Options & { readonly watch: boolean }) =>
  Effect.mapError(ClusterAdmin.status(options.name), failedWith).pipe(
    Effect.filterOrFail(
      ({ total }) => total > 0,
      () => failed(`there is no fleet "${options.name}" in this database: see --name and --database`)
    ),
    Effect.map((status) => options.json ? StatusText.toJson(status) : StatusText.render(status)),
    Effect.flatMap((text) => Console.log(text)),
    (show) => options.watch ? Effect.forever(Effect.zipRight(show, Effect.sleep("1 second"))) : show,
    Effect.provide(Database.layerOnce(options.database))
  )

export const drain = (options: Options & { readonly runner: string }) =>
  Effect.mapError(ClusterAdmin.drain(options.runner, options.name), failedWith).pipe(
    Effect.filterOrFail(
      (count) => count > 0,
      () => failed(`no runner "${options.runner}" is up: see vesper cluster status`)
    ),
    Effect.flatMap((runners) =>
      Console.log(
        options.json
          ? JSON.stringify({ runner: options.runner, asked: runners })
          : `${options.runner} was asked to end: its shards move to other runners, which resume them`
      )
    ),
    Effect.provide(Database.layerOnce(options.database))
  )

export const reshard = (options: Options & { readonly shards: number }) =>
  Effect.mapError(ClusterAdmin.reshard(options.shards, options.name), failedWith).pipe(
    Effect.zipRight(
      Console.log(
        options.json
          ? JSON.stringify({ total: options.shards })
          : `resharding to ${options.shards} shards has started; vesper cluster status shows its progress`
      )
    ),
    Effect.provide(Database.layerOnce(options.database))
  )

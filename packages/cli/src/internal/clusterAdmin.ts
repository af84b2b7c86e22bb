/** What is asked of a cluster, and what it is told. */
import * as ClusterAdmin from "@vesper/cluster/ClusterAdmin"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { CliError } from "../CliError.js"
import * as Database from "./clusterDatabase.js"
import * as ClusterView from "./clusterView.js"
import { told } from "./told.js"

interface Options {
  readonly database: Redacted.Redacted<string>
  readonly json: boolean
  /** The fleet's. */
  readonly name: string
}

export const status = (options: Options & { readonly watch: boolean }) =>
  Effect.mapError(ClusterAdmin.status(options.name), told).pipe(
    Effect.filterOrFail(
      ({ total }) => total > 0,
      () => new CliError({ message: `there is no fleet "${options.name}" in this database: see --name and --database` })
    ),
    Effect.map((status) => options.json ? ClusterView.toJson(status) : ClusterView.render(status)),
    Effect.flatMap((text) => Console.log(text)),
    (look) => options.watch ? Effect.forever(Effect.zipRight(look, Effect.sleep("1 second"))) : look,
    Effect.provide(Database.layerOnce(options.database))
  )

export const drain = (options: Options & { readonly runner: string }) =>
  Effect.mapError(ClusterAdmin.drain(options.runner, options.name), told).pipe(
    Effect.filterOrFail(
      (count) => count > 0,
      () => new CliError({ message: `no runner "${options.runner}" is up: see vesper cluster status` })
    ),
    Effect.flatMap((runners) =>
      Console.log(
        options.json
          ? JSON.stringify({ runner: options.runner, asked: runners })
          : `${options.runner} was asked to go; its shards move and resume`
      )
    ),
    Effect.provide(Database.layerOnce(options.database))
  )

export const reshard = (options: Options & { readonly shards: number }) =>
  Effect.mapError(ClusterAdmin.reshard(options.shards, options.name), told).pipe(
    Effect.zipRight(
      Console.log(
        options.json
          ? JSON.stringify({ total: options.shards })
          : `the bot is being resharded to ${options.shards} shards; vesper cluster status shows how far it is`
      )
    ),
    Effect.provide(Database.layerOnce(options.database))
  )

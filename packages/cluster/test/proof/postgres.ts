/**
 * A database on PostgreSQL that is dropped with the scope: on the server that listens on the loopback interface, or on one
 * of Debian's that is started for it.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Net from "node:net"
import * as Path from "node:path"
import * as Trial from "./trial.js"

const packaged = "/usr/lib/postgresql"

/** The folder of initdb and pg_ctl, if the machine has them. */
const findBinaries = (): Option.Option<string> => {
  const folders = Fs.existsSync(packaged)
    ? Fs.readdirSync(packaged).sort((a, b) => Number(b) - Number(a)).map((version) =>
      Path.join(packaged, version, "bin")
    )
    : []
  return Option.fromNullable(folders.find((folder) => Fs.existsSync(Path.join(folder, "initdb"))))
}

/** The server refuses to run as root: then it runs as the user that Debian's package has made. */
const run = (command: string, args: ReadonlyArray<string>) =>
  process.getuid?.() === 0
    ? execFileSync("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", command, ...args], {
      stdio: "ignore"
    })
    : execFileSync(command, args, { stdio: "ignore" })

export interface Server {
  readonly port: number
  /** The URL of the database, by the server's port or by one that leads to it. */
  readonly url: (port: number) => string
}

const usualPort = 5_432

const listens = (port: number) =>
  Effect.async<boolean>((resume) => {
    const socket = Net.connect(port, "127.0.0.1")
    const answer = (isThere: boolean) => {
      socket.destroy()
      resume(Effect.succeed(isThere))
    }
    socket.once("connect", () => answer(true))
    socket.once("error", () => answer(false))
  })

const makeUrl = (port: number, database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`

/** Runs one statement as the superuser. */
export const execute = <Row extends object>(
  url: string,
  statement: string
): Effect.Effect<ReadonlyArray<Row>, SqlError> =>
  Effect.flatMap(PgClient.PgClient, (sql) => sql.unsafe<Row>(statement)).pipe(
    Effect.provide(
      PgClient.layer({ url: Redacted.make(url), maxConnections: 1, connectTimeout: "2 seconds" })
    )
  )

const debian = Effect.gen(function*() {
  const binaries = findBinaries()
  if (Option.isNone(binaries)) {
    return Option.none<number>()
  }
  const folder = yield* Trial.scratch
  const port = yield* Trial.freePort
  const data = Path.join(folder, "data")
  const pgCtl = Path.join(binaries.value, "pg_ctl")
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      if (process.getuid?.() === 0) {
        execFileSync("chown", ["postgres", folder])
      }
      run(Path.join(binaries.value, "initdb"), ["-D", data, "-A", "trust", "-U", "postgres"])
      // It is never the server that dies: nothing has to survive the machine.
      const settings = `-c fsync=off -p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder}`
      run(pgCtl, ["-D", data, "-o", settings, "-l", Path.join(folder, "log"), "-w", "start"])
    }),
    () => Effect.sync(() => run(pgCtl, ["-D", data, "-m", "immediate", "-w", "stop"]))
  )
  return Option.some(port)
})

/** None on a machine without PostgreSQL. A server that does not trust this machine counts as none. */
export const start: Effect.Effect<Option.Option<Server>, never, Scope.Scope> = Effect.gen(function*() {
  const isUsable = (yield* listens(usualPort)) &&
    (yield* Effect.isSuccess(execute(makeUrl(usualPort, "postgres"), "SELECT 1")))
  const port = isUsable ? Option.some(usualPort) : yield* debian
  return yield* Effect.transposeMapOption(port, (port) =>
    Effect.gen(function*() {
      const name = `vesper_test_${process.pid}_${Math.random().toString(36).slice(2)}`
      const admin = makeUrl(port, "postgres")
      yield* Effect.acquireRelease(
        Effect.orDie(execute(admin, `CREATE DATABASE ${name}`)),
        () => Effect.ignoreLogged(execute(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
      )
      return { port, url: (port: number) => makeUrl(port, name) }
    }))
})

/** True if there is a server, or one can be started: for tests that are left out otherwise. */
export const isThere: boolean = findBinaries()._tag === "Some" || await Effect.runPromise(listens(usualPort))

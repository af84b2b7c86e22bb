/** A PostgreSQL server of Debian's, in a folder that goes with the scope, on the loopback interface. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Trial from "./trial.js"

const packaged = "/usr/lib/postgresql"

/** Where initdb and pg_ctl are, if the machine has them. */
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

/** The server's URL; none on a machine without PostgreSQL. */
export const start = Effect.gen(function*() {
  const binaries = findBinaries()
  if (Option.isNone(binaries)) {
    return Option.none<{ readonly port: number; readonly url: (port: number) => string }>()
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
  return Option.some({ port, url: (port: number) => `postgres://postgres@127.0.0.1:${port}/postgres` })
})

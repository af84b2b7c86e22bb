/**
 * A runner as a process of its own, configured by its environment. It notes the number of each event that it handles
 * in a file, so that a killed one leaves its record. It names every module by its package, so that it runs
 * from the build as well as from the sources.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as ClusterFleet from "@vesper/cluster/ClusterFleet"
import * as NodeCluster from "@vesper/cluster/NodeCluster"
import * as SqlIdentifyQueue from "@vesper/cluster/SqlIdentifyQueue"
import type * as Fleet from "@vesper/gateway/Fleet"
import * as ShardConfig from "@vesper/gateway/ShardConfig"
import * as Intents from "@vesper/model/Intents"
import * as NodeGateway from "@vesper/platform-node/NodeGateway"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Fs from "node:fs"
import * as Errand from "./errand.js"

const settings = Config.all({
  database: Config.redacted("PROOF_DATABASE"),
  gatewayUrl: Config.string("PROOF_GATEWAY"),
  shards: Config.integer("PROOF_SHARDS"),
  port: Config.integer("PROOF_PORT"),
  listenPort: Config.integer("PROOF_LISTEN_PORT"),
  isAlone: Config.boolean("PROOF_ALONE"),
  proxyUrl: Config.option(Config.string("PROOF_PROXY")),
  lease: Config.duration("PROOF_LEASE"),
  acknowledge: Config.literal("onReceive", "onHandled")("PROOF_ACKNOWLEDGE"),
  maxConcurrency: Config.integer("PROOF_MAX_CONCURRENCY"),
  fleet: Config.string("PROOF_FLEET"),
  token: Config.redacted("PROOF_TOKEN"),
  total: Config.integer("PROOF_TOTAL"),
  file: Config.string("PROOF_FILE")
})

// All modules are loaded: from here on it is the cluster that takes its time.
Fs.writeFileSync(`${process.env["PROOF_FILE"]}.booted`, String(Date.now()))

/** Its number, how long it took to arrive here, and its place on the gateway. */
const formatLine = ({ event: { d: body, s }, shard }: Fleet.FleetEvent): string | undefined =>
  typeof body === "object" && body !== null && "number" in body && "at" in body
    ? `${String(body.number)} ${Date.now() - Number(body.at)} ${shard.id}/${shard.total}#${s}`
    : undefined

const program = Effect.gen(function*() {
  const { acknowledge, database, file, fleet: name, gatewayUrl, isAlone, lease, maxConcurrency, ...rest } =
    yield* settings
  const { listenPort, port, proxyUrl, shards, token, total } = rest
  const notes = Fs.openSync(file, "a")
  const note = (line: string) => Effect.sync(() => Fs.writeSync(notes, `${line}\n`))
  // A handler counts from its beginning if nothing may be handled twice, from its end if nothing may be lost.
  const handlers = (event: Fleet.FleetEvent) => {
    const line = formatLine(event)
    return line === undefined
      ? Effect.void
      : acknowledge === "onReceive"
      ? Effect.zipRight(note(line), Effect.sleep(2))
      : Effect.zipRight(Effect.sleep(2), note(line))
  }
  const layer = ClusterFleet.layer({ shards, lease, name, runner: `127.0.0.1:${port}`, handlers }).pipe(
    Layer.provide(SqlIdentifyQueue.layer({ maxConcurrency, name, total, reserve: 0 })),
    Layer.provide(
      isAlone
        ? NodeCluster.layerAlone
        : NodeCluster.layer({ host: "127.0.0.1", port, listenPort })
    ),
    Layer.provide(NodeCluster.layerDatabase(database)),
    Layer.provide(ShardConfig.layer({
      token,
      intents: Intents.of("Guilds", "GuildMessages"),
      gatewayUrl,
      proxyUrl: Option.getOrUndefined(proxyUrl),
      acknowledge
    })),
    Layer.provide(NodeGateway.layer())
  )
  yield* Effect.provide(
    Effect.flatMap(ClusterFleet.ClusterFleet, (fleet) =>
      Effect.scoped(Effect.zipRight(
        Effect.forkScoped(Effect.scoped(Errand.run(fleet))),
        Effect.raceFirst(fleet.awaitDrain, fleet.awaitFailure)
      ))),
    layer
  )
})

NodeRuntime.runMain(program)

/** A thousand calls against the simulator's server, which limits, fails and drops them. The library's timers run on wall time. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Rest from "@vesper/bot/Rest"
import * as GatewayServer from "@vesper/testing/GatewayServer"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as LogEntry from "@vesper/testing/LogEntry"
import * as RestFault from "@vesper/testing/RestFault"
import * as World from "@vesper/testing/World"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { heapUsed } from "../heap.js"

const world = World.make({ guilds: 5, membersPerGuild: 3 })
const token = Redacted.make("MTE.secret.token")
const perSecond = 200

const places = world.guilds.map(({ channels: [channel], id, members: [member], roles }) => ({
  guild: id,
  channel: channel?.id ?? "",
  member: member?.user.id ?? "",
  role: roles[1]?.id ?? ""
}))

type Place = (typeof places)[number]

/** Twenty routes. Those with a body carry the number of the call. */
const routes: ReadonlyArray<
  (rest: Rest.Rest, place: Place, number: number) => Effect.Effect<unknown, unknown>
> = [
  ({ channels }, { channel }, number) => channels.createMessage(channel, { content: String(number) }),
  ({ channels }, { channel }) => channels.getMessages(channel),
  ({ channels }, { channel }) => channels.get(channel),
  ({ channels }, { channel }) => channels.showTyping(channel),
  ({ channels }, { channel }) => channels.getPins(channel),
  ({ channels }, { channel }) => channels.getWebhooks(channel),
  ({ channels }, { channel, role }, number) =>
    channels.editPermissionOverwrite(channel, role, { type: 0, allow: String(number) }),
  ({ channels }, { channel, member }) => channels.deletePermissionOverwrite(channel, member),
  ({ guilds }, { guild }) => guilds.get(guild),
  ({ guilds }, { guild }) => guilds.getChannels(guild),
  ({ guilds }, { guild }) => guilds.getMembers(guild),
  ({ guilds }, { guild, member }) => guilds.getMember(guild, member),
  ({ guilds }, { guild, member }, number) => guilds.editMember(guild, member, { nick: String(number) }),
  ({ guilds }, { guild, member, role }) => guilds.addRoleToMember(guild, member, role),
  ({ guilds }, { guild, member, role }) => guilds.removeRoleFromMember(guild, member, role),
  ({ guilds }, { guild }) => guilds.getMemberBans(guild),
  ({ guilds }, { guild }) => guilds.getRoles(guild),
  ({ guilds }, { guild, role }) => guilds.getRole(guild, role),
  ({ guilds }, { guild }) => guilds.getActiveThreads(guild),
  ({ guilds }, { guild }) => guilds.getWebhooks(guild)
]

const faults: ReadonlyArray<RestFault.RestFault> = [
  RestFault.RateLimit({ scope: "route", retryAfter: "300 millis", times: 2 }),
  RestFault.RateLimit({ scope: "global", retryAfter: "200 millis", times: 1 }),
  RestFault.RateLimit({ scope: "shared", retryAfter: "300 millis", times: 2 }),
  RestFault.ServerError({ status: 502, times: 3 }),
  RestFault.DropConnection({ isHandled: false, times: 2 }),
  RestFault.DropConnection({ isHandled: true, times: 2, route: "GET /guilds/:guild/roles" }),
  RestFault.SkewDate({ by: "3 seconds" }),
  RestFault.SkewDate({ by: "6 seconds", direction: "behind" })
]

const layer = Layer.unwrapEffect(
  Effect.map(
    GatewayServer.GatewayServer,
    ({ port }) => Rest.layer({ token, baseUrl: `http://127.0.0.1:${port}/api/v10`, globalRequestsPerSecond: perSecond })
  )
).pipe(
  Layer.provide(FetchHttpClient.layer),
  Layer.provideMerge(GatewayServer.layer()),
  Layer.provideMerge(GatewaySimulator.layer({ token, world, globalRequestsPerSecond: perSecond, logLimit: 3_000 }))
)

/** Calls each route in each place, and returns the failures. The calls of a bucket are made in the order of their numbers. */
const callAll = (rest: Rest.Rest, numbers: ReadonlyArray<number>) =>
  Effect.forEach(
    numbers.flatMap((number) => places.flatMap((place) => routes.map((call) => call(rest, place, number)))),
    // The answers are not kept, because the test measures the memory.
    (call) => Effect.map(Effect.exit(call), (exit) => Exit.isSuccess(exit) ? "" : String(exit)),
    { concurrency: "unbounded" }
  )

describe("a thousand calls over twenty routes", () => {
  it.scopedLive("exceed no limit, are not lost, keep their order, and need no memory", () =>
    Effect.gen(function*() {
      const rest = yield* Rest.Rest
      const simulator = yield* GatewaySimulator.GatewaySimulator
      yield* Effect.forEach(faults, (fault, index) => Effect.delay(simulator.injectRest(fault), 100 + 300 * index), {
        concurrency: "unbounded",
        discard: true
      }).pipe(Effect.forkScoped)
      const first = yield* callAll(rest, [0, 1])
      const before = yield* heapUsed
      const second = yield* callAll(rest, [2, 3, 4, 5, 6, 7, 8, 9])
      const outcomes = [...first, ...second]
      assert.deepStrictEqual(outcomes.filter((failure) => failure !== ""), [])
      assert.lengthOf(outcomes, 1_000)
      const { globalExceeded, invalid, routeExceeded } = yield* simulator.restUsage
      assert.deepStrictEqual({ globalExceeded, routeExceeded }, { globalExceeded: 0, routeExceeded: 0 })
      // The pretended limits of the scopes "route" and "global" count as invalid requests.
      assert.isAtMost(invalid, 3)
      const requested = (yield* simulator.log).filter(LogEntry.is("Requested"))
      // The other routes have no body, so that the log cannot show which of their calls a request belongs to.
      for (const { channel, member, role } of places) {
        for (
          const [path, field] of [
            [`/channels/${channel}/messages`, "content"],
            [`/channels/${channel}/permissions/${role}`, "allow"],
            [`/members/${member}`, "nick"]
          ] as const
        ) {
          const numbers = requested
            .filter((entry) => entry.path.endsWith(path) && entry.status < 300 && entry.method !== "GET")
            .map(({ body }) => Number(Object(body)[field]))
          assert.deepStrictEqual(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], path)
        }
      }
      const grown = (yield* heapUsed) - before
      // A leak of 8 kB a call would exceed this.
      assert.isBelow(grown, 6_400_000)
    }).pipe(Effect.provide(layer)), 40_000)
})

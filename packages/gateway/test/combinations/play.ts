/** Plays one cell of the table, and returns its violations. */
import * as CloseFrame from "@vesper/model/CloseFrame"
import * as Fault from "@vesper/testing/Fault"
import * as GatewaySimulator from "@vesper/testing/GatewaySimulator"
import * as World from "@vesper/testing/World"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type * as Fleet from "../../src/Fleet.js"
import type * as Session from "../../src/Session.js"
import * as SessionStore from "../../src/SessionStore.js"
import * as Bot from "./bot.js"
import { type Cell, isResharded, problemsOf } from "./cells.js"
import * as Lives from "./lives.js"
import { HandlerFailure } from "./readers.js"
import { Stage } from "./stage.js"

const simulator = GatewaySimulator.GatewaySimulator

export const world = World.make({ seed: 11, guilds: 6, membersPerGuild: 1 })
const guilds: ReadonlyArray<string> = world.guilds.map(({ id }) => id)

/** The number of shards of a fleet before and after resharding. */
const [before, after] = [2, 4]

const isTerminal = (error: unknown): boolean =>
  error instanceof Error && "_tag" in error &&
  (error._tag === "ShardClosedError" || error._tag === "FatallyClosedError")

/** Reads in a forked fiber until reading ends, and again after each failure of a handler. */
const readOn = (stage: Stage, name: string, reading: Effect.Effect<void, unknown>): Effect.Effect<void> =>
  Effect.acquireUseRelease(Effect.fork(Effect.interruptible(reading)), Fiber.await, Fiber.interrupt).pipe(
    Effect.flatMap((exit) => {
      if (Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause)) {
        return Effect.void
      }
      const failures = Array.from(Cause.failures(exit.cause))
      if (failures.length > 0 && failures.every((failure) => failure instanceof HandlerFailure)) {
        return readOn(stage, name, reading)
      }
      if (failures.length === 0 || !failures.every(isTerminal)) {
        stage.problems.push(`${name} ends with ${Cause.pretty(exit.cause)}`)
      }
      return Effect.void
    })
  )

export type Requirements = Fleet.Requirements | GatewaySimulator.GatewaySimulator

/** The environment of a cell. */
export interface Setting {
  /** Makes the bot of a process. It closes with the scope. */
  readonly makeBot: (
    process: Bot.Process,
    onSave: (session: Session.Session) => void
  ) => Effect.Effect<Bot.Bot, never, Requirements | Scope.Scope>
  /** Loads the stored sessions, none without a store. */
  readonly load: Option.Option<SessionStore.SessionStore["load"]>
  /** Called when a process is killed, before any of its fibers ends. */
  readonly onKill: Effect.Effect<void>
  /** Changes the wall clock by the milliseconds. */
  readonly setWall: (millis: number) => void
}

/** A bot in the process of the test, with a store in memory. */
export const inProcess = (cell: Cell, setWall: Setting["setWall"]): Effect.Effect<Setting> =>
  Effect.map(
    cell.mode.hasStore ? Effect.asSome(SessionStore.makeMemory) : Effect.succeedNone,
    (store: Option.Option<SessionStore.SessionStore>) => {
      const make = cell.target === "a shard" ? Bot.ofShard : Bot.ofFleet(before)
      return {
        makeBot: (process, onSave) =>
          Option.match(store, {
            onNone: () => make,
            onSome: (store) =>
              Effect.provideService(make, SessionStore.SessionStore, Bot.storeOf(store, process, onSave))
          }),
        load: Option.map(store, ({ load }) => load),
        onKill: Effect.void,
        setWall
      }
    }
  )

/** One process of the bot, with its readers. */
interface Running {
  readonly process: Bot.Process
  readonly scope: Scope.CloseableScope
  readonly bot: Bot.Bot
  readonly readings: ReadonlyArray<Effect.Effect<void>>
  fibers: ReadonlyArray<Fiber.Fiber<void>>
  resharding: Option.Option<Fiber.Fiber<void, unknown>>
}

const start = (
  stage: Stage,
  setting: Setting
): Effect.Effect<Running, never, Requirements> =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const process: Bot.Process = { isAlive: true }
    const bot = yield* Scope.extend(setting.makeBot(process, (session) => stage.onSave(session)), scope)
    const readings = yield* Effect.forEach(stage.readers, (reader) => {
      const opened = reader.part.open(bot, stage.workOf(reader, process), reader.notes)
      return Effect.map(Scope.extend(opened, scope), (reading) => readOn(stage, reader.part.name, reading))
    })
    return { process, scope, bot, readings, fibers: [], resharding: Option.none() }
  })

const startReaders = (running: Running) =>
  Effect.map(Effect.forEach(running.readings, (reading) => Effect.forkIn(reading, running.scope)), (fibers) => {
    running.fibers = fibers
  })

/** Waits until every shard of the serving set has a session that the gateway knows. */
const awaitSessions = (bot: Bot.Bot): Effect.Effect<void, never, GatewaySimulator.GatewaySimulator> =>
  Effect.flatMap(simulator, ({ sessions }) =>
    Effect.repeat(
      Effect.delay(
        Effect.zipWith(sessions, bot.shards, (sessions, shards) =>
          shards.every(({ id }) =>
            sessions.some(({ isConnected, shard, total }) =>
              isConnected && shard === id.id && total === id.total
            )
          )),
        20
      ),
      {
        until: (areUp) =>
          areUp,
        times: 10_000
      }
    ))

const beginResharding = (stage: Stage, running: Running) =>
  !isResharded(stage.cell.target)
    ? Effect.void
    : Effect.map(Effect.forkIn(running.bot.reshard(after), running.scope), (fiber) => {
      running.resharding = Option.some(fiber)
    })

const end = (running: Running) => Scope.close(running.scope, Exit.void)

/** Describes sessions of the bot or of its store that are not at the gateway's last event. */
const sessionsBehind = (bot: Bot.Bot, { load }: Setting) =>
  Effect.gen(function*() {
    const known = yield* Effect.flatMap(simulator, ({ sessions }) => sessions)
    const found = yield* Bot.sessionsOf(bot)
    const problems: Array<string> = []
    for (const [shard, { id, sequence }] of found) {
      const head = known.find((session) => session.id === id)?.sequence
      const stored = yield* Option.match(load, {
        onNone: () => Effect.succeed(sequence),
        onSome: (load) =>
          Effect.map(
            Effect.orDie(load({ bot: Bot.botId, shard })),
            Option.match({ onNone: () => -1, onSome: (session) => session.id === id ? session.sequence : -1 })
          )
      })
      if (sequence !== head || stored !== head) {
        problems.push(`session ${id} is at ${sequence} and stored at ${stored}, and the gateway at ${head}`)
      }
    }
    return problems
  })

/** Waits in real time until all sessions are stored at the gateway's last event, however busy the machine is. */
const awaitStored = (bot: Bot.Bot, setting: Setting) =>
  Effect.repeat(Effect.delay(sessionsBehind(bot, setting), 20), {
    until: (problems) => problems.length === 0,
    times: 2_000
  })

const makeSteps = (
  stage: Stage,
  setting: Setting
): Effect.Effect<
  { readonly steps: Lives.Steps; readonly current: () => Running },
  never,
  Requirements
> =>
  Effect.gen(function*() {
    const gateway = yield* simulator
    const context = yield* Effect.context<Requirements>()
    const pause = isResharded(stage.cell.target) ? 150 : 12
    let current: Running

    const sendOne = Effect.gen(function*() {
      const n = stage.ledger.sent.length + 1
      const guild = guilds[n * 7 % 5 % guilds.length] ?? ""
      const t = n % 2 === 0 ? "TYPING_START" : "MESSAGE_CREATE"
      const id = t === "MESSAGE_CREATE" ? { id: String(1_000 + n) } : {}
      yield* gateway.dispatch({ t, d: { ...id, guild_id: guild, n }, guildId: guild })
      stage.ledger.add({ n, guild, t }, yield* gateway.sessions)
    })

    const restart = Effect.gen(function*() {
      current = yield* start(stage, setting)
      yield* startReaders(current)
      yield* current.bot.connect
      yield* awaitSessions(current.bot)
      yield* beginResharding(stage, current)
    }).pipe(Effect.provide(context))

    yield* restart
    const steps: Lives.Steps = {
      send: (count) =>
        Effect.gen(function*() {
          for (let i = 1; i <= count; i++) {
            yield* sendOne
            if (i % stage.load.burst === 0) {
              yield* Effect.sleep(pause)
            }
          }
        }),
      drop: Effect.zipRight(gateway.inject(Fault.Drop()), Effect.sleep(pause)),
      invalidate: Effect.gen(function*() {
        // Events that the shards have not received are lost with their sessions.
        yield* stage.cell.isRealTime === true
          ? awaitStored(current.bot, setting)
          : Effect.sleep(20)
        yield* gateway.inject(Fault.InvalidSession({ resumable: false }))
        yield* Effect.sleep(10)
        yield* awaitSessions(current.bot)
      }).pipe(Effect.provide(context)),
      close: Effect.gen(function*() {
        yield* current.bot.close(CloseFrame.RESUME)
        yield* Effect.forEach(current.fibers, Fiber.await, { discard: true })
      }),
      connect: Effect.suspend(() => current.bot.connect),
      interruptReaders: Effect.suspend(() => Fiber.interruptAll(current.fibers)),
      setWall: (millis) => Effect.sync(() => setting.setWall(millis)),
      startReaders: Effect.suspend(() => startReaders(current)),
      stop: (how) =>
        Effect.suspend(() => {
          if (how === "stop") {
            return end(current)
          }
          current.process.isAlive = false
          return Effect.zipRight(setting.onKill, end(current))
        }).pipe(Effect.zipRight(Effect.sync(() => {
          current.process.isAlive = false
          stage.readers.forEach(({ record }) => record.restart())
        }))),
      restart
    }
    return { steps, current: () => current }
  })

/** Returns true if all guarantees of the cell are met. */
const isDone = (stage: Stage) => Effect.map(problems(stage), (problems) => problems.length === 0)

const problems = (stage: Stage): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(
    Effect.forEach(stage.readers, ({ notes, part, record }) =>
      Effect.map(notes.dropped, (dropped) => {
        record.hasOverflowed = notes.hasOverflowed
        return problemsOf(stage.cell, part, record, stage.ledger, dropped)
      })),
    (all) => [...stage.problems, ...all.flat()]
  )

/** Plays the cell, and returns its violations. */
export const play = (cell: Cell, setting: Setting): Effect.Effect<ReadonlyArray<string>, never, Requirements> =>
  Effect.gen(function*() {
    const stage = new Stage(cell)
    const gateway = yield* simulator
    const { current, steps } = yield* makeSteps(stage, setting)
    const check = Effect.suspend(() => {
      const { bot, process } = current()
      return process.isAlive
        ? Effect.map(Bot.sessionsOf(bot), (sessions) => {
          // The handlers of a process that was killed while this waited acknowledge events without a record of them.
          if (process.isAlive) {
            sessions.forEach(([, session]) => stage.checkSession(session, "of the shard"))
          }
        })
        : Effect.void
    })
    const checking = yield* Effect.fork(Effect.forever(Effect.zipRight(check, Effect.sleep(40))))
    yield* Lives.play(cell.life, steps)
    yield* Effect.forEach(
      Option.toArray(current().resharding),
      (fiber) =>
        Effect.flatMap(Fiber.await(fiber), (exit) =>
          Effect.sync(() => {
            if (Exit.isFailure(exit)) {
              stage.problems.push(`the resharding ends with ${Cause.pretty(exit.cause)}`)
            }
          }))
    )
    yield* steps.send(4)
    // A busy machine delays a cell in real time.
    const times = cell.isRealTime === true ? 1_000 : 100
    yield* Effect.repeat(Effect.delay(isDone(stage), 100), { until: (isDone) => isDone, times })
    // The sessions are stored after each interval.
    yield* Effect.sleep(1_200)
    yield* cell.isRealTime === true ? awaitStored(current().bot, setting) : Effect.void
    yield* Fiber.interrupt(checking)
    const found = [...yield* problems(stage), ...yield* sessionsBehind(current().bot, setting)]
    yield* end(current())
    // A closed connection remains until its peer has answered.
    const connections = yield* Effect.repeat(Effect.zipLeft(gateway.connections, Effect.sleep(20)), {
      until: (count) => count === 0,
      times
    })
    const violations = yield* gateway.violations
    return [
      ...found,
      ...connections === 0 ? [] : [`${connections} connections are left`],
      ...violations.map(({ rule }) => `the gateway would have punished ${rule}`)
    ]
  })

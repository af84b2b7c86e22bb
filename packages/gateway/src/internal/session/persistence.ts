/**
 * Saves the session of a shard as it moves on, off the hot path, and adopts the session of an earlier process. Everything
 * it saves it reads from the shard's state at that moment.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as FiberHandle from "effect/FiberHandle"
import * as Function from "effect/Function"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Diagnostic from "../../Diagnostic.js"
import * as Session from "../../Session.js"
import * as SessionStore from "../../SessionStore.js"
import * as Guard from "../foreign/guard.js"
import * as GatewayUrl from "../gatewayUrl.js"
import { lastPosition } from "../events/log/entry.js"
import { report } from "../report.js"
import * as ShardState from "../shardState.js"
import * as PeerText from "../wire/peerText.js"
import * as BotId from "./botId.js"
import * as Identity from "./identity.js"

export interface SessionPersistence {
  /** Adopts the config's session, or else the stored one, unless it is refused; once. */
  readonly load: Effect.Effect<void>
  /**
   * Saves the session, if it is not the one that was saved last. Waits for five seconds at most; then the operation goes
   * on by itself.
   */
  readonly save: Effect.Effect<void>
  /** From now on saves when the status changes, after each interval, and when a reader waits for it. */
  readonly unsafeStart: () => void
  /** Ends that, without waiting for a save that is under way. */
  readonly stop: Effect.Effect<void>
}

/** How long an operation of the store may take, and how long the end of a shard waits for the last one. */
const limit = Duration.seconds(5)

/** The least time between two saves, so that readers who wait for them do not keep the store busy all the time. */
const pause = Duration.millis(10)

/** In UTF-16 units. Discord's ids have 32; a cut id would be that of no session. */
const maxIdLength = 200

const compare = (state: ShardState.ShardState, { id, identity }: Session.Session): Identity.Verdict => {
  if (!PeerText.isPlain(id, maxIdLength)) {
    return { _tag: "Refuse", reasons: ["its id is too long or has control characters"] }
  }
  return identity === undefined
    ? { _tag: "Resume", differences: [] }
    : Identity.compare(identity, Identity.make(state.config, state.id))
}

/** Makes the session of another process this shard's own, unless it cannot serve the shard. */
const adopt = (state: ShardState.ShardState, session: Session.Session): Effect.Effect<void> => {
  const { config } = state
  const { identity, resumeUrl: url } = session
  const verdict = compare(state, session)
  if (verdict._tag === "Refuse") {
    state.session = undefined
    state.identity = undefined
    return report(state, Diagnostic.SessionRefused({ reasons: verdict.reasons }))
  }
  const isSafe = url === undefined || GatewayUrl.mayResumeAt(config.gatewayUrl, url)
  state.session = ShardState.fromStored(
    isSafe ? session : new Session.Session({ id: session.id, sequence: session.sequence })
  )
  state.identity = identity
  state.shownPresence = identity?.presence
  return Effect.zipRight(
    isSafe ? Effect.void : report(state, Diagnostic.UnsafeResumeUrl({ url })),
    verdict.differences.length === 0
      ? Effect.void
      : report(state, Diagnostic.SessionDiffers({ differences: verdict.differences }))
  )
}

/** Checks the session that the shard was configured with; once. */
const adoptConfigured = (state: ShardState.ShardState): Effect.Effect<void> => {
  let isDone = false
  return Effect.suspend(() => {
    const session = isDone ? Option.none() : state.config.session
    isDone = true
    return Option.match(session, { onNone: () => Effect.void, onSome: (session) => adopt(state, session) })
  })
}

/** For a shard without a store. */
export const withoutStore = (state: ShardState.ShardState): SessionPersistence => ({
  load: adoptConfigured(state),
  save: Effect.void,
  unsafeStart: Function.constVoid,
  stop: Effect.void
})

type Operation = SessionStore.SessionStoreError["operation"]

/** Runs an operation of the store, which need not keep the promises of its type. */
const runStore = <A>(
  operation: Operation,
  evaluate: () => Effect.Effect<A, unknown>,
  onLate?: Effect.Effect<void>
): Effect.Effect<A, SessionStore.SessionStoreError> =>
  Effect.mapError(
    Guard.runWithin(evaluate, { limit, onDefect: Function.identity<unknown>, onLate }),
    (cause) =>
      cause instanceof SessionStore.SessionStoreError
        ? cause
        : new SessionStore.SessionStoreError({ operation, cause })
  )

const loadFrom = (
  store: SessionStore.SessionStore,
  key: SessionStore.Key
): Effect.Effect<Option.Option<Session.Session>, SessionStore.SessionStoreError> =>
  Effect.filterOrFail(
    runStore("load", () => store.load(key)),
    (loaded) => Option.isOption(loaded) && Option.getOrElse(Option.map(loaded, isSession), Function.constTrue),
    () => new SessionStore.SessionStoreError({ operation: "load", cause: new Error("it returned no session") })
  )

const isSession = (value: unknown): boolean => value instanceof Session.Session

/** The operations of a shard's persistence, without the fiber that repeats them. */
const makeOperations = (state: ShardState.ShardState, store: SessionStore.SessionStore) => {
  const { config, log } = state
  const key: SessionStore.Key = { bot: Option.getOrElse(BotId.fromToken(config.token), () => "bot"), shard: state.id }
  const latch = Effect.unsafeMakeLatch(false)
  const turn = Effect.unsafeMakeSemaphore(1)
  let saved = Option.none<Session.Session>()
  let isLoaded = false
  let isFailing = false
  // An operation has ended after its time, and may have replaced what a later one has written.
  let isStale = false

  const wake = () => {
    latch.unsafeOpen()
  }

  // Acknowledging at receipt promises that no event is handled twice: a session that begins after it is stored first.
  if (config.acknowledge === "onReceive") {
    log.gate.close(lastPosition(), wake)
  }

  const onLate = Effect.sync(() => {
    isStale = true
  })

  const write = (session: Option.Option<Session.Session>) =>
    Option.match(session, {
      onNone: () => runStore("remove", () => store.remove(key), onLate),
      onSome: (session) => runStore("save", () => store.save(key, session), onLate)
    })

  const failed = (error: SessionStore.SessionStoreError): Effect.Effect<void> => {
    // Readers do not wait for a store that is down.
    log.openGateUpTo(Number.POSITIVE_INFINITY)
    const isFirst = !isFailing
    isFailing = true
    return isFirst ? report(state, Diagnostic.SessionStoreFailed({ error })) : Effect.void
  }

  const saveNow = Effect.suspend(() => {
    latch.unsafeClose()
    const received = lastPosition()
    const session = ShardState.session(state)
    const stored = () => {
      saved = session
      isFailing = false
      log.openGateUpTo(received)
    }
    if (Equal.equals(session, saved) && !isFailing && !isStale) {
      return Effect.sync(stored)
    }
    isStale = false
    return Effect.matchEffect(write(session), { onFailure: failed, onSuccess: () => Effect.sync(stored) })
  }).pipe(turn.withPermits(1))

  /** Interrupting it leaves the save under way, which the next one waits for. */
  const saveWhole = Effect.flatten(Guard.start(saveNow))

  const save = Effect.ignore(Guard.runWithin(() => saveWhole, { limit, onDefect: Function.identity<unknown> }))

  const load = Effect.suspend(() => {
    if (isLoaded || state.session !== undefined) {
      return Effect.void
    }
    isLoaded = true
    return Effect.matchEffect(loadFrom(store, key), {
      onFailure: (error) => report(state, Diagnostic.SessionStoreFailed({ error })),
      onSuccess: Option.match({
        onNone: () => Effect.void,
        onSome: (session) =>
          Effect.tap(adopt(state, session), () => {
            // A session that was refused stays in the store until there is a new one: an older version, if it is
            // started again, can still resume it.
            saved = state.session === undefined ? Option.none() : Option.some(session)
          })
      })
    })
  })

  const saveNext = Effect.timeoutOption(latch.await, config.saveInterval).pipe(
    Effect.zipRight(saveWhole),
    Effect.zipRight(Effect.sleep(pause))
  )
  const watch = Stream.runForEach(state.status.changes, () => Effect.sync(wake))
  return {
    load: Effect.zipRight(adoptConfigured(state), load),
    save,
    repeat: Effect.zipRight(Effect.fork(watch), Effect.forever(saveNext))
  }
}

export const make = (
  state: ShardState.ShardState,
  store: SessionStore.SessionStore
): Effect.Effect<SessionPersistence, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { load, repeat, save } = makeOperations(state, store)
    const handle = yield* FiberHandle.make<void>()
    const fork = yield* FiberHandle.runtime(handle)<never>()
    return {
      load,
      save,
      unsafeStart: () => {
        fork(Effect.annotateLogs(repeat, "shard.id", state.id.id), { onlyIfMissing: true })
      },
      stop: FiberHandle.clear(handle)
    }
  })

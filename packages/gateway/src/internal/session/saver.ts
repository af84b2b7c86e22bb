/** Saves the current session of a shard outside the hot path, and adopts the session of an earlier process. */
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
import { Guard } from "../foreign/index.js"
import { GatewayUrl } from "../wire/index.js"
import { lastPosition } from "../events/log/index.js"
import { report } from "../diagnostics/index.js"
import { ShardState } from "../state/index.js"
import * as ResumeCheck from "./resumeCheck.js"
import * as SessionToStore from "./sessionToStore.js"
import { Token } from "../config/index.js"

export interface SessionSaver {
  /** Adopts the session of the config, or else the stored one, unless it is refused. Later runs do nothing. */
  readonly load: Effect.Effect<void>
  /**
   * Saves the session if it has changed. Waits for five seconds at most; a longer save continues in the background.
   */
  readonly save: Effect.Effect<void>
  /** Starts to save when the status changes, after each interval, and when a reader waits for a save. */
  readonly unsafeStart: () => void
  /** Stops saving, without waiting for a running save. */
  readonly stop: Effect.Effect<void>
}

/** The time limit of an operation of the store, and of the last save when a shard ends. */
const limit = Duration.seconds(5)

/** The shortest time between two saves, so that waiting readers do not keep the store busy. */
const pause = Duration.millis(10)

/** Adopts the session of an earlier process, unless it does not match the shard. */
const adopt = (state: ShardState.ShardState, session: Session.Session): Effect.Effect<void> => {
  const { config } = state
  const { identity, resumeUrl: url } = session
  const verdict = ResumeCheck.check(state, session)
  if (verdict._tag === "Refuse") {
    state.session = undefined
    state.identity = undefined
    return report(state, Diagnostic.SessionRefused({ reasons: verdict.reasons }))
  }
  const isSafeUrl = url === undefined || GatewayUrl.mayResumeAt(config.gatewayUrl, url)
  state.session = ShardState.fromStored(
    isSafeUrl ? session : new Session.Session({ id: session.id, sequence: session.sequence })
  )
  state.identity = identity
  state.shownPresence = identity?.presence
  return Effect.zipRight(
    isSafeUrl ? Effect.void : report(state, Diagnostic.UnsafeResumeUrl({ url })),
    verdict.differences.length === 0
      ? Effect.void
      : report(state, Diagnostic.SessionDiffers({ differences: verdict.differences }))
  )
}

/** Adopts the session of the config. Later runs do nothing. */
const adoptConfigured = (state: ShardState.ShardState): Effect.Effect<void> => {
  let isDone = false
  return Effect.suspend(() => {
    const session = isDone ? Option.none() : state.config.session
    isDone = true
    return Option.match(session, { onNone: () => Effect.void, onSome: (session) => adopt(state, session) })
  })
}

/** Makes the saver of a shard without a store. */
export const withoutStore = (state: ShardState.ShardState): SessionSaver => ({
  load: adoptConfigured(state),
  save: Effect.void,
  unsafeStart: Function.constVoid,
  stop: Effect.void
})

type Operation = SessionStore.SessionStoreError["operation"]

/** Runs an operation of the store, which may violate its type. */
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

/** Makes the operations of a saver, without the fiber that repeats them. */
const makeOperations = (state: ShardState.ShardState, store: SessionStore.SessionStore) => {
  const { config, log } = state
  const key: SessionStore.Key = { bot: Option.getOrElse(Token.botId(config.token), () => "bot"), shard: state.id }
  const latch = Effect.unsafeMakeLatch(false)
  const turn = Effect.unsafeMakeSemaphore(1)
  let saved = Option.none<Session.Session>()
  let isLoaded = false
  let isFailing = false
  // An operation ended after its limit and may have replaced the result of a later one.
  let isStale = false

  const wake = () => {
    latch.unsafeOpen()
  }

  // Acknowledging at receipt promises that no event is handled twice, so readers wait until their session is stored.
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

  const onFailure = (error: SessionStore.SessionStoreError): Effect.Effect<void> => {
    // Readers do not wait for a failing store.
    log.openGateUpTo(Number.POSITIVE_INFINITY)
    const isFirst = !isFailing
    isFailing = true
    return isFirst ? report(state, Diagnostic.SessionStoreFailed({ error })) : Effect.void
  }

  const saveNow = Effect.suspend(() => {
    latch.unsafeClose()
    const received = lastPosition()
    const session = SessionToStore.fromState(state)
    const onStored = () => {
      saved = session
      isFailing = false
      log.openGateUpTo(received)
    }
    if (Equal.equals(session, saved) && !isFailing && !isStale) {
      return Effect.sync(onStored)
    }
    isStale = false
    return Effect.matchEffect(write(session), { onFailure, onSuccess: () => Effect.sync(onStored) })
  }).pipe(turn.withPermits(1))

  /** Interruption does not stop the save; the next one waits for it. */
  const saveUninterrupted = Effect.flatten(Guard.start(saveNow))

  const save = Effect.ignore(Guard.runWithin(() => saveUninterrupted, { limit, onDefect: Function.identity<unknown> }))

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
            // A refused session remains stored until the next session, so that an older version of the bot can still
            // resume it.
            saved = state.session === undefined ? Option.none() : Option.some(session)
          })
      })
    })
  })

  const saveNext = Effect.timeoutOption(latch.await, config.saveInterval).pipe(
    Effect.zipRight(saveUninterrupted),
    Effect.zipRight(Effect.sleep(pause))
  )
  const wakeOnStatusChange = Stream.runForEach(state.status.changes, () => Effect.sync(wake))
  return {
    load: Effect.zipRight(adoptConfigured(state), load),
    save,
    repeat: Effect.zipRight(Effect.fork(wakeOnStatusChange), Effect.forever(saveNext))
  }
}

export const make = (
  state: ShardState.ShardState,
  store: SessionStore.SessionStore
): Effect.Effect<SessionSaver, never, Scope.Scope> =>
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

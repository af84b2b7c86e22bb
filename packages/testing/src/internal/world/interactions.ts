/** Interactions and the answers to them. They are kept for as long as their tokens are valid. */
import * as Predicate from "effect/Predicate"
import type { Body } from "../payload/index.js"

/** The first answer of a bot. */
export interface InitialResponse {
  readonly type: number
  /** In milliseconds after the interaction. */
  readonly after: number
  readonly data: Body
}

export interface Interaction {
  readonly id: string
  readonly token: string
  readonly body: Body
  readonly createdAt: number
  response: InitialResponse | undefined
  /** The message of the response, or the one that a component belongs to. */
  original: Body | undefined
  /** The response was deferred, and is not edited yet. */
  isLoading: boolean
  readonly followUps: Map<string, Body>
  followUpCount: number
}

export interface Interactions {
  readonly byId: (id: string) => Interaction | undefined
  readonly byToken: (token: string) => Interaction | undefined
  /** Returns true for the token of an interaction that has expired. */
  readonly isExpired: (token: string) => boolean
  /** Records an interaction that is dispatched. One that is known is a second delivery of it. */
  readonly add: (event: { readonly t: string; readonly d: unknown }) => void
  /** Calls the listeners of an interaction. */
  readonly change: (interaction: Interaction) => void
  /** Calls a function after each change; returns a function that removes it. */
  readonly listen: (id: string, listener: () => void) => () => void
}

/** The time in which the first answer must arrive. */
export const answerWithin = 3_000
/** The time for which a token is valid once the interaction is answered. */
export const tokenLifetime = 15 * 60_000
const maxKept = 20_000

export const make = (now: () => number): Interactions => {
  const byId = new Map<string, Interaction>()
  const byToken = new Map<string, Interaction>()
  const listeners = new Map<string, Set<() => void>>()
  let expired = new Set<string>()

  const forget = (interaction: Interaction) => {
    byId.delete(interaction.id)
    byToken.delete(interaction.token)
    if (expired.size >= maxKept) {
      expired = new Set()
    }
    expired.add(interaction.token)
  }

  const isOver = ({ createdAt, response }: Interaction): boolean =>
    now() - createdAt >= (response === undefined ? answerWithin : tokenLifetime)

  const sweep = () => {
    for (const interaction of byId.values()) {
      if (now() - interaction.createdAt < tokenLifetime && byId.size <= maxKept) {
        return
      }
      forget(interaction)
    }
  }

  return {
    byId: (id) => byId.get(id),
    byToken: (token) => {
      const found = byToken.get(token)
      return found === undefined || isOver(found) ? undefined : found
    },
    isExpired: (token) => expired.has(token) || byToken.has(token),
    add: ({ d, t }) => {
      if (t !== "INTERACTION_CREATE" || !Predicate.isRecord(d)) {
        return
      }
      const { id, token } = d
      if (typeof id !== "string" || typeof token !== "string" || byId.has(id)) {
        return
      }
      const interaction: Interaction = {
        id,
        token,
        body: d,
        createdAt: now(),
        response: undefined,
        original: undefined,
        isLoading: false,
        followUps: new Map(),
        followUpCount: 0
      }
      byId.set(id, interaction)
      byToken.set(token, interaction)
      sweep()
    },
    change: ({ id }) => Array.from(listeners.get(id) ?? []).forEach((listener) => listener()),
    listen: (id, listener) => {
      const all = listeners.get(id) ?? new Set()
      listeners.set(id, all.add(listener))
      return () => {
        if (all.delete(listener) && all.size === 0) {
          listeners.delete(id)
        }
      }
    }
  }
}

/**
 * Recent messages: a deletion event has no text, so that the bot must keep it. It is kept in memory only, and for a short
 * time.
 */
import { Context, Effect, Layer, Option } from "effect"

export interface Message {
  readonly author: { readonly id: string; readonly name?: string | undefined }
  readonly content: string
}

export interface RecentMessages {
  readonly remember: (id: string, message: Message) => Effect.Effect<void>
  /** Returns the message, and removes it. */
  readonly take: (id: string) => Effect.Effect<Option.Option<Message>>
}

export const RecentMessages = Context.GenericTag<RecentMessages>("moderation-log/RecentMessages")

/** Keeps so many messages; a new one replaces the oldest. */
export const make = (capacity: number): Effect.Effect<RecentMessages> =>
  Effect.sync(() => {
    // Private and mutable: a Map iterates in insertion order, which makes it a queue.
    const messages = new Map<string, Message>()
    return {
      remember: (id, message) =>
        Effect.sync(() => {
          messages.set(id, message)
          const [oldest] = messages.keys()
          if (messages.size > capacity && oldest !== undefined) {
            messages.delete(oldest)
          }
        }),
      take: (id) =>
        Effect.sync(() => {
          const message = Option.fromNullable(messages.get(id))
          messages.delete(id)
          return message
        })
    }
  })

export const layer = (options: { readonly capacity: number }): Layer.Layer<RecentMessages> =>
  Layer.effect(RecentMessages, make(options.capacity))

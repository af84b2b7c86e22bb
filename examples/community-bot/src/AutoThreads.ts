/** Opens a thread for each message in a channel with `[threads]` in its topic, with buttons to rename and to archive it. */
import { Component, Interaction, Interactions, Rest } from "@vesper/bot"
import { Events } from "@vesper/gateway"
import { Permissions } from "@vesper/model"
import { GuildState } from "@vesper/state"
import { Effect, Layer, Option, Schema } from "effect"

export const keyword = "[threads]"

const ordinaryMessage = 0
const textChannel = 0
const maxTitle = 100
const archiveMinutes = 1_440

/** The first line of the message, or the author's name. */
export const makeTitle = (content: string, author: string): string => {
  const [line = ""] = content.trim().split("\n")
  return line === "" ? `${author}'s thread` : line.length > maxTitle ? `${line.slice(0, maxTitle - 1)}…` : line
}

const params = { author: Schema.String }

/** Refuses users that did not open the thread and may not manage threads. */
const requireOwner = (author: string, { member, user }: Interaction.Interaction<unknown>) => {
  const permissions = BigInt(Option.match(member, { onNone: () => "0", onSome: (it) => it.permissions }))
  const isAllowed = user.id === author || (permissions & Permissions.of("ManageThreads", "Administrator")) !== 0n
  return isAllowed
    ? Effect.void
    : Effect.fail(new Interaction.Rejected({ reason: "Only the author of the message can change this thread." }))
}

const edit = (
  channel: Option.Option<string>,
  body: { readonly name?: string; readonly archived?: boolean }
) =>
  Effect.gen(function*() {
    const rest = yield* Rest.Rest
    yield* rest.channels.edit(yield* channel, body)
  })

export const renameForm = Component.modal(
  "rename-thread",
  {
    title: "Rename the thread",
    fields: { title: { label: "New title", maxLength: maxTitle } },
    ephemeral: true
  },
  ({ channelId, fields, reply }) =>
    Effect.zipRight(edit(channelId, { name: fields.title }), reply(`The thread is now called ${fields.title}.`))
)

export const rename = Component.button(
  "rename",
  { params },
  (it) => Effect.zipRight(requireOwner(it.params.author, it), it.showModal(renameForm.make()))
)

export const archive = Component.button("archive", { params, ephemeral: true }, (it) =>
  Effect.gen(function*() {
    yield* requireOwner(it.params.author, it)
    // A later reply would open the thread again.
    yield* it.reply("The thread is archived.")
    yield* edit(it.channelId, { archived: true })
  }))

const onMessage = Events.on("MESSAGE_CREATE", ({ d: message }) =>
  Effect.gen(function*() {
    const { author, channel_id, content, guild_id, member } = message
    if (message.type !== ordinaryMessage || author.bot === true || guild_id === undefined) {
      return
    }
    const state = yield* GuildState.GuildState
    // A thread is not among the channels.
    const channel = yield* state.channel(guild_id, channel_id)
    if (!Option.exists(channel, (it) => it.type === textChannel && (it.topic?.includes(keyword) ?? false))) {
      return
    }
    const rest = yield* Rest.Rest
    const name = makeTitle(content, member?.nick ?? author.username)
    const thread = yield* rest.channels.createThread(
      channel_id,
      { name, auto_archive_duration: archiveMinutes },
      message.id
    )
    const buttons = { params: { author: author.id } }
    yield* rest.channels.createMessage(thread.id, {
      components: [Component.row(
        rename.make({ label: "Rename", style: "primary", ...buttons }),
        archive.make({ label: "Archive", ...buttons })
      )]
    })
  }), { intents: ["MessageContent"] })

export const layer = Layer.merge(
  Events.layer(onMessage, { concurrency: 8 }),
  Interactions.layer([rename, renameForm, archive])
)

/**
 * Holds the schemas against discord-api-types. Each schema has to take all that the static type allows, so that every
 * field that it requires is there, with a type that it takes; and it must know no field that the static type has not.
 */
import { describe, expectTypeOf, it } from "@effect/vitest"
import type * as Api from "discord-api-types/v10"
import type * as Schema from "effect/Schema"
import type * as Dispatch from "../src/Dispatch.js"
import type * as EventType from "../src/EventType.js"
import type { events } from "../src/internal/events.js"
import type * as Application from "../src/objects/Application.js"
import type * as Attachment from "../src/objects/Attachment.js"
import type * as Channel from "../src/objects/Channel.js"
import type * as Component from "../src/objects/Component.js"
import type * as Embed from "../src/objects/Embed.js"
import type * as Emoji from "../src/objects/Emoji.js"
import type * as Guild from "../src/objects/Guild.js"
import type * as GuildMember from "../src/objects/GuildMember.js"
import type * as Interaction from "../src/objects/Interaction.js"
import type * as Message from "../src/objects/Message.js"
import type * as ModalSubmission from "../src/objects/ModalSubmission.js"
import type * as Poll from "../src/objects/Poll.js"
import type * as Presence from "../src/objects/Presence.js"
import type * as Role from "../src/objects/Role.js"
import type * as Sticker from "../src/objects/Sticker.js"
import type * as User from "../src/objects/User.js"

type Events = typeof events

type Checked<T extends EventType.EventType> = Schema.Schema.Type<ReturnType<Events[T]>>

/**
 * The static type of parsed JSON. discord-api-types writes an array of limited length as a tuple, whose missing
 * elements no JSON has; and it leaves open one field that the documentation requires.
 */
type Json<A> = A extends Api.APIStageInstance ? A & { guild_scheduled_event_id: string | null }
  : A extends ReadonlyArray<infer E> ? undefined extends E ? ReadonlyArray<Json<Exclude<E, undefined>>>
    : { [K in keyof A]: Json<A[K]> }
  : A extends object ? { [K in keyof A]: Json<A[K]> }
  : A

type Refuses<Static, S> = [Static] extends [S] ? never : "refused"

type Refused = {
  [T in EventType.EventType as Refuses<Json<Dispatch.DataOf<T>>, Checked<T>> extends never ? never : T]: true
}

type Keys<A> = A extends unknown ? keyof A : never

type Extra<Static, S> = Exclude<Keys<S>, Keys<Static>>

/** The names of the fields that a schema has and the static type has not. */
type ExtraOf<T extends EventType.EventType> = Extra<Dispatch.DataOf<T>, Checked<T>>

// One structure covers all types of channels, of which these events carry some.
type ChannelEvent = "CHANNEL_CREATE" | "CHANNEL_DELETE" | "CHANNEL_UPDATE" | "THREAD_CREATE" | "THREAD_UPDATE"

type WithExtra = {
  [T in Exclude<EventType.EventType, ChannelEvent> as ExtraOf<T> extends never ? never : T]: ExtraOf<T>
}

describe("every schema", () => {
  it("takes all that the static type allows", () => {
    expectTypeOf<keyof Refused>().toBeNever()
  })

  it("knows no field that the static type has not", () => {
    // The documentation has `permissions` in every member; only those of interactions have it in discord-api-types.
    expectTypeOf<WithExtra>().toEqualTypeOf<{ GUILD_MEMBER_ADD: "permissions" }>()
  })

  it("refuses a static type without a field that it requires, or with one of another type", () => {
    type TypingStart = Dispatch.DataOf<"TYPING_START">
    type Fits<A> = Refuses<A, Checked<"TYPING_START">>
    expectTypeOf<Fits<TypingStart>>().toBeNever()
    expectTypeOf<Fits<Omit<TypingStart, "channel_id">>>().toEqualTypeOf<"refused">()
    expectTypeOf<Fits<Omit<TypingStart, "timestamp"> & { timestamp: string }>>().toEqualTypeOf<"refused">()
  })
})

type Pairs = {
  readonly activity: [Api.GatewayActivity, typeof Presence.Activity.Type]
  readonly actionRow: [Api.APIActionRowComponent<Api.APIComponentInMessageActionRow>, typeof Component.ActionRow.Type]
  readonly application: [Api.APIApplication, typeof Application.Application.Type]
  readonly attachment: [Api.APIAttachment, typeof Attachment.Attachment.Type]
  readonly button: [Api.APIButtonComponent, typeof Component.Button.Type]
  readonly channel: [Api.APIChannel, typeof Channel.Channel.Type]
  readonly channelSelect: [Api.APIChannelSelectComponent, typeof Component.ChannelSelect.Type]
  readonly command: [Api.APIApplicationCommandInteraction, typeof Interaction.CommandUse.Type]
  readonly component: [Api.APIMessageComponentInteraction, typeof Interaction.ComponentUse.Type]
  readonly container: [Api.APIContainerComponent, typeof Component.Container.Type]
  readonly embed: [Api.APIEmbed, typeof Embed.Embed.Type]
  readonly emoji: [Api.APIEmoji, typeof Emoji.Emoji.Type]
  readonly file: [Api.APIFileComponent, typeof Component.File.Type]
  readonly gallery: [Api.APIMediaGalleryComponent, typeof Component.MediaGallery.Type]
  readonly guild: [Api.APIGuild, typeof Guild.Guild.Type]
  // Discord documents an id for every component; in discord-api-types it is optional.
  readonly label: [Api.ModalSubmitLabelComponent & { id: number }, typeof ModalSubmission.LabelResponse.Type]
  readonly member: [Api.APIInteractionGuildMember, typeof GuildMember.GuildMember.Type]
  readonly message: [Api.APIMessage, typeof Message.Message.Type]
  readonly modal: [Api.APIModalSubmitInteraction, typeof Interaction.ModalSubmit.Type]
  readonly ping: [Api.APIPingInteraction, typeof Interaction.Ping.Type]
  readonly poll: [Api.APIPoll, typeof Poll.Poll.Type]
  readonly role: [Api.APIRole, typeof Role.Role.Type]
  readonly section: [Api.APISectionComponent, typeof Component.Section.Type]
  readonly separator: [Api.APISeparatorComponent, typeof Component.Separator.Type]
  readonly sticker: [Api.APISticker, typeof Sticker.Sticker.Type]
  readonly stringSelect: [Api.APIStringSelectComponent, typeof Component.StringSelect.Type]
  readonly thumbnail: [Api.APIThumbnailComponent, typeof Component.Thumbnail.Type]
  readonly user: [Api.APIUser, typeof User.User.Type]
}

describe("every object's schema", () => {
  it("takes all that the static type allows", () => {
    type Refused = {
      [K in keyof Pairs as Refuses<Json<Pairs[K][0]>, Pairs[K][1]> extends never ? never : K]: true
    }
    expectTypeOf<keyof Refused>().toBeNever()
  })

  it("knows no field that the static type has not", () => {
    type WithExtra = {
      -readonly [K in keyof Pairs as Extra<Pairs[K][0], Pairs[K][1]> extends never ? never : K]: Extra<
        Pairs[K][0],
        Pairs[K][1]
      >
    }
    // The documentation has one table for channels and one for interactions; discord-api-types is more exact.
    expectTypeOf<WithExtra>().toEqualTypeOf<{ channel: "app_permissions" | "permissions"; ping: "locale" }>()
  })
})

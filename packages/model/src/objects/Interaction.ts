/**
 * Interactions of users with an app.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { PartialChannel } from "./Channel.js"
import { Entitlement } from "./Entitlement.js"
import { PartialGuild } from "./Guild.js"
import { GuildMember } from "./GuildMember.js"
import { ModalComponent } from "./ModalSubmission.js"
import { IntegrationOwners, Message, ResolvedData } from "./Message.js"
import { User } from "./User.js"
import { Enum, Float, Id, Integer, openUnion, Permissions } from "./Wire.js"

const option = {
  name: Schema.String,
  type: Enum,
  value: Schema.optional(Schema.Union(Schema.String, Float, Schema.Boolean)),
  focused: Schema.optional(Schema.Boolean)
}

/**
 * An option, with those below it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApplicationCommandDataOptionType extends Schema.Struct.Type<typeof option> {
  readonly options?: ReadonlyArray<ApplicationCommandDataOptionType> | undefined
}

/**
 * The value of a command's option.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-application-command-interaction-data-option-structure
 * @since 0.1.0
 * @category schemas
 */
export class ApplicationCommandDataOption extends Schema.Struct({
  ...option,
  options: Schema.optional(
    Schema.Array(Schema.suspend((): Schema.Schema<ApplicationCommandDataOptionType> => ApplicationCommandDataOption))
  )
}).annotations({ identifier: "ApplicationCommandInteractionDataOption" }) {}

/**
 * The command that a user used.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-application-command-data-structure
 * @since 0.1.0
 * @category schemas
 */
export class ApplicationCommandData extends Schema.Struct({
  id: Id,
  name: Schema.String,
  type: Enum,
  resolved: Schema.optional(ResolvedData),
  options: Schema.optional(Schema.Array(ApplicationCommandDataOption)),
  guild_id: Schema.optional(Id),
  target_id: Schema.optional(Id)
}).annotations({ identifier: "ApplicationCommandData" }) {}

/**
 * The component that a user used.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-message-component-data-structure
 * @since 0.1.0
 * @category schemas
 */
export class MessageComponentData extends Schema.Struct({
  custom_id: Schema.String,
  component_type: Enum,
  values: Schema.optional(Schema.Array(Schema.String)),
  resolved: Schema.optional(ResolvedData)
}).annotations({ identifier: "MessageComponentData" }) {}

/**
 * The modal that a user filled in.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-modal-submit-data-structure
 * @since 0.1.0
 * @category schemas
 */
export class ModalSubmitData extends Schema.Struct({
  custom_id: Schema.String,
  components: Schema.Array(ModalComponent),
  resolved: Schema.optional(ResolvedData)
}).annotations({ identifier: "ModalSubmitData" }) {}

const fields = {
  id: Id,
  application_id: Id,
  guild: Schema.optional(PartialGuild),
  guild_id: Schema.optional(Id),
  channel: Schema.optional(PartialChannel),
  channel_id: Schema.optional(Id),
  member: Schema.optional(GuildMember),
  user: Schema.optional(User),
  token: Schema.String,
  version: Integer,
  message: Schema.optional(Message),
  app_permissions: Permissions,
  locale: Schema.optional(Schema.String),
  guild_locale: Schema.optional(Schema.String),
  entitlements: Schema.Array(Entitlement),
  authorizing_integration_owners: IntegrationOwners,
  context: Schema.optional(Enum),
  attachment_size_limit: Integer
}

/**
 * A check that the app is available.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-interaction-structure
 * @since 0.1.0
 * @category schemas
 */
export class Ping extends Schema.Struct({
  ...fields,
  type: Schema.Literal(1)
}).annotations({ identifier: "Interaction" }) {}

/**
 * A user used a command.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-interaction-structure
 * @since 0.1.0
 * @category schemas
 */
export class CommandUse extends Schema.Struct({
  ...fields,
  type: Schema.Literal(2),
  data: ApplicationCommandData
}).annotations({ identifier: "Interaction" }) {}

/**
 * A user used a component.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-interaction-structure
 * @since 0.1.0
 * @category schemas
 */
export class ComponentUse extends Schema.Struct({
  ...fields,
  type: Schema.Literal(3),
  data: MessageComponentData
}).annotations({ identifier: "Interaction" }) {}

/**
 * A request for choices while a user types.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-interaction-structure
 * @since 0.1.0
 * @category schemas
 */
export class Autocomplete extends Schema.Struct({
  ...fields,
  type: Schema.Literal(4),
  data: ApplicationCommandData
}).annotations({ identifier: "Interaction" }) {}

/**
 * A user filled in a modal.
 *
 * @see https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-interaction-structure
 * @since 0.1.0
 * @category schemas
 */
export class ModalSubmit extends Schema.Struct({
  ...fields,
  type: Schema.Literal(5),
  data: ModalSubmitData
}).annotations({ identifier: "Interaction" }) {}

/**
 * Interactions of users with an app.
 *
 * @since 0.1.0
 * @category schemas
 */
export class Interaction extends openUnion(Ping, CommandUse, ComponentUse, Autocomplete, ModalSubmit) {}

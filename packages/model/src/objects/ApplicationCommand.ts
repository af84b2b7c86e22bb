/**
 * Permissions of application commands.
 *
 * @see https://docs.discord.com/developers/interactions/application-commands#application-command-permissions-object
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Enum, Id } from "./Wire.js"

/**
 * A permission to use a command.
 *
 * @see https://docs.discord.com/developers/interactions/application-commands#application-command-permissions-object-application-command-permissions-structure
 * @since 0.1.0
 * @category schemas
 */
export class ApplicationCommandPermission extends Schema.Struct({
  id: Id,
  type: Enum,
  permission: Schema.Boolean
}).annotations({ identifier: "ApplicationCommandPermissions" }) {}

/**
 * Permissions of a command, or of all commands of an app, in a guild.
 *
 * @see https://docs.discord.com/developers/interactions/application-commands#application-command-permissions-object-guild-application-command-permissions-structure
 * @since 0.1.0
 * @category schemas
 */
export class ApplicationCommandPermissions extends Schema.Struct({
  id: Id,
  application_id: Id,
  guild_id: Id,
  permissions: Schema.Array(ApplicationCommandPermission)
}).annotations({ identifier: "GuildApplicationCommandPermissions" }) {}

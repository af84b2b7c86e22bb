/**
 * Apps.
 *
 * @see https://docs.discord.com/developers/resources/application
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { PartialGuild } from "./Guild.js"
import { PartialUser } from "./User.js"
import { Enum, Flags, Id, Integer, optionalFields, Permissions } from "./Wire.js"

/**
 * Scopes and permissions that an app requests at its installation.
 *
 * @see https://docs.discord.com/developers/resources/application#install-params-object-install-params-structure
 * @since 0.1.0
 * @category schemas
 */
export class InstallParams extends Schema.Struct({
  scopes: Schema.Array(Schema.String),
  permissions: Permissions
}).annotations({ identifier: "InstallParams" }) {}

/**
 * The installation of an app to a guild or to a user.
 *
 * @see https://docs.discord.com/developers/resources/application#application-object-application-integration-type-configuration-object
 * @since 0.1.0
 * @category schemas
 */
export class IntegrationTypeConfiguration extends Schema.Struct({
  oauth2_install_params: Schema.optional(InstallParams)
}).annotations({ identifier: "ApplicationIntegrationTypeConfiguration" }) {}

/**
 * Someone in a team.
 *
 * @see https://docs.discord.com/developers/topics/teams#data-models-team-member-object
 * @since 0.1.0
 * @category schemas
 */
export class TeamMember extends Schema.Struct({
  membership_state: Enum,
  team_id: Id,
  user: PartialUser,
  role: Schema.String
}).annotations({ identifier: "TeamMember" }) {}

/**
 * A team that owns an app.
 *
 * @see https://docs.discord.com/developers/topics/teams#data-models-team-object
 * @since 0.1.0
 * @category schemas
 */
export class Team extends Schema.Struct({
  icon: Schema.NullOr(Schema.String),
  id: Id,
  members: Schema.Array(TeamMember),
  name: Schema.String,
  owner_user_id: Id
}).annotations({ identifier: "Team" }) {}

/**
 * An app.
 *
 * @see https://docs.discord.com/developers/resources/application#application-object-application-structure
 * @since 0.1.0
 * @category schemas
 */
export class Application extends Schema.Struct({
  id: Id,
  name: Schema.String,
  icon: Schema.NullOr(Schema.String),
  description: Schema.String,
  rpc_origins: Schema.optional(Schema.Array(Schema.String)),
  bot_public: Schema.Boolean,
  bot_require_code_grant: Schema.Boolean,
  bot: Schema.optional(PartialUser),
  terms_of_service_url: Schema.optional(Schema.String),
  privacy_policy_url: Schema.optional(Schema.String),
  owner: Schema.optional(PartialUser),
  verify_key: Schema.String,
  team: Schema.NullOr(Team),
  guild_id: Schema.optional(Id),
  guild: Schema.optional(PartialGuild),
  primary_sku_id: Schema.optional(Id),
  slug: Schema.optional(Schema.String),
  cover_image: Schema.optional(Schema.String),
  flags: Schema.optional(Flags),
  flags_new: Schema.optional(Permissions),
  approximate_guild_count: Schema.optional(Integer),
  approximate_user_install_count: Schema.optional(Integer),
  approximate_user_authorization_count: Schema.optional(Integer),
  redirect_uris: Schema.optional(Schema.Array(Schema.String)),
  interactions_endpoint_url: Schema.optional(Schema.NullOr(Schema.String)),
  role_connections_verification_url: Schema.optional(Schema.NullOr(Schema.String)),
  event_webhooks_url: Schema.optional(Schema.NullOr(Schema.String)),
  event_webhooks_status: Schema.optional(Enum),
  event_webhooks_types: Schema.optional(Schema.Array(Schema.String)),
  tags: Schema.optional(Schema.Array(Schema.String)),
  install_params: Schema.optional(InstallParams),
  integration_types_config: Schema.optional(Schema.Record({ key: Schema.String, value: IntegrationTypeConfiguration })),
  custom_install_url: Schema.optional(Schema.String)
}).annotations({ identifier: "Application" }) {}

/**
 * An app of which no field is required.
 *
 * @since 0.1.0
 * @category schemas
 */
export class PartialApplication extends Schema.Struct(optionalFields(Application.fields)) {}

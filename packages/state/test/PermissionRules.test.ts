import { assert, describe, it } from "@effect/vitest"
import * as Permissions from "@vesper/model/Permissions"
import * as PermissionRules from "../src/PermissionRules.js"

const [guildId, ownerId, memberId, roleA, roleB] = ["1", "2", "3", "10", "11"] as const

type Names = ReadonlyArray<Permissions.Name>

interface Row {
  readonly name: string
  readonly everyone: Names
  readonly a?: Names
  readonly b?: Names
  readonly overwrites?: ReadonlyArray<readonly [id: string, allow: Names, deny: Names]>
  readonly type?: number
  readonly roles?: ReadonlyArray<string>
  readonly user?: string
  readonly timeout?: number
  readonly inChannel: Names | "all"
  readonly inGuild?: Names | "all"
  readonly inThread?: Names | "all"
}

const text = (names: Names) => Permissions.toString(Permissions.of(...names))

/** The order of the rules is that of "Permission Overwrites", then those of the sections after it. */
const table: ReadonlyArray<Row> = [
  {
    name: "base permissions of everyone",
    everyone: ["ViewChannel", "SendMessages"],
    inChannel: ["ViewChannel", "SendMessages"]
  },
  {
    name: "permissions of roles are added",
    everyone: ["ViewChannel"],
    a: ["AddReactions"],
    b: ["Speak"],
    roles: [roleA],
    inChannel: ["AddReactions", "ViewChannel"]
  },
  {
    name: "a role that the guild does not have is ignored",
    everyone: ["ViewChannel"],
    roles: ["99"],
    inChannel: ["ViewChannel"]
  },
  {
    name: "everyone is denied",
    everyone: ["ViewChannel", "AddReactions"],
    overwrites: [[guildId, [], ["AddReactions"]]],
    inChannel: ["ViewChannel"],
    inGuild: ["AddReactions", "ViewChannel"]
  },
  {
    name: "everyone is denied and allowed by one overwrite: allow wins",
    everyone: ["ViewChannel"],
    overwrites: [[guildId, ["AddReactions"], ["AddReactions"]]],
    inChannel: ["AddReactions", "ViewChannel"]
  },
  {
    name: "a role allows after everyone is denied",
    everyone: ["ViewChannel"],
    overwrites: [[guildId, [], ["ViewChannel"]], [roleA, ["ViewChannel"], []]],
    roles: [roleA],
    inChannel: ["ViewChannel"]
  },
  {
    name: "a role denies after everyone is allowed",
    everyone: ["ViewChannel"],
    overwrites: [[guildId, ["AddReactions"], []], [roleA, [], ["AddReactions"]]],
    roles: [roleA],
    inChannel: ["ViewChannel"]
  },
  {
    name: "one role allows what another denies, in any order",
    everyone: [],
    overwrites: [[roleA, [], ["ViewChannel"]], [roleB, ["ViewChannel"], []]],
    roles: [roleA, roleB],
    inChannel: ["ViewChannel"]
  },
  {
    name: "one role allows what another denies, in the other order",
    everyone: [],
    overwrites: [[roleB, ["ViewChannel"], []], [roleA, [], ["ViewChannel"]]],
    roles: [roleB, roleA],
    inChannel: ["ViewChannel"]
  },
  {
    name: "an overwrite of a role that the member does not have",
    everyone: ["ViewChannel"],
    overwrites: [[roleB, [], ["ViewChannel"]]],
    roles: [roleA],
    inChannel: ["ViewChannel"]
  },
  {
    name: "the member is denied after a role is allowed",
    everyone: ["ViewChannel"],
    overwrites: [[memberId, [], ["AddReactions"]], [roleA, ["AddReactions"], []]],
    roles: [roleA],
    inChannel: ["ViewChannel"]
  },
  {
    name: "the member is allowed after a role is denied",
    everyone: ["ViewChannel"],
    overwrites: [[memberId, ["AddReactions"], []], [roleA, [], ["AddReactions"]]],
    roles: [roleA],
    inChannel: ["AddReactions", "ViewChannel"]
  },
  {
    name: "the owner has all",
    everyone: [],
    user: ownerId,
    overwrites: [[guildId, [], ["ViewChannel"]]],
    inChannel: "all",
    inGuild: "all",
    inThread: "all"
  },
  { name: "the owner has all in a timeout", everyone: [], user: ownerId, timeout: 2, inChannel: "all", inGuild: "all" },
  {
    name: "an administrator has all, past overwrites and a timeout",
    everyone: [],
    a: ["Administrator"],
    roles: [roleA],
    overwrites: [[guildId, [], ["ViewChannel"]], [memberId, [], ["SendMessages"]]],
    timeout: 2,
    inChannel: "all",
    inGuild: "all",
    inThread: "all"
  },
  { name: "everyone is an administrator", everyone: ["Administrator"], inChannel: "all", inGuild: "all" },
  {
    name: "an overwrite makes no administrator",
    everyone: ["ViewChannel"],
    overwrites: [[memberId, ["Administrator"], []]],
    inChannel: ["ViewChannel"]
  },
  {
    name: "without ViewChannel there is nothing",
    everyone: ["SendMessages", "ManageMessages", "Connect"],
    inChannel: [],
    inGuild: ["SendMessages", "ManageMessages", "Connect"],
    inThread: []
  },
  {
    name: "without SendMessages, what needs it is removed",
    everyone: ["ViewChannel", "MentionEveryone", "SendTtsMessages", "AttachFiles", "EmbedLinks", "AddReactions"],
    inChannel: ["AddReactions", "ViewChannel"],
    inGuild: ["AddReactions", "ViewChannel", "SendTtsMessages", "EmbedLinks", "AttachFiles", "MentionEveryone"]
  },
  {
    name: "a thread does not inherit SendMessages",
    everyone: ["ViewChannel", "SendMessages", "AttachFiles"],
    inChannel: ["ViewChannel", "SendMessages", "AttachFiles"],
    inThread: ["ViewChannel"]
  },
  {
    name: "a thread has SendMessagesInThreads of its parent",
    everyone: ["ViewChannel", "SendMessagesInThreads", "AttachFiles"],
    inChannel: ["ViewChannel", "SendMessagesInThreads"],
    inThread: ["ViewChannel", "AttachFiles", "SendMessagesInThreads"]
  },
  {
    name: "a thread has the overwrites of its parent",
    everyone: ["ViewChannel", "SendMessagesInThreads"],
    overwrites: [[guildId, [], ["ViewChannel"]]],
    inChannel: [],
    inThread: []
  },
  {
    name: "a voice channel without Connect",
    type: 2,
    everyone: ["ViewChannel", "Speak", "Stream", "ManageChannels", "ManageRoles", "AddReactions"],
    inChannel: ["AddReactions", "ViewChannel"]
  },
  {
    name: "a stage channel without Connect",
    type: 13,
    everyone: ["ViewChannel", "RequestToSpeak", "MuteMembers"],
    inChannel: ["ViewChannel"]
  },
  {
    name: "a voice channel with Connect",
    type: 2,
    everyone: ["ViewChannel", "Connect", "Speak"],
    inChannel: ["ViewChannel", "Connect", "Speak"]
  },
  {
    name: "a text channel needs no Connect",
    everyone: ["ViewChannel", "ManageChannels"],
    inChannel: ["ManageChannels", "ViewChannel"]
  },
  {
    name: "a timeout leaves two permissions",
    everyone: ["ViewChannel", "ReadMessageHistory", "SendMessages", "Connect"],
    timeout: 2,
    inChannel: ["ViewChannel", "ReadMessageHistory"],
    inGuild: ["ViewChannel", "ReadMessageHistory"]
  },
  {
    name: "a timeout grants nothing",
    everyone: ["SendMessages", "ReadMessageHistory"],
    timeout: 2,
    inChannel: [],
    inGuild: ["ReadMessageHistory"]
  },
  {
    name: "a timeout is over at its end",
    everyone: ["ViewChannel", "SendMessages"],
    timeout: 1,
    inChannel: ["ViewChannel", "SendMessages"],
    inGuild: ["ViewChannel", "SendMessages"]
  }
]

const expected = (names: Names | "all"): ReadonlyArray<Permissions.Name> =>
  Permissions.names(names === "all" ? Permissions.all : Permissions.of(...names))

describe("PermissionRules", () => {
  for (const row of table) {
    it(row.name, () => {
      const guild: PermissionRules.GuildRoles = {
        id: guildId,
        ownerId,
        roles: new Map([[guildId, row.everyone], [roleA, row.a ?? []], [roleB, row.b ?? []]].map(
          ([id, names]) => [id as string, { permissions: text(names as Names) }]
        ))
      }
      const channel: PermissionRules.ChannelOverwrites = {
        type: row.type ?? 0,
        permission_overwrites: row.overwrites?.map(([id, allow, deny]) => ({
          id,
          allow: text(allow),
          deny: text(deny)
        }))
      }
      const member: PermissionRules.MemberRoles = {
        user: { id: row.user ?? memberId },
        roles: row.roles ?? [],
        communication_disabled_until: row.timeout === undefined ? null : new Date(row.timeout).toISOString()
      }
      assert.deepStrictEqual(
        Permissions.names(PermissionRules.inChannel(guild, channel, member, 1)),
        expected(row.inChannel)
      )
      if (row.inGuild !== undefined) {
        assert.deepStrictEqual(Permissions.names(PermissionRules.inGuild(guild, member, 1)), expected(row.inGuild))
      }
      if (row.inThread !== undefined) {
        assert.deepStrictEqual(
          Permissions.names(PermissionRules.inThread(guild, channel, member, 1)),
          expected(row.inThread)
        )
      }
    })
  }
})

/** A fleet's rows in memory, which can be away, slow, or taken over by another runner. */
import type * as Session from "@vesper/gateway/Session"
import type * as ShardId from "@vesper/model/ShardId"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as LeaseTable from "../../src/internal/ownership/leaseTable.js"
import type * as Placement from "../../src/internal/ownership/placement.js"

export const makePlan = (total: number): Placement.Plan => ({ total, next: Option.none(), slots: total, epoch: 0 })

export interface Row {
  owner: string | undefined
  fence: number
  revision: number
  session: Option.Option<Session.Session>
  status: string | null
}

export interface FakeRows extends LeaseTable.LeaseTable {
  readonly rows: Map<string, Row>
  readonly counts: { claims: number; renewals: number; saves: number; releases: number }
  /** Run before a statement is carried out; fails if the database is away. */
  before: Effect.Effect<void, Error>
  /** Run before its answer. */
  after: Effect.Effect<void, Error>
  readonly findRow: (shard: ShardId.ShardId) => Row
}

export const away: Error = new RangeError("the database is away")

export const make = (owner = "me"): FakeRows => {
  const rows = new Map<string, Row>()
  const findRow = (shard: ShardId.ShardId): Row => {
    const key = LeaseTable.toKey(shard)
    const row = rows.get(key) ??
      { owner: undefined, fence: 0, revision: 0, session: Option.none<Session.Session>(), status: null }
    rows.set(key, row)
    return row
  }
  const isMine = ({ fence, shard }: LeaseTable.Claim) => {
    const row = findRow(shard)
    return row.owner === owner && row.fence === fence
  }
  const statement = <A>(run: () => A): Effect.Effect<A, Error> =>
    Effect.zipLeft(
      Effect.suspend(() => Effect.map(fake.before, run)),
      Effect.suspend(() => fake.after)
    )
  const counts = { claims: 0, renewals: 0, saves: 0, releases: 0 }
  const fake: FakeRows = {
    rows,
    counts,
    findRow,
    before: Effect.void,
    after: Effect.void,
    register: () => Effect.succeed(1),
    unregister: Effect.void,
    look: Effect.never,
    doneParts: () => Effect.succeed(new Set()),
    reclaimDead: Effect.void,
    claim: (_, shards) =>
      statement(() => {
        counts.claims++
        return shards.flatMap((shard) => {
          const row = findRow(shard)
          if (row.owner !== undefined && row.owner !== owner) {
            return []
          }
          row.owner = owner
          row.fence++
          return [{ shard, fence: row.fence, session: row.session, revision: row.revision }]
        })
      }),
    renew: (claims) =>
      statement(() => {
        counts.renewals++
        return new Set(claims.filter(isMine).map(({ shard }) => LeaseTable.toKey(shard)))
      }),
    save: (writes) =>
      statement(() => {
        counts.saves++
        const written = writes.filter(({ claim, revision }) =>
          isMine(claim) && findRow(claim.shard).revision < revision
        )
        written.forEach(({ claim, revision, session, status }) =>
          Object.assign(findRow(claim.shard), { revision, session, status })
        )
        return new Set(written.map(({ claim }) => LeaseTable.toKey(claim.shard)))
      }),
    release: (claims) =>
      statement(() => {
        counts.releases++
        claims.filter(isMine).forEach(({ shard }) => {
          findRow(shard).owner = undefined
        })
      })
  }
  return fake
}

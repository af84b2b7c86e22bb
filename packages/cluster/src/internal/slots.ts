/**
 * Which of @effect/cluster's shards a shard of Discord's lives on. @effect/cluster hands its shards out evenly, and finds
 * them by a hash of a name: names are searched that lie evenly on them, so that runners get even shares.
 */

/**
 * A name for each shard. With no more names than slots each has a slot of its own. The same on every runner, for it
 * depends on the hash alone.
 */
export const names = (fleet: string, total: number, slotOf: (name: string) => string): ReadonlyArray<string> => {
  const counts = new Map<string, number>()
  // After so many names in vain, all slots are most likely as full as they may be.
  const patience = 20 * Math.max(total, 16)
  let limit = 1
  return Array.from({ length: total }, (_, shard) => {
    for (let attempt = 0;; attempt++) {
      const name = `${fleet}/${shard}-of-${total}/${attempt}`
      const slot = slotOf(name)
      const count = counts.get(slot) ?? 0
      if (count < limit) {
        counts.set(slot, count + 1)
        return name
      }
      if (attempt > 0 && attempt % patience === 0) {
        limit++
      }
    }
  })
}

/** The examples in the help of each command. */
export const examples: Readonly<Record<string, ReadonlyArray<readonly [line: string, what: string]>>> = {
  "": [
    ["vesper demo", "without token or network"],
    ["vesper simulate", "a gateway for tests of a bot"],
    ["DISCORD_TOKEN=… vesper doctor", "whether a bot can run here"],
    ["DISCORD_TOKEN=… vesper run", "shards on Discord"]
  ],
  "cluster drain": [["vesper cluster drain 10.0.0.7:34431", "the runner ends, and its shards move"]],
  "cluster reshard": [["vesper cluster reshard --shards 64", "without a gap; the status shows the progress"]],
  "cluster run": [
    ["vesper cluster run --shards 16 --database postgres://bot@db/bot --host 10.0.0.7", "on each machine"],
    ["vesper cluster run --shards 4 --gateway-url ws://127.0.0.1:8080/ --max-concurrency 1", "on vesper simulate"]
  ],
  "cluster status": [["vesper cluster status --watch", "each second"]],
  demo: [
    ["vesper demo --duration 15s", "ends by itself"],
    ["vesper demo --http 8080", "with the status page"]
  ],
  doctor: [
    ["vesper doctor --intents Guilds,GuildMembers", "and whether they are switched on"],
    ["vesper doctor --json", "for a program"]
  ],
  explain: [
    ["vesper explain 4014", "a close code"],
    ["vesper explain op 9", "an opcode"],
    ["vesper explain MESSAGE_CREATE", "an event"]
  ],
  intents: [
    ["vesper intents Guilds,MessageContent", "by name"],
    ["vesper intents 33281", "the intents of a sum"]
  ],
  "queue serve": [
    ["vesper queue serve --max-concurrency 1", "without Discord"],
    ["DISCORD_TOKEN=… vesper queue serve --state ./identifies", "with Discord's limits, over restarts"]
  ],
  record: [["vesper record traffic.ndjson.gz --redact-contents --duration 1h", "without messages and names"]],
  replay: [["vesper replay traffic.ndjson.gz --speed 10x", "to a bot at ws://127.0.0.1:8080/"]],
  run: [
    ["vesper run --shards auto --intents Guilds,GuildMessages", "as many as Discord recommends"],
    ["vesper run --resume-file sessions.json", "the next run resumes"],
    ["vesper run --http 8080 --json", "status page, and events to a program"],
    ["vesper run --api-url http://127.0.0.1:8080/api/v10", "on vesper simulate"]
  ],
  simulate: [
    ["vesper simulate --rate 100 --http 8081", "a busy bot, with a status page"],
    ["vesper simulate --fault reconnect:every=20s --strict", "faults, and exit code 3 for violations"],
    ["vesper simulate --scenario bad-day.json", "faults from a file"],
    ["vesper simulate --host 0.0.0.0 --public-url ws://simulator:8080/", "for bots in other containers"]
  ]
}

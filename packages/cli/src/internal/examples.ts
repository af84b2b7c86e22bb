/** What each command's help shows. */
export const examples: Readonly<Record<string, ReadonlyArray<readonly [line: string, what: string]>>> = {
  "": [
    ["vesper demo", "a look, without token or network"],
    ["vesper simulate", "a gateway to try a bot on"],
    ["DISCORD_TOKEN=… vesper doctor", "what keeps a bot from running here"],
    ["DISCORD_TOKEN=… vesper run", "shards on Discord"]
  ],
  "cluster drain": [["vesper cluster drain 10.0.0.7:34431", "the runner ends, its shards move"]],
  "cluster reshard": [["vesper cluster reshard --shards 64", "without a gap; the status shows how far it is"]],
  "cluster run": [
    ["vesper cluster run --shards 16 --database postgres://bot@db/bot --host 10.0.0.7", "on each machine"],
    ["vesper cluster run --shards 4 --gateway-url ws://127.0.0.1:8080/ --max-concurrency 1", "on vesper simulate"]
  ],
  "cluster status": [["vesper cluster status --watch", "again each second"]],
  demo: [
    ["vesper demo --duration 15s", "ends by itself"],
    ["vesper demo --http 8080", "with the status page"]
  ],
  doctor: [
    ["vesper doctor --intents Guilds,GuildMembers", "also whether they are switched on"],
    ["vesper doctor --json", "for a program"]
  ],
  explain: [
    ["vesper explain 4014", "a close code"],
    ["vesper explain op 9", "an opcode"],
    ["vesper explain MESSAGE_CREATE", "an event"]
  ],
  intents: [
    ["vesper intents Guilds,MessageContent", "by name"],
    ["vesper intents 33281", "what a sum is made of"]
  ],
  "queue serve": [
    ["vesper queue serve --max-concurrency 1", "without Discord"],
    ["DISCORD_TOKEN=… vesper queue serve --state ./identifies", "with Discord's limits, over restarts"]
  ],
  record: [["vesper record traffic.ndjson.gz --redact-contents --duration 1h", "without what people wrote"]],
  replay: [["vesper replay traffic.ndjson.gz --speed 10x", "to a bot at ws://127.0.0.1:8080/"]],
  run: [
    ["vesper run --shards auto --intents Guilds,GuildMessages", "as many as Discord recommends"],
    ["vesper run --resume-file sessions.json", "the next run resumes"],
    ["vesper run --http 8080 --json", "status page, and events to a program"],
    ["vesper run --api-url http://127.0.0.1:8080/api/v10", "on vesper simulate"]
  ],
  simulate: [
    ["vesper simulate --rate 100 --http 8081", "a busy bot, with a status page"],
    ["vesper simulate --fault reconnect:every=20s --strict", "trouble, and exit code 3 for a client's mistakes"],
    ["vesper simulate --scenario bad-day.json", "trouble from a file"],
    ["vesper simulate --host 0.0.0.0 --public-url ws://simulator:8080/", "for bots in other containers"]
  ]
}

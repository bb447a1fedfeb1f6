// A pool of the NOMP family, foundation-stratum from npm, as a process: it is a library, and this
// is what it leaves to its user. Counts go to standard output, a JSON object a line.
//
//   node foundation.js '{"port": 3333, "rpc": 38332, "address": "m…", "difficulty": 0.0001,
//     "modules": "a file beside node_modules"}'

const fs = require("node:fs");
const net = require("node:net");
const { createRequire } = require("node:module");

const { port, rpc, address, difficulty, modules } = JSON.parse(process.argv[2]);
const { create } = createRequire(modules)("foundation-stratum");

// Written before anything else happens: a share that is answered has been told of.
const tell = (what) => fs.writeSync(1, JSON.stringify(what) + "\n");

// The library listens on every address of the machine.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (wanted, listening) {
  return listen.call(this, wanted, "127.0.0.1", listening);
};

const algorithms = { mining: "sha256d", block: "sha256d", coinbase: "sha256d" };
const pool = create(
  {
    name: "interop",
    coins: ["Bitcoin"],
    debug: false,
    banning: { time: 600, invalidPercent: 1, checkThreshold: 1e9, purgeInterval: 300 },
    ports: [
      {
        port,
        enabled: true,
        tls: false,
        difficulty: {
          initial: difficulty,
          minimum: difficulty,
          maximum: difficulty,
          targetTime: 15,
          retargetTime: 1e6,
          variance: 0.3,
        },
      },
    ],
    p2p: { enabled: false },
    settings: { blockRefreshInterval: 500, connectionTimeout: 600, jobRebroadcastTimeout: 20 },
    primary: {
      address,
      coin: {
        name: "Bitcoin",
        symbol: "BTC",
        algorithms,
        asicboost: true,
        getinfo: true,
        segwit: true,
        rewards: {},
        version: 1,
        mainnet: {},
        testnet: {},
      },
      daemons: [{ host: "127.0.0.1", port: rpc, username: "user", password: "pass" }],
      recipients: [],
    },
    auxiliary: { enabled: false },
  },
  { identifier: "" },
  (ip, at, primary, auxiliary, password, reply) =>
    reply({ error: null, authorized: true, disconnect: false }),
  () => {},
);

pool.on("log", (severity, text) => tell({ log: severity, text }));
pool.on("started", () => {
  pool.manager.on("share", (share) =>
    tell({
      share: share.error || "accepted",
      name: share.addrPrimary,
      header: share.header?.toString("hex"),
    }),
  );
  tell({ started: true });
});
pool.on("share", (share, kind, block) => block && tell({ block: share.hash }));

pool.setupPool();

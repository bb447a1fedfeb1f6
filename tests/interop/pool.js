// A pool of the NOMP family, foundation-stratum from npm, as a process: it is a library, and this
// is what it leaves to its user. Counts go to standard output, a JSON object a line.
//
//   node pool.js '{"port": 3333, "rpc": 38332, "address": "m…", "difficulty": 0.0001}'
//
// SIGUSR2: ask for so much that no more shares are found, to compare counts that stand still.

'use strict';
const fs = require('fs');
const net = require('net');
const { createRequire } = require('module');

const { port, rpc, address, difficulty, modules } = JSON.parse(process.argv[2]);
const { create } = createRequire(modules)('foundation-stratum');
const UNREACHABLE = 5000;

// Written before anything else happens: a share that is answered has been told of.
const tell = (what) => fs.writeSync(1, JSON.stringify(what) + '\n');

// The library listens on every address of the machine.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (wanted, listening) {
  return listen.call(this, wanted, '127.0.0.1', listening);
};

const algorithms = { mining: 'sha256d', block: 'sha256d', coinbase: 'sha256d' };
const pool = create(
  {
    name: 'interop',
    coins: ['Bitcoin'],
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
        name: 'Bitcoin',
        symbol: 'BTC',
        algorithms,
        asicboost: true,
        getinfo: true,
        segwit: true,
        rewards: {},
        version: 1,
        mainnet: {},
        testnet: {},
      },
      daemons: [{ host: '127.0.0.1', port: rpc, username: 'user', password: 'pass' }],
      recipients: [],
    },
    auxiliary: { enabled: false },
  },
  { identifier: '' },
  (ip, at, primary, auxiliary, password, reply) =>
    reply({ error: null, authorized: true, disconnect: false }),
  () => {},
);

// The library knows Bitcoin Core. btcd wants a version in each request, says "no such parameters" by
// another code, and gives a coinbase of its own to whoever can use one.
const forBtcd = (body) =>
  body
    .replaceAll('{"method"', '{"jsonrpc":"1.0","method"')
    .replace('"coinbasetxn"', '"coinbasevalue"');
const { setupDaemon } = pool;
pool.setupDaemon = (daemons, ready) => {
  const daemon = setupDaemon(daemons, ready);
  const send = daemon.performHttpRequest;
  daemon.performHttpRequest = (instance, body, done) =>
    send(instance, forBtcd(body), (error, reply, text) => {
      for (const each of Array.isArray(reply) ? reply : [])
        if (each.error && each.error.code === -32602) each.error.code = -1;
      done(error, reply, text);
    });
  return daemon;
};

pool.on('log', (severity, text) => tell({ log: severity, text }));
pool.on('started', () => {
  pool.manager.on('share', (share) => tell({ share: share.error || 'accepted' }));
  tell({ started: true });
});
pool.on('share', (share, kind, block) => block && tell({ block: share.hash }));

process.on('SIGUSR2', () => {
  for (const client of Object.values(pool.stratum.stratumClients))
    client.enqueueNextDifficulty(UNREACHABLE);
  pool.getBlockTemplate(() => tell({ still: true }), true);
});

pool.setupPool();

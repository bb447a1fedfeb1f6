// A stranger's test in another language: their client in JavaScript, on a simulated pool.
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import assert from 'node:assert';

const pool = spawn('stratumproxy', ['simulate', 'pool', '--set', 'version_mask=none']);
const events = createInterface({ input: pool.stdout });
const { value: first } = await events[Symbol.asyncIterator]().next();
const socket = connect(JSON.parse(first).port, '127.0.0.1');
const say = (id, method, ...params) => socket.write(JSON.stringify({ id, method, params }) + '\n');

say(1, 'mining.subscribe', 'stranger/1.0');
say(2, 'mining.authorize', 'farm.1', 'x');
for await (const line of createInterface({ input: socket })) {
  const { id, method, result, params } = JSON.parse(line);
  if (id === 2) assert.equal(result, true);
  if (method === 'mining.notify') {
    say(3, 'mining.submit', 'farm.1', params[0], '0000000000000000', params[7], '00000000');
  }
  if (id === 3) break;
}
socket.end();
pool.kill();

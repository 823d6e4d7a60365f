// Files written by posthus and read by SQLite3 Multiple Ciphers, and the reverse.
//   node interop.js PAGE_TOOL MODULE_FOLDER
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { spawnSync } = require('child_process');

const [tool, modules] = process.argv.slice(2);
const Database = require(path.join(modules, 'node_modules', 'better-sqlite3-multiple-ciphers'));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'posthus-interop.'));
const TEXT = 'theirs ' + 'x'.repeat(400);

const random = () => crypto.randomBytes(32).toString('hex');

function ours(...args) {
  return spawnSync(tool, args.map(String), { encoding: 'utf8' });
}

function oursReads(file, key) {
  const run = ours('read', file, key);
  assert.strictEqual(run.status, 0, `page_tool read: ${run.status} ${run.signal} ${run.stderr}`);
  const [rows, length] = run.stdout.trim().split(' ').map(Number);
  return { rows, length };
}

function open(file, key) {
  const db = new Database(file);
  db.pragma("cipher = 'chacha20'");
  db.pragma(`key = 'raw:${key}'`);
  return db;
}

function theirsReads(file, key) {
  const db = open(file, key);
  try {
    assert.strictEqual(db.pragma('integrity_check', { simple: true }), 'ok');
    return db.prepare('SELECT count(*) AS rows, total(length(text)) AS length FROM row').get();
  } finally {
    db.close();
  }
}

function theirsAdds(db, rows) {
  const insert = db.prepare('INSERT INTO row (text) VALUES (?)');
  for (let i = 0; i < rows; i++) insert.run(TEXT);
}

function theirsMakes(file, key, pageSize, journal, rows) {
  const db = open(file, key);
  db.pragma(`page_size = ${pageSize}`);
  db.pragma(`journal_mode = ${journal}`);
  db.exec('CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, text TEXT)');
  db.transaction(() => theirsAdds(db, rows))();
  db.close();
}

// Runs `work` in a process of its own that is killed at the end of it.
function theirsIsKilled(work, ...args) {
  const run = spawnSync(process.execPath, [__filename, tool, modules, work, ...args], { encoding: 'utf8' });
  assert.strictEqual(run.signal, 'SIGKILL', run.stderr);
}

const killed = {
  wal(file, key) {
    const db = open(file, key);
    db.pragma('journal_mode = WAL');
    theirsAdds(db, 30);
  },
  hot(file, key) {
    const db = open(file, key);
    db.pragma('journal_mode = DELETE');
    db.pragma('cache_size = 10');
    db.exec("BEGIN; UPDATE row SET text = text || '!'");
  },
};

const tests = {
  'theirs reads and writes what ours made': (file, key, pageSize) => {
    assert.strictEqual(ours('make', file, key, pageSize, 200).status, 0);
    const before = theirsReads(file, key);
    assert.strictEqual(before.rows, 200);
    const db = open(file, key);
    assert.strictEqual(db.pragma('page_size', { simple: true }), pageSize);
    theirsAdds(db, 10);
    db.close();
    const after = oursReads(file, key);
    assert.deepStrictEqual(after, { rows: 210, length: before.length + 10 * TEXT.length });
  },
  'ours reads and writes what theirs made, WAL': (file, key, pageSize) => {
    theirsMakes(file, key, pageSize, 'WAL', 200);
    assert.deepStrictEqual(oursReads(file, key), { rows: 200, length: 200 * TEXT.length });
    assert.strictEqual(ours('make', file, key, pageSize, 50).status, 0);
    assert.strictEqual(theirsReads(file, key).rows, 250);
  },
  'ours reads and writes what theirs made, DELETE': (file, key, pageSize) => {
    theirsMakes(file, key, pageSize, 'DELETE', 200);
    assert.deepStrictEqual(oursReads(file, key), { rows: 200, length: 200 * TEXT.length });
    assert.strictEqual(ours('make', file, key, pageSize, 50).status, 0);
    assert.strictEqual(theirsReads(file, key).rows, 250);
  },
  'theirs recovers the WAL that ours left over': (file, key, pageSize) => {
    assert.strictEqual(ours('make', file, key, pageSize, 50).status, 0);
    assert.strictEqual(ours('wal', file, key, 30).signal, 'SIGKILL');
    assert.ok(fs.statSync(file + '-wal').size > 30 * pageSize);
    assert.strictEqual(theirsReads(file, key).rows, 80);
    assert.strictEqual(oursReads(file, key).rows, 80);
  },
  'ours recovers the WAL that theirs left over, and is killed in turn': (file, key, pageSize) => {
    theirsMakes(file, key, pageSize, 'WAL', 50);
    theirsIsKilled('wal', file, key);
    assert.ok(fs.statSync(file + '-wal').size > 30 * pageSize);
    assert.strictEqual(ours('wal', file, key, 20).signal, 'SIGKILL');
    assert.strictEqual(theirsReads(file, key).rows, 100);
    assert.strictEqual(oursReads(file, key).rows, 100);
  },
  'theirs rolls back the journal that ours left over': (file, key, pageSize) => {
    assert.strictEqual(ours('make', file, key, pageSize, 1000).status, 0);
    const before = oursReads(file, key);
    assert.strictEqual(ours('hot', file, key).signal, 'SIGKILL');
    assert.ok(fs.statSync(file + '-journal').size > pageSize);
    assert.deepStrictEqual(theirsReads(file, key), before);
  },
  'ours rolls back the journal that theirs left over': (file, key, pageSize) => {
    // It takes a journal's header for a page where both are 512 bytes, and then cannot roll
    // back its own journal either.
    if (pageSize === 512) return;
    theirsMakes(file, key, pageSize, 'DELETE', 1000);
    theirsIsKilled('hot', file, key);
    assert.ok(fs.statSync(file + '-journal').size > pageSize);
    assert.deepStrictEqual(oursReads(file, key), { rows: 1000, length: 1000 * TEXT.length });
  },
  'neither opens with another key': (file, key, pageSize) => {
    assert.strictEqual(ours('make', file, key, pageSize, 50).status, 0);
    assert.throws(() => theirsReads(file, random()), /not a database/);
    assert.strictEqual(ours('read', file, random()).status, 2);
    assert.strictEqual(theirsReads(file, key).rows, 50);
  },
};

function main() {
  let passed = 0, failed = 0;
  for (const pageSize of [512, 4096, 8192, 65536]) {
    for (const [name, test] of Object.entries(tests)) {
      const file = path.join(folder, `${passed + failed}.db`);
      try {
        test(file, random(), pageSize);
        passed++;
      } catch (error) {
        failed++;
        console.log(`FAILED: ${name}, pages of ${pageSize}: ${error.message}`);
      }
    }
  }
  fs.rmSync(folder, { recursive: true });
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
  process.exit(failed ? 1 : 0);
}

const [work, file, key] = process.argv.slice(4);
if (work) {
  fs.rmdirSync(folder);
  killed[work](file, key);
  process.kill(process.pid, 'SIGKILL');
} else {
  main();
}

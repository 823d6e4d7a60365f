"use strict";
// What a program built on imapflow does with a mailbox, and that an idling one hears at once.
//
//   NODE_PATH=… PORT_SMTP=… PORT_IMAPS=… ADDRESS=… PASSWORD=… CA=… node imapflow.js
//
// Prints `ok NAME` for what passed; the first that fails ends it.
const assert = require("assert");
const { execFileSync } = require("child_process");
const fs = require("fs");
const { ImapFlow } = require("imapflow");

const text = (subject, size = 20) =>
  `From: Otto <otto@elsewhere.example>\r\nTo: bo@org.example\r\nSubject: ${subject}\r\n` +
  `Message-ID: <${subject}@elsewhere.example>\r\nDate: Tue, 3 Mar 2026 10:00:00 +0100\r\n\r\n` +
  `needle of ${subject}\r\n${"x".repeat(size)}\r\n`;

async function connect(options = {}) {
  const client = new ImapFlow({
    host: "localhost",
    port: Number(process.env.PORT_IMAPS),
    secure: true,
    auth: { user: process.env.ADDRESS, pass: process.env.PASSWORD },
    tls: { ca: fs.readFileSync(process.env.CA) },
    logger: false,
    ...options,
  });
  await client.connect();
  return client;
}

// A message from outside.
function deliver(subject) {
  const url = `smtp://localhost:${process.env.PORT_SMTP}`;
  execFileSync("curl", ["-sS", "--url", url, "--mail-from", "otto@elsewhere.example", "--mail-rcpt", process.env.ADDRESS, "-T", "-"], {
    input: text(subject),
  });
}

// The next event of that name; an error after ten seconds.
function awaited(client, name) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} came`)), 10000);
    client.once(name, (event) => {
      clearTimeout(timer);
      resolve(event);
    });
  });
}

async function all(iterable) {
  const found = [];
  for await (const one of iterable) found.push(one);
  return found;
}

const tests = {
  async "sees the folders and their uses"(client) {
    const uses = (await client.list()).map((m) => m.specialUse).filter(Boolean);
    for (const use of ["\\Inbox", "\\Drafts", "\\Sent", "\\Trash", "\\Junk", "\\Archive"]) assert(uses.includes(use), use);
  },

  async "makes, renames and deletes a folder"(client) {
    assert.equal((await client.mailboxCreate("flöw")).created, true);
    await client.mailboxRename("flöw", "flow");
    assert.equal((await client.mailboxCreate("flow")).created, false);
    await client.mailboxCreate(["flow", "away"]);
    await client.mailboxDelete("flow/away");
  },

  async "appends, with flags and date"(client) {
    const when = new Date("2026-03-03T09:00:00Z");
    for (let i = 1; i <= 5; i++) assert.equal((await client.append("flow", text(`flow${i}`), ["\\Seen", "work"], when)).uid, i);
    const large = text("large", 300000);
    await client.append("flow", large);
    await client.mailboxOpen("flow");
    assert.equal(client.mailbox.exists, 6);
    const back = await client.fetchOne("6", { source: true, internalDate: true });
    assert.equal(back.source.toString(), large);
    assert.equal((await client.fetchOne("1", { internalDate: true })).internalDate.toISOString(), when.toISOString());
  },

  async "fetches envelopes, structures and parts"(client) {
    const rows = await all(client.fetch("1:5", { uid: true, flags: true, envelope: true, bodyStructure: true, size: true }));
    assert.deepEqual(rows.map((r) => r.envelope.subject), [1, 2, 3, 4, 5].map((i) => `flow${i}`));
    assert(rows.every((r) => r.flags.has("work") && r.bodyStructure.type === "text/plain" && r.size === text("flow1").length));
    const part = await client.download("2", "1");
    assert.match((await all(part.content)).join(""), /^needle of flow2/);
  },

  async "fetches and downloads parts as they were encoded and decoded"(client) {
    assert(client.capabilities.has("BINARY"));
    const octets = Buffer.from(Array.from({ length: 200001 }, (_, i) => (i * i) >> 3));
    const attached =
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n" +
      "Content-Transfer-Encoding: quoted-printable\r\n\r\nfl=C3=B6w =3D=\r\n flow\r\n" +
      "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=x\r\n" +
      "Content-Transfer-Encoding: base64\r\n\r\n" + octets.toString("base64").replace(/.{76}/g, "$&\r\n") + "\r\n--b--\r\n";
    const { uid } = await client.append("Drafts", attached);
    await client.mailboxOpen("Drafts");
    const one = { uid: true };
    const decoded = await client.fetchOne(uid, { bodyParts: ["1", "2", { key: "2", start: 150000, maxLength: 60000 }] }, { ...one, binary: true });
    assert.equal(decoded.bodyParts.get("1").toString(), "flöw = flow");
    assert(decoded.bodyParts.get("2").equals(octets.subarray(150000)));
    const whole = await client.fetchOne(uid, { source: true, bodyParts: ["2"] }, { ...one, binary: true });
    assert(whole.bodyParts.get("2").equals(octets));
    assert.equal(whole.source.toString(), attached);
    const download = await client.download(uid, "2", one);
    assert(Buffer.concat(await all(download.content)).equals(octets));
    await assert.rejects(client.append("Drafts", Buffer.from("Subject: NUL\r\n\r\n\0")), (e) => e.serverResponseCode === "UNKNOWN-CTE");
    await client.messageDelete(uid, one);
    await client.mailboxOpen("flow");
  },

  async "searches"(client) {
    assert.deepEqual(await client.search({ subject: "flow3" }, { uid: true }), [3]);
    assert.deepEqual(await client.search({ seen: false }), [6]);
    assert.deepEqual(await client.search({ keyword: "work", not: { body: "flow1" } }), [2, 3, 4, 5]);
    assert.deepEqual(await client.search({ or: [{ larger: 100000 }, { header: { "message-id": "flow4" } }] }), [4, 6]);
  },

  async "changes flags"(client) {
    await client.messageFlagsAdd("1:2", ["\\Flagged"]);
    await client.messageFlagsRemove({ uid: "1:*" }, ["work"]);
    await client.messageFlagsSet("3", ["\\Answered"]);
    const flags = (await all(client.fetch("1:3", { flags: true }))).map((r) => [...r.flags].sort().join(" "));
    assert.deepEqual(flags, ["\\Flagged \\Seen", "\\Flagged \\Seen", "\\Answered"]);
  },

  async "copies, moves and deletes"(client) {
    const copied = await client.messageCopy("1:2", "Archive");
    assert.deepEqual([...copied.uidMap.keys()], [1, 2]);
    const moved = await client.messageMove({ uid: "3:4" }, "Trash", { uid: true });
    assert.deepEqual([...moved.uidMap.keys()], [3, 4]);
    assert.equal(await client.messageDelete("1"), true);
    assert.equal((await client.status("flow", { messages: true, uidNext: true })).messages, 3);
    assert.deepEqual((await all(client.fetch("1:*", { uid: true }))).map((r) => r.uid), [2, 5, 6]);
  },

  async "hears of a delivered message and of another's work while it idles"(client) {
    const idler = await connect();
    const { exists: before } = await idler.mailboxOpen("INBOX", { readOnly: true });
    const idling = idler.idle();
    const exists = awaited(idler, "exists");
    deliver("heard");
    assert.equal((await exists).count, before + 1);

    await client.mailboxOpen("INBOX");
    const flags = awaited(idler, "flags");
    await client.messageFlagsAdd(`${before + 1}`, ["\\Flagged"]);
    assert([...(await flags).flags].includes("\\Flagged"));
    const expunge = awaited(idler, "expunge");
    await client.messageDelete(`${before + 1}`);
    assert.equal((await expunge).seq, before + 1);
    await idler.noop(); // ends the IDLE
    await idling;
    await idler.logout();
  },
};

async function main() {
  const client = await connect();
  for (const [name, test] of Object.entries(tests)) {
    await test(client);
    console.log(`ok ${name}`);
  }
  await client.mailboxClose();
  await client.mailboxDelete("flow");
  await client.logout();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

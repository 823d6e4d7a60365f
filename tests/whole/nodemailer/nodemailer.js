// nodemailer: both submission ports, a pool that keeps its sessions, addresses beyond ASCII.
"use strict";
const fs = require("fs");
const nodemailer = require("nodemailer");

const tls = { ca: fs.readFileSync(process.env.CA) };
const auth = { user: "bo@org.example", pass: process.env.BO_PASSWORD };
const anna = "anna@org.example";

function port(number, secure, more) {
	return nodemailer.createTransport({ host: "localhost", port: number, secure, requireTLS: true, tls, auth, ...more });
}

async function taken(transport, message) {
	const info = await transport.sendMail({ from: "Bo <bo@org.example>", to: anna, ...message });
	if (info.rejected.length || !info.response.startsWith("250 2.0.0 Queued")) throw new Error(JSON.stringify(info));
	return info;
}

async function refused(transport, message, code) {
	try {
		await transport.sendMail({ from: "bo@org.example", to: anna, subject: "no", text: "no", ...message });
	} catch (error) {
		if (error.responseCode === code) return;
		throw error;
	}
	throw new Error(`${JSON.stringify(message)} was taken`);
}

async function main() {
	const submission = port(Number(process.env.PORT_SUBMISSION), false);
	const submissions = port(Number(process.env.PORT_SUBMISSIONS), true);
	const pool = port(Number(process.env.PORT_SUBMISSIONS), true, { pool: true, maxConnections: 3 });

	await taken(submission, { subject: "nodemailer 1", text: ".\n..\n.dot\n" });
	await taken(submissions, { subject: "nodemailer 2 ÿ", html: "<p>é</p>", attachments: [{ filename: "ä.bin", content: Buffer.alloc(100000, 7) }] });
	await taken(submissions, { subject: "nodemailer 3", to: "jörg@org.example", cc: "anna@bücher.example", text: "ö" });
	await Promise.all([...Array(20).keys()].map((n) => taken(pool, { subject: `pool ${n}`, text: "x\n".repeat(n * 100) })));
	await refused(submissions, { from: "anna@org.example" }, 553);
	await refused(submissions, { to: "nobody@org.example" }, 550);
	await refused(port(Number(process.env.PORT_SUBMISSIONS), true, { auth: { user: auth.user, pass: "wrong" } }), {}, 535);
	pool.close();
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});

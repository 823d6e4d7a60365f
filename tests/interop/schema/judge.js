// The JSON Schemas before two judges from outside: ajv says whether they are schemas, and which states fit them;
// yaml-language-server, driven as an editor drives it, whether they help who writes a state.
//
//   node judge.js POSTHUS     with NODE_PATH where package-lock.json was installed
"use strict";
const { execFileSync, spawn } = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");
const modules = process.env.NODE_PATH;
const Ajv = require(path.join(modules, "ajv")).default;
const YAML = require(path.join(modules, "yaml"));

const posthus = process.argv[2];
const root = path.join(__dirname, "../../..");
let passed = 0, failed = 0;

function check(what, good, why) {
	if (good) passed++;
	else failed++;
	console.log(`${good ? "ok  " : "FAIL"} ${what}${good || !why ? "" : `: ${why}`}`);
}

const schemaText = (...words) => execFileSync(posthus, ["schema", ...words], { encoding: "utf8", maxBuffer: 1 << 26 });

// -- ajv --

// The files of a state as one: their sections are joined, as posthus joins them.
function readState(where) {
	const files = fs.statSync(where).isDirectory()
		? fs.readdirSync(where, { recursive: true, encoding: "utf8" }).sort()
			.filter((f) => /\.ya?ml$/.test(f) && !f.split("/").some((part) => part[0] === ".")).map((f) => path.join(where, f))
		: [where];
	const state = {};
	for (const file of files) {
		const part = YAML.parse(fs.readFileSync(file, "utf8"), { logLevel: "silent" });
		for (const [section, value] of Object.entries(part ?? {})) {
			const both = value && typeof value === "object" && !Array.isArray(value) && state[section];
			state[section] = both ? { ...state[section], ...value } : value;
		}
	}
	return state;
}

function ajvJudges() {
	// strictRequired would want the names of `oneOf: [{required: …}]` defined once more in there.
	const ajv = new Ajv({ strict: true, strictRequired: false, allErrors: true });
	const schema = JSON.parse(schemaText());
	const agent = JSON.parse(schemaText("--agent"));
	check("the schema of a state is a schema", ajv.validateSchema(schema), ajv.errorsText());
	check("the schema of agent.yaml is one", ajv.validateSchema(agent), ajv.errorsText());
	const fits = ajv.compile(schema), agentFits = ajv.compile(agent);
	const goods = ["tests/schema/good/smallest", "tests/schema/good/whole", "tests/schema/good/directory", "examples/quickstart/state"];
	for (const good of goods)
		check(`${good} fits`, fits(readState(path.join(root, good))), ajv.errorsText(fits.errors));
	check("examples/quickstart/agent.yaml fits", agentFits(readState(path.join(root, "examples/quickstart/agent.yaml"))),
		ajv.errorsText(agentFits.errors));
	corpus(fits, agentFits);
}

// What `validate` names so, no schema can miss.
const ofForm = /^error\[.*\] (UnknownField|WrongType|NotABoolean|NotANumber|UnknownUnit|UnknownWord|BadSize|BadRate|PlainSecret|OneOf)$/m;
// What only `validate` knows: what a role may be, and that several values stand where one is meant.
const beyond = new Set(["057-role", "209-dash-without-blank", "312-role-forms", "314-list-as-one-value"]);

function corpus(fits, agentFits) {
	let wrong = 0, caught = 0, right = 0, passedThrough = 0;
	const missed = [];
	for (const name of fs.readdirSync(path.join(root, "tests/schema/bad"))) {
		const folder = path.join(root, "tests/schema/bad", name);
		const said = fs.readFileSync(path.join(folder, "expect.txt"), "utf8");
		const agentAlone = /--> agent\.yaml/.test(said);
		let state;
		try {
			state = readState(agentAlone ? path.join(folder, "agent.yaml")
				: fs.existsSync(path.join(folder, "state")) ? path.join(folder, "state") : path.join(folder, "state.yaml"));
		} catch {
			continue; // no YAML: the editor says so itself
		}
		const good = (agentAlone ? agentFits : fits)(state);
		if (!/^error/m.test(said)) {
			right++;
			passedThrough += good;
		} else if (ofForm.test(said)) {
			wrong++;
			caught += !good;
			if (good && !beyond.has(name)) missed.push(name);
		}
	}
	console.log(`     of ${wrong} wrong forms in tests/schema/bad the schema catches ${caught}; of ${right} states with warnings alone ${passedThrough} fit`);
	check("every wrong form is caught that a schema can catch", wrong >= 100 && missed.length === 0, missed.join(" "));
	check("what has warnings alone fits", passedThrough === right);
}

// -- yaml-language-server --

class Editor {
	constructor() {
		this.server = spawn(process.execPath, [path.join(modules, "yaml-language-server/bin/yaml-language-server"), "--stdio"],
			{ stdio: ["pipe", "pipe", "inherit"] });
		this.waiting = new Map();
		this.listeners = [];
		this.number = 0;
		this.unread = Buffer.alloc(0);
		this.server.stdout.on("data", (bytes) => this.read(bytes));
	}

	read(bytes) {
		this.unread = Buffer.concat([this.unread, bytes]);
		for (;;) {
			const end = this.unread.indexOf("\r\n\r\n");
			if (end < 0) return;
			const length = Number(/Content-Length: (\d+)/i.exec(this.unread.subarray(0, end).toString())[1]);
			if (this.unread.length < end + 4 + length) return;
			const message = JSON.parse(this.unread.subarray(end + 4, end + 4 + length).toString());
			this.unread = this.unread.subarray(end + 4 + length);
			this.take(message);
		}
	}

	take(message) {
		if (message.method && message.id !== undefined) // it asks us for settings and the like: there are none
			this.send({ id: message.id, result: message.method === "workspace/configuration" ? message.params.items.map(() => null) : null });
		else if (message.method)
			this.listeners = this.listeners.filter((listener) => !listener(message));
		else
			this.waiting.get(message.id)?.(message);
	}

	send(message) {
		const text = JSON.stringify({ jsonrpc: "2.0", ...message });
		this.server.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
	}

	ask(method, params) {
		const id = ++this.number;
		return new Promise((resolve, reject) => {
			this.waiting.set(id, (m) => (m.error ? reject(new Error(`${method}: ${m.error.message}`)) : resolve(m.result)));
			this.send({ id, method, params });
		});
	}

	tell(method, params) {
		this.send({ method, params });
	}

	hear(method, wanted) {
		return new Promise((resolve) =>
			this.listeners.push((m) => m.method === method && wanted(m.params) && (resolve(m.params), true)));
	}
}

// `|` marks the cursor in a text.
function at(text) {
	const before = text.slice(0, text.indexOf("|")).split("\n");
	return { text: text.replace("|", ""), position: { line: before.length - 1, character: before.at(-1).length } };
}

async function editorJudges(schemaFile) {
	const editor = new Editor();
	const first = `# yaml-language-server: $schema=${path.basename(schemaFile)}\n`;
	const base = `version: 1\nhosts: {mail: {name: mail.a.example}}\ndomains: {a.example: {}}\n`;
	let documents = 0;
	const open = (text) => {
		const uri = `file://${path.dirname(schemaFile)}/state${++documents}.yaml`;
		editor.tell("textDocument/didOpen", { textDocument: { uri, languageId: "yaml", version: 1, text: first + text } });
		return uri;
	};
	const place = (position) => ({ line: position.line + 1, character: position.character });

	await editor.ask("initialize", { processId: process.pid, rootUri: null, capabilities: {
		textDocument: { completion: { completionItem: { documentationFormat: ["markdown"] } }, publishDiagnostics: {} } } });
	editor.tell("initialized", {});

	async function offers(what, marked, wanted, unwanted) {
		const { text, position } = at(marked);
		const uri = open(text);
		const answer = await editor.ask("textDocument/completion", { textDocument: { uri }, position: place(position) });
		const labels = new Map((answer.items ?? answer).map((item) => [item.label, item]));
		const lacks = wanted.filter(([label, help]) =>
			!labels.has(label) || (help && !String(labels.get(label).documentation?.value ?? labels.get(label).documentation).includes(help)));
		const has = unwanted.filter((label) => labels.has(label));
		check(`completion ${what}`, !lacks.length && !has.length,
			`lacks ${JSON.stringify(lacks)}, has ${JSON.stringify(has)} of ${[...labels.keys()].join(" ")}`);
	}
	await offers("at the top has the sections", `${base}|`, [["users", "people with a mailbox"], ["aliases", "addresses that lead elsewhere"], ["policy"]], ["quota"]);
	await offers("in a user has the fields of a user", `${base}users:\n  anna@a.example:\n    |`,
		[["quota", "how much the mailbox holds"], ["roles", "what the person may administer"], ["send_limit"]], ["catch_all", "listen"]);
	await offers("in a domain has those of a domain", `version: 1\ndomains:\n  a.example:\n    |`, [["catch_all"], ["same_as", "twin"]], ["quota"]);
	await offers("in a host's listen has its ports", `version: 1\nhosts:\n  mail:\n    listen:\n      |`, [["smtp", "mail from other servers"], ["imaps"]], ["name"]);
	await offers("of a word has the words", `${base}users:\n  anna@a.example:\n    encryption: |`, [["managed"], ["private"]], ["read"]);
	await offers("in a password has its forms", `${base}users:\n  anna@a.example:\n    password:\n      |`, [["hash"], ["sealed"]], ["quota"]);

	const hovered = at(`${base}users:\n  anna@a.example:\n    quo|ta: 1GiB\n`);
	const hover = await editor.ask("textDocument/hover", { textDocument: { uri: open(hovered.text) }, position: place(hovered.position) });
	const help = JSON.stringify(hover?.contents ?? "");
	check("hover shows what a field is for", help.includes("how much the mailbox holds") && help.includes("Default: 10GiB"), help);

	async function diagnosed(what, text, wanted) {
		const uri = `file://${path.dirname(schemaFile)}/state${documents + 1}.yaml`;
		const heard = editor.hear("textDocument/publishDiagnostics", (p) => p.uri === uri);
		open(text);
		const { diagnostics } = await heard;
		const lines = diagnostics.map((d) => `${d.range.start.line}: ${d.message}`);
		check(`diagnostics ${what}`, wanted ? lines.length === 1 && wanted.test(lines[0]) : lines.length === 0, lines.join("; "));
	}
	await diagnosed("of a right state: none", fs.readFileSync(path.join(root, "tests/schema/good/whole/state.yaml"), "utf8"), null);
	await diagnosed("of an unknown field", `${base}users:\n  anna@a.example:\n    qouta: 1GiB\n`, /^6: Property qouta is not allowed/);
	await diagnosed("of a wrong unit", `${base}users:\n  anna@a.example:\n    quota: 10GB\n`, /^6: .*pattern/);
	await diagnosed("of a word that is none", `${base}users:\n  anna@a.example:\n    encryption: open\n`, /^6: .*managed/);

	await editor.ask("shutdown", null);
	editor.tell("exit");
}

async function main() {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), "posthus-schema."));
	const schemaFile = path.join(folder, "state.schema.json");
	const late = setTimeout(() => {
		check("the language server answers", false, "no answer within a minute");
		end();
	}, 60000);
	const end = () => {
		fs.rmSync(folder, { recursive: true });
		console.log(`${passed} passed, ${failed} failed, 0 skipped`);
		process.exit(failed ? 1 : 0);
	};
	fs.writeFileSync(schemaFile, schemaText());
	ajvJudges();
	await editorJudges(schemaFile);
	clearTimeout(late);
	end();
}

main().catch((error) => {
	console.log(`FAIL ${error.stack}\n${passed} passed, ${failed + 1} failed, 0 skipped`);
	process.exit(1);
});

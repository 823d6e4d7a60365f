// Opens invitations as a person does. Says "ok   …" and "FAIL …", a line each, for run.sh.
"use strict";
const puppeteer = require("puppeteer-core");
const axe = require("axe-core");

const [spki, eva, ida, shots] = process.argv.slice(2);
// Neither isMobile nor hasTouch: to change those puppeteer loads a page anew, and a link opens once.
const looks = [
	["phone", { width: 390, height: 844, deviceScaleFactor: 2 }],
	["desktop", { width: 1280, height: 800 }],
];
let errors = [];

function say(name, good, why) {
	console.log(`${good ? "ok  " : "FAIL"} ${name}${good ? "" : `: ${why}`}`);
}

function watch(page) {
	page.on("console", (message) => ["error", "warn"].includes(message.type()) && errors.push(message.text()));
	page.on("pageerror", (error) => errors.push(String(error)));
	page.on("requestfailed", (request) => errors.push(`failed: ${request.url()}`));
	page.on("request", (request) => new URL(request.url()).host === new URL(eva).host || errors.push(`elsewhere: ${request.url()}`));
}

function quiet(name, but) {
	const left = errors.filter((text) => !but || !but.test(text));
	say(`${name}: no violation of the CSP, no error, nothing from elsewhere`, left.length === 0, left.join("; "));
	errors = [];
}

// Each look of one page: whether it fits, what axe says, a picture.
async function judge(page, name) {
	for (const [look, viewport] of looks)
		for (const scheme of ["light", "dark"]) {
			await page.setViewport(viewport);
			await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
			await page.evaluate(axe.source);
			const found = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
			const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
			say(`${name}, ${look}, ${scheme}: axe finds nothing`, found.violations.length === 0,
				found.violations.map((v) => `${v.id} (${v.nodes.map((n) => n.target).join(" ")})`).join("; "));
			say(`${name}, ${look}, ${scheme}: it fits`, !wide, "it scrolls sideways");
			await page.screenshot({ path: `${shots}/${name.replace(/\W+/g, "-")}-${look}-${scheme}.png`, fullPage: true });
		}
}

async function send(page, password, again) {
	await page.focus("#password");
	await page.keyboard.type(password);
	await page.keyboard.press("Tab");
	const second = await page.evaluate(() => document.activeElement.id);
	await page.keyboard.type(again);
	await Promise.all([page.waitForNavigation({ timeout: 20000 }), page.keyboard.press("Enter")]);
	return second;
}

const heading = (page) => page.$eval("h1", (h) => h.textContent);

async function with_scripts(browser) {
	const page = await browser.newPage();
	watch(page);
	await page.goto(eva);
	say("the page greets her", (await heading(page)) === "Hello Eva Ek", await heading(page));
	say("the password is what the keyboard goes to", (await page.evaluate(() => document.activeElement.id)) === "password", "it is not focused");
	await judge(page, "choose");
	quiet("choose");
	const second = await send(page, "Password123456", "Password123456");
	say("Tab leads from the first field to the second", second === "again", second);
	const alert = await page.$eval('[role="alert"]', (p) => p.textContent);
	say("what is wrong is said", /tried first/.test(alert), alert);
	await judge(page, "refused");
	quiet("refused", /422/);
	await send(page, "three grey öwls & 1 tulip", "three grey öwls & 1 tulip");
	say("she is in", (await heading(page)) === "You are in", await heading(page));
	await judge(page, "welcome");
	quiet("welcome");
	await page.goto(eva);
	say("the link is used", (await heading(page)) === "This link was used", await heading(page));
	await judge(page, "used");
	quiet("used", /410/);
	await page.close();
}

async function without_scripts(browser) {
	const page = await browser.newPage();
	watch(page);
	await page.setJavaScriptEnabled(false);
	await page.goto(ida);
	say("without JavaScript the page is there", (await heading(page)) === "Hello", await heading(page));
	await send(page, "seven quiet harbours", "seven quiet harbours");
	say("without JavaScript she is in", (await heading(page)) === "You are in", await heading(page));
	quiet("without JavaScript");
	await page.close();
}

(async () => {
	const browser = await puppeteer.launch({
		executablePath: "/usr/bin/chromium",
		args: ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * 127.0.0.1", `--ignore-certificate-errors-spki-list=${spki}`,
			"--disable-background-networking", "--disable-component-update", "--no-first-run"],
		userDataDir: `${shots}/profile-${process.pid}`,
	});
	try {
		await with_scripts(browser);
		await without_scripts(browser);
	} finally {
		await browser.close();
		require("fs").rmSync(`${shots}/profile-${process.pid}`, { recursive: true, force: true });
	}
})().catch((error) => {
	console.log(`FAIL ${error.stack.split("\n")[0]}`);
	process.exit(1);
});

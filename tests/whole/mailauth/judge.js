// What npm's mailauth says of a message, as the receiver got it: SPF, DKIM and DMARC must all pass.
//
// judge.js MESSAGE DNS IP HELO SENDER: DNS is a file, {"name": {"TXT": [["text"]]}}. Says what each found; exit 1 unless
// every signature and every method passes.
const fs = require("fs");
const { authenticate } = require("mailauth");

const [message, dns, ip, helo, sender] = process.argv.slice(2);
const zone = JSON.parse(fs.readFileSync(dns));

async function resolver(name, type) {
  const found = (zone[name.toLowerCase()] || {})[type];
  if (found) return found;
  throw Object.assign(new Error(`${type} ${name}`), { code: "ENOTFOUND" });
}

(async () => {
  const { spf, dkim, dmarc } = await authenticate(fs.readFileSync(message), { ip, helo, sender, mta: "mx.judge.example", resolver });
  const signatures = dkim.results.map((r) => r.status.result);
  console.log("spf", spf.status.result, "dkim", signatures.join(" "), "dmarc", dmarc.status.result);
  console.log(dkim.results.map((r) => r.info).join("\n"));
  const aligned = dkim.results.filter((r) => r.status.aligned).length;
  process.exit(spf.status.result === "pass" && dmarc.status.result === "pass" && signatures.length === 2 && aligned === 2 &&
    signatures.every((s) => s === "pass") ? 0 : 1);
})();

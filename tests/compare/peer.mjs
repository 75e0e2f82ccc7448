// Playwright's own snapshots. One address a line on standard input, as JSON `{url, depth?, boxes?, undrawn?}`; for each one line of JSON
// on standard output: `{yaml}` or `{error}`. The first line is `{ready: true}`.
//
//   node peer.mjs NODE_MODULES CHROMIUM
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const [modules, executablePath] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)('playwright-core');
const browser = await chromium.launch({
  executablePath,
  chromiumSandbox: true,
  // The service lets pages reach nothing but the addresses it was given; here too.
  args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost'],
});
const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
const script = name => `(${readFileSync(new URL(name, import.meta.url), 'utf8').replace(/^\/\/.*\n/, '')})()`;
const atRest = script('at_rest.js');
const withoutUndrawn = script('undrawn.js');
const say = answer => process.stdout.write(JSON.stringify(answer) + '\n');
say({ ready: true });

for await (const line of createInterface({ input: process.stdin })) {
  const { url, depth, boxes, undrawn } = JSON.parse(line);
  const page = await context.newPage();
  try {
    await page.goto(url, { waitUntil: 'load', timeout: 20_000 });
    await page.evaluate(atRest);
    if (undrawn === false) await page.evaluate(withoutUndrawn);
    say({ yaml: await page.ariaSnapshot({ mode: 'ai', depth, boxes, timeout: 20_000 }) });
  } catch (error) {
    say({ error: String(error.message).split('\n')[0] });
  } finally {
    await page.close();
  }
}
await browser.close();

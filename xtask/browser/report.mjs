// Looks at a report in headless Chromium, through its debugging pipe, with nothing but Node's own library.
//   node xtask/browser/report.mjs REPORT.html SCREENSHOTS
// Fails on a message in the console, on a request that leaves the file, on a table that does not sort, on a plot without
// its marks, on names that run into each other, on a small picture that leads nowhere, on numbers that the keyboard does not show, and on a page that
// is wider than its window. Writes light.png (1100 pixels), 768.png, 1600.png, dark.png, phone.png (400) and print.png.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [report, screenshots] = process.argv.slice(2);
if (!report || !screenshots) {
  console.error("usage: node xtask/browser/report.mjs REPORT.html SCREENSHOTS");
  process.exit(2);
}
const address = pathToFileURL(resolve(report)).href;
const profile = mkdtempSync(join(tmpdir(), "scalegate-browser-"));
mkdirSync(screenshots, { recursive: true });

const browser = spawn(
  process.env.CHROMIUM ?? "chromium",
  [
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--remote-debugging-pipe", `--user-data-dir=${profile}`,
    ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), // Chromium has no sandbox for root.
    "about:blank",
  ],
  // In a process group of its own, so that its children can be ended with it.
  { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], detached: true },
);
browser.on("error", (error) => giveUp(`chromium: ${error.message}; install it, or name it in CHROMIUM`));
browser.on("exit", () => giveUp("chromium ended on its own"));
browser.stdio[3].on("error", () => {}); // It comes with one of the two above.

// The protocol: one JSON message after another, each ended by a zero byte.
const waiting = new Map();
let goneBecause;
function giveUp(reason) {
  goneBecause ??= reason;
  for (const { reject } of waiting.values()) reject(new Error(reason));
}
const events = [];
let received = Buffer.alloc(0);
let number = 0;
browser.stdio[4].on("data", (chunk) => {
  received = Buffer.concat([received, chunk]);
  for (let end = received.indexOf(0); end >= 0; end = received.indexOf(0)) {
    const message = JSON.parse(received.subarray(0, end).toString());
    received = received.subarray(end + 1);
    const answer = waiting.get(message.id);
    waiting.delete(message.id);
    if (answer) message.error ? answer.reject(new Error(message.error.message)) : answer.resolve(message.result);
    else events.push(message);
  }
});

let session;
function send(method, params = {}) {
  const id = ++number;
  return new Promise((resolve, reject) => {
    if (goneBecause) return reject(new Error(goneBecause));
    waiting.set(id, { resolve, reject });
    browser.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId: session })}\0`);
  });
}

async function evaluate(expression) {
  const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, returnByValue: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function open(width, height, features) {
  await send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  await send("Emulation.setEmulatedMedia", features);
  events.length = 0;
  await send("Page.navigate", { url: address });
  const deadline = Date.now() + 30_000;
  while (!events.some((event) => event.method === "Page.loadEventFired")) {
    if (Date.now() > deadline) throw new Error("the page was not loaded within 30 s");
    await pause(20);
  }
}

async function picture(name) {
  const { data } = await send("Page.captureScreenshot", { captureBeyondViewport: true, format: "png" });
  writeFileSync(join(screenshots, name), Buffer.from(data, "base64"));
}

const faults = [];
function expect(holds, fault) {
  if (!holds) faults.push(fault);
}

// What the browser said and fetched since the page was opened.
function expectQuiet(where) {
  for (const { method, params } of events) {
    if (method === "Runtime.exceptionThrown") faults.push(`${where}: ${params.exceptionDetails.text}`);
    if (method === "Runtime.consoleAPICalled") faults.push(`${where}: console: ${JSON.stringify(params.args)}`);
    if (method === "Log.entryAdded") faults.push(`${where}: ${params.entry.text}`);
    if (method === "Network.requestWillBeSent" && params.request.url !== address) {
      faults.push(`${where}: a request to ${params.request.url}`);
    }
  }
}

// Pictures of cost against accuracy, of which a report of several models has some.
async function expectFronts(where) {
  const fronts = await evaluate(FRONTS);
  expect(fronts.length > 0, `${where}: there is no front`);
  for (const { id, missing, crowded, wide } of fronts) {
    expect(missing.length === 0, `${where}: ${id} lacks ${missing.join(", ")}`);
    expect(crowded === 0, `${where}: ${crowded} names of ${id} run into each other`);
    expect(!wide, `${where}: ${id} is wider than its place`);
  }
}

const MARKS = `[...document.querySelectorAll("figure:not(.front, .overlay, .units, details.rest figure)")].map((figure) => {
  const has = (selector) => figure.querySelector(selector) !== null;
  const drawn = (selector) => [...figure.querySelectorAll(selector)].some((mark) => {
    const box = mark.getBoundingClientRect();
    return box.width > 20 && box.height >= 0;
  });
  const missing = [];
  for (const mark of ["path.law", "path.interval", "path.rounds"]) if (!drawn(mark)) missing.push(mark);
  for (const mark of ["circle.point", "path.stem", "title", "desc", "text"]) if (!has(mark)) missing.push(mark);
  if (/: knee/.test(figure.querySelector("h3").textContent) && !has("path.breakpoint")) missing.push("path.breakpoint");
  return { id: figure.id, missing };
})`;

// Small pictures that lead to large ones, and points whose numbers show when the keyboard reaches them.
const TILES = `[...document.querySelectorAll("a.tile")].map((tile) => {
  const target = document.getElementById(decodeURIComponent(tile.hash.slice(1)));
  return { name: tile.textContent, leads: target !== null, drawn: tile.querySelector("path.law") !== null };
})`;

const TIPS = `(() => {
  const data = [...document.querySelectorAll("figure:not(.front, .overlay, .units, details.rest figure) .datum")];
  const shown = () => data.filter((it) => getComputedStyle(it.querySelector(".tip")).visibility === "visible").length;
  const before = shown();
  data[0].focus();
  const name = data[0].getAttribute("aria-label");
  return { count: data.length, before, after: shown(), name };
})()`;

const FRONTS = `[...document.querySelectorAll("figure.front")].map((figure) => {
  const [left, right] = [figure.querySelector("svg"), figure].map((it) => it.getBoundingClientRect());
  const marks = ["path.pareto", "path.spread", "circle.point", "title", "desc", "text.label"];
  const names = [...figure.querySelectorAll("text.label")].map((name) => name.getBoundingClientRect());
  const meet = (a, b) => a !== b && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return {
    id: figure.id,
    missing: marks.filter((mark) => figure.querySelector(mark) === null),
    crowded: names.filter((a) => names.some((b) => meet(a, b))).length,
    wide: left.right > right.right + 1,
  };
})`;

const OVERLAYS = `[...document.querySelectorAll("figure.overlay")].map((figure) => ({
  id: figure.id,
  lines: figure.querySelectorAll("svg > path.line").length,
  marks: figure.querySelectorAll("svg > path.mark").length,
}))`;

const SORTED = `(() => {
  const table = document.querySelector("table.sortable");
  const column = [...table.tHead.rows[0].cells].findIndex((cell) => cell.textContent === "workload");
  const names = () => [...table.tBodies[0].rows].map((row) => row.cells[column].textContent);
  const press = () => table.tHead.rows[0].cells[column].querySelector("button").click();
  const before = names();
  press();
  const up = names();
  press();
  const down = names();
  const sorted = [...before].sort((a, b) => a.localeCompare(b));
  return { rows: before.length, up: up.join() === sorted.join(), down: down.join() === [...up].sort((a, b) => b.localeCompare(a)).join() };
})()`;

async function look() {
  const { targetInfos } = await send("Target.getTargets");
  const { targetId } = targetInfos.find((target) => target.type === "page");
  ({ sessionId: session } = await send("Target.attachToTarget", { targetId, flatten: true }));
  for (const domain of ["Page", "Runtime", "Network", "Log"]) await send(`${domain}.enable`);
  await send("Emulation.setFocusEmulationEnabled", { enabled: true }); // A window that nobody sees has no focus.

  const scheme = (value) => ({ media: "", features: [{ name: "prefers-color-scheme", value }] });
  await open(1100, 900, scheme("light"));
  const figures = await evaluate(MARKS);
  expect(figures.length > 0, "there is no plot");
  for (const { id, missing } of figures) expect(missing.length === 0, `${id}: lacks ${missing.join(", ")}`);
  const overlays = await evaluate(OVERLAYS);
  expect(overlays.length > 0, "no laws lie over one another");
  for (const { id, lines, marks } of overlays) expect(lines > 1 && marks === lines, `${id}: ${lines} laws, ${marks} marks`);
  await expectFronts("light");
  const tiles = await evaluate(TILES);
  expect(tiles.length > 0, "there is no small picture");
  for (const { name, leads, drawn } of tiles) expect(leads && drawn, `${name}: leads ${leads}, drawn ${drawn}`);
  await picture("light.png");
  const tips = await evaluate(TIPS);
  expect(tips.before === 0 && tips.after === 1, `numbers of ${tips.name}: ${tips.before} shown, then ${tips.after}`);
  const { rows, up, down } = await evaluate(SORTED);
  expect(rows > 0 && up && down, `the table of ${rows} rows does not sort`);
  expectQuiet("light");

  await open(1100, 900, scheme("dark"));
  const [light, dark] = ["rgb(255, 255, 255)", await evaluate("getComputedStyle(document.body).backgroundColor")];
  expect(light !== dark, "dark is as light as light");
  await picture("dark.png");
  expectQuiet("dark");

  for (const width of [768, 1600]) {
    await open(width, 900, scheme("light"));
    const wide = await evaluate("document.documentElement.scrollWidth");
    expect(wide <= width, `at ${width} pixels the page is ${wide} wide`);
    await picture(`${width}.png`);
    expectQuiet(`${width} pixels`);
  }

  await open(400, 800, scheme("light"));
  const width = await evaluate("document.documentElement.scrollWidth");
  expect(width <= 400, `at 400 pixels the page is ${width} wide`);
  await expectFronts("phone");
  await picture("phone.png");
  expectQuiet("phone");

  await open(800, 1100, { media: "print", features: [] });
  await picture("print.png");
  expectQuiet("print");
  console.log(`${report}: ${figures.length} plots, a table of ${rows} rows, pictures in ${screenshots}`);
}

const ended = new Promise((resolve) => browser.on("exit", resolve).on("error", resolve));

// With all its children, if there is any left.
function kill() {
  try {
    if (browser.pid !== undefined) process.kill(-browser.pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

// Chromium's children outlive it for a moment and write to the profile meanwhile.
async function end() {
  session = undefined;
  send("Browser.close").catch(() => {}); // Its answer may be lost with it.
  const patience = setTimeout(kill, 5_000);
  await ended;
  clearTimeout(patience);
  kill();
  // rmSync's own retries do not list a directory again that was filled meanwhile.
  for (let attempt = 1; attempt <= 50; attempt++) {
    try {
      return rmSync(profile, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== "ENOTEMPTY" && error.code !== "EBUSY") throw error;
      await pause(100);
    }
  }
  console.error(`${profile} could not be removed: something still writes to it`);
}

try {
  await look();
} catch (error) {
  faults.push(error.message);
}
for (const fault of faults) console.error(`${report}: ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;
await end();

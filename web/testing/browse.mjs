// node browse.mjs FOLDER PICTURE SCREENSHOT CHROMIUM
//
// Serves FOLDER on loopback, opens it in a headless Chromium, gives the page PICTURE as a user would choose a file, and
// prints what the page says as JSON: {"top": [{"label", "percent"}…], "time", "size", "errors"}. The page as it looks
// then goes to SCREENSHOT. The browser is driven over a pipe (--remote-debugging-pipe), so that nothing has to be
// installed besides it.
import { spawn } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";

const [folder, picture, screenshot, chromium] = process.argv.slice(2);
const types = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm", ".png": "image/png", ".jpg": "image/jpeg", ".bmp": "image/bmp" };

const server = createServer((request, response) => {
  const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
  const file = join(folder, path.endsWith("/") ? path + "index.html" : path);
  if (path.includes("..") || !existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
  createReadStream(file).pipe(response);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const profile = mkdtempSync(join(tmpdir(), "pipit-browser-"));
const browser = spawn(
  chromium,
  ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
   "--remote-debugging-pipe", `--user-data-dir=${profile}`, "about:blank"],
  { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
);
for (const pipe of [browser.stdio[3], browser.stdio[4]]) pipe.on("error", () => {}); // it may go before we do
function end(code) {
  browser.once("exit", () => {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    process.exit(code);
  });
  browser.kill();
}
setTimeout(() => (console.error("the browser did not answer within 60 s"), end(1)), 60_000);

let next = 0, rest = "";
const waiting = new Map(), errors = [];
browser.stdio[4].on("data", (data) => {
  const messages = (rest + data).split("\0");
  rest = messages.pop();
  for (const text of messages) {
    const message = JSON.parse(text);
    if (message.method === "Runtime.exceptionThrown") errors.push(message.params.exceptionDetails.exception?.description);
    if (message.method === "Log.entryAdded" && message.params.entry.level === "error") errors.push(message.params.entry.text);
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  }
});
let sessionId;
function send(method, params = {}) {
  const id = ++next;
  browser.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + "\0");
  return new Promise((resolve, reject) =>
    waiting.set(id, ({ result, error }) => (error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result))),
  );
}
async function evaluate(expression) {
  const { result } = await send("Runtime.evaluate", { expression, returnByValue: true });
  return result.value;
}
async function until(expression) {
  while (!(await evaluate(expression))) await new Promise((resolve) => setTimeout(resolve, 50));
}

try {
  const { targetInfos } = await send("Target.getTargets");
  const { targetId } = targetInfos.find(({ type }) => type === "page");
  ({ sessionId } = await send("Target.attachToTarget", { targetId, flatten: true }));
  await send("Runtime.enable");
  await send("Log.enable");
  await send("Page.enable");
  await send("Emulation.setDeviceMetricsOverride", { width: 1040, height: 800, deviceScaleFactor: 1, mobile: false });
  await send("Page.navigate", { url: `http://127.0.0.1:${server.address().port}/` });
  await until("document.body?.dataset.ready === 'yes'");
  const { root } = await send("DOM.getDocument");
  const { nodeId } = await send("DOM.querySelector", { nodeId: root.nodeId, selector: "#file" });
  await send("DOM.setFileInputFiles", { nodeId, files: [picture] });
  await until("document.body.dataset.inferences === '1'");
  await new Promise((resolve) => setTimeout(resolve, 400)); // the bars grow
  const { data } = await send("Page.captureScreenshot", { format: "png" });
  writeFileSync(screenshot, Buffer.from(data, "base64"));
  const top = await evaluate(`[...document.querySelectorAll("#classes li")].map((item) => ({
    label: item.querySelector(".label").textContent, percent: parseFloat(item.querySelector(".percent").textContent) }))`);
  const text = (id) => evaluate(`document.getElementById("${id}").textContent`);
  // A sample, as a click.
  const samples = await evaluate("document.querySelectorAll('#samples button').length");
  let sample = "";
  if (samples > 0) {
    await evaluate("document.querySelector('#samples button').click()");
    await until("document.body.dataset.inferences === '2'");
    sample = await evaluate("document.querySelector('#classes .label').textContent");
  }
  console.log(JSON.stringify({ top, time: await text("time"), size: await text("size"), samples, sample, errors }));
  end(0);
} catch (error) {
  console.error(error.message);
  end(1);
}

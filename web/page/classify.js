// Classifies pictures with the module that `pipit model compile --emit=web` wrote beside this file. model.json says how
// a picture becomes the module's input and what its outputs are called.
const $ = (id) => document.getElementById(id);
const arrays = { f32: Float32Array, i8: Int8Array, u8: Uint8Array };

const description = await (await fetch("model.json")).json();
const { input, output } = description;
const model = await load();

async function load() {
  const bytes = await (await fetch("model.wasm")).arrayBuffer();
  const { instance } = await WebAssembly.instantiate(bytes, {});
  const { exports } = instance;
  const view = ({ type, elements }, address) => new arrays[type](exports.memory.buffer, address, elements);
  return {
    input: view(input, exports.model_input0()),
    output: view(output, exports.model_output0()),
    run: exports.model_run,
    bytes: bytes.byteLength,
  };
}

/** The middle of a picture as width × height RGBA pixels. */
function pixelsOf(bitmap) {
  const { width, height } = input;
  const scale = Math.max(width / bitmap.width, height / bitmap.height);
  const w = width / scale, h = height / scale;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.imageSmoothingEnabled = scale !== 1;
  context.fillStyle = input.darkGround ? "#000" : "#fff"; // behind what is transparent
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, (bitmap.width - w) / 2, (bitmap.height - h) / 2, w, h, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

const grey = (pixels, at) => 0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2];

/** Whether a picture that ought to have a dark ground has a light one: by its border. */
function isLight(pixels) {
  const { width, height } = input;
  let sum = 0, count = 0;
  for (let y = 0; y < height; ++y)
    for (let x = 0; x < width; x += y === 0 || y === height - 1 ? 1 : width - 1, ++count)
      sum += grey(pixels, 4 * (y * width + x));
  return sum / count > 127;
}

function fill(pixels) {
  const { width, height, channels, planar, mean, deviation } = input;
  const inverted = input.darkGround && isLight(pixels);
  for (let at = 0; at < width * height; ++at)
    for (let c = 0; c < channels; ++c) {
      let value = channels === 1 ? grey(pixels, 4 * at) : pixels[4 * at + c];
      if (inverted) value = 255 - value;
      if (mean) value = (value / 255 - mean[c]) / deviation[c];
      else if (input.type === "f32") value /= 255;
      else if (input.type === "i8") value = Math.round(value) - 128;
      // Where the statistics are given, integers stand for real values.
      if (mean && input.type !== "f32") value = Math.round(value / input.scale) + input.zeroPoint;
      model.input[planar ? c * width * height + at : at * channels + c] = value;
    }
}

/** Probabilities; logits go through softmax. */
function probabilities() {
  const values = Array.from(model.output, (q) => (output.scale > 0 ? output.scale * (q - output.zeroPoint) : q));
  const sum = values.reduce((total, value) => total + value, 0);
  if (values.every((value) => value >= 0) && Math.abs(sum - 1) < 0.25) return values;
  const most = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - most));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

/** Of one inference; browsers' clocks are coarse, so short ones are timed together. */
function milliseconds() {
  let best = Infinity;
  for (let sample = 0, count = 1; sample < 5; ) {
    const start = performance.now();
    for (let i = 0; i < count; ++i) model.run();
    const spent = performance.now() - start;
    if (spent < 3 && count < 1e5) {
      count *= 2;
      continue;
    }
    best = Math.min(best, spent / count);
    ++sample;
  }
  return best;
}

function infer(pixels) {
  fill(pixels);
  model.run();
  const all = probabilities();
  const order = all.map((_, i) => i).sort((a, b) => all[b] - all[a] || a - b).slice(0, 5);
  return { ms: milliseconds(), top: order.map((i) => ({ label: description.labels[i] ?? `class ${i}`, probability: all[i] })) };
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function show({ ms, top }) {
  $("classes").replaceChildren(
    ...top.map(({ label, probability }) => {
      const item = element("li", ""), row = element("div", "row"), track = element("div", "track");
      const bar = element("div", "bar");
      row.append(element("span", "label", label), element("span", "percent", `${(100 * probability).toFixed(1)} %`));
      bar.style.width = `${100 * probability}%`;
      track.append(bar);
      item.append(row, track);
      return item;
    }),
  );
  $("time").textContent = ms < 10 ? `${ms.toFixed(ms < 1 ? 2 : 1)} ms` : `${Math.round(ms)} ms`;
}

function say(text, wrong = false) {
  $("status").textContent = text;
  $("status").classList.toggle("wrong", wrong);
}

let shown = "";
let latest = 0;
async function classify(blob, pressed = null) {
  const turn = ++latest;
  try {
    const bitmap = await createImageBitmap(blob);
    if (turn !== latest) return; // another picture came meanwhile
    if (shown) URL.revokeObjectURL(shown);
    shown = URL.createObjectURL(blob);
    $("picture").src = shown;
    $("picture").hidden = false;
    $("drop").classList.add("filled");
    $("picture").classList.toggle("small", bitmap.width < 100);
    for (const button of $("samples").children) button.setAttribute("aria-pressed", button === pressed);
    show(infer(pixelsOf(bitmap)));
    say("");
    document.body.dataset.inferences = Number(document.body.dataset.inferences ?? 0) + 1;
  } catch {
    if (turn === latest) say("That is no picture this browser can read.", true);
  }
}

const size = (bytes) => (bytes < 1e6 ? `${Math.round(bytes / 1e3)} KB` : `${(bytes / 1e6).toFixed(1)} MB`);
const count = (macs) => (macs < 1e6 ? `${Math.round(macs / 1e3)} thousand` : `${(macs / 1e6).toFixed(macs < 1e7 ? 1 : 0)} million`);
$("name").textContent = description.name;
$("size").textContent = size(model.bytes);
$("macs").textContent = count(description.macs);
$("input").textContent = `${input.width} × ${input.height}${input.channels === 1 ? " grey" : ""}, ${{ f32: "fp32", i8: "int8", u8: "uint8" }[input.type]}`;

$("file").addEventListener("change", () => $("file").files.length > 0 && classify($("file").files[0]));
const drop = $("drop");
drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files.length > 0) classify(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => {
  const [file] = event.clipboardData.files;
  if (file) classify(file);
});
for (const file of description.samples) {
  const button = element("button", "");
  const image = element("img", "");
  image.src = file;
  image.alt = file.replace(/^.*\/|\.\w+$/g, "");
  button.title = image.alt;
  button.append(image);
  button.addEventListener("click", async () => classify(await (await fetch(file)).blob(), button));
  $("samples").append(button);
}
say(description.samples.length > 0 ? "Drop a picture, or take one of the samples." : "Drop a picture.");
document.body.dataset.ready = "yes";

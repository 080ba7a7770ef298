// ONNX Runtime on one thread, for bench/models: answers one line to each line of its input.
//
//   load MODEL.onnx [unsigned]   "ok", or why not; the model stays loaded until the next load
//   run INPUT OUTPUT             one inference on the raw bytes of a file; those of the first output go to another
//   sample N                     CPU milliseconds of one inference, over N
//
// PIPIT_NODE_MODULES is the folder that tests/onnxruntime/install.sh filled.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { unsignedActivations } from "./u8s8.mjs";

const require = createRequire(join(process.env.PIPIT_NODE_MODULES, "package.json"));
const ort = require("onnxruntime-node");

let session, feeds;

function tensorFor({ type, shape }) {
  const size = shape.reduce((product, dim) => product * dim, 1);
  if (type === "float32") return new ort.Tensor(type, Float32Array.from({ length: size }, (_, i) => Math.sin(i)), shape);
  const Data = type === "uint8" ? Uint8Array : Int8Array;
  return new ort.Tensor(type, Data.from({ length: size }, (_, i) => 7 * i), shape);
}

const commands = {
  async load(file, unsigned) {
    const bytes = readFileSync(file);
    session = await ort.InferenceSession.create(unsigned ? unsignedActivations(bytes) : bytes, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
    });
    feeds = Object.fromEntries(session.inputMetadata.map((input) => [input.name, tensorFor(input)]));
    await session.run(feeds);
    return "";
  },
  async run(input, output) {
    const [name] = session.inputNames;
    const { type, data, dims } = feeds[name];
    const bytes = readFileSync(input);
    if (bytes.length !== data.byteLength) throw new Error(`input of ${bytes.length} instead of ${data.byteLength} bytes`);
    const given = new data.constructor(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    const results = await session.run({ ...feeds, [name]: new ort.Tensor(type, given, dims) });
    const made = results[session.outputNames[0]].data;
    writeFileSync(output, Buffer.from(made.buffer, made.byteOffset, made.byteLength));
    return "";
  },
  async sample(count) {
    const start = process.cpuUsage();
    for (let i = 0; i < Number(count); ++i) await session.run(feeds);
    const { user, system } = process.cpuUsage(start);
    return String((user + system) / 1000 / Number(count));
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...words] = line.split(" ");
  try {
    console.log(`ok ${await commands[name](...words)}`);
  } catch (error) {
    console.log(String(error.message ?? error).replaceAll("\n", " "));
  }
}

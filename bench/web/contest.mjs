// node contest.mjs MODULE.wasm MODEL.onnx ROUNDS
//
// Our module and ONNX Runtime web (WebAssembly with SIMD, one thread) in one process, in turn: prints as JSON the CPU
// milliseconds of one inference, the least of ROUNDS each, and how far the outputs are apart. Every round runs for
// 100 ms or so. PIPIT_NODE_MODULES is the folder that bench/web/install.sh filled.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [moduleFile, modelFile, rounds] = process.argv.slice(2);
const require = createRequire(join(process.env.PIPIT_NODE_MODULES, "package.json"));
const ort = require("onnxruntime-web");
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

const session = await ort.InferenceSession.create(readFileSync(modelFile), {
  executionProviders: ["wasm"],
  graphOptimizationLevel: "all",
});
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(moduleFile)), {});
const [input] = session.inputMetadata;
const size = input.shape.reduce((product, dim) => product * dim, 1);
const values = Float32Array.from({ length: size }, (_, i) => Math.sin(i));
const feeds = { [input.name]: new ort.Tensor("float32", values, input.shape) };

function ours() {
  new Float32Array(exports.memory.buffer, exports.model_input0(), size).set(values);
  exports.model_run();
}
const theirs = () => session.run(feeds);

/** CPU milliseconds of one call over about 100 ms. */
async function sample(run) {
  const start = process.cpuUsage();
  for (let count = 1; ; ++count) {
    await run();
    const { user, system } = process.cpuUsage(start);
    const spent = (user + system) / 1000;
    if (spent >= 100) return spent / count;
  }
}

for (let i = 0; i < 3; ++i) {
  await sample(ours); // V8 compiles what is hot once more
  await theirs();
}
const best = [Infinity, Infinity];
for (let round = 0; round < Number(rounds); ++round) {
  best[0] = Math.min(best[0], await sample(ours));
  best[1] = Math.min(best[1], await sample(theirs));
}
ours();
const expected = (await theirs())[session.outputNames[0]].data;
const got = new Float32Array(exports.memory.buffer, exports.model_output0(), expected.length);
const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const gap = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i])), 0);
console.log(JSON.stringify({ ours: best[0], theirs: best[1], difference: gap / scale }));
process.exit(0);

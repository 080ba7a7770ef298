// node run.mjs MODEL.onnx INPUT.bin DIMS OUTPUT.bin [LEVEL]
//
// Runs every sample of INPUT.bin (float32, little-endian, each DIMS as 1x1x28x28) through ONNX Runtime and writes the
// model's first output, sample by sample, to OUTPUT.bin. LEVEL is ONNX Runtime's graph optimisation: all, disabled.
// PIPIT_NODE_MODULES is the folder that tests/onnxruntime/install.sh filled.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [modelFile, inputFile, dimsText, outputFile, level = "all"] = process.argv.slice(2);
const require = createRequire(join(process.env.PIPIT_NODE_MODULES, "package.json"));
const ort = require("onnxruntime-node");

const dims = dimsText.split("x").map(Number);
const size = dims.reduce((product, dim) => product * dim, 1);
const bytes = readFileSync(inputFile);
const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
if (samples.length === 0 || samples.length % size !== 0) throw new Error(`${inputFile} holds no whole samples`);

const session = await ort.InferenceSession.create(modelFile, {
  graphOptimizationLevel: level,
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});
const outputs = [];
for (let at = 0; at < samples.length; at += size) {
  const input = new ort.Tensor("float32", samples.slice(at, at + size), dims);
  const result = (await session.run({ [session.inputNames[0]]: input }))[session.outputNames[0]];
  outputs.push(Buffer.from(result.data.buffer, result.data.byteOffset, result.data.byteLength));
}
writeFileSync(outputFile, Buffer.concat(outputs));

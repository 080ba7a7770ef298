// node run.mjs MODEL.tflite INPUT.bin OUTPUT.bin
//
// Runs every sample of INPUT.bin through TensorFlow Lite and writes all outputs, sample by sample, to OUTPUT.bin. A
// sample is the bytes of all of the model's inputs, one after the other, in the model's element types. Every sample
// meets a fresh interpreter state only where the model keeps none; one interpreter serves the whole file.
// PIPIT_TFLITE_MODULES is the folder that tests/tflite/install.sh filled.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [modelFile, inputFile, outputFile] = process.argv.slice(2);
const require = createRequire(join(process.env.PIPIT_TFLITE_MODULES, "package.json"));
const folder = join(process.env.PIPIT_TFLITE_MODULES, "@tensorflow/tfjs-tflite/wasm");
globalThis.self = globalThis;
const load = require(join(folder, "tflite_web_api_cc_simd.js"));
const tflite = await load({ wasmBinary: readFileSync(join(folder, "tflite_web_api_cc_simd.wasm")) });

const model = readFileSync(modelFile);
const address = tflite._malloc(model.length);
tflite.HEAPU8.set(model, address);
const created = tflite.TFLiteWebModelRunner.CreateFromBufferAndOptions(address, model.length, {
  numThreads: 1,
  enableProfiling: false,
  maxProfilingBufferEntries: 0,
});
if (!created.ok()) throw new Error(`${modelFile}: ${created.errorMessage()}`);
const runner = created.value();
const list = (vector) => Array.from({ length: vector.size() }, (_, i) => vector.get(i));
const bytesOf = (tensor) => {
  const data = tensor.data();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
};

const inputs = list(runner.GetInputs());
const outputs = list(runner.GetOutputs());
const size = inputs.reduce((sum, tensor) => sum + bytesOf(tensor).length, 0);
const samples = readFileSync(inputFile);
if (samples.length === 0 || samples.length % size !== 0)
  throw new Error(`${inputFile} holds ${samples.length} bytes, no multiple of ${size}`);
const results = [];
for (let at = 0; at < samples.length; ) {
  for (const tensor of inputs) {
    const bytes = bytesOf(tensor);
    bytes.set(samples.subarray(at, at + bytes.length));
    at += bytes.length;
  }
  if (!runner.Infer()) throw new Error(`${modelFile}: inference failed`);
  for (const tensor of outputs) results.push(Buffer.from(bytesOf(tensor)));
}
writeFileSync(outputFile, Buffer.concat(results));

// Runs the plans of a file (differential.h) in V8 and prints their traces.
import { readFileSync } from "node:fs";

const scratch = new DataView(new ArrayBuffer(8));

function fromBits(type, bits) {
  scratch.setBigUint64(0, BigInt(bits), true);
  if (type === "i32") return scratch.getInt32(0, true);
  if (type === "i64") return scratch.getBigInt64(0, true);
  return type === "f32" ? scratch.getFloat32(0, true) : scratch.getFloat64(0, true);
}

function text(type, value) {
  if (type[0] === "f" && Number.isNaN(value)) return `${type}:nan`;
  scratch.setBigUint64(0, 0n, true);
  if (type === "i32") scratch.setInt32(0, value, true);
  else if (type === "i64") scratch.setBigInt64(0, value, true);
  else if (type === "f32") scratch.setFloat32(0, value, true);
  else scratch.setFloat64(0, value, true);
  return `${type}:${scratch.getBigUint64(0, true)}`;
}

const traps = [
  [/unreachable/, "unreachable"],
  [/divide by zero|remainder by zero/, "division"],
  [/unrepresentable/, "unrepresentable"],
  [/memory access out of bounds/, "memory"],
  [/null function or function signature/, "indirect call"],
  [/table index is out of bounds|table access out of bounds|element segment out of bounds|table or element/, "table"],
  [/type incompatibility when transforming/, "a host function refused its arguments"],
];

// What a trap is called here; null when nothing after it can be compared.
function trapClass(error) {
  if (error instanceof RangeError && /call stack/.test(error.message)) return null;
  for (const [pattern, name] of traps) if (pattern.test(error.message)) return name;
  return error.message;
}

function run(plan) {
  const trace = [];
  const log = (type) => (value) => void trace.push(`log ${text(type, value)}`);
  const support = { "log-v128": () => {} };
  for (const type of ["i32", "i64", "f32", "f64"]) support[`log-${type}`] = log(type);
  let instance;
  try {
    const module = new WebAssembly.Module(readFileSync(plan.path));
    instance = new WebAssembly.Instance(module, { "fuzzing-support": support });
  } catch (error) {
    return [error instanceof WebAssembly.RuntimeError ? "not instantiated" : String(error)];
  }
  trace.push("instantiated");
  for (const call of plan.calls) {
    try {
      let results = instance.exports[call.name](...call.args.map((arg) => fromBits(arg.type, arg.bits)));
      if (call.results.length === 1) results = [results];
      trace.push([`${call.name} =`, ...call.results.map((type, i) => text(type, results[i]))].join(" "));
    } catch (error) {
      const name = trapClass(error);
      trace.push(name === null ? "gave up" : `${call.name} trap: ${name}`);
      if (name === null) break;
    }
  }
  return trace;
}

console.log(JSON.stringify(JSON.parse(readFileSync(process.argv[2])).map(run)));

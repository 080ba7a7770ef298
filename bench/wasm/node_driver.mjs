// Runs kernels in V8 as the benchmark asks for them, one request a line:
//   load FILE         -> ok N           (N names the instance from here on)
//   sample N ROUNDS   -> ok SECONDS     (processor time of the runs alone)
//   checksum N        -> ok HEX
import fs from 'node:fs';
import readline from 'node:readline';

const kernels = [];

function sample(kernel, rounds) {
  let microseconds = 0;
  for (let i = 0; i < rounds; i++) {
    kernel.kernel_init();
    const before = process.cpuUsage();
    kernel.kernel_run();
    const used = process.cpuUsage(before);
    microseconds += used.user + used.system;
  }
  return microseconds / 1e6;
}

function answer(line) {
  const [command, ...words] = line.split(' ');
  switch (command) {
    case 'load': {
      const module = new WebAssembly.Module(fs.readFileSync(words.join(' ')));
      return kernels.push(new WebAssembly.Instance(module, {}).exports) - 1;
    }
    case 'sample':
      return sample(kernels[words[0]], Number(words[1]));
    case 'checksum':
      return BigInt.asUintN(64, kernels[words[0]].kernel_checksum()).toString(16);
    default:
      throw new Error(`no command ${command}`);
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  try {
    process.stdout.write(`ok ${answer(line)}\n`);
  } catch (error) {
    process.stdout.write(`error ${String(error).replaceAll('\n', ' ')}\n`);
  }
}

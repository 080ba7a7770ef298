#!/bin/sh
# Puts TensorFlow Lite, compiled to WebAssembly, where the tests look for it: build/npm-tflite/node_modules. The package's
# peers are for its browser face; run.mjs loads the WebAssembly module itself and needs none.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
prefix=${1:-$here/../../build/npm-tflite}
[ -e "$prefix/node_modules/@tensorflow/tfjs-tflite/package.json" ] && exit 0
mkdir -p "$prefix"
cp "$here/package.json" "$prefix/package.json"
exec npm install --ignore-scripts --legacy-peer-deps --no-audit --no-fund --prefix "$prefix"

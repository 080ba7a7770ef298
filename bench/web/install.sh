#!/bin/sh
# Puts ONNX Runtime web where the benchmark looks for it: build/npm-web/node_modules.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
prefix=${1:-$here/../../build/npm-web}
[ -e "$prefix/node_modules/onnxruntime-web/package.json" ] && exit 0
mkdir -p "$prefix"
cp "$here/package.json" "$prefix/package.json"
exec npm install --ignore-scripts --no-audit --no-fund --prefix "$prefix"

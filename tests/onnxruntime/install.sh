#!/bin/sh
# Puts ONNX Runtime where the tests look for it: build/npm/node_modules. Without install scripts: the package brings its
# binaries, the script would only fetch GPU libraries.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
prefix=${1:-$here/../../build/npm}
[ -e "$prefix/node_modules/onnxruntime-node/package.json" ] && exit 0
mkdir -p "$prefix"
cp "$here/package.json" "$prefix/package.json"
exec npm install --ignore-scripts --no-audit --no-fund --prefix "$prefix"

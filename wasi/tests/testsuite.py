#!/usr/bin/env python3
"""Runs the preview 1 programs of the WebAssembly/wasi-testsuite repository (branch prod/testsuite-base) with pipit-run.

    wasi/tests/testsuite.py build/host/bin/pipit-run CHECKOUT [pipit-run's options…]

Prints what failed and how many passed; exit code 1 when any failed. The programs are not part of this repository.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile


def command_of(runner, options, program, spec, folder):
    command = [runner, str(program), *options]
    command += [f"--env={key}={value}" for key, value in spec.get("env", {}).items()]
    grants = [(spec["root"], "/")] if "root" in spec else []
    grants += [(name, name) for name in spec.get("dirs", [])]
    for source, guest in grants:
        copy = pathlib.Path(folder, pathlib.Path(source).name)
        shutil.copytree(program.parent / source, copy, symlinks=True)
        command.append(f"--dir={copy}:{guest}")
    return command + (["--", *spec["args"]] if spec.get("args") else [])


def failure_of(runner, options, program):
    """None, or what the program did instead of what its specification says."""
    described = program.with_suffix(".json")
    spec = json.loads(described.read_text()) if described.exists() else {}
    folder = tempfile.mkdtemp()
    try:
        result = subprocess.run(command_of(runner, options, program, spec, folder), capture_output=True, timeout=60,
                                stdin=subprocess.DEVNULL, check=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    out, err = result.stdout.decode(errors="replace"), result.stderr.decode(errors="replace")
    if result.returncode == spec.get("exit_code", 0) and out == spec.get("stdout", out):
        return None
    return f"exit code {result.returncode}\n{out}{err}"


def main():
    runner, checkout, options = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    programs = sorted(checkout.glob("tests/*/testsuite/wasm32-wasip1/*.wasm"))
    failures = {program: failure_of(runner, options, program) for program in programs}
    failures = {program: text for program, text in failures.items() if text}
    for program, text in failures.items():
        print(f"{program}: {text}")
    print(f"{len(programs) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures or not programs else 0


if __name__ == "__main__":
    sys.exit(main())

# Shared by the set-up scripts: sourced, not run.

# Under `set -e` no step ends a script without a word.
set -E
trap 'printf "pipit: %s, line %s: failed: %s\n" "${BASH_SOURCE[0]}" "$LINENO" "$BASH_COMMAND" >&2' ERR

cache=${PIPIT_CACHE:-$root/.cache}
stamps=$cache/stamps

# say TEXT: one line of progress.
say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf 'pipit: %s\n' "$*" >&2; exit 1; }

# as_root COMMAND…: directly as root, else through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "needs root to run: $* (no sudo here; run it yourself, then start again)"
  fi
}

# once STAMP INPUT… -- COMMAND…: runs COMMAND unless it ran to its end with these very input files before.
once() {
  local stamp=$stamps/$1 inputs=() hash
  shift
  while [ "$1" != -- ]; do inputs+=("$1"); shift; done
  shift
  hash=$(cat "${inputs[@]}" /dev/null | sha256sum)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$hash" ] && return 0
  "$@"
  mkdir -p "$stamps"
  echo "$hash" > "$stamp"
}

#!/usr/bin/env bash
# Checks what the type checker can't read: shell scripts, the Dockerfile, .dockerignore and the compose file.
# No Docker engine is needed. Each checker is first given something wrong, and must say so.
#
#   bash deploy/check.sh
#
# A tool that is missing is named and skipped; with CI=true it is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
  echo "✗ $*" >&2
  failed=1
}

# have TOOL WHAT: true where the tool is there; else says what is not checked.
have() {
  command -v "$1" >/dev/null && return 0
  if [ "${CI:-}" = true ]; then fail "$1 is missing: $2 can't be checked."; else echo "skipped: $2, as $1 is missing"; fi
  return 1
}

# bites COMMAND…: the command fails, as it should with what it was given.
bites() {
  if "$@" >"$scratch/output" 2>&1; then fail "'$*' found nothing wrong with what is wrong."; fi
}

compose() {
  if command -v docker-compose >/dev/null; then docker-compose "$@"; else docker compose "$@"; fi
}

# Warnings count: the linter itself ends with 0 for them.
lint_dockerfile() {
  local findings
  if findings=$(npx --yes dockerfile-utils@0.16.3 lint "$1") && [ -z "$findings" ]; then return 0; fi
  echo "$findings"
  return 1
}

if have shellcheck "shell scripts"; then
  # shellcheck disable=SC2016 # the missing quotes are the fault
  printf '#!/bin/sh\nrm $1\n' >"$scratch/bad.sh"
  bites shellcheck "$scratch/bad.sh"
  mapfile -t scripts < <(git ls-files --cached --others --exclude-standard '*.sh' .ci/run)
  if [ "${#scripts[@]}" -eq 0 ]; then fail "no shell script was found"; fi
  if shellcheck "${scripts[@]}"; then echo "${#scripts[@]} shell scripts are fine"; else fail "shell scripts"; fi
fi

if have npx "the Dockerfile"; then
  printf 'FROM node:24-slim\nWORKDIR here\n' >"$scratch/Dockerfile"
  bites lint_dockerfile "$scratch/Dockerfile"
  if lint_dockerfile deploy/Dockerfile; then echo "deploy/Dockerfile is fine"; else fail "deploy/Dockerfile"; fi
fi

# What the files say of one another.
while read -r file; do
  [ -f "$file" ] || fail "deploy/Dockerfile runs $file, which is not there."
done < <(grep -oE 'apps/[^"]+\.ts' deploy/Dockerfile)
while read -r target; do
  grep -qE "^FROM .* AS $target\$" deploy/Dockerfile || fail "deploy/compose.yaml builds $target, which deploy/Dockerfile does not have."
done < <(sed -n 's/^ *target: //p' deploy/compose.yaml)
while read -r image; do
  grep -qE "^FROM .* AS $image\$" deploy/Dockerfile || fail "deploy/kubernetes runs the image labwright-$image, which deploy/Dockerfile does not build."
done < <(sed -nE 's/^ *image: labwright-([a-z-]+).*/\1/p' deploy/kubernetes/*.yaml)
while read -r room; do
  grep -qE "^!$room(/package\.json)?\$" .dockerignore || fail ".dockerignore keeps the workspaces in $room/ out of the image."
done < <(node -p "[...new Set(require('./package.json').workspaces.map((path) => path.split('/')[0]))].join('\n')")

# No cluster is needed: each document is YAML with what Kubernetes asks of every object, and its workers outlive no drain.
check_manifests() {
  node --input-type=module - "$@" <<'SCRIPT'
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

let faults = 0;
const fault = (file, what) => {
  console.error(`${file}: ${what}`);
  faults += 1;
};
for (const file of process.argv.slice(2)) {
  for (const document of parseAllDocuments(readFileSync(file, 'utf8'))) {
    for (const { message } of document.errors) fault(file, message);
    const object = document.errors.length > 0 ? undefined : document.toJS();
    if (!object) continue;
    for (const name of ['apiVersion', 'kind']) if (typeof object[name] !== 'string') fault(file, `no ${name}`);
    if (typeof object.metadata?.name !== 'string') fault(file, `${object.kind} has no metadata.name`);
    if (object.kind !== 'Deployment') continue;
    const { selector, template } = object.spec ?? {};
    for (const [label, value] of Object.entries(selector?.matchLabels ?? { '(none)': true }))
      if (template?.metadata?.labels?.[label] !== value) fault(file, `the label ${label} is not in the template`);
    const { terminationGracePeriodSeconds: grace = 30, containers = [] } = template?.spec ?? {};
    for (const { name, args = [], readinessProbe, livenessProbe } of containers) {
      if (!readinessProbe || !livenessProbe) fault(file, `${name} has no probes`);
      const drain = args.map((arg) => /^--drain=(\d+)s$/.exec(arg)?.[1]).find(Boolean) ?? 30;
      if (grace <= Number(drain)) fault(file, `${name} is killed after ${grace} s, while it drains for ${drain} s`);
    }
  }
}
process.exit(faults > 0 ? 1 : 0);
SCRIPT
}
if have node "the Kubernetes manifests"; then
  printf 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: b}]}}}\n' >"$scratch/bad.yaml"
  bites check_manifests "$scratch/bad.yaml"
  if check_manifests deploy/kubernetes/*.yaml; then echo "deploy/kubernetes is fine"; else fail "deploy/kubernetes"; fi
fi

# Without it the file is refused: whoever starts it makes one.
export LABWRIGHT_SERVICE_TOKEN=0123456789abcdef0123456789abcdef
if command -v docker-compose >/dev/null || docker compose version >/dev/null 2>&1 || have docker-compose "the compose file"; then
  printf 'services:\n  a:\n    imagge: b\n' >"$scratch/compose.yaml"
  bites compose --file "$scratch/compose.yaml" config --quiet
  if compose --file deploy/compose.yaml config --quiet; then echo "deploy/compose.yaml is fine"; else fail "deploy/compose.yaml"; fi
  if compose config --services >"$scratch/services"; then
    for service in postgres device-service workflow-service hub-service worker; do
      grep -qx "$service" "$scratch/services" || fail "'docker compose' in the root folder knows no $service: see .env."
    done
  else
    fail "'docker compose' in the root folder finds no compose file: see .env."
  fi
fi

exit "$failed"

#!/bin/sh
# Tells whether Labwright is up: all services are healthy, and the devices and samples can be listed.
#
#   ./verify-setup.sh
#   DEVICE_SERVICE_URL=http://host:5001 WORKFLOW_SERVICE_URL=http://host:5002 HUB_URL=http://host:5000 ./verify-setup.sh
#   LABWRIGHT_TOKEN=lw_… ./verify-setup.sh     # where people sign in: an API token that may read
#
# Ends with 0 where everything is OK, else with 1.
set -u

devices="${DEVICE_SERVICE_URL:-http://localhost:${DEVICE_SERVICE_PORT:-5001}}"
workflows="${WORKFLOW_SERVICE_URL:-http://localhost:${WORKFLOW_SERVICE_PORT:-5002}}"
hub="${HUB_URL:-http://localhost:${HUB_SERVICE_PORT:-5000}}"
failed=0

command -v curl >/dev/null || { echo "FAIL  curl is not installed"; exit 1; }

# check NAME URL WORD [RETRIES]: the URL answers 2xx, and its body has the word.
check() {
  if body=$(curl --silent --show-error --fail-with-body --max-time 10 \
    ${LABWRIGHT_TOKEN:+--header "Authorization: Bearer $LABWRIGHT_TOKEN"} \
    --retry "${4:-0}" --retry-delay 1 --retry-connrefused "$2" 2>&1); then
    case "$body" in
      *"$3"*) echo "OK    $1" ;;
      *) wrong "$1" "$2 answered something else: $body" ;;
    esac
  else
    wrong "$1" "$2: $(printf '%s\n' "$body" | tail -n 1)"
  fi
}

wrong() {
  echo "FAIL  $1"
  printf '%s\n' "$2" | cut -c 1-300 | sed 's/^/      /'
  failed=1
}

# A service that is just starting gets ten seconds.
check "device-service is healthy" "$devices/health" '"healthy"' 10
check "workflow-service is healthy" "$workflows/health" '"healthy"' 10
check "hub-service is healthy" "$hub/health" '"healthy"' 10
check "devices are listed" "$devices/devices" '"devices"'
check "samples are listed" "$workflows/samples" '"samples"'

if [ "$failed" -ne 0 ]; then
  echo
  echo "Start everything with 'docker compose up --build' or 'npm start', and look at its log."
fi
exit "$failed"

#!/bin/sh
# Twenty workflows book one device at the same moment: exactly one may get it (200), all others must hear 409.
# The device is released at the end, so that this can be run again.
#
#   ./test-race-condition.sh
#   DEVICE_SERVICE_URL=http://host:5001 DEVICE_ID=incubator-1 ./test-race-condition.sh
#
# Ends with 0 where one and only one booking succeeded, with 1 where not, with 2 where it could not be tried.
set -u

url="${DEVICE_SERVICE_URL:-http://localhost:${DEVICE_SERVICE_PORT:-5001}}"
device="$url/devices/${DEVICE_ID:-liquid-handler-1}"
attempts=20

give_up() {
  printf '%s\n' "$@" >&2
  exit 2
}

command -v curl >/dev/null || give_up "curl is not installed."
folder=$(mktemp -d) || exit 2
# Names of this run alone: nobody else's booking is ever released here.
run="race-$(date +%s)-$$"

# answer METHOD URL [JSON]: leaves the body in $folder/body and prints the status, 000 where nobody answered.
answer() {
  curl --silent --max-time 30 --request "$1" --header 'Content-Type: application/json' ${3:+--data "$3"} \
    --output "$folder/body" --write-out '%{http_code}' "$2"
}

# shellcheck disable=SC2317 # reached by the trap
winners() { sed -n 's/ 200$//p' "$folder/answers" 2>/dev/null; }

# shellcheck disable=SC2317 # reached by the trap
release() {
  for workflow in $(winners); do
    status=$(answer POST "$device/release" "{\"workflow_id\": \"$workflow\"}")
    if [ "$status" = 200 ]; then
      echo "Released by $workflow."
    else
      echo "$workflow could not release the device ($status): $(cat "$folder/body")" >&2
    fi
  done
}
trap 'release; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

status=$(answer GET "$device")
case "$status" in
  200) ;;
  000) give_up "Nobody answers at $url. Start Labwright first, or set DEVICE_SERVICE_URL." ;;
  404) give_up "There is no such device: $(cat "$folder/body")" \
    "Start with LABWRIGHT_DEMO=1 on an empty database, or name another one: DEVICE_ID=…" ;;
  *) give_up "GET $device answered $status: $(cat "$folder/body")" ;;
esac

# One curl sends them all, each on a connection of its own, without waiting for one another.
for n in $(seq "$attempts"); do
  cat <<REQUEST
next
url = "$device/book"
header = "Content-Type: application/json"
data = "{\"workflow_id\": \"$run-$n\"}"
max-time = 30
output = "$folder/$run-$n"
write-out = "$run-$n %{http_code}\n"
REQUEST
done >"$folder/requests"
curl --no-progress-meter --parallel --parallel-immediate --parallel-max "$attempts" --config "$folder/requests" >"$folder/answers"

won=$(grep -c ' 200$' "$folder/answers")
refused=$(grep -c ' 409$' "$folder/answers")
other=$((attempts - won - refused))
echo "$attempts concurrent bookings of ${DEVICE_ID:-liquid-handler-1}: $won succeeded, $refused were refused (409), $other ended otherwise."

if [ "$won" -eq 0 ] && [ "$refused" -eq "$attempts" ]; then
  give_up "The device is not free: $(cat "$folder/$run-1")" \
    "Release it as the workflow that holds it:" \
    "  curl -X POST $device/release -H 'Content-Type: application/json' -d '{\"workflow_id\": \"…\"}'"
fi
if [ "$won" -eq 1 ] && [ "$other" -eq 0 ]; then
  echo "OK: exactly one workflow has the device."
  exit 0
fi
echo "FAIL: exactly one may succeed, and all others must be refused."
grep -vE ' (200|409)$' "$folder/answers" | sed 's/^/  /'
exit 1

"""Two workflows for one instrument over plain HTTP, with the standard library of Python alone.

The first is carried out step by step; the second waits in the queue, runs by itself, and is watched
until it is completed. Needs Python 3.9 or newer.

    npm start                                    # in another terminal
    python3 examples/client-python/run.py

DEVICE_SERVICE and WORKFLOW_SERVICE name other addresses than those of `npm start`; TOKEN is an API
token, where people sign in.
"""

import json
import os
import random
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

DEVICE_SERVICE = os.environ.get("DEVICE_SERVICE", "http://localhost:5001")
WORKFLOW_SERVICE = os.environ.get("WORKFLOW_SERVICE", "http://localhost:5002")
TOKEN = os.environ.get("TOKEN")
DEVICE = os.environ.get("DEVICE", "liquid-handler-1")
ENDED = ("completed", "failed", "cancelled")


class LabError(Exception):
    """What a service answered instead: `code` is stable, the text is for people."""

    def __init__(self, problem):
        super().__init__(problem["detail"])
        self.code = problem["code"]
        self.status = problem["status"]
        self.faults = problem.get("faults", [])


def call(method, url, body=None, tries=6, wait=0):
    """Sends a request until it is answered, at most `tries` times.

    A POST carries an Idempotency-Key, the same at each try: where it was the answer that was lost,
    the service answers again and does nothing twice.
    """
    headers = {"Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if TOKEN:
        headers["Authorization"] = "Bearer " + TOKEN
    if method == "POST":
        headers["Idempotency-Key"] = str(uuid.uuid4())
    data = None if body is None else json.dumps(body).encode()
    for attempt in range(1, tries + 1):
        pause = 0.2 * 2**attempt * random.uniform(0.5, 1)
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=45 + wait) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            retry_after = error.headers.get("Retry-After")
            if retry_after is None or attempt == tries:
                raise LabError(problem) from None
            pause += float(retry_after)
        except OSError:
            if attempt == tries or method not in ("GET", "PUT", "POST"):
                raise
        time.sleep(pause)


def events(cursor):
    """Every event of the workflows after a cursor, once and in order; waits for new ones."""
    while True:
        query = urllib.parse.urlencode({"cursor": cursor, "wait_seconds": 25})
        page = call("GET", f"{WORKFLOW_SERVICE}/events?{query}", wait=25)
        yield from page["events"]
        cursor = page["next_cursor"]


def pages(url, rows):
    """Every row of a list, page by page."""
    cursor = None
    while True:
        page = call("GET", url if cursor is None else f"{url}&cursor={urllib.parse.quote(cursor)}")
        yield from page[rows]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def create(name):
    return call(
        "POST",
        f"{WORKFLOW_SERVICE}/workflows",
        {
            "name": name,
            "device_id": DEVICE,
            "sample_barcodes": ["SAMPLE001", "SAMPLE002"],
            "steps": ["pipette_transfer", "dispense_reagent"],
        },
    )


def main():
    first = create("By hand")
    second = create("By itself")
    first_url = f"{WORKFLOW_SERVICE}/workflows/{first['id']}"
    second_url = f"{WORKFLOW_SERVICE}/workflows/{second['id']}"

    call("POST", first_url + "/start", {})
    try:
        call("POST", second_url + "/start", {})
    except LabError as error:
        if error.code != "device_busy":
            raise
        print("refused:", error)
    # Where the feed stands: what happens from here on is told.
    cursor = call("GET", f"{WORKFLOW_SERVICE}/events?cursor=now")["next_cursor"]
    call("POST", second_url + "/start", {"queue": True, "priority": "urgent", "auto": True})

    for _ in first["steps"]:
        step = call("POST", first_url + "/execute-step", {"wait_seconds": 30}, wait=30)["step"]
        print(first["name"] + ":", step["operation"], step["status"])
    # The device goes to who waits for it.
    call("POST", first_url + "/complete", {})

    for event in events(cursor):
        if event["workflow_id"] != second["id"]:
            continue
        data = event["data"]
        what = data.get("operation", "")
        print(second["name"] + ":", event["type"], what, data["status"])
        if event["type"] == "workflow.changed" and data["status"] in ENDED:
            break

    for log in pages(f"{DEVICE_SERVICE}/execution-logs?limit=1&workflow_id={second['id']}", "execution_logs"):
        print(log["started_at"], log["operation"], log["status"])


if __name__ == "__main__":
    main()

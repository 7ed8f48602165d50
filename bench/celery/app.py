"""Celery with a task that does nothing. As a program: a client that carries out one round for each line on its input, a number of tasks,
and answers the seconds until all results were there."""

import json
import os
import sys
import time

from celery import Celery

queue = os.environ["BENCH_QUEUE"]
app = Celery("bench", broker=os.environ["BENCH_AMQP_URL"], backend="rpc://")
app.conf.update(
    task_default_queue=queue,
    task_default_exchange=queue,
    task_default_routing_key=queue,
    broker_transport_options={"confirm_publish": True},
)


@app.task(name="bench.nothing")
def nothing(**_payload):
    return None


def client():
    payload = json.loads(os.environ["BENCH_PAYLOAD"])
    for line in sys.stdin:
        start = time.monotonic()
        results = [nothing.delay(**payload) for _ in range(int(line))]
        for result in results:
            result.get(timeout=60)
        print(time.monotonic() - start, flush=True)


if __name__ == "__main__":
    client()

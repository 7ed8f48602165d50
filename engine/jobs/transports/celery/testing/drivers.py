"""A laboratory's Python drivers as they are: a Celery application that knows nothing of us."""

import json
import os
import time

from celery import Celery, Task

app = Celery('drivers', broker=os.environ['BROKER'], backend='rpc://')
app.conf.update(
    worker_hijack_root_logger=False,
    broker_transport_options={'confirm_publish': True},
    worker_prefetch_multiplier=1,
    task_default_queue=os.environ.get('QUEUE', 'python'),
    task_acks_late=os.environ.get('ACKS_LATE') == '1',
)


def note(**what):
    """One line, whole: the tests read from it what really happened."""
    with open(os.environ['DEEDS'], 'ab', buffering=0) as deeds:
        deeds.write((json.dumps({'at': time.time(), 'pid': os.getpid(), **what}) + '\n').encode())


@app.task(name='drivers.spin')
def spin(rotor, seconds=0, until=None):
    note(event='begin', rotor=rotor)
    time.sleep(seconds)
    while until and not os.path.exists(until):
        time.sleep(0.02)
    note(event='end', rotor=rotor)
    return {'rotor': rotor, 'spun': seconds}


class Once(Task):
    """As docs/how-to/python-drivers-with-celery.md has it."""

    def __call__(self, *args, **kwargs):
        if self.request.delivery_info.get('redelivered'):
            raise AssertionError('it may have been carried out before: look at the instrument')
        return super().__call__(*args, **kwargs)


@app.task(name='drivers.spin_once', base=Once)
def spin_once(rotor, seconds=0):
    return spin(rotor, seconds)


@app.task(name='drivers.unsendable')
def unsendable(rotor):
    note(event='begin', rotor=rotor)
    return {'rotor': object()}


@app.task(name='drivers.echo')
def echo(*args, **kwargs):
    return {'args': list(args), 'kwargs': kwargs}


@app.task(name='drivers.fail')
def fail(text):
    raise ValueError(text, 7)


@app.task(name='drivers.stubborn', bind=True, max_retries=3)
def stubborn(self, times):
    note(event='try', retries=self.request.retries)
    if self.request.retries < times:
        raise self.retry(countdown=0.1)
    return self.request.retries


@app.task(name='drivers.add')
def add(x, y):
    return x + y


@app.task(name='drivers.mourn')
def mourn(task_id):
    note(event='mourned', task=task_id)


@app.task(name='drivers.heard')
def heard(result, word):
    note(event='heard', result=result, word=word)

"""A Celery client in a process of its own: reads one request a line, answers one line for each, in their order of ending."""

import json
import os
import sys
import threading
import traceback

from celery import Celery, chain, group
from celery.exceptions import TimeoutError as NoAnswer

app = Celery('client', broker=os.environ['BROKER'], backend='rpc://')
app.conf.update(task_default_queue=os.environ['QUEUE'], broker_transport_options={'confirm_publish': True})


def sig(spec):
    made = app.signature(spec['task'], args=spec.get('args', []), kwargs=spec.get('kwargs', {}), immutable=spec.get('immutable', False))
    for name, value in spec.get('set', {}).items():
        made = made.set(**{name: [sig(one) for one in value] if name in ('link', 'link_error') else value})
    return made


def tell(**what):
    print(json.dumps(what), flush=True)


def answer(n, result, timeout):
    try:
        tell(n=n, ok=result.get(timeout=timeout), state=str(getattr(result, 'state', '')))
    except NoAnswer:
        tell(n=n, silent=True)
    except Exception as error:
        kinds = [f'{kind.__module__}.{kind.__name__}' for kind in type(error).__mro__]
        tell(n=n, error=type(error).__name__, kinds=kinds, text=str(error), args=[repr(arg) for arg in error.args],
             state=str(result.state), traceback=getattr(result, 'traceback', None))


tell(ready=True)
for line in sys.stdin:
    request = json.loads(line)
    n, timeout = request['n'], request.get('timeout', 60)
    try:
        if 'chain' in request:
            result = chain(*[sig(one) for one in request['chain']]).apply_async()
        elif 'group' in request:
            result = group(*[sig(one) for one in request['group']]).apply_async()
        else:
            result = sig(request).apply_async(**request.get('options', {}))
    except Exception:
        tell(n=n, broken=traceback.format_exc())
        continue
    tell(n=n, sent=result.id)
    answer(n, result, timeout)

"""Serves moto's object storage on a free port of this machine, one change at a time.

moto looks whether an object is there and stores it in two steps without a lock, so of many racing
`If-None-Match: *` several can be answered by 200 (seen: 2 of 1,800 rounds of 16 processes). Stores
that people use are atomic, and commits rest on it: whatever changes something holds a lock here.
Reading stays concurrent. It says its port in one line, and ends when its standard input does.
"""

import os
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

CHANGES = {"PUT", "POST", "DELETE"}


class OneChangeAtATime:
    """Passes requests on, those that change something one after the other."""

    def __init__(self, application):
        self.application = application
        self.lock = threading.Lock()

    def __call__(self, environment, start_response):
        if environment["REQUEST_METHOD"] not in CHANGES:
            return self.application(environment, start_response)
        with self.lock:
            return self.application(environment, start_response)


class Quiet(MotoRequestHandler):
    """Says nothing of a request."""

    def log_request(self, code="-", size="-"):
        pass


def end_with_the_parent():
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    application = OneChangeAtATime(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    print(f"ready at 127.0.0.1:{server.port}", flush=True)
    server.serve_forever()

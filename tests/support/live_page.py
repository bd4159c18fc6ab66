"""A live page that runs, and requests to it."""

import http.client
import json
import threading
from contextlib import contextmanager

import hostile

from cocofacet.photos.app import serve
from cocofacet.photos.app.site import Site

NIGHT = "an image taken at night"
FREE = "Is there a lake in this image?"
HOSTILE = hostile.TEXTS["an image"] + ' "it\'s"\n.jpg'


@contextmanager
def running(opened, host="127.0.0.1"):
    """A server of it, in a thread of its own."""
    listener = serve.listening(host, 0)
    server = serve.Server(Site(opened, "photos"), host, listener)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def port_of(server):
    return int(server.address.partition("?")[0].rstrip("/").rpartition(":")[2])


def ask(server, method="GET", path="/", body=None, **headers):
    """One request -> status, headers and content; names of headers with "_"."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(server), timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, content


def search(server, **said):
    status, _, content = ask(server, "POST", "/search", json.dumps(said))
    return status, json.loads(content)

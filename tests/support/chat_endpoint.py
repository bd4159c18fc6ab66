"""A chat endpoint on this machine, whose replies a test sets."""

import contextlib
import functools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cocofacet.retrieval.choosing_chat import ChatModel

TEXTS = ["any dog.\n", "any car.\n", "a sunny day.\n"]
SECRET = "sk-S3cr3t/of+one=PERSON"


class Stub:
    """An endpoint whose replies are a list; the last one stays for ever.

    A reply is (status, body, headers): a body of text or bytes is sent as it is,
    anything else as JSON; a status of None is no answer at all. ``slow``: the part,
    headers or body, from which on a byte is sent every twentieth of a second.
    """

    slow = ""

    def __init__(self):
        self.replies, self.requests, self.stopped = [said("B")], [], threading.Event()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                body = json.loads(self.rfile.read(length))
                stub.requests.append(
                    (self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                )
                now = stub.replies
                status, body, headers = now.pop(0) if len(now) > 1 else now[0]
                if status is None:
                    stub.stopped.wait(20)
                    return
                if not isinstance(body, str | bytes):
                    body = json.dumps(body)
                body = body if isinstance(body, bytes) else body.encode()
                if stub.slow == "headers":
                    self.wfile = Slow(self.wfile, stub)
                self.send_response(status)
                for name, value in {
                    "Content-Type": "application/json",
                    "Content-Length": str(len(body)),
                    **headers,
                }.items():
                    self.send_header(name, value)
                with contextlib.suppress(OSError):  # the reader may have gone
                    self.end_headers()
                    if stub.slow == "body":
                        self.wfile = Slow(self.wfile, stub)
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        serve = functools.partial(self.server.serve_forever, poll_interval=0.01)
        threading.Thread(target=serve, daemon=True).start()

    def contents(self):
        return [body["messages"][0]["content"] for _, _, body in self.requests]

    def stop(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()


class Slow:
    """Writes a byte at a time."""

    def __init__(self, file, stub):
        self.file, self.stub = file, stub

    def write(self, data):
        for byte in data:
            self.file.write(bytes([byte]))
            self.file.flush()
            self.stub.stopped.wait(0.05)

    def __getattr__(self, name):
        return getattr(self.file, name)


def said(content, model="stub-1", finish="stop"):
    message = {"role": "assistant", "content": content}
    return (
        200,
        {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        },
        {},
    )


FAILED = (500, {"error": {"message": "out of order"}}, {})


def chat(stub, folder, **options):
    return ChatModel(stub.url, "stub", folder, **{"timeout": 5.0, **options})


def kept_in(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]

"""The page, the pictures it shows and the answers it asks for: an ASGI application."""

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cocofacet.benchmark.facets import FACETS
from cocofacet.escape import html
from cocofacet.escape import print_plain as print  # all of this file
from cocofacet.io import InputError
from cocofacet.photos import files
from cocofacet.photos.app.answers import AUTO, LONGEST, NONE, Answers, Stopped, wish_of
from cocofacet.photos.app.guard import refusal
from cocofacet.photos.thumbnails import thumbnail
from cocofacet.report.explorer.page import HERE as EXPLORER

HERE = Path(__file__).parent
SIZES = {"small": 320, "large": 1600}  # pixels, the longer side
MOST = 1 << 16  # bytes of a request
_READ = 64 * MOST  # of a longer one, so that its sender hears why it is refused
# A picture's address is its content: what is kept of it cannot become wrong.
KEPT = {"Cache-Control": "private, max-age=86400, immutable"}
EXAMPLES = (("times", "night"), ("weathers", "snowy"), ("people", "3"))


class Site:
    """What answers requests: one embedding at a time, pictures beside it."""

    def __init__(self, answers: Answers, name: str):
        self.answers = answers
        self.embedding = ThreadPoolExecutor(1, "embedding")
        self.pictures = ThreadPoolExecutor(min(4, os.cpu_count() or 1), "pictures")
        self.turn = asyncio.Lock()
        self.content = page(answers, name)

    def application(self) -> Starlette:
        routes = [
            Route("/", self.home),
            Route("/page.css", self.styles),
            Route("/page.js", self.script),
            Route("/search", self.search, methods=["POST"]),
            Route("/picture/{sha256}/{size}", self.picture),
        ]
        handlers = {HTTPException: _refused, InputError: _unusable}
        handlers |= {ClientDisconnect: _gone, Stopped: _stopped, Exception: _failed}
        application = Starlette(routes=routes, exception_handlers=handlers)
        application.router.redirect_slashes = False
        return application

    async def home(self, request: Request) -> Response:
        return Response(self.content, media_type="text/html")

    async def styles(self, request: Request) -> Response:
        explorer = (EXPLORER / "explore.css").read_text(encoding="utf-8")
        own = (HERE / "page.css").read_text(encoding="utf-8")
        return Response(explorer + own, media_type="text/css")

    async def script(self, request: Request) -> Response:
        script = (HERE / "page.js").read_text(encoding="utf-8")
        return Response(script, media_type="text/javascript")

    async def search(self, request: Request) -> Response:
        wish = wish_of(await _body(request))
        async with self.turn:
            if await request.is_disconnected():
                raise ClientDisconnect
            return JSONResponse(await self._run(self.embedding, self.answers, wish))

    async def picture(self, request: Request) -> Response:
        sha256, size = request.path_params["sha256"], request.path_params["size"]
        if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
            raise HTTPException(404, "picture: there is none of this name.")
        if size not in SIZES:
            raise HTTPException(404, f"size: is none of {', '.join(SIZES)}.")
        content = await self._run(self.pictures, self._made, sha256, SIZES[size])
        return Response(content, media_type="image/jpeg", headers=KEPT)

    def _made(self, sha256: str, side: int) -> bytes:
        try:
            path = self.answers.file(sha256)
            if path is None:
                raise HTTPException(404, "picture: there is none of this name.")
            return thumbnail(path, side)
        except InputError as error:
            raise HTTPException(410, str(error)) from None

    async def _run(self, pool: ThreadPoolExecutor, function: Callable, *arguments):
        if self.answers.retriever.stop.is_set():
            raise Stopped
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(pool, function, *arguments)

    def stop(self) -> None:
        """End what is being embedded, and begin nothing more."""
        self.answers.retriever.stop.set()
        for pool in (self.embedding, self.pictures):
            pool.shutdown(wait=False, cancel_futures=True)


async def _body(request: Request) -> bytes:
    """What was sent; HTTPException where it is too long."""
    content, length = b"", 0
    async for part in request.stream():
        length += len(part)
        content = content + part if length <= MOST else b""
        if length > _READ:
            break
    if length > MOST:
        raise HTTPException(413, f"request: has over {MOST:,} bytes. Send fewer.")
    return content


async def _refused(request: Request, error: HTTPException) -> Response:
    return refusal(error.status_code, error.detail, headers=error.headers)


async def _unusable(request: Request, error: InputError) -> Response:
    return refusal(400, str(error))


async def _gone(request: Request, error: ClientDisconnect) -> Response:
    return refusal(400, "request: its sender is gone.")  # and hears nothing


async def _stopped(request: Request, error: Stopped) -> Response:
    return refusal(503, "server: is about to end.")


async def _failed(request: Request, error: Exception) -> Response:
    print(f"error: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    return refusal(500, "server: failed; what was wrong stands in its terminal.")


def page(answers: Answers, name: str) -> str:
    """The page of pictures called so; what it shows is asked for by its script."""
    kept, asks = answers.kept, answers.retriever.promptable
    offered = {NONE: "none: as one searches in general"}
    if asks:
        offered |= {f.name: f"{f.name}: {f.question}" for f in FACETS.values()}
        offered |= {AUTO: "auto: the one nearest to the text", "own": "one of your own"}
    indexed = [f.name for f in FACETS.values() if f.question in kept.questions]
    return Template((HERE / "page.html").read_text(encoding="utf-8")).substitute(
        name=html(name),
        about=html(_about(answers, indexed)),
        options="".join(
            f'<option value="{html(name)}">{html(words)}</option>'
            for name, words in offered.items()
        ),
        longest=LONGEST,
        wordings="".join(
            f'<option value="{html(text)}">'
            for text in dict.fromkeys(
                _wording(facet.name, label)
                for facet in FACETS.values()
                for label in facet.labels or ()
            )
        ),
        examples=", ".join(_example(*one, asks) for one in EXAMPLES),
        start=html(_link(*EXAMPLES[0], asks)) if EXAMPLES[0][0] in indexed else "",
    )


def _about(answers: Answers, indexed: list[str]) -> str:
    kept = answers.kept
    said = f"{len(kept):,} pictures in {files.shown(kept.folder)}, embedded by "
    said += f"{kept.retriever}. Nothing leaves this machine. "
    if not answers.retriever.promptable:
        return said + "It takes no questions."
    if len(indexed) == len(FACETS):
        return said + "All eight facets were asked beforehand; another takes longer."
    named = f"Asked beforehand: {', '.join(indexed) or 'nothing'}"
    return said + f"{named}. Other questions take longer."


def _example(facet: str, label: str, asks: bool) -> str:
    return f'<a href="{html(_link(facet, label, asks))}">{facet}: {label}</a>'


def _link(facet: str, label: str, asks: bool) -> str:
    """The search for a label, as the page's address holds it."""
    asked = facet if asks else NONE
    return "#" + urlencode({"text": _wording(facet, label), "ask": asked})


def _wording(facet: str, label: str) -> str:
    return FACETS[facet].wording(label).strip()

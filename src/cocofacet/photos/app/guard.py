"""Who may ask: this machine's browser, from the page itself, and nobody else's page.

Any web page can send requests to 127.0.0.1, under a name of its own if its DNS says so.
So the Host has to be a number, or a name known to be this machine's; where the browser
says which page asks (Origin, Sec-Fetch-Site), it has to be this one. Where others reach
the port, they need the token that was printed, kept in a cookie from then on.
"""

import ipaddress
import re
import secrets
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import JSONResponse, RedirectResponse, Response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^:@/\[\]]+))(?::\d{1,5})?")


def refusal(status: int, why: str, **more) -> Response:
    """One plain JSON error."""
    return JSONResponse({"error": why}, status, **more)


def is_loopback(address: str) -> bool:
    """Whether an address in numbers is of this machine alone; False for a name."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


class Guard:
    """An ASGI application behind its checks, with safe headers on every answer.

    names: that this machine is asked by, beside "localhost". token: None where only
    this machine reaches the port.
    """

    def __init__(self, app, names: Collection[str] = (), token: str | None = None):
        self.app, self.token = app, token
        self.names = {"localhost", *map(str.lower, names)}

    async def __call__(self, scope, receive, send) -> None:
        async def safely(message):
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(ALWAYS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        answer = self._refused(scope, Headers(scope=scope)) or self.app
        await answer(scope, receive, safely)

    def _refused(self, scope, headers: Headers) -> Response | None:
        """The answer to who may not ask; None for who may."""
        host = headers.get("host", "").lower()
        if not self._known(host):
            return refusal(403, "Host: is no name of this machine.")
        if headers.get("origin", f"http://{host}").lower() != f"http://{host}":
            return refusal(403, "Origin: another page may not ask.")
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            # A link elsewhere may lead to the page, which does nothing for its sake.
            navigates = headers.get("sec-fetch-mode") == "navigate"
            if not (navigates and scope["method"] == "GET" and scope["path"] == "/"):
                return refusal(403, "Sec-Fetch-Site: another page may not ask.")
        return self._without_token(scope, headers) if self.token else None

    def _known(self, host: str) -> bool:
        found = _HOST.fullmatch(host)
        if not found:
            return False
        name = found[1] or found[2]
        if name in self.names or is_loopback(name):
            return True
        try:  # no DNS decides where a number leads
            return bool(self.token and ipaddress.ip_address(name))
        except ValueError:
            return False

    def _without_token(self, scope, headers: Headers) -> Response | None:
        name = f"cocofacet-{(scope.get('server') or ('', 0))[1]}"  # ports share cookies
        given = QueryParams(scope["query_string"]).get("token")
        if given is not None and scope["path"] == "/" and self._right(given):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(name, given, httponly=True, samesite="lax")
            return answer
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(name)
        except CookieError:
            cookie = None
        if cookie is not None and self._right(cookie.value):
            return None
        why = "token: is missing or wrong. Open the address printed at the start."
        return refusal(403, why)

    def _right(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self.token.encode())

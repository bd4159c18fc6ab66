"""Who may ask the live page."""

import json

import pytest
from live_page import ask, running

PAGE = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
ALLOWED = {
    "this machine by its number": {},
    "by its name": {"Host": "localhost:1"},
    "in IPv6": {"Host": "[::1]:80"},
    "the page itself": {"Host": "127.0.0.1:1", "Origin": "http://127.0.0.1:1"},
    "a browser that says so": {"Sec_Fetch_Site": "same-origin"},
    "what was typed": {"Sec_Fetch_Site": "none"},
    "a link elsewhere to the page": PAGE,
}
REFUSED = {
    "a name by another's DNS": {"Host": "evil.example"},
    "a name that begins alike": {"Host": "127.0.0.1.evil.example:80"},
    "a user before a host": {"Host": "127.0.0.1@evil.example"},
    "another number": {"Host": "192.168.0.1"},
    "a short number": {"Host": "127.1"},
    "an empty name": {"Host": ""},
    "another page": {"Origin": "http://evil.example"},
    "another port's page": {"Host": "localhost:1", "Origin": "http://localhost:2"},
    "a page without an origin": {"Origin": "null"},
    "a picture within another page": {"Sec_Fetch_Site": "cross-site"},
    "another port's picture": {"Sec_Fetch_Site": "same-site"},
}


@pytest.mark.parametrize("kind", ALLOWED)
def test_who_may_ask(kind, server):
    assert ask(server, **ALLOWED[kind])[0] == 200


@pytest.mark.parametrize("path", ["/", "/page.js", "/search", "/nothing"])
@pytest.mark.parametrize("kind", REFUSED)
def test_who_may_not(kind, path, server):
    status, _, content = ask(server, path=path, **REFUSED[kind])
    assert status == 403 and list(json.loads(content)) == ["error"]


def test_only_the_page_is_led_to_from_elsewhere(server):
    status, *_ = ask(server, path="/picture/0/small", **PAGE)
    assert status == 403


def test_every_answer_is_for_this_page_alone(server):
    for path in ("/", "/page.css", "/nothing"):
        _, headers, _ = ask(server, path=path)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_others_need_the_token(opened):
    with running(opened, "0.0.0.0") as server:
        token = server.address.partition("token=")[2]
        host = {"Host": "192.168.0.1:80"}  # a number: no DNS decides where it leads
        assert len(token) > 20
        for wrong in ("/", "/?token=", "/?token=x", "/?token=%00", "/page.js"):
            status, _, content = ask(server, path=wrong, **host)
            assert status == 403 and "token" in json.loads(content)["error"]
        assert ask(server, path=f"/page.js?token={token}", **host)[0] == 403
        status, headers, _ = ask(server, path=f"/?token={token}", **host)
        assert (status, headers["Location"]) == (303, "/")
        assert "httponly" in headers["Set-Cookie"].lower()
        cookie = headers["Set-Cookie"].partition(";")[0]
        assert ask(server, Cookie=cookie, **host)[0] == 200
        assert ask(server, Cookie=f"{cookie}x", **host)[0] == 403
        assert ask(server, Cookie=cookie, Host="evil.example")[0] == 403

"""The requests that test_differential sends to both frameworks: plain, detailed, raw, in conversations."""

from typing import Any

PATHS = [
    "/", "/plain", "/plain/", "/folder/", "/folder", "/folder?q=1", "/leaf", "/leaf/", "/name/ann", "/name/a%20b",
    "/name/%C3%BC", "/name/%FF", "/name/", "/name", "/name/a/b", "/name/a%2Fb", "/name/a?x=1&x=2&y=%C3%BC",
    "/number/0", "/number/42", "/number/-1", "/number/x", "/number/1.5", "/number/00042",
    "/number/99999999999999999999", "/number/%D9%A3", "/real/1.5", "/real/1", "/real/-1.5", "/rest/a",
    "/rest/a/b/c", "/rest/a//b", "/rest/", "/rest/a/edit", "/rest/a/b/edit", "/rest/edit",
    "/key/00000000-0000-0000-0000-000000000001", "/key/1", "/any/red", "/any/blue", "/two/a/1", "/two/a/b",
    "/two/a", "/two//1", "/turned/abc", "/turned/ABC", "/stra%C3%9Fe/x", "/range/1", "/range/2", "/range/6",
    "/file.txt", "/file.", "/post-only", "/many", "/pages/", "/pages", "/pages/1", "/pages/2", "/loose", "/loose/",
    "/old/7", "/no-options", "/url-for", "/nowhere", "/Plain", "//plain", "/plain//", "/./plain", "/%2e%2e/plain",
    "/values/none/more", "/static/a.css", "/static/sub/b.js", "/static/", "/static/none", "/static/../secret.txt",
    "/static/%2e%2e/secret.txt", "/values/text", "/values/empty", "/values/bytes", "/values/dict", "/values/list",
    "/values/status", "/values/status-line", "/values/headers", "/values/header-list", "/values/markup",
    "/values/none", "/values/number", "/values/tuple-of-four", "/values/generator", "/values/response",
    "/values/redirect", "/values/redirect-301", "/values/redirect-308", "/values/json", "/values/json-list",
    "/values/made", "/values/wsgi", "/values/cookies", "/values/location", "/values/etag", "/values/stream",
    "/values/set", "/values/long", "/values/after", "/need-arg", "/need-arg?needed=x", "/send", "/send-as",
    "/send-bytes", "/from/hello.txt", "/from/sub/x.html", "/from/none", "/from/../secret.txt", "/from/sub",
    "/session/get", "/session/in", "/session/len", "/session/set/a/1", "/session/clear", "/session/pop/a",
    "/session/flash/hi", "/session/flashed", "/abort/400", "/abort/401", "/abort/403", "/abort/404", "/abort/405",
    "/abort/406", "/abort/408", "/abort/409", "/abort/410", "/abort/411", "/abort/412", "/abort/413", "/abort/414",
    "/abort/415", "/abort/416", "/abort/417", "/abort/418", "/abort/421", "/abort/422", "/abort/423", "/abort/424",
    "/abort/428", "/abort/429", "/abort/431", "/abort/451", "/abort/500", "/abort/501", "/abort/502", "/abort/503",
    "/abort/504", "/abort/505", "/abort/299", "/abort/700", "/abort-said/404", "/abort-said/418", "/abort-said/500",
    "/fails", "/own", "/own-key", "/auth", "/later", "/response-error", "/template/page.html", "/template/page.txt",
    "/template/missing.html", "/template/string", "/template/stream", "/template/broken", "/g", "/g?stop=1",
    "/bp/de/item/3", "/bp/de/item/x", "/bp/de/abort/404", "/bp/de/abort/409", "/bp/de/child/who", "/bp/item/3",
    "/echo", "/echo?a=1&a=2&b=%C3%BC&c", "/echo?a=%FF", "/echo?" + "a=1&" * 300, "/data", "/json",
]  # fmt: skip

OTHER_METHODS = [
    (method, path)
    for method in ("HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
    for path in (
        "/",
        "/folder",
        "/name/ann",
        "/number/42",
        "/post-only",
        "/many",
        "/nowhere",
        "/no-options",
        "/values/text",
        "/send",
        "/fails",
    )
]


def upload(size: int) -> bytes:
    """A multipart body with one field and one file of `size` bytes."""
    field = b'--BOUND\r\nContent-Disposition: form-data; name="field"\r\n\r\n\xc3\xbc\r\n'
    head = b'--BOUND\r\nContent-Disposition: form-data; name="up"; filename="name \xc3\xbc.txt"\r\n'
    kind = b"Content-Type: text/x-own\r\n\r\n"
    return field + head + kind + b"x" * size + b"\r\n--BOUND--\r\n"


JSON = {"content_type": "application/json"}
FORM = {"content_type": "application/x-www-form-urlencoded"}

DETAILED: list[tuple[str, str, str, dict[str, Any]]] = [
    ("json object", "POST", "/json", {"data": b'{"a": [1, null]}', **JSON}),
    ("json text", "POST", "/json", {"data": b'"\xc3\xbc"', **JSON}),
    ("json broken", "POST", "/json", {"data": b"{oops", **JSON}),
    ("json empty", "POST", "/json", {"data": b"", **JSON}),
    ("json as text", "POST", "/json", {"data": b"{}", "content_type": "text/plain"}),
    ("json without type", "POST", "/json", {"data": b"{}"}),
    ("json of a vendor", "POST", "/json", {"data": b"[1]", "content_type": "application/vnd.x+json"}),
    ("json in latin-1", "POST", "/json", {"data": b'"\xfc"', **JSON}),
    ("form", "POST", "/echo", {"data": b"a=1&a=2&b=%C3%BC", **FORM}),
    ("form of a patch", "PATCH", "/echo", {"data": b"a=1", **FORM}),
    (
        "form with a charset",
        "POST",
        "/echo",
        {"data": b"a=1", "content_type": "application/x-www-form-urlencoded; charset=utf-8"},
    ),
    ("need form", "POST", "/need-form", {"data": b"other=1", **FORM}),
    ("need form given", "POST", "/need-form", {"data": b"needed=1", **FORM}),
    ("body", "POST", "/data", {"data": b"\x00\xff", "content_type": "application/octet-stream"}),
    ("body too large", "POST", "/data", {"data": b"x" * 200_001, "content_type": "text/plain"}),
    ("body just right", "PUT", "/data", {"data": b"x" * 200_000, "content_type": "text/plain"}),
    ("form too large", "POST", "/echo", {"data": b"a=" + b"x" * 200_001, **FORM}),
    ("https", "GET", "/echo", {"base_url": "https://shop.example:8443/"}),
    ("mounted", "GET", "/folder", {"base_url": "http://shop.example/root"}),
    ("mounted url_for", "GET", "/url-for", {"base_url": "http://shop.example/root"}),
    ("odd host", "GET", "/echo", {"base_url": "http://xn--bcher-kva.example/"}),
    ("basic auth", "GET", "/echo", {"auth": ("ann", "pass:word")}),
    ("bearer auth", "GET", "/echo", {"headers": {"Authorization": "Bearer abc.def"}}),
    (
        "accept",
        "GET",
        "/echo",
        {"headers": {"Accept": "text/html;q=0.3, */*;q=0.1", "Accept-Language": "de, en;q=0.5"}},
    ),
    ("if-none-match hit", "GET", "/values/etag", {"headers": {"If-None-Match": '"tag"'}}),
    ("if-none-match weak", "GET", "/values/etag", {"headers": {"If-None-Match": 'W/"tag"'}}),
    ("if-none-match miss", "GET", "/values/etag", {"headers": {"If-None-Match": '"other"'}}),
    ("if-modified-since", "GET", "/values/etag", {"headers": {"If-Modified-Since": "Wed, 01 Jan 2025 00:00:00 GMT"}}),
    ("if-match miss", "GET", "/values/etag", {"headers": {"If-Match": '"other"'}}),
    ("range", "GET", "/send", {"headers": {"Range": "bytes=2-4"}}),
    ("range of the end", "GET", "/send", {"headers": {"Range": "bytes=-3"}}),
    ("range outside", "GET", "/send", {"headers": {"Range": "bytes=50-"}}),
    ("range of bytes", "GET", "/send-bytes", {"headers": {"Range": "bytes=0-0"}}),
    (
        "static not modified",
        "GET",
        "/static/a.css",
        {"headers": {"If-Modified-Since": "Tue, 14 Nov 2023 22:13:20 GMT"}},
    ),
    ("static range", "GET", "/static/a.css", {"headers": {"Range": "bytes=0-3"}}),
    ("head of a file", "HEAD", "/static/a.css", {}),
    ("head of a stream", "HEAD", "/values/generator", {}),
    ("head of an error", "HEAD", "/abort/404", {}),
    ("head of json", "HEAD", "/values/dict", {}),
    ("head of a redirect", "HEAD", "/values/redirect", {}),
    ("cookies sent", "GET", "/echo", {"headers": {"Cookie": 'a=1; b="x y"; a=2; bad; =none'}}),
    ("session garbage", "GET", "/session/get", {"headers": {"Cookie": "session=garbage"}}),
    ("session unsigned", "GET", "/session/get", {"headers": {"Cookie": "session=eyJhIjoxfQ.aBH2rw.AAAA"}}),
    ("trace", "TRACE", "/many", {}),
    ("upload", "POST", "/echo", {"data": upload(1000), "content_type": "multipart/form-data; boundary=BOUND"}),
    (
        "upload too large",
        "POST",
        "/echo",
        {"data": upload(300_000), "content_type": "multipart/form-data; boundary=BOUND"},
    ),
    (
        "multipart cut",
        "POST",
        "/echo",
        {"data": b"--x\r\nContent-Disposition: form-data; name=a", "content_type": "multipart/form-data; boundary=x"},
    ),
]

RAW: dict[str, dict[str, Any]] = {
    "two slashes": {"PATH_INFO": "//plain"},
    "no path": {"PATH_INFO": ""},
    "only slashes": {"PATH_INFO": "///"},
    "no slash in front": {"PATH_INFO": "plain"},
    "trailing newline": {"PATH_INFO": "/plain\n"},
    "newline in a value": {"PATH_INFO": "/name/a\nb"},
    "bytes above ascii": {"PATH_INFO": "/name/\xc3\xbc"},
    "bytes that are no utf-8": {"PATH_INFO": "/name/\xff\xfe"},
    "NUL": {"PATH_INFO": "/name/\x00"},
    "dots": {"PATH_INFO": "/name/../plain"},
    "semicolon": {"PATH_INFO": "/name/a;b=c"},
    "mounted": {"SCRIPT_NAME": "/app", "PATH_INFO": "/folder"},
    "mounted with a slash": {"SCRIPT_NAME": "/app/", "PATH_INFO": "/url-for"},
    "mounted on the path": {"SCRIPT_NAME": "/plain", "PATH_INFO": "/plain"},
    "no host header": {"HTTP_HOST": None},
    "no host header, other port": {"HTTP_HOST": None, "SERVER_NAME": "server.example", "SERVER_PORT": "8080"},
    "default port named": {"HTTP_HOST": "shop.example:80"},
    "upper-case host": {"HTTP_HOST": "Shop.Example"},
    "IPv6 host": {"HTTP_HOST": "[::1]:8000"},
    "https": {"wsgi.url_scheme": "https", "HTTP_HOST": "shop.example:443", "PATH_INFO": "/echo"},
    "websocket upgrade": {"HTTP_CONNECTION": "Upgrade", "HTTP_UPGRADE": "websocket"},
    "query without a value": {"PATH_INFO": "/folder", "QUERY_STRING": "a&b="},
    "query with a question mark": {"PATH_INFO": "/name/x", "QUERY_STRING": "a=?&b=#"},
    "query escaped twice": {"PATH_INFO": "/echo", "QUERY_STRING": "a=%2525&%26=%3D"},
    "no query key": {"PATH_INFO": "/echo", "QUERY_STRING": None},
    "empty content length": {"PATH_INFO": "/echo", "CONTENT_LENGTH": ""},
    "cookies of every kind": {"PATH_INFO": "/echo", "HTTP_COOKIE": 'a=1; a=2;b ="x y" ; $Path=/; c=\xfc; =d; e'},
    "accept of every kind": {"PATH_INFO": "/echo", "HTTP_ACCEPT": "text/*;q=2, */*;q=x, ;;, a/b;c=d;q=0.5"},
    "authorization nonsense": {"PATH_INFO": "/echo", "HTTP_AUTHORIZATION": "Basic !!!"},
    "authorization empty": {"PATH_INFO": "/echo", "HTTP_AUTHORIZATION": ""},
    "range nonsense": {"PATH_INFO": "/send", "HTTP_RANGE": "bytes=a-b"},
    "several ranges": {"PATH_INFO": "/send", "HTTP_RANGE": "bytes=0-1,3-4"},
    "date nonsense": {"PATH_INFO": "/send", "HTTP_IF_MODIFIED_SINCE": "yesterday"},
    "forwarded": {"PATH_INFO": "/echo", "HTTP_X_FORWARDED_FOR": "192.0.2.1", "HTTP_X_FORWARDED_HOST": "evil.example"},
}

CONVERSATIONS: dict[str, list[str]] = {
    "set and get": ["/session/set/a/1", "/session/get", "/session/in", "/session/len", "/values/text"],
    "two values": ["/session/set/a/1", "/session/set/b/2", "/session/get"],
    "clear": ["/session/set/a/1", "/session/clear", "/session/get"],
    "pop": ["/session/set/a/1", "/session/pop/a", "/session/pop/a", "/session/get"],
    "clear nothing": ["/session/clear", "/session/get"],
    "flash": ["/session/flash/one", "/session/flash/two", "/session/flashed", "/session/flashed"],
    "permanent": ["/session/set/a/1", "/session/permanent", "/values/text", "/nowhere", "/fails", "/session/clear"],
    "errors between": ["/session/set/a/1", "/fails", "/nowhere", "/abort/409", "/session/get"],
    "unicode": ["/session/set/ü/日本", "/session/get"],
    "files do not vary": ["/session/permanent", "/static/a.css", "/send"],
    "other cookies": ["/values/cookies", "/echo", "/session/set/a/1", "/echo"],
}

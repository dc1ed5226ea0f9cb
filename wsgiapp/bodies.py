"""Bodies: the body of a request as a stream with a limit, the parser of queries and forms, the stream of a response.

The streams of a request are Werkzeug's limited streams. Here they read in fewer calls, and refuse a body that is too
long. The parser of multipart forms is Werkzeug's, too, but finds the end of a file faster.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from io import BytesIO
from itertools import chain, groupby, starmap
from types import GeneratorType
from typing import IO, Any
from urllib.parse import unquote, unquote_to_bytes

from werkzeug.datastructures import FileStorage, ImmutableMultiDict, MultiDict
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser, MultiPartParser
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import LimitedStream

from . import internals
from .overrides import Originals

# Werkzeug's handler for decoding errors: it keeps bytes that are not UTF-8 percent-encoded.
_KEEP = "werkzeug.url_quote"
# How many bytes of a form are read at a time.
_READ_SIZE = 64 * 1024
# The method that is skipped when the parts of a form are read here.
PARTS = Originals(MultiPartParser, "parse")


class ChunkedBody(LimitedStream):
    """A body of unknown length. Reading one byte beyond the limit is an error: a cut body must not look complete.

    :param stream: the server's stream.
    :param max_size: the limit in bytes; None for no limit.
    """

    def __init__(self, stream: IO[bytes], max_size: int | None) -> None:
        self.max_size = sys.maxsize - 1 if max_size is None else max_size
        super().__init__(stream, self.max_size + 1, is_max=True)

    def readinto(self, b: bytearray) -> int | None:  # type: ignore[override]  # Werkzeug's signature
        """Read into *b*; see :meth:`io.RawIOBase.readinto`.

        :raises RequestEntityTooLarge: when the body is longer than the limit.
        :raises ClientDisconnected: when the server cannot read it, for one because a chunk is malformed.
        """
        try:
            size = super().readinto(b)
        except HTTPException:
            raise
        except Exception as error:  # servers raise classes of their own
            raise ClientDisconnected() from error
        if self.tell() > self.max_size:
            raise RequestEntityTooLarge()
        return size


class SizedBody(LimitedStream):
    """A body of known length, which reads no more than that from the server's stream."""

    # PERF: it returns what the server gives, without a buffer between (benchmarks/: form_post, json_post, upload).
    def read(self, size: int | None = -1) -> bytes:
        """Return at most *size* bytes; by default everything that is left.

        :raises ClientDisconnected: when the client sends less than it announced.
        """
        if size is None or size < 0:
            return self.readall()
        wanted = min(size, self.limit - self._pos)
        try:
            # Cut, in case the server's stream gives more than it was asked for.
            data: bytes = (self._stream.read(wanted) or b"")[:wanted] if wanted else b""
        except HTTPException:
            raise
        except Exception as error:  # servers raise classes of their own
            raise ClientDisconnected() from error
        if wanted and not data:
            raise ClientDisconnected()
        self._pos += len(data)
        return data

    def readall(self) -> bytes:
        """Return the rest of the body."""
        pieces = [self.read(self.limit)]
        while self._pos < self.limit:  # a server may hand over less than it was asked for
            pieces.append(self.read(self.limit))
        return b"".join(pieces)


def parse_pairs(text: str) -> list[tuple[str, str]]:
    """Return the names and values of a query or a form (https://url.spec.whatwg.org/#urlencoded-parsing), in order.

    The result is that of :func:`urllib.parse.parse_qsl`, but bytes that are not UTF-8 stay percent-encoded.
    """
    # PERF: most names and values hold nothing to decode (benchmarks/: form_post).
    parts = [part.partition("=") for part in text.replace("+", " ").split("&") if part]
    return [
        (_unquoted(name) if "%" in name else name, _unquoted(value) if "%" in value else value)
        for name, _, value in parts
    ]


def _unquoted(text: str) -> str:
    # PERF: unquote splits a text at what is not ASCII (benchmarks/: form_post).
    return unquote_to_bytes(text).decode(errors=_KEEP) if text.isascii() else unquote(text, errors=_KEEP)


def storage_class(request: Request) -> type[MultiDict[str, Any]]:
    """Return the class for the parameters of *request*. In Werkzeug 3.2 the attribute is None by default."""
    own: type[MultiDict[str, Any]] | None = getattr(request, "parameter_storage_class", None)
    return ImmutableMultiDict if own is None else own


class _Boundary:
    """The pattern of a boundary between two parts, which is searched for where its text stands.

    :param pattern: Werkzeug's pattern: a line break, the text, and what ends the line.
    :param text: the two hyphens and the boundary.
    """

    def __init__(self, pattern: re.Pattern[bytes], text: bytes) -> None:
        self.pattern = pattern
        self.text = text

    def search(self, data: bytes) -> re.Match[bytes] | None:
        """Return the first match in *data*."""
        place = data.find(self.text)
        return None if place < 0 else self.pattern.search(data, max(place - len(b"\r\n"), 0))


class FormParser(FormDataParser):
    """Werkzeug's parser of forms, which asks its decoder for the parts of a multipart form (RFC 7578) itself."""

    # PERF: the decoder's pattern begins with a choice, so it is tried at each byte of a file (benchmarks/: photo).
    def _parse_multipart(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str]
    ) -> tuple[IO[bytes], Any, Any]:
        boundary, max_size = options.get("boundary", "").encode("ascii"), self.max_form_memory_size
        if not (boundary and internals.KNOWN and PARTS.unchanged_on_class(MultiPartParser)):
            return super()._parse_multipart(stream, mimetype, content_length, options)
        decoder: Any = MultipartDecoder(boundary, max_size, max_parts=self.max_form_parts)
        # Not among the internals, since an import would compile two patterns to look at it.
        if isinstance(getattr(decoder, "boundary_re", None), re.Pattern):
            decoder.boundary_re = _Boundary(decoder.boundary_re, b"--" + boundary)
        else:
            internals.warn_of(["MultipartDecoder.boundary_re"])
        opened: list[IO[bytes]] = []
        try:
            fields, files = self._parts(decoder, stream, content_length, opened)
        except BaseException:
            for file in opened:
                file.close()
            raise
        return stream, self.cls(fields), self.cls(files)

    def _parts(
        self, decoder: MultipartDecoder, stream: IO[bytes], content_length: int | None, opened: list[IO[bytes]]
    ) -> tuple[list[tuple[str, str]], list[tuple[str, FileStorage]]]:
        """Return the fields and the files, by name.

        :param opened: gets each file, to be closed if the form cannot be read to its end.
        """
        parser, max_size = MultiPartParser(self.stream_factory), self.max_form_memory_size
        fields, files = [], []
        part: Any = None
        sink: Any = None
        for event in _events(decoder, stream):
            if isinstance(event, Field):
                part, sink = event, BytesIO()
            elif isinstance(event, File):
                part, sink = event, parser.start_file_streaming(event, content_length)
                opened.append(sink)
            elif isinstance(event, Data):
                sink.write(event.data)
                if isinstance(part, Field) and max_size is not None and sink.tell() > max_size:
                    raise RequestEntityTooLarge()
                if event.more_data:
                    continue
                sink.seek(0)
                if isinstance(part, Field):
                    fields.append((part.name, sink.read().decode(parser.get_part_charset(part.headers), "replace")))
                else:
                    files.append((part.name, FileStorage(sink, part.filename, part.name, headers=part.headers)))
        return fields, files


def _events(decoder: MultipartDecoder, stream: IO[bytes]) -> Iterator[Event]:
    for piece in chain(iter(lambda: stream.read(_READ_SIZE) or None, None), [None]):
        decoder.receive_data(piece)
        while not isinstance(event := decoder.next_event(), (Epilogue, NeedData)):
            yield event


def _sent(cls: type, items: Iterator[Any]) -> Iterator[bytes]:
    """Return *items*, which are all of the type *cls*, with text encoded. A proxy may stand for text as well."""
    return items if issubclass(cls, bytes) else (i.encode(errors="replace") if isinstance(i, str) else i for i in items)


class ClosingBody:
    """The body of a response for the server, which closes it, and by that the response, at the end (PEP 3333)."""

    def __init__(self, response: Response) -> None:
        self.response = response

    def __iter__(self) -> Iterator[bytes]:
        # PERF: chunks of one type come in one group, which needs no step in Python for each (benchmarks/: stream).
        chunks: Any = self.response.response
        if type(chunks) is not GeneratorType:
            chunks = chain(chunks)  # never asks again what has ended, as groupby does; of a generator it is harmless
        return chain.from_iterable(starmap(_sent, groupby(chunks, type)))

    def close(self) -> None:
        """Close the response."""
        self.response.close()

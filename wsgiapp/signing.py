"""Signing: the text of a session's cookie, by itsdangerous, in fewer calls and with bounds.

It is imported when the first session is opened or saved: an app without sessions loads neither it nor itsdangerous.
"""

from __future__ import annotations

import hashlib
import hmac
import zlib
from binascii import a2b_base64, b2a_base64
from typing import Any

from itsdangerous import BadData, BadPayload, TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, base64_encode, want_bytes
from itsdangerous.url_safe import URLSafeSerializerMixin

from .ctx import shared_lazy

__all__ = ["MAX_PAYLOAD", "BadData", "BoundedSerializer", "StrictSigner", "URLSafeTimedSerializer", "stamp"]

# The limit for a decompressed payload. Whoever has the key can make a cookie of 4 KB that grows a thousand times.
MAX_PAYLOAD = 1024 * 1024
# None where Python is built without it.
_SHA1 = getattr(hashlib, "sha1", None)
# Between the two alphabets of base64 (RFC 4648, 4 and 5).
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


def _encode(data: bytes) -> bytes:
    return b2a_base64(data, newline=False).translate(_TO_URL, b"=")


def _decode(text: bytes) -> bytes:
    return a2b_base64(text.translate(_FROM_URL) + b"=" * (-len(text) % 4))


class StrictSigner(TimestampSigner):
    """The signer of itsdangerous, but each signature has only one valid spelling. In base64 there are four."""

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        """Say whether *sig* is exactly the signature of *value* with one of the keys."""
        return super().verify_signature(value, sig) and base64_encode(base64_decode(sig)) == want_bytes(sig)


class BoundedSerializer(URLSafeTimedSerializer):
    """The serializer of itsdangerous, but it caches its keys and limits payloads to :data:`MAX_PAYLOAD` bytes.

    It handles the usual cases itself and leaves all others, such as errors, to itsdangerous.
    """

    default_signer = StrictSigner
    #: Whether what it writes can be the value of a cookie without quotes.
    plain = True

    # PERF: the signer of itsdangerous derives its key each time, and makes 40 other calls (benchmarks/: sessions).
    @shared_lazy
    def _signer_and_keys(self) -> tuple[Any, list[hmac.HMAC]]:
        """The signer, and what signs with each key, the newest first; none when the signer is not a StrictSigner."""
        signer: Any = self.make_signer()
        known = self.signer is StrictSigner and self.signer_kwargs.keys() <= {"key_derivation", "digest_method"}
        digest = "sha1" if signer.digest_method is _SHA1 else signer.digest_method  # hmac is faster with the name
        macs = [hmac.new(signer.derive_key(key), digestmod=digest) for key in self.secret_keys[::-1] if known]
        # PERF: what Python's object calls, where that is OpenSSL's (benchmarks/: sessions).
        return signer, [getattr(mac, "_hmac", None) or mac for mac in macs]

    def _sign(self, key: hmac.HMAC, value: bytes) -> bytes:
        mac = key.copy()  # PERF: it has hashed the key already (benchmarks/: sessions)
        mac.update(value)
        return _encode(mac.digest())

    def _verified(self, s: str | bytes, *, max_age: int) -> bytes:
        """Return the payload of a text with a valid signature and a valid age.

        :raises ValueError: when one of them is not valid, or not certain.
        """
        signed, _, signature = (s.encode() if isinstance(s, str) else s).rpartition(b".")
        payload, _, stamp = signed.rpartition(b".")
        signer, keys = self._signer_and_keys
        for key in keys:
            if hmac.compare_digest(self._sign(key, signed), signature):
                age = signer.get_timestamp() - int.from_bytes(_decode(stamp), "big")
                if payload and 0 <= age <= max_age:
                    return payload
        raise ValueError("The signature or the age is not valid; itsdangerous finds the reason.")

    def loads(self, s: str | bytes, *args: Any, **kwargs: Any) -> Any:
        """Return the data that :meth:`dumps` was given; arguments and errors are those of itsdangerous."""
        try:
            payload = self._verified(s, *args, **kwargs)
        except (TypeError, ValueError):  # other arguments than max_age, or not certainly valid
            return super().loads(s, *args, **kwargs)
        return self.load_payload(payload)

    def dumps(self, obj: Any, salt: str | bytes | None = None) -> Any:
        """Return a signed text for *obj*; arguments and errors are those of itsdangerous."""
        signer, keys = self._signer_and_keys
        if salt is not None or not keys or not self.is_text_serializer:
            return super().dumps(obj, salt)
        stamp: bytes = signer.get_timestamp().to_bytes(8, "big").lstrip(b"\0")
        signed = self.dump_payload(obj) + b"." + _encode(stamp)
        return (signed + b"." + self._sign(keys[0], signed)).decode()

    def load_payload(self, payload: bytes, *args: Any, **kwargs: Any) -> Any:
        """Return the data of a payload whose signature was checked.

        :raises BadPayload: when it cannot be read.
        """
        try:
            data = _decode(payload.removeprefix(b"."))
            if payload.startswith(b"."):
                inflater = zlib.decompressobj()
                data = inflater.decompress(data, MAX_PAYLOAD)
                if not inflater.eof:
                    raise ValueError(f"it is incomplete, or longer than {MAX_PAYLOAD} bytes when decompressed")
        except (ValueError, zlib.error) as error:
            raise BadPayload(f"The payload cannot be read: {error}", error) from error
        return super(URLSafeSerializerMixin, self).load_payload(data, *args, **kwargs)

    def dump_payload(self, obj: Any) -> bytes:
        """Return *obj* as JSON in base64, compressed if that is shorter."""
        text: str | bytes = self.serializer.dumps(obj, **self.serializer_kwargs)
        data = text.encode() if isinstance(text, str) else text
        # PERF: zlib clears its tables first (benchmarks/: sessions). Text with few repetitions would get longer by its
        # 8 bytes and the literals (RFC 1951); longer text nearly always has some.
        packed = data if len(data) < 32 and len(data) - len({*data}) <= 6 else zlib.compress(data)
        return b"." + _encode(packed) if len(packed) < len(data) - 1 else _encode(data)


def stamp(value: str) -> int:
    """Return the time in a cookie at which it was signed; 0 if it has none."""
    try:
        return int.from_bytes(_decode(value.rpartition(".")[0].rpartition(".")[2].encode()), "big")
    except ValueError:
        return 0

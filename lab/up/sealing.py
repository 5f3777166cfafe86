"""Secrets in state, as Pulumi's passphrase provider writes them.

Key: PBKDF2 with SHA-256, 1,000,000 rounds, 32 bytes. Value: AES-256-GCM, written `v1:<nonce>:<ciphertext>`. The salt
text of the state, `v1:<salt>:v1:<nonce>:<ciphertext of "pulumi">`, is itself the proof that a passphrase is right.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import threading
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lab.up.errors import ProjectError

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  the mark of a secret, not one


class Vault:
    """One passphrase and salt. The key is derived on first use, for it costs about a third of a second."""

    def __init__(self, passphrase: str, salt: str | None = None) -> None:
        self._passphrase = passphrase
        self._salt = salt
        self._cipher: AESGCM | None = None
        self._lock = threading.Lock()

    @property
    def salt(self) -> str | None:
        """The state's salt text; None while nothing was sealed."""
        return self._salt

    def seal(self, value: Any) -> dict[str, str]:
        """The state's form of a secret: signature and the encrypted JSON text."""
        plain = json.dumps(value, separators=(",", ":")).encode()
        return {SIGNATURE: SECRET, "ciphertext": _shut(self._key(), plain)}

    def open_text(self, sealed: str, *, where: str) -> str:
        """The text of a `secure:` value. Raises ProjectError, which never shows the value."""
        try:
            return _unlock(self._key(), sealed).decode()
        except (ValueError, InvalidTag):
            raise ProjectError(f"{where}: the passphrase does not open this secret") from None

    def _key(self) -> AESGCM:
        with self._lock:
            if self._cipher is None:
                raw = base64.b64decode(self._salt.split(":")[1]) if self._salt else os.urandom(8)
                key = hashlib.pbkdf2_hmac("sha256", self._passphrase.encode(), raw, 1_000_000, 32)
                self._cipher = AESGCM(key)
                if self._salt is None:
                    self._salt = f"v1:{base64.b64encode(raw).decode()}:{_shut(self._cipher, b'pulumi')}"
            return self._cipher


def _shut(cipher: AESGCM, plain: bytes) -> str:
    nonce = os.urandom(12)
    sealed = cipher.encrypt(nonce, plain, None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"


def _unlock(cipher: AESGCM, sealed: str) -> bytes:
    version, nonce, body = sealed.split(":")
    if version != "v1":
        raise ValueError(version)
    return cipher.decrypt(base64.b64decode(nonce), base64.b64decode(body), None)

"""What is personal, kept as ciphertext: AES-256-GCM, with the key in a file outside the database.

Sealed bytes are ``version (1) || nonce (12) || ciphertext and tag``. Each is bound to the place it
belongs to ("owner.email:<id>"), so that a value copied to another row or column does not open.

Opening wants a ledger entry that has been committed and names the subject: the code cannot forget
to record an access, because without the record there is nothing to pass in.
"""

from __future__ import annotations

import hmac
import os
import secrets
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from data.errors import VaultError

if TYPE_CHECKING:
    from pathlib import Path

KEY_BYTES = 32
NONCE_BYTES = 12
VERSION = b"\x01"
CHECK_PLACE = "setting.vault_check"
CHECK_TEXT = "Porchlight"
DIGEST_PLACE = b"vault.digest"


class Committed(Protocol):
    """A ledger entry, as far as the vault is concerned."""

    @property
    def committed(self) -> bool:
        """Whether its transaction has been committed."""
        ...

    @property
    def subjects(self) -> frozenset[str]:
        """Whom it is about."""
        ...


class Vault:
    """Seals and opens personal values with one key."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise VaultError(f"A vault key has {KEY_BYTES} bytes; this one has {len(key)}.")
        self._cipher = AESGCM(key)
        self._digest_key = hmac.digest(key, DIGEST_PLACE, "sha256")

    def seal(self, text: str, column: str, subject: str) -> bytes:
        """`text` as ciphertext that opens only as `column` of `subject`."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return VERSION + nonce + self._cipher.encrypt(nonce, text.encode(), _place(column, subject))

    def open(self, sealed: bytes, column: str, subject: str, entry: Committed) -> str:
        """The text that was sealed as `column` of `subject`.

        `entry` is the ledger entry of this access: committed, and about this subject.
        """
        if not entry.committed:
            raise VaultError("Nothing personal is opened before its ledger entry has been committed.")
        if subject not in entry.subjects:
            raise VaultError("This ledger entry is about somebody else, so it opens nothing here.")
        return self._decrypt(sealed, column, subject)

    def digest(self, text: str) -> str:
        """Thirty-two letters that tell one personal text from another, and nothing to whoever lacks the key."""
        return hmac.digest(self._digest_key, text.encode(), "sha256").hex()[:32]

    def check_value(self) -> bytes:
        """What a new database keeps, to know its key again."""
        return self.seal(CHECK_TEXT, CHECK_PLACE, "")

    def made(self, check_value: bytes) -> bool:
        """Whether `check_value` was made with this key."""
        try:
            return self._decrypt(check_value, CHECK_PLACE, "") == CHECK_TEXT
        except VaultError:
            return False

    def _decrypt(self, sealed: bytes, column: str, subject: str) -> str:
        nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, ciphertext, _place(column, subject)).decode()
        except (InvalidTag, ValueError):
            raise VaultError(
                "A protected value does not open: it was changed, or sealed with another key. "
                "Restore the database and its key file from the same backup."
            ) from None


def read_key(path: Path) -> bytes:
    """The key in the file at `path`."""
    try:
        key = bytes.fromhex(path.read_text().strip())
    except FileNotFoundError:
        raise VaultError(
            f"The key file {path} is missing, and this database cannot be read without it. "
            "Put the file back, or name its place in PORCHLIGHT_KEY_FILE."
        ) from None
    except (OSError, ValueError) as reason:
        raise VaultError(
            f"The key file {path} cannot be read ({reason}). Restore it from a backup."
        ) from None
    if len(key) != KEY_BYTES:
        raise VaultError(
            f"The key file {path} holds {len(key)} bytes and not {KEY_BYTES}. Restore it from a backup."
        )
    return key


def make_key(path: Path) -> bytes:
    """A new key in a new file at `path` that only its owner may read; never overwrites one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = secrets.token_bytes(KEY_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def _place(column: str, subject: str) -> bytes:
    return f"{column}:{subject}".encode()

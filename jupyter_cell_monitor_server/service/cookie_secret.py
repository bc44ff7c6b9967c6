"""The secret that signs the page's login cookie: the same after each start."""

import hashlib
import hmac
import secrets
from pathlib import Path


def cookie_secret(file: str, token: str) -> bytes:
    """The secret in `file`, which is made where it is missing; without a file, one of the token."""
    if not file:
        return hmac.digest(token.encode(), b"cell-monitor cookie", hashlib.sha256)
    path = Path(file)
    if not path.exists():
        part = path.with_name(path.name + ".part")
        part.touch(mode=0o600)
        part.write_text(secrets.token_hex(32))
        part.replace(path)
    return bytes.fromhex(path.read_text())

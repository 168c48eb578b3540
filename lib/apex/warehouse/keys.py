"""Consumer keys: replaced at ingest by a keyed hash, so that no raw key is ever written.

A consumer's id is the first 63 bits of HMAC-SHA256(key, raw key) (RFC 2104). The key comes from the environment
variable APEX_KEY or the git-ignored file data/consumer.key; public data sets use a fixed public key, so that numbers
agree from clone to clone. Whoever holds the key can re-make the ids: keep it as you keep the raw keys.
"""

import hashlib
import os
from typing import TYPE_CHECKING

from apex.errors import ApexError
from apex.files import ROOT

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

PUBLIC_KEY = b"apex public data"
SHORTEST = 16  # bytes of a key of one's own
KEY_FILE = ROOT / "data" / "consumer.key"
BLOCK = 64  # bytes of a SHA-256 block


def hashing_key(*, public: bool) -> bytes:
    """The key for a source: the fixed public one, or the brand's own. ApexError when the brand's own is not set."""
    if public:
        return PUBLIC_KEY
    own = os.environ.get("APEX_KEY", "").strip().encode() or (
        KEY_FILE.read_bytes().strip() if KEY_FILE.exists() else b""
    )
    if len(own) < SHORTEST:
        found = f"the one there is has {len(own)} bytes" if own else "there is none"
        raise ApexError(
            f"Consumer keys are hashed with a key of your own, and {found}: set the environment variable APEX_KEY, "
            f"or write at least {SHORTEST} random characters to data/{KEY_FILE.name} (git ignores it)."
        )
    return own


def fingerprint(key: bytes) -> str:
    """Eight characters that tell whether two warehouses used the same key, and nothing else about it."""
    return hashlib.sha256(b"fingerprint" + key).hexdigest()[:8]


def install(con: "Backend", key: bytes) -> None:
    """Give the engine the function `consumer_hash(text) -> BIGINT`: HMAC-SHA256 by its definition, columns at a time.

    The padded key lies in a table and not in the query's text, where an error message could show it.
    """
    block = (key if len(key) <= BLOCK else hashlib.sha256(key).digest()).ljust(BLOCK, b"\0")
    inner, outer = (bytes(b ^ pad for b in block).hex() for pad in (0x36, 0x5C))
    con.con.execute(
        "CREATE TEMP TABLE hashing_key AS SELECT unhex(?) AS inner_pad, unhex(?) AS outer_pad", [inner, outer]
    )
    con.raw_sql("""
        CREATE TEMP MACRO consumer_hash(raw) AS (
            ('0x' || substr(sha256((SELECT outer_pad FROM hashing_key)
                || unhex(sha256((SELECT inner_pad FROM hashing_key) || encode(raw)))), 1, 16))::UBIGINT >> 1
        )::BIGINT""")

"""The hash by which two versions of a record are told apart (docs/decisions/0015-the-hash-of-a-record.md)."""

from __future__ import annotations

from typing import Any

import xxhash


def hash_of(record: Any) -> bytes:
    """XXH3-128 of a record's bytes as its source sent them (a JSON text, a line of CSV), as 32 hexadecimal digits."""
    return xxhash.xxh3_128_hexdigest(record).encode()

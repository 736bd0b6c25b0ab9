"""Digests of dpml's model files (docs/file_format.md)."""
import hashlib
import struct

import numpy


def digest(*parts):
    """SHA-256 of the parts, each after its length in bytes; numbers are 8 bytes, little-endian."""
    sha = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            part = part.encode()
        elif isinstance(part, float):
            part = struct.pack("<d", part)
        elif isinstance(part, (int, numpy.integer)):
            part = struct.pack("<Q", int(part))
        sha.update(struct.pack("<Q", len(part)) + part)
    return sha.hexdigest()


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)

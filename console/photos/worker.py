"""Worker process that decodes photos: `python -m console.photos.worker`. One request, then it exits.

A fault in a decoder ends this process and not the service. Protocol: one msgpack request on stdin, one msgpack result
on stdout.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import Final

import msgspec

from console.photos.decoder import check_photo, read_position
from console.photos.messages import PhotoFault, PhotoRequest, PhotoResult

NICENESS: Final = 10
MEMORY_BYTES: Final = 2 << 30
"""Of address space, of which libraries reserve much more than they use."""
CPU_LIMIT_S: Final = 20


def answer(request: PhotoRequest) -> list[PhotoResult]:
    """The results in the order of the photos."""
    if request.only_position:
        return [_position_result(data) for data in request.photos]
    checked = [check_photo(data) for data in request.photos]
    return [PhotoResult(fault=one) if isinstance(one, PhotoFault) else PhotoResult(one) for one in checked]


def _position_result(data: bytes) -> PhotoResult:
    found = read_position(data)
    return PhotoResult(fault=found) if isinstance(found, PhotoFault) else PhotoResult(position=found)


def main() -> None:
    """Answer one request and exit."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would contain the photo
    request = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=PhotoRequest)
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer(request)))


if __name__ == "__main__":
    main()

"""Parses multipart forms with photos; every limit holds while the body is read, before a photo is complete."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from fastapi import Request
from msgspec import Struct, field
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from console import messages_zh, report_messages_zh
from console.http.problems import FieldError, Problem, invalid

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MULTIPART: Final = "multipart/form-data"
PHOTOS_MAX: Final = 4
PHOTO_BYTES_MAX: Final = 10 * 1024 * 1024
FIELDS_MAX: Final = 24
FIELD_BYTES_MAX: Final = 16 * 1024
FORM_BYTES_MAX: Final = PHOTOS_MAX * PHOTO_BYTES_MAX + FIELDS_MAX * FIELD_BYTES_MAX + 64 * 1024
"""Of the whole body, with the headers of its parts (console.http.middleware)."""
PHOTO_FIELDS: Final = ("photo", "photos", "photos[]", "file")


UPLOADS_MAX: Final = 8
"""Forms with photos that are read and decoded at a time: up to 40 MB of memory each."""
RETRY_AFTER_S: Final = 5


class UploadSlots:
    """Counts uploads in progress."""

    def __init__(self, limit: int = UPLOADS_MAX) -> None:
        self.free = limit


@contextlib.asynccontextmanager
async def upload_slot(request: Request) -> AsyncIterator[None]:
    """One of the UPLOADS_MAX uploads while the `with` block runs; 503 when all are taken. Forms without photos need
    none."""
    if not is_multipart(request):
        yield
        return
    slots: UploadSlots = request.app.state.upload_slots
    if slots.free <= 0:
        raise Problem(503, report_messages_zh.TOO_BUSY, headers={"Retry-After": str(RETRY_AFTER_S)})
    slots.free -= 1
    try:
        yield
    finally:
        slots.free += 1


class UploadedForm(Struct, frozen=True):
    """The text fields of a form, and its photos as they were sent."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    photos: tuple[bytes, ...] = ()


def is_multipart(request: Request) -> bool:
    """Whether the body is a multipart form."""
    return request.headers.get("content-type", "").lower().startswith(MULTIPART)


async def read_form(request: Request) -> UploadedForm:
    """The form. 413 for a photo or field that is too large, 422 for too many of them or a malformed body."""
    _, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise invalid(FieldError("", report_messages_zh.BAD_FORM))
    form = _Form()
    try:
        parser = MultipartParser(boundary, form.callbacks())
        async for chunk in request.stream():
            parser.write(chunk)
        parser.finalize()
    except FormParserError:
        raise invalid(FieldError("", report_messages_zh.BAD_FORM)) from None
    return form.result()


class _Form:
    """Collects the parts. A part with a file name, or in a field for photos, is a photo."""

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}
        self._photos: list[bytes] = []
        self._header, self._value, self._data = bytearray(), bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._name, self._is_photo = "", False

    def callbacks(self) -> MultipartCallbacks:
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._add_data,
            "on_part_end": self._end,
        }

    def result(self) -> UploadedForm:
        return UploadedForm(self._fields, tuple(self._photos))

    def _begin(self) -> None:
        self._headers, self._data = {}, bytearray()
        if len(self._fields) + len(self._photos) >= FIELDS_MAX:
            raise invalid(FieldError("", report_messages_zh.TOO_MANY_FIELDS.format(limit=FIELDS_MAX)))

    def _end_header(self) -> None:
        self._headers[bytes(self._header).lower()] = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_photo = b"filename" in options or self._name in PHOTO_FIELDS
        if self._is_photo and len(self._photos) >= PHOTOS_MAX:
            raise invalid(FieldError("photos", report_messages_zh.TOO_MANY_PHOTOS.format(limit=PHOTOS_MAX)))

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        limit = PHOTO_BYTES_MAX if self._is_photo else FIELD_BYTES_MAX
        if len(self._data) + end - start > limit:
            if self._is_photo:
                raise Problem(413, report_messages_zh.PHOTO_TOO_LARGE.format(number=len(self._photos) + 1, limit=10))
            raise Problem(413, messages_zh.TOO_LARGE.format(limit=limit))
        self._data.extend(data[start:end])

    def _end(self) -> None:
        if not self._is_photo:
            text = self._data.decode("utf-8", "replace")
            if "\0" in text or "\0" in self._name:
                raise invalid(FieldError(self._name.replace("\0", ""), messages_zh.NUL_CHARACTER))
            self._fields[self._name] = text
        elif self._data:  # browsers send an empty part for an input without a file
            self._photos.append(bytes(self._data))

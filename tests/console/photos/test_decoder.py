"""Photos are kept as JPEGs of ours: without metadata, within limits, whatever was hidden in the file."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from console.photos.decoder import SIDE_MAX, check_photo, read_position
from console.photos.messages import CheckedPhoto, PhotoFault
from domain.geo import distance_m, to_gcj02
from tests.support.photos import encoded, exif_of, jpeg, picture

CHENGDU = (30.65, 104.0 + 4 / 60)


def kept(data: bytes) -> CheckedPhoto:
    result = check_photo(data)
    assert isinstance(result, CheckedPhoto), result
    with Image.open(io.BytesIO(result.jpeg)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (result.width, result.height))
        assert not image.getexif()
        assert not {"exif", "icc_profile", "comment", "xmp"} & set(image.info)
    return result


@pytest.mark.parametrize(
    "data",
    [
        jpeg(),
        encoded(picture(), "PNG"),
        encoded(picture(mode="RGBA"), "PNG"),
        encoded(picture(mode="P"), "PNG"),
        encoded(picture(mode="CMYK"), "JPEG"),
        encoded(picture(mode="L"), "JPEG", progressive=True),
        encoded(picture(), "HEIF"),
    ],
    ids=["jpeg", "png", "png-alpha", "png-palette", "jpeg-cmyk", "jpeg-grey", "heic"],
)
def test_what_phones_send_is_kept_as_a_jpeg(data: bytes) -> None:
    assert (kept(data).width, kept(data).height) == (320, 240)


def test_metadata_is_stripped_and_the_position_returned_in_gcj_02() -> None:
    photo = kept(encoded(picture(), "JPEG", exif=exif_of(), comment=b"my home", icc_profile=b"x" * 200))
    assert photo.position is not None
    assert distance_m(photo.position, to_gcj02(CHENGDU)) < 0.1
    assert b"Wang" not in photo.jpeg
    assert b"my home" not in photo.jpeg


def test_a_position_in_the_chinese_datum_is_not_converted_again() -> None:
    position = read_position(encoded(picture(), "JPEG", exif=exif_of(datum="GCJ-02")))
    assert position == pytest.approx(CHENGDU)


def test_the_beginning_of_a_jpeg_and_a_heic_give_the_position() -> None:
    from_jpeg = read_position(encoded(picture(2000, 1500), "JPEG", exif=exif_of())[:16_384])
    from_heic = read_position(encoded(picture(), "HEIF", exif=exif_of().tobytes()))
    assert from_jpeg == from_heic == pytest.approx(to_gcj02(CHENGDU))


@pytest.mark.parametrize(
    "exif",
    [
        exif_of(lat=(0.0, 0.0, 0.0), lon=(0.0, 0.0, 0.0)),
        exif_of(lat=(123.0, 0.0, 0.0)),
        exif_of(lat=(30.0, 0.0)),  # type: ignore[arg-type]
        Image.Exif(),
    ],
    ids=["zero", "no-latitude", "two-parts", "none"],
)
def test_a_position_that_is_none_is_not_offered(exif: Image.Exif) -> None:
    assert kept(encoded(picture(), "JPEG", exif=exif)).position is None


def test_south_and_west_are_negative() -> None:
    assert read_position(encoded(picture(), "JPEG", exif=exif_of(north="S", east="W"))) == pytest.approx(
        (-CHENGDU[0], -CHENGDU[1])
    )


def test_a_photo_taken_sideways_stands_upright() -> None:
    photo = kept(encoded(picture(), "JPEG", exif=exif_of(orientation=6)))
    assert (photo.width, photo.height) == (240, 320)


def test_a_large_photo_is_made_smaller() -> None:
    photo = kept(encoded(picture(4000, 3000), "JPEG"))
    assert (photo.width, photo.height) == (SIDE_MAX, 1920)


def test_of_several_images_one_is_kept() -> None:
    frames = [picture(), picture().rotate(180)]
    animated = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=50)
    heics = encoded(frames[0], "HEIF", save_all=True, append_images=frames[1:])
    camera = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert [(kept(data).width, kept(data).height) for data in (animated, heics, camera)] == [(320, 240)] * 3


def test_what_is_hidden_behind_a_photo_is_lost() -> None:
    script = b"<script>alert(1)</script>"
    polyglot = jpeg() + b"PK\x03\x04" + script
    in_comment = encoded(picture(), "JPEG", comment=script)
    text = PngImagePlugin.PngInfo()
    text.add_text("x", script.decode())
    for data in (polyglot, in_comment, encoded(picture(), "PNG", pnginfo=text)):
        assert script not in kept(data).jpeg


def _png_of_size(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header announces this size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def _text_bomb() -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_itxt("x", "a" * (4 << 20), zip=True)
    return encoded(picture(), "PNG", pnginfo=text)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", PhotoFault.EMPTY),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", PhotoFault.NOT_A_PHOTO),
        (b"MZ\x90\x00" + b"\0" * 500, PhotoFault.NOT_A_PHOTO),
        (encoded(picture(), "GIF"), PhotoFault.NOT_A_PHOTO),  # named photo.jpg or not
        (encoded(picture(), "TIFF"), PhotoFault.NOT_A_PHOTO),
        (encoded(picture(), "PDF"), PhotoFault.NOT_A_PHOTO),
        (encoded(picture(1, 1), "PNG"), PhotoFault.TOO_SMALL),
        (_png_of_size(60_000, 60_000), PhotoFault.TOO_MANY_PIXELS),
        (_png_of_size(10_000, 9_000), PhotoFault.TOO_MANY_PIXELS),
        (jpeg(1200, 900)[:9_000], PhotoFault.DAMAGED),
        (encoded(picture(), "PNG")[:400], PhotoFault.DAMAGED),
        (encoded(picture(), "HEIF")[:600], PhotoFault.DAMAGED),
        (_text_bomb(), PhotoFault.DAMAGED),
    ],
    ids=[
        "empty",
        "svg",
        "exe",
        "gif",
        "tiff",
        "pdf",
        "pixel",
        "bomb",
        "large",
        "cut-jpeg",
        "cut-png",
        "cut-heic",
        "text-bomb",
    ],
)
def test_what_is_no_photo_is_refused_with_its_reason(data: bytes, fault: PhotoFault) -> None:
    assert check_photo(data) is fault


def test_an_exif_that_refers_to_itself_costs_the_position_only() -> None:
    plain: Any = exif_of().tobytes()
    looped = plain[:-20] + b"\xff" * 20
    assert kept(encoded(picture(), "JPEG", exif=looped)).width == 320

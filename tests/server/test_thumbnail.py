"""The program that makes previews: what it makes of good and of bad images."""

import io
import struct
import zlib

import pytest
from PIL import Image

from server.thumbnail import MAX_PIXELS, make


def image(
    kind: str, size: tuple[int, int] = (900, 600), mode: str = "RGB", **options: object
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, (200, 30, 30, 90)[: len(mode)]).save(out, kind, **options)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is huge."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00" * 100_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "kind", "size"),
    [
        (image("JPEG"), "image/jpeg", (350, 233)),
        (image("PNG", mode="RGBA"), "image/png", (350, 233)),
        (image("WEBP", (300, 1200)), "image/webp", (88, 350)),
        (image("GIF"), "image/png", (350, 233)),
        (image("BMP", (20, 10)), "image/jpeg", (20, 10)),
        (image("JPEG", mode="CMYK"), "image/jpeg", (350, 233)),
    ],
)
def test_an_image_becomes_a_small_one_of_its_kind(
    content: bytes, kind: str, size: tuple[int, int]
) -> None:
    made = make(content)
    assert made is not None
    with Image.open(io.BytesIO(made[1])) as small:
        assert (made[0], max(small.size) <= MAX_PIXELS) == (kind, True)
        assert abs(small.width - size[0]) <= 1
        assert abs(small.height - size[1]) <= 1


def test_a_photo_taken_sideways_is_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    made = make(image("JPEG", (900, 600), exif=exif))
    assert made is not None
    with Image.open(io.BytesIO(made[1])) as small:
        assert small.width < small.height
        assert not small.getexif()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not an image",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        image("PNG")[:200],
        image("TIFF"),
        bomb(60_000, 60_000),
    ],
)
def test_there_is_no_preview_of_what_cannot_be_shown(content: bytes) -> None:
    assert make(content) is None

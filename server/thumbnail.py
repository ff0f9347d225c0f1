"""A program that makes one preview: image on standard input, preview on standard output, whose
first line is the media type. Exit code 1 when there can be none.

Rule: it is run alone, once per image, with little memory and time; it may die of any image.
"""

import io
import resource
import sys
from contextlib import suppress

from PIL import Image, ImageOps

MAX_PIXELS = 350
MOST_PIXELS = 25_000_000
"""Of what has to be decoded whole; a JPEG is decoded smaller and may have eight times as many."""
MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 10
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


def main() -> int:
    _bound(resource.RLIMIT_AS, MEMORY_BYTES)
    _bound(resource.RLIMIT_CPU, CPU_SECONDS)
    preview = make(sys.stdin.buffer.read())
    if preview is None:
        return 1
    content_type, content = preview
    sys.stdout.buffer.write(content_type.encode() + b"\n" + content)
    return 0


def _bound(kind: int, most: int) -> None:
    with suppress(ValueError, OSError):  # macOS bounds no address space
        resource.setrlimit(kind, (most, most))


def make(content: bytes) -> tuple[str, bytes] | None:
    """The media type and bytes of a preview in the same kind of format; None for no image."""
    Image.MAX_IMAGE_PIXELS = None  # counted below, before anything is decoded
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            most = MOST_PIXELS * 8 if image.format == "JPEG" else MOST_PIXELS
            if image.width * image.height > most:
                return None
            image.draft("RGB", (MAX_PIXELS, MAX_PIXELS))
            kind = image.format
            small = _colours(image)
            small.thumbnail((MAX_PIXELS, MAX_PIXELS))
            return _encode(ImageOps.exif_transpose(small), kind)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError):
        return None


def _colours(image: Image.Image) -> Image.Image:
    """In RGB, with transparency where there is some."""
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _encode(image: Image.Image, kind: str | None) -> tuple[str, bytes]:
    out = io.BytesIO()
    if kind == "WEBP":
        image.save(out, "WEBP", quality=80)
        return "image/webp", out.getvalue()
    if image.mode == "RGBA" or kind in ("GIF", "PNG"):
        image.save(out, "PNG", optimize=True)
        return "image/png", out.getvalue()
    image.save(out, "JPEG", quality=80)
    return "image/jpeg", out.getvalue()


if __name__ == "__main__":
    sys.exit(main())

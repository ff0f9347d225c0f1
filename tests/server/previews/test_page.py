"""What is read from a page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.links import Preview
from server.previews.page import MAX_TITLE_CHARACTERS, read_page

URL = "https://a.test/news/1"


def test_open_graph_tags_come_first() -> None:
    html = """<!doctype html><head><title>Plain</title>
        <meta property="og:title" content="A &amp; B"><meta name="description" content="plain">
        <meta property="og:description" content="Long  story"><meta property="og:site_name"
        content="News"><meta property="og:image" content="/cat.png"></head><body>"""
    assert read_page(URL, html) == Preview(
        url=URL,
        title="A & B",
        image="https://a.test/cat.png",
        description="Long story",
        site_name="News",
    )


def test_a_title_is_enough() -> None:
    preview = read_page(URL, "<title>\n One &lt;\n two </title><title>three</title>")
    assert preview == Preview(url=URL, title="One < two", image="https://a.test/favicon.ico")


def test_the_icon_stands_in_for_an_image() -> None:
    html = '<title>x</title><link rel="shortcut icon" href="i.ico"><link rel=icon href=j.ico>'
    preview = read_page(URL, html)
    assert preview is not None
    assert preview.image == "https://a.test/news/i.ico"


@pytest.mark.parametrize("image", ["javascript:alert(1)", "data:image/png,x", "http://[", ""])
def test_images_are_on_the_web(image: str) -> None:
    preview = read_page(URL, f'<title>x</title><meta property="og:image" content="{image}">')
    assert preview is not None
    assert preview.image == "https://a.test/favicon.ico"


@pytest.mark.parametrize(
    "html", ["", "text", "<title></title>", "<title> \x00 </title>", "<![foo["]
)
def test_without_a_title_there_is_no_preview(html: str) -> None:
    assert read_page(URL, html) is None


def test_long_titles_are_cut() -> None:
    preview = read_page(URL, f"<title>{'x' * 10_000}</title>")
    assert preview is not None
    assert len(preview.title) == MAX_TITLE_CHARACTERS


PARTS = [
    *("<title>", "</title>", "<meta property='og:title' content=", "<!", "<![", "<!--", "-->"),
    *("x", "\ud800", "\x00", ">", "'", "&#0;", "&#xd800;", "<?", "<script>", "]]>", "<a "),
]


@given(st.lists(st.sampled_from(PARTS)))
def test_no_page_is_too_strange(parts: list[str]) -> None:
    preview = read_page(URL, "<title>x" + "".join(parts))
    if preview is not None:
        assert "\x00" not in preview.title
        preview.title.encode()

"""The chat page: static files, `index.html` served at `/` and the others under `/page/`."""

from pathlib import Path

PAGE = Path(__file__).parent

"""What is found in the text of messages, as it stands beside it: links and mentions. Pure."""

from typing import Any

from chat.links import Link, Preview
from chat.mentions import Mention

Resource = dict[str, Any]


def link_properties(link: Link, preview: Preview | None) -> Resource:
    resource: Resource = {
        "source": link.source,
        "startPosition": link.start,
        "endPosition": link.end,
    }
    return resource | ({"preview": preview_properties(preview)} if preview else {})


def preview_properties(preview: Preview) -> Resource:
    resource: Resource = {
        "url": preview.url,
        "title": preview.title,
        "image": {"source": preview.image},
    }
    if preview.description is not None:
        resource["description"] = preview.description
    if preview.site_name is not None:
        resource["siteName"] = preview.site_name
    return resource


def mention_properties(mention: Mention, target: Resource) -> Resource:
    """`target` is the user or the channel mentioned, as it is embedded."""
    kind = "user" if mention.user else "channel"
    return {
        "type": kind.upper(),
        "tag": mention.tag,
        "startPosition": mention.start,
        "endPosition": mention.end,
        kind: target,
    }

"""JSON Merge Patch (RFC 7396). Pure."""

from typing import Any

from chat.checks import check_properties


def merge_properties(stored: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Properties after a patch, both within the limits of properties. Raises Invalid."""
    check_properties("properties", patch)  # also bounds the depth of the merge
    merged: dict[str, Any] = merge(stored, patch)
    return check_properties("properties", merged)


def merge(stored: Any, patch: Any) -> Any:
    """RFC 7396, section 2: null removes, objects merge, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(stored) if isinstance(stored, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged

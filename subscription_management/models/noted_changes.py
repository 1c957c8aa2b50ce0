"""How official changes say that they note what they do.

What comes with a request is text, numbers and lists: it cannot be the mark, so no
client can say it.
"""

MARK = object()


def noting(records):
    """Return the records for writing what a change of its own notes."""
    return records.with_context(subscription_change_mark=MARK)


def is_noted(env):
    """Tell whether a change of its own notes what is written."""
    return env.context.get("subscription_change_mark") is MARK

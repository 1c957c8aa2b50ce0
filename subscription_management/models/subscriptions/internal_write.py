"""How official changes say that they note what they do.

What comes with a request is text, numbers and lists: it cannot be the mark, so no
client can say it.
"""

MARK = object()


def internal_write(records):
    """Return the records for writing what a change of its own notes."""
    return records.with_context(subscription_change_mark=MARK)


def is_internal_write(env):
    """Tell whether a change of its own notes what is written."""
    return env.context.get("subscription_change_mark") is MARK


def would_change(record, name, value):
    """Tell whether writing a value would make a field of a record another one.

    Rows of an x2many field are compared by what is linked, not by what is in them.
    """
    field = record._fields[name]
    written = field.convert_to_cache(value, record, validate=False)
    if field.type in ("one2many", "many2many"):
        return set(written) != set(record[name]._ids)
    return written != field.convert_to_cache(record[name], record)

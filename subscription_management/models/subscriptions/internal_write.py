"""The mark of internal writes, which may set protected fields.

The mark is an object: a request carries text, numbers and lists only, so that no
client can send it.
"""

MARK = object()


def internal_write(records):
    """Return the records with the right to write protected fields."""
    return records.with_context(subscription_change_mark=MARK)


def is_internal_write(env):
    """Return whether the environment is that of an internal write."""
    return env.context.get("subscription_change_mark") is MARK


def would_change(record, name, value):
    """Return whether writing a value would change a field of a record.

    An x2many field is compared by its linked records, not by their values.
    """
    field = record._fields[name]
    written = field.convert_to_cache(value, record, validate=False)
    if field.type in ("one2many", "many2many"):
        return set(written) != set(record[name]._ids)
    return written != field.convert_to_cache(record[name], record)

"""What writing values would change."""


def would_change(record, name, value):
    """Tell whether writing a value would make a field of a record another one.

    Rows of an x2many field are compared by what is linked, not by what is in them.
    """
    field = record._fields[name]
    written = field.convert_to_cache(value, record, validate=False)
    if field.type in ("one2many", "many2many"):
        return set(written) != set(record[name]._ids)
    return written != field.convert_to_cache(record[name], record)

"""The calculation of amounts and dates: values in, values out. See README.md."""

"""What is owed and when: values in, values out. See README.md beside this file."""

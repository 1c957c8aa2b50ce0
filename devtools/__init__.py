"""The implementation of ./dev; standard library only, since it runs before setup."""

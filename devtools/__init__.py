"""What ./dev is made of; standard library only, since it runs before any set-up."""

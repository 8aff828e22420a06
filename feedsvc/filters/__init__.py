"""Draft -> Draft: what every draft goes through before anything is decided about it."""

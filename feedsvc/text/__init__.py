"""Pure helpers for text: encodings, dates, HTML, URLs, slugs. No I/O, nothing of feeds."""

"""Document -> Draft: one file per form of article. A parser tells what the source said, no more."""

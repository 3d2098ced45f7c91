"""The words: terms, contexts, vocabularies, schemas."""

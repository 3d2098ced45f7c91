"""Sources opened and read: archives, folders, tables and addresses become records."""

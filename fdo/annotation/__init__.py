"""What is said of objects: paths, rules, identity, life and merging of annotations."""

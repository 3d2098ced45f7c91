"""How an object is cited: texts in many styles, and files for those who keep references."""

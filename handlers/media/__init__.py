"""The files behind digital media: fetched once, kept by their hash, cut into regions.

files = MediaFiles(folder, objects, Terms(…))
kept = files.file(pid)            # from the cache, or fetched now
region(kept.path, "percent:10,10,50,20")
"""

from handlers.media.files import FOLDER, Kept, MediaFiles, Terms, forget
from handlers.media.store import File

__all__ = ["FOLDER", "File", "Kept", "MediaFiles", "Terms", "forget"]

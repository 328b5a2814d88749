"""Pages that stand alone: their text, which a browser draws from the numbers written into it."""

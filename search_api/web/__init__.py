"""The web part: the only folder that imports fastapi."""

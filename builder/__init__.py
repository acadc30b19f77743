"""From dermatoscopic photos to a static page that classifies a visitor's own photo in the browser."""

"""The browser's side: one JavaScript file, installed as data so that the service can serve it."""
